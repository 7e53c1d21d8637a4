"""What keeping the warehouse encrypted costs: ways to do it, on the same made-up columns, in one run.

Prints a table in Markdown. Each way runs in a process of its own, so that its memory is its own; times are those of the
processor, all threads together, which other programs on the machine disturb least. DuckDB 1.5 with its
extension needs an environment of its own, since it excludes the DuckDB that Fyren uses:

    uv venv older && uv pip install --python older/bin/python duckdb==1.5.5 duckdb-extension-httpfs pyarrow
    uv run python -m benchmarks.warehouse_encryption --responses 1000000 --older older/bin/python
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intake_store.codebook import Codebook, VariableType, load_codebooks
from intake_store.periods import Quarter
from intake_store.settings import PROJECT
from intake_store.warehouse.storage import ID_BYTES, variables_of
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

POPULATIONS = ("needs_selling", "needs_buying", "needs_relative", "needs_under_18", "experience")
QUARTERS = tuple(Quarter(2026, number) for number in (1, 2, 3, 4))
PART = 500_000
ASKED = ("needs", "age_band", "gender")
TIMES = 5

# The same questions to a table of DuckDB, for environments that have nothing of Fyren.
IN_DUCKDB = """
import glob, json, os, resource, statistics, sys, time
import duckdb

plain, place, encrypted = sys.argv[1], sys.argv[2], sys.argv[3] == "encrypted"
connection = duckdb.connect()
if encrypted:
    import duckdb_extension_httpfs
    package = os.path.dirname(duckdb_extension_httpfs.__file__)
    [extension] = glob.glob(package + "/**/*.duckdb_extension", recursive=True)
    connection.execute(f"LOAD '{extension}'")
option = "(ENCRYPTION_KEY 'a key that is as long as one should be')" if encrypted else ""
connection.execute(f"ATTACH '{place}' AS warehouse {option}")
before = time.process_time()
connection.execute(f"CREATE TABLE warehouse.response AS FROM read_parquet('{plain}/*.parquet')")
connection.execute("CHECKPOINT warehouse")
written = time.process_time() - before
connection.execute("DETACH warehouse")
size = os.path.getsize(place)
before = time.process_time()
connection.execute(f"ATTACH '{place}' AS warehouse {option}")
query = '''SELECT needs, age_band, gender, count(*), sum(record_key) FROM warehouse.response
WHERE population = 'needs_selling' AND quarter = '2026Q4' AND flags = '' GROUP BY ALL'''
connection.execute(query).fetchall()
first = time.process_time() - before
times = []
for _ in range(5):
    before = time.process_time()
    connection.execute(query).fetchall()
    times.append(time.process_time() - before)
