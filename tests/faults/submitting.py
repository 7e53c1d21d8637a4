"""A process that submits responses and says what became of each, for tests that take something away from it.

Each line is `number outcome`. The number can be read from the answers of the response, and is its idempotency key too.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import resource
from pathlib import Path

from intake_store.codebook import Codebook, load_codebook
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Answer, ChannelKind, Response
from intake_store.submission.sealing import PublicKeyFile, Sealer
from intake_store.submission.store_secrets import StoreSecrets

CODEBOOK = Path(__file__).parents[2] / "flows" / "codebook" / "v1.yml"
WEEK = IsoWeek(2026, 48)
PAUSE_SECONDS = 0.3
"""After a failure, so that a database that is away for seconds does not use up all numbers."""


def numbered_response(codebook: Codebook, number: int) -> Response:
    """Return a response that belongs to a number below 800: each has another three needs."""
    codes = _combinations(codebook)[number]
    return Response(
        codebook_version=codebook.version,
        population="needs_selling",
        iso_week=WEEK,
        channel=ChannelKind.WEB,
        language="sv",
        answers=codebook.populations["needs_selling"].complete({"needs": Answer.of(*codes)}),
        synthetic=True,
    )


def number_of(codebook: Codebook, response: Response) -> int:
    """Return the number that a response was made with."""
    return [frozenset(codes) for codes in _combinations(codebook)].index(frozenset(response.answers["needs"].codes))


def _combinations(codebook: Codebook) -> list[tuple[str, ...]]:
    (needs,) = (asked for asked in codebook.populations["needs_selling"].variables if asked.name == "needs")
    codes = [code.code for code in needs.codes if not code.exclusive]
    return list(itertools.combinations(codes, 3))


async def submit(arguments: argparse.Namespace) -> None:
    """Submit one number after the other, some at once, until all are done or too many have failed."""
    codebook = load_codebook(CODEBOOK)
    sealer = Sealer(PublicKeyFile(arguments.folder / "public.pem"), codebook)
    inbox = await Inbox.open(arguments.database, sealer, StoreSecrets.read(arguments.folder / "secret"))
    if arguments.largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (arguments.largest_file, resource.RLIM_INFINITY))
    numbers = iter(range(arguments.count))
    failures = 0

    async def one_after_the_other() -> None:
        nonlocal failures
        for number in numbers:
            try:
                outcome = str(await inbox.submit(numbered_response(codebook, number), str(number)))
            except IntakeStoreError as error:
                outcome = type(error).__name__
                failures += 1
                await asyncio.sleep(PAUSE_SECONDS)
            print(number, outcome, flush=True)
            if failures >= arguments.failures:
                return

    await asyncio.gather(*(one_after_the_other() for _ in range(arguments.at_once)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--at-once", type=int, default=3)
    parser.add_argument("--failures", type=int, default=1_000_000)
    parser.add_argument("--largest-file", type=int, default=0)
    asyncio.run(submit(parser.parse_args()))


if __name__ == "__main__":
    main()
