from __future__ import annotations

import pytest
from assistants import Assistants, SwitchedNlu
from intake import Intake
from rehearsal import Stage


@pytest.fixture
def stage(assistants: Assistants, nlu: SwitchedNlu, intake: Intake) -> Stage:
    return Stage(assistants, nlu, intake)
