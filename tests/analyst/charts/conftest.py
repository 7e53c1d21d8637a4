"""The released tables that the tests of the exports make up are drawn here too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "exports"))
