"""The analyst's side of the store: whatever opens responses or counts them. Nothing that collects may import it."""
