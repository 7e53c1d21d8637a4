"""Which version of the schema this program is written for.

It stands by itself so that whoever only asks for it loads neither Alembic nor SQLAlchemy.
"""

from __future__ import annotations

from typing import Final

NEWEST_REVISION: Final = "0003"
"""The last migration."""
