from __future__ import annotations

import pytest
from counted_responses import CountedYears

from intake_store.codebook import Codebook


@pytest.fixture(scope="session")
def year_of(codebook: Codebook) -> CountedYears:
    return CountedYears(codebook)
