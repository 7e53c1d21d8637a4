"""From sealed responses to tables: time, memory and growth, from a thousand responses to ten million.

Each size runs in a process of its own, so that its greatest memory is its own. Up to `SEALED` responses go the whole
way: sealed, submitted one by one, opened and loaded. Above that, synthetic rows are put into the warehouse directly,
since sealing ten million would only measure sealing ten million times. What everything is compared with is measured in
the same process: opening one row and nothing else (the floor of loading), and the same counts asked of DuckDB by hand,
of the same columns in memory without encryption (the floor of a table).

    uv run python -m benchmarks.statistics                # up to a million
    uv run python -m benchmarks.statistics --largest 10000000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from intake_store.codebook import Codebook, load_codebooks
from intake_store.database.versions import upgrade
from intake_store.keys.private_keys import PrivateKey
from intake_store.periods import Quarter
from intake_store.settings import PROJECT
from intake_store.statistics.declarations import DECLARATIONS_FOLDER, Source, load_declarations
from intake_store.statistics.tables import make_tables
from intake_store.submission.inbox import Inbox
from intake_store.submission.sealing import Sealer, hpke_suite
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.synthetic.responses import synthetic_responses, synthetic_tables
from intake_store.warehouse.loading import load_responses
from intake_store.warehouse.opening import ResponseOpener
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
SEALED = 100_000
SUBMITTED_ONE_BY_ONE = 1_000
QUARTER = Quarter(2026, 3)
SEED = 1

Result = TypeVar("Result")


def main() -> None:
    """Measure every size in a process of its own and print tables in Markdown."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--largest", type=int, default=1_000_000, help="the largest size to measure")
    options.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one is not None:
        print(json.dumps(asyncio.run(measure(chosen.one))))
        return
    found = {}
    for size in SIZES:
        if size <= chosen.largest:
            command = [sys.executable, "-m", "benchmarks.statistics", "--one", str(size)]
            done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
            found[size] = json.loads(done.stdout.splitlines()[-1])
    print_tables(found)


async def measure(size: int) -> dict[str, float]:
    """Return the figures of one size: seconds, megabytes, counts."""
    codebooks = load_codebooks(PROJECT / "flows" / "codebook")
    codebook = codebooks[max(codebooks, key=int)]
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="fyren-bench-") as name:
        folder = Path(name)
        if size <= SEALED:
            figures |= await measure_sealed(folder, codebook, size)
        key = WarehouseKey.generate()
        with Warehouse(folder / "direct", codebooks, key) as warehouse:
            figures |= measure_direct(warehouse, codebook, size)
            figures["disk_mb"] = sum(file.stat().st_size for file in (folder / "direct").rglob("*")) / 1e6
            figures["loaded_mb"] = peak_memory()
        with Warehouse(folder / "direct", codebooks, key) as warehouse:
            figures |= measure_tables(warehouse, codebook)
        figures |= measure_by_hand(codebook, size)
    figures["peak_mb"] = peak_memory()
    return figures


async def measure_sealed(folder: Path, codebook: Codebook, size: int) -> dict[str, float]:
    """Seal, submit and load: the whole way of a response."""
    key = PrivateKey.generate()
    sealer = Sealer(key.public_key, codebook)
    responses = list(synthetic_responses(codebook, QUARTER.weeks, size, SEED))
    sealed, sealing = timed(lambda: [sealer.seal(response) for response in responses])
    suite = hpke_suite()
    _, opening = timed(lambda: [suite.decrypt(row.sealed, key.hpke, info=row.info) for row in sealed])
    database = str(folder / "intake.sqlite3")
    await asyncio.to_thread(upgrade, database)
    inbox = await Inbox.open(database, sealer, StoreSecrets.derive(bytes(range(32))))
    try:
        start = time.perf_counter()
        for response in responses[:SUBMITTED_ONE_BY_ONE]:
            await inbox.submit(response, str(uuid.uuid4()))
        submitting = (time.perf_counter() - start) / min(size, SUBMITTED_ONE_BY_ONE)
        if len(responses) > SUBMITTED_ONE_BY_ONE:
            await inbox.submit_batch(responses[SUBMITTED_ONE_BY_ONE:])
    finally:
        await inbox.close()
    versions = {codebook.version: codebook}
    with Warehouse(folder / "loaded", versions, WarehouseKey.generate()) as warehouse:
        start = time.perf_counter()
        cpu = time.process_time()
        report = await load_responses(database, warehouse, ResponseOpener([key], versions))
        loading, core = time.perf_counter() - start, time.process_time() - cpu
    assert report.added == size
    return {
        "seal_us": 1e6 * sealing / size,
        "open_us": 1e6 * opening / size,
        "submit_us": 1e6 * submitting,
        "load_us": 1e6 * loading / size,
        "load_core_us": 1e6 * core / size,
    }


