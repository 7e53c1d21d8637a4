"""Tallies by Spark, in a process of its own: PySpark leaves sockets and a Java behind, which tests would trip over.

Reads from standard input where the warehouse is, its key and what to ask; prints what Spark counted. All is JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from intake_store.codebook import load_codebooks
from intake_store.periods import Quarter
from intake_store.warehouse.engines import EngineName
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey


def main() -> None:
    asked = json.load(sys.stdin)
    options = f"--master local[1] --conf spark.ui.enabled=false --conf spark.local.dir={asked['scratch']}"
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"{options} --conf spark.sql.shuffle.partitions=1 pyspark-shell"
    codebooks, key = load_codebooks(Path(asked["codebooks"])), WarehouseKey(bytes.fromhex(asked["key"]))
    with Warehouse(asked["warehouse"], codebooks, key, EngineName.SPARK) as warehouse:
        found = [
            {
                "|".join(cell): [tally.count, tally.key_sum]
                for cell, tally in warehouse.tally(population, Quarter.parse(quarter), variables).items()
            }
            for population, quarter, variables in asked["tallies"]
        ]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
