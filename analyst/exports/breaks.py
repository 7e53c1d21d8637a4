"""What is said of a table over its periods: what holds for all, what differs, and where the series breaks.

A break is whatever makes figures of two periods less comparable: another method, base, unit or threshold, another
codebook, categories that came or went, or periods between them that have no table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from analyst.exports.description import Statement, about_release, about_table
from analyst.exports.period_cubes import Edition, PeriodPublication, table_cells
from analyst.translation import Translator, message
from intake_store.periods import Period, Quarter, Year, parse_period
from intake_store.statistics.declarations import Source

_OF_EACH: Final = ("synthetic", "provisional", "flagged", "withheld")
"""Statements that are made of every period."""

_OF_ITS_RELEASE: Final = ("release", "released_on", "replaces", "revision_reason", "release_note", "synthetic")

_CHANGES: Final = (
    ("population_label", message("Those whom the table is about are named otherwise: {text}.")),
    ("unit", message("The unit of count changed: {text}")),
    ("base_text", message("The base changed: {text}")),
    ("method_text", message("The method changed: {text}")),
)


@dataclass(frozen=True, slots=True)
class Break:
    """From which period on figures are less comparable with those before, and why."""

    period: str
    text: str


def statements(publication: PeriodPublication) -> list[Statement]:
    """Return what a file says of a table; of several editions also what differs between them."""
    if len(publication.editions) == 1:
        [table] = publication.newest.localised()
        return [*about_table(publication.newest, table), *about_release(publication.newest)]
    return list(_of_several(publication))


def breaks(publication: PeriodPublication) -> list[Break]:
    """Return the breaks of a table over its periods, the oldest first."""
    say = publication.newest.translator
    editions = publication.localised()
    return [
        Break(later.table.period, text)
        for earlier, later in pairwise(editions)
        for text in _differences(earlier, later, say)
    ]


def _of_several(publication: PeriodPublication) -> Iterator[Statement]:
    say = publication.newest.translator
    editions = publication.localised()
    newest = editions[-1].table
    for entry in about_table(publication.newest, newest):
        if entry.name == "period":
            periods = ", ".join(edition.table.period for edition in editions)
            yield Statement("period", say(message("Periods")), periods)
        elif entry.name not in _OF_EACH and not (entry.name == "note" and entry.text not in newest.notes):
            yield entry
    text = say(message("Each figure stands as the newest release of its period published it."))
    if newest.is_series:
        text = say(message("Each quarter stands as the newest release that has it published it."))
    yield Statement("editions", say(message("Figures of several periods")), text)
    text = say(message("One dot (.) stands where the table of a period has no such row or column."))
    yield Statement("absent_sign", say(message("Sign for what is not there")), text)
    for found in breaks(publication):
        yield Statement("break", say(message("Break in the series")), f"{found.period}: {found.text}")
    for edition in editions:
        yield from _of_edition(publication, edition)
    released = (f"{edition.release.number} ({edition.release.released_on.isoformat()})" for edition in editions)
    yield Statement("releases", say(message("Releases")), ", ".join(released))
    for entry in about_release(publication.newest):
        if entry.name not in _OF_ITS_RELEASE:
            yield entry


def _of_edition(publication: PeriodPublication, edition: Edition) -> Iterator[Statement]:
    release, table = edition.release, edition.table
    of_it = replace(publication.newest, release=release, tables=(table,))
    for entry in about_table(of_it, table):
        if entry.name in _OF_EACH or (entry.name == "note" and entry.text not in table.notes):
            yield Statement(entry.name, entry.label, f"{table.period}: {entry.text}")
    for entry in about_release(of_it):
        if entry.name in ("revision_reason", "release_note"):
            yield Statement(entry.name, entry.label, f"{release.number}: {entry.text}")


def _differences(earlier: Edition, later: Edition, say: Translator) -> Iterator[str]:
    before, after = earlier.table, later.table
    if missing := _between(parse_period(before.period), parse_period(after.period)):
        yield say(message("No release has the table for {periods}.")).format(periods=", ".join(missing))
    if earlier.release.codebook_version != later.release.codebook_version:
        yield say(message("The codebook is version {after}, and was version {before}.")).format(
            before=earlier.release.codebook_version, after=later.release.codebook_version
        )
    for name, msgid in _CHANGES:
        if getattr(before, name) != getattr(after, name):
            yield say(msgid).format(text=getattr(after, name).removesuffix("." if msgid.endswith("}.") else ""))
    if before.method is not after.method:
        yield say(message("Figures are protected in another way; see what is said of the protection."))
    if before.threshold != after.threshold:
        yield say(message("The threshold is {after}, and was {before}.")).format(
            before=before.threshold, after=after.threshold
        )
    if (before.noise, before.rounding) != (after.noise, after.rounding):
        yield say(message("Noise or rounding of the counts changed."))
    if before.source is Source.RESPONSES and not (before.withheld or after.withheld):
        yield from _categories(earlier, later, say)


def _categories(earlier: Edition, later: Edition, say: Translator) -> Iterator[str]:
    """Tell which categories came and went; what counters of usage met is no classification."""
    was, now = table_cells(earlier.table, say), table_cells(later.table, say)
    pairs = [({line.code: line.label for line in was.lines}, {line.code: line.label for line in now.lines})]
    if not (earlier.table.split_withheld or later.table.split_withheld or later.table.is_series):
        pairs.append((dict(was.columns), dict(now.columns)))
    for before, after in pairs:
        if new := [label for code, label in after.items() if code not in before]:
            yield say(message("These categories are new: {labels}.")).format(labels=", ".join(new))
        if gone := [label for code, label in before.items() if code not in after]:
            yield say(message("These categories are no longer there: {labels}.")).format(labels=", ".join(gone))


def _between(earlier: Period, later: Period) -> list[str]:
    """Return the periods between two of the same kind."""
    found: list[str] = []
    if isinstance(earlier, Year) and isinstance(later, Year):
        found = [str(Year(year)) for year in range(earlier.year + 1, later.year)]
    elif isinstance(earlier, Quarter) and isinstance(later, Quarter):
        place = later.before(1)
        while place > earlier:
            found.insert(0, str(place))
            place = place.before(1)
    return found
