"""Made-up responses in plausible proportions, for trying out and testing; each one is marked synthetic."""

from intake_store.synthetic.responses import synthetic_responses, synthetic_tables

__all__ = ["synthetic_responses", "synthetic_tables"]