def measure_direct(warehouse: Warehouse, codebook: Codebook, size: int) -> dict[str, float]:
    """Put synthetic rows into the warehouse; making them is not counted."""
    adding = 0.0
    for table in synthetic_tables(codebook, QUARTER.weeks, size, SEED):
        adding += timed(lambda table=table: warehouse.add_columns(table, {}))[1]  # type: ignore[misc]
    adding += timed(warehouse.settle)[1]
    assert warehouse.size() == size
    return {"add_us": 1e6 * adding / size}


def measure_tables(warehouse: Warehouse, codebook: Codebook) -> dict[str, float]:
    """Count once, and make every table of the quarter."""
    _, tally = timed(lambda: warehouse.tally("needs_selling", QUARTER, ["age_band", "needs"]))
    declarations = load_declarations(DECLARATIONS_FOLDER, codebook)
    wanted = [entry for entry in declarations.values() if entry.source is Source.RESPONSES]
    tables, making = timed(lambda: make_tables(warehouse, codebook, wanted, QUARTER, provisional=False))
    cells = [figure for table in tables for row in table.rows for figure in row.counts]
    return {
        "tally_s": tally,
        "tables_s": making,
        "tables": len(tables),
        "cells": len(cells),
        "withheld": sum(figure is None for figure in cells),
    }


def measure_by_hand(codebook: Codebook, size: int) -> dict[str, float]:
    """Ask DuckDB the same counts, of plain columns in memory."""
    columns = ["population", "quarter", "flags", "needs", "age_band"]
    plain = pa.concat_tables(
        table.select(columns) for table in synthetic_tables(codebook, QUARTER.weeks, size, SEED)
    ).combine_chunks()
    connection = duckdb.connect()
    connection.register("responses", plain)
    connection.execute("CREATE TABLE kept AS SELECT * FROM responses")
    query = (
        "SELECT need, age_band, count(*) FROM (SELECT unnest(string_split(needs, '|')) AS need, age_band FROM kept"
        f" WHERE population = 'needs_selling' AND quarter = '{QUARTER}' AND flags = '') GROUP BY ALL"
    )
    _, by_hand = timed(lambda: connection.execute(query).fetchall())
    return {"by_hand_s": by_hand}


def timed(action: Callable[[], Result]) -> tuple[Result, float]:
    """Return what an action returns, and the seconds it took."""
    start = time.perf_counter()
    result = action()
    return result, time.perf_counter() - start


def peak_memory() -> float:
    """Return the greatest memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def print_tables(found: dict[int, dict[str, Any]]) -> None:
    """Print what was measured, ratios beside times."""
    print("## One response, sealed (µs)\n")
    print("| responses | seal | open alone | submit | load | load, processor | load ÷ open | per second and core |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for size, row in found.items():
        if "seal_us" in row:
            print(
                f"| {size:,} | {row['seal_us']:.0f} | {row['open_us']:.0f} | {row['submit_us']:.0f}"
                f" | {row['load_us']:.0f} | {row['load_core_us']:.0f} | {row['load_core_us'] / row['open_us']:.2f}"
                f" | {1e6 / row['load_core_us']:,.0f} |"
            )
    print("\n## All tables of a quarter; rows put into the warehouse directly\n")
    print(
        "| responses | add, µs a row | on disk, MB | memory after adding, MB | one count, s | DuckDB by hand, s | ratio"
        " | all tables, s | tables | cells | withheld | greatest memory, MB |"
    )
    print("|--:" * 12 + "|")
    for size, row in found.items():
        print(
            f"| {size:,} | {row['add_us']:.1f} | {row['disk_mb']:.1f} | {row['loaded_mb']:.0f} | {row['tally_s']:.3f}"
            f" | {row['by_hand_s']:.3f} | {row['tally_s'] / row['by_hand_s']:.1f} | {row['tables_s']:.1f}"
            f" | {row['tables']:.0f} | {row['cells']:,.0f} | {row['withheld']:,.0f} | {row['peak_mb']:.0f} |"
        )


if __name__ == "__main__":
    main()