before = time.process_time()
connection.execute("DELETE FROM warehouse.response WHERE id IN (SELECT id FROM warehouse.response LIMIT 100)")
connection.execute("CHECKPOINT warehouse")
deleted = time.process_time() - before
print(json.dumps({
    "write": written, "size": size, "first": first, "tally": statistics.median(times), "delete": deleted,
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--responses", type=int, default=1_000_000)
    options.add_argument("--older", type=Path, help="the Python of an environment with DuckDB 1.5 and its extension")
    options.add_argument("--way", help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way is not None:
        print(json.dumps(WAYS[given.way](given.folder)))
        return
    number = len(variables_of(codebooks()))
    print(f"{given.responses} responses, {number} variables; a query counts by {len(ASKED)} of them.\n")
    print("| | write, s | on disk, MB | open and first query, s | query, s | delete 100, s | memory, MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain"
        plain.mkdir()
        for number, part in enumerate(made_up(given.responses)):
            pq.write_table(part, plain / f"{number}.parquet", compression="zstd")
        own = [sys.executable, "-m", "benchmarks.warehouse_encryption", "--folder", folder, "--way"]
        in_duckdb = ["-c", IN_DUCKDB, str(plain)]
        show("DuckDB 2.0 file, not encrypted", [sys.executable, *in_duckdb, f"{folder}/plain.duckdb", "plain"])
        if given.older is not None:
            show("DuckDB 1.5 file, not encrypted", [str(given.older), *in_duckdb, f"{folder}/o.duckdb", "plain"])
            show("DuckDB 1.5 file, encrypted", [str(given.older), *in_duckdb, f"{folder}/e.duckdb", "encrypted"])
        show("encrypted segments, all read into DuckDB", [*own, "memory"])
        show("encrypted segments, columns read for each query", [*own, "segments"])


def show(name: str, program: list[str]) -> None:
    # Only the last line: DuckDB can show its progress before.
    output = subprocess.run(program, check=True, capture_output=True, text=True, cwd=PROJECT).stdout
    said = json.loads(output.splitlines()[-1])
    print(
        f"| {name} | {said['write']:.1f} | {said['size'] / 1e6:.0f} | {said['first']:.2f} | {said['tally']:.3f}"
        f" | {said['delete']:.2f} | {said['memory'] / 1e6:.0f} |",
        flush=True,
    )


def codebooks() -> dict[str, Codebook]:
    return load_codebooks(PROJECT / "flows" / "codebook")


def made_up(number: int) -> Iterator[pa.Table]:
    """Yield columns of made-up responses, in parts, as the warehouse has them."""
    random = np.random.default_rng(1)
    known = codebooks()
    newest = known[max(known, key=int)]

    def drawn(size: int, values: list[str | None]) -> pa.DictionaryArray:
        places = random.integers(0, len(values), size, dtype=np.int32)
        holes = np.array([value is None for value in values])[places]
        return pa.DictionaryArray.from_arrays(
            pa.array(places, mask=holes), pa.array([value or "" for value in values], pa.string())
        )

    for start in range(0, number, PART):
        size = min(PART, number - start)
        columns: dict[str, pa.Array] = {
            "id": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(ID_BYTES), size, [None, pa.py_buffer(random.bytes(ID_BYTES * size))]
            ),
            "record_key": pa.array(random.integers(0, 2**32, size, dtype=np.int64)),
            "codebook_version": drawn(size, ["1"]),
            "population": drawn(size, list(POPULATIONS)),
            "iso_week": drawn(size, [f"2026-W{week:02}" for week in range(1, 53)]),
            "quarter": drawn(size, [str(quarter) for quarter in QUARTERS]),
            "channel": drawn(size, ["web", "telegram", "sms"]),
            "language": drawn(size, ["sv", "en", "ro"]),
            "synthetic": pa.array(np.ones(size, dtype=np.bool_)),
            "flags": drawn(size, ["", "", "", "", "", "", "", "", "", "too_fast"]),
        }
        for variable in newest.variables.values():
            codes = [code.code for code in variable.codes]
            if variable.type is VariableType.MULTIPLE:
                codes = ["|".join(sorted(random.choice(codes, 1 + place % 3, replace=False))) for place in range(60)]
            columns[variable.name] = drawn(size, [*codes, "no_answer", "not_asked", None])
        yield pa.table(columns)


def fill(folder: Path, way: str) -> tuple[WarehouseKey, float]:
    key = WarehouseKey.generate()
    before = time.process_time()
    with Warehouse(folder / way, codebooks(), key) as warehouse:
        for path in sorted((folder / "plain").glob("*.parquet")):
            warehouse.add_columns(pq.read_table(path), {})
    return key, time.process_time() - before


def columns_for_each_tally(folder: Path) -> dict[str, float]:
    """The warehouse as it is."""
    key, written = fill(folder, "segments")
    size = sum(path.stat().st_size for path in (folder / "segments").iterdir())
    before = time.process_time()
    with Warehouse(folder / "segments", codebooks(), key) as warehouse:

        def tally() -> None:
            warehouse._groups("needs_selling", QUARTERS[-1], ASKED, flagged=False)

        tally()
        first = time.process_time() - before
        median = timed(tally)
        ids = warehouse._storage.ids()
        before = time.process_time()
        warehouse.mirror(ids[100:])
        deleted = time.process_time() - before
    return {"write": written, "size": size, "first": first, "tally": median, "delete": deleted, "memory": memory()}


def all_in_memory(folder: Path) -> dict[str, float]:
    """The same segments, decrypted at the start into a table of DuckDB in memory."""
    key, written = fill(folder, "memory")
    size = sum(path.stat().st_size for path in (folder / "memory").iterdir())
    before = time.process_time()
    connection = duckdb.connect()
    with Warehouse(folder / "memory", codebooks(), key) as warehouse:
        storage = warehouse._storage
        for number, segment in enumerate(storage._manifest.segments):
            read = storage._read(segment, storage._schema.names)
            connection.register("read", read)
            connection.execute("INSERT INTO response FROM read" if number else "CREATE TABLE response AS FROM read")
            connection.unregister("read")

    def tally() -> None:
        connection.execute(
            "SELECT needs, age_band, gender, count(*), sum(record_key) FROM response WHERE population = 'needs_selling'"
            " AND quarter = '2026Q4' AND flags = '' GROUP BY ALL"
        ).fetchall()

    tally()
    first = time.process_time() - before
    return {"write": written, "size": size, "first": first, "tally": timed(tally), "delete": 0.0, "memory": memory()}


WAYS: dict[str, Callable[[Path], dict[str, float]]] = {"segments": columns_for_each_tally, "memory": all_in_memory}


def timed(action: Callable[[], None]) -> float:
    times = []
    for _ in range(TIMES):
        before = time.process_time()
        action()
        times.append(time.process_time() - before)
    return statistics.median(times)


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
