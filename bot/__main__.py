"""`python -m bot`: the internet-facing process."""

from __future__ import annotations

import gc
import importlib
import sys


def main() -> int:
    """Run the bot; returns an exit code, with what is wrong on standard error."""
    # Nothing that is loaded at start is garbage, and looking for it would hold up the page by a sixth. The process
    # takes the search up again as soon as the page is served.
    gc.disable()
    code: int = importlib.import_module("bot.launch").main()
    return code


if __name__ == "__main__":
    sys.exit(main())
