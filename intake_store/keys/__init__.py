"""The private keys: made, locked, rotated and kept apart from whoever collects."""
