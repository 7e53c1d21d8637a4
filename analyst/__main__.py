"""`python -m analyst`: the process on the private network."""

from __future__ import annotations

import sys

from analyst.launch import main

if __name__ == "__main__":
    sys.exit(main())
