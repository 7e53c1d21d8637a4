"""Made-up responses in plausible proportions, for trying out and testing; each one is marked synthetic."""

from intake_store.synthetic.responses import expected_responses, synthetic_responses, synthetic_tables
from intake_store.synthetic.services import synthetic_service_figures
from intake_store.synthetic.storing import SyntheticStore
from intake_store.synthetic.usage import Sent, synthetic_usage

__all__ = [
    "Sent",
    "SyntheticStore",
    "expected_responses",
    "synthetic_responses",
    "synthetic_service_figures",
    "synthetic_tables",
    "synthetic_usage",
]
