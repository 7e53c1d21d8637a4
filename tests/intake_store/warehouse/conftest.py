from __future__ import annotations

import pytest

from intake_store.warehouse.warehouse_key import WarehouseKey


@pytest.fixture(scope="session")
def warehouse_key() -> WarehouseKey:
    return WarehouseKey.generate()
