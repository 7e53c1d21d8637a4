"""What a table says in one or two plain sentences, worked out from its released figures and nothing else.

A sentence is only made where it is true whatever stands behind the signs for withheld and within the noise: where a
withheld figure could be larger than those named, it says that it speaks of what is shown; where figures are equal or
lie within the noise at the end of a list, the list is made shorter; and where nothing is left, there is no sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analyst.charts.marks import percent, share
from analyst.numerals import number
from analyst.translation import Translator, message
from intake_store.codebook import Codebook, VariableType
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import NOT_STATED, TOTAL, Figure, ReleasedRow, ReleasedTable

MOST_NAMED: Final = 3
_MOST_COUNTIES: Final = 6
_NOT_RECORDED: Final = "not_recorded"
"""The row of usage events without a subject: it is the largest of some tables, and tells nothing."""

_MOST_GROUPS: Final = 4
_LEAST_GROUP: Final = 30
"""Of a smaller group a share moves by several points with each response, so it is not held against another."""

_GOOD, _BAD = 4, 2
"""Of a scale from 1 to 5: from where on an answer is a good one, and up to where a bad one."""

_MOST_OFTEN: Final = (
    message("Most often named: {first}."),
    message("Most often named: {first} and {second}."),
    message("Most often named: {first}, {second} and {third}."),
)
_MOST_OFTEN_SHOWN: Final = (
    message("Most often named, of what is shown: {first}."),
    message("Most often named, of what is shown: {first} and {second}."),
    message("Most often named, of what is shown: {first}, {second} and {third}."),
)
_MOST_COMMON: Final = (
    message("Most common: {first}."),
    message("Most common: {first} and {second}."),
    message("Most common: {first}, {second} and {third}."),
)
_MOST_COMMON_SHOWN: Final = (
    message("Most common, of what is shown: {first}."),
    message("Most common, of what is shown: {first} and {second}."),
    message("Most common, of what is shown: {first}, {second} and {third}."),
)
_GROUPS: Final = {
    (True, True): (
        message("Most often named in every group: {label} ({least} to {most})."),
        message("Most often named by group: {groups}."),
    ),
    (True, False): (
        message("Most often named in every group, of what is shown: {label} ({least} to {most})."),
        message("Most often named by group, of what is shown: {groups}."),
    ),
    (False, True): (
        message("Most common in every group: {label} ({least} to {most})."),
        message("Most common by group: {groups}."),
    ),
    (False, False): (
        message("Most common in every group, of what is shown: {label} ({least} to {most})."),
        message("Most common by group, of what is shown: {groups}."),
    ),
}
_PLACES: Final = ("first", "second", "third")


@dataclass(frozen=True, slots=True)
class _Named:
    """A category with its count and the count that decides whether it comes before another."""

    label: str
    count: float


class Findings:
    """Makes the sentences; the codebook tells which answers can hold several codes and which carry numbers."""

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook

    def of(self, table: ReleasedTable, say: Translator) -> str:
        """Return what a table says, given in the translator's language; empty where nothing can be said for sure."""
        if table.withheld or not table.rows:
            return ""
        return " ".join(self._sentences(table, say))

    def _sentences(self, table: ReleasedTable, say: Translator) -> Iterator[str]:
        if table.source is Source.SERVICE_FIGURES:
            yield from _cost(table, say)
        elif table.source is Source.SUPPLY:
            yield from _supply(table, say)
        elif table.base is None:
            yield from _funnel(table, say)
        elif table.is_series:
            yield from self._latest(table, say)
        elif values := self._values(table):
            yield from _scale(table, values, say)
            yield from _means(table, values, say)
        elif groups := self._by_group(table, say):
            yield groups
        else:
            yield from self._most(table, 0, say)

    def _by_group(self, table: ReleasedTable, say: Translator) -> str:
        """Return what is named most in each column of a split table; empty if that is not known of a few columns."""
        columns = [place for place, (code, _) in enumerate(table.columns) if code not in (TOTAL, NOT_STATED)]
        if not columns or table.base is None or table.noise is not None:
            return ""
        large = [place for place in columns if (table.base.counts[place] or 0) >= _LEAST_GROUP]
        firsts = [most_named(table, place, 1) for place in large]
        if len(large) < 2 or not all(firsts):
            return ""
        labels = [named[0].label for named in firsts]
        shares = [share(n[0].count, table.base.counts[place]) or 0 for n, place in zip(firsts, large, strict=True)]
        frames = [self._frame(table, place, n[0].count) for n, place in zip(firsts, large, strict=True)]
        is_whole = all(frame in (_MOST_OFTEN, _MOST_COMMON) for frame in frames)
        frame = _GROUPS[self._is_multiple(table), is_whole]
        left_out = len(large) < len(columns)
        if len(set(labels)) == 1:
            text = say(frame[0]).format(
                label=labels[0], least=percent(min(shares), say), most=percent(max(shares), say)
            )
        elif len(large) <= _MOST_GROUPS:
            named = zip(large, labels, shares, strict=True)
            texts = [f"{table.columns[place][1]}: {label} ({percent(part, say)})" for place, label, part in named]
            text = say(frame[1]).format(groups="; ".join(texts))
        else:
            return ""
        return f"{text} {_left_out(say)}" if left_out else text

    def _values(self, table: ReleasedTable) -> dict[str, int]:
        """Return the numbers that the codes of the rows carry, if all do."""
        variable = self._codebook.variables.get(table.row_variable)
        codes = variable.codes if variable is not None else ()
        found = {code.code: code.value for code in codes if code.value is not None}
        return found if found and all(row.code in found for row in table.rows) else {}

    def _is_multiple(self, table: ReleasedTable) -> bool:
        variable = self._codebook.variables.get(table.row_variable)
        return variable is not None and variable.type is VariableType.MULTIPLE

    def _most(self, table: ReleasedTable, column: int, say: Translator) -> Iterator[str]:
        named = most_named(table, column)
        if not named:
            return
        base = table.base.counts[column] if table.base is not None else None
        texts = [_with_share(entry, base, table, say) for entry in named]
        yield _listed(self._frame(table, column, named[-1].count), texts, say)

    def _latest(self, table: ReleasedTable, say: Translator) -> Iterator[str]:
        """Yield what was named most in the last quarter of a series, with the shares of the quarter before."""
        column = len(table.columns) - 1
        named = most_named(table, column)
        if not named:
            return
        assert table.base is not None
        texts = []
        rows = {row.label: row for row in table.rows}
        for entry in named:
            now = share(entry.count, table.base.counts[column])
            before = share(rows[entry.label].counts[column - 1], table.base.counts[column - 1]) if column else None
            if now is None or table.noise is not None:
                texts.append(entry.label)
            elif before is None:
                texts.append(f"{entry.label} ({percent(now, say)})")
            else:
                text = say(message("{label} ({now}; {before} the quarter before)"))
                texts.append(text.format(label=entry.label, now=percent(now, say), before=percent(before, say)))
        yield _listed(self._frame(table, column, named[-1].count), texts, say)

    def _frame(self, table: ReleasedTable, column: int, least: float) -> Sequence[str]:
        """Return the sentences for a list: whether a withheld figure could be as large as the least one named."""
        is_multiple = self._is_multiple(table)
        if all(row.counts[column] is not None and row.code != _NOT_RECORDED for row in table.rows) or (
            not is_multiple and _left(table, column) < least - _slack(table)
        ):
            return _MOST_OFTEN if is_multiple else _MOST_COMMON
        return _MOST_OFTEN_SHOWN if is_multiple else _MOST_COMMON_SHOWN


def most_named(table: ReleasedTable, column: int, most: int = MOST_NAMED) -> list[_Named]:
    """Return up to `most` categories with the largest counts, so many that the next one is surely smaller."""
    found = [
        _Named(row.label, row.counts[column] or 0)
        for row in table.rows
        if row.counts[column] and row.code != _NOT_RECORDED
    ]
    found.sort(key=lambda entry: -entry.count)
    slack = _slack(table)
    # To name nearly all of a few categories tells nothing.
    most = min(most, len(found), max(1, len(table.rows) // 2))
    for size in range(most, 0, -1):
        following = found[size].count if size < len(found) else 0
        if found[size - 1].count - following > slack:
            return found[:size]
    return []


def _slack(table: ReleasedTable) -> float:
    """Return by how much two counts have to differ before one is surely the larger."""
    return 2 * (table.noise or 0) + (table.rounding or 0)


def _left(table: ReleasedTable, column: int) -> float:
    """Return the most that a withheld count of single answers can be: what is left of the base."""
    base = table.base.counts[column] if table.base is not None else None
    known = sum(row.counts[column] or 0 for row in table.rows)
    # With noise or rounding, the parts need not add up to the base.
    inexact = table.noise is not None or table.rounding is not None
    return float("inf") if base is None or inexact else base - known


def _with_share(entry: _Named, base: Figure, table: ReleasedTable, say: Translator) -> str:
    value = share(entry.count, base)
    # A share of noisy counts would look more exact than it is.
    return entry.label if value is None or table.noise is not None else f"{entry.label} ({percent(value, say)})"


def _listed(frames: Sequence[str], texts: Sequence[str], say: Translator) -> str:
    return say(frames[len(texts) - 1]).format(**dict(zip(_PLACES, texts, strict=False)))


def _scale(table: ReleasedTable, values: dict[str, int], say: Translator) -> Iterator[str]:
    """Yield how many gave good and how many gave bad answers, where each of them is known."""
    if sorted(values.values()) != [1, 2, 3, 4, 5] or table.noise is not None:
        return
    rows = {values[row.code]: row for row in table.rows}
    good, bad = scale_shares(table, values, 0)
    if good is None or bad is None or len(rows) != len(values):
        return
    text = message("{good} answered “{second}” or “{best}”, {bad} “{fourth}” or “{worst}”.")
    yield say(text).format(
        good=percent(good, say),
        bad=percent(bad, say),
        best=rows[5].label,
        second=rows[4].label,
        fourth=rows[2].label,
        worst=rows[1].label,
    )


def _left_out(say: Translator) -> str:
    return say(message("Groups of fewer than {number} responses are left out.")).format(number=_LEAST_GROUP)


def scale_shares(table: ReleasedTable, values: dict[str, int], column: int) -> tuple[float | None, float | None]:
    """Return the shares of good and of bad answers on a scale from 1 to 5, None where a part is withheld."""
    base = table.base.counts[column] if table.base is not None else None

    def together(rows: Sequence[ReleasedRow]) -> float | None:
        counts = [row.counts[column] for row in rows]
        known = [count for count in counts if count is not None]
        return share(sum(known), base) if len(known) == len(counts) else None

    good = together([row for row in table.rows if values[row.code] >= _GOOD])
    return good, together([row for row in table.rows if values[row.code] <= _BAD])


def _means(table: ReleasedTable, values: dict[str, int], say: Translator) -> Iterator[str]:
    if table.means is None or table.noise is not None:
        return
    parts = list(zip(table.columns, table.means.counts, strict=False))
    whole = next((mean for (code, _), mean in parts if code == TOTAL), None)
    if whole is not None:
        text = say(message("The mean is {mean} on a scale from {lowest} to {highest}."))
        yield text.format(mean=number(whole, say, 1), lowest=min(values.values()), highest=max(values.values()))
    bases = table.base.counts if table.base is not None else ()
    groups = [
        (label, mean)
        for ((code, label), mean), base in zip(parts, bases, strict=False)
        if code not in (TOTAL, NOT_STATED) and (base or 0) >= _LEAST_GROUP
    ]
    left_out = len(groups) < sum(code not in (TOTAL, NOT_STATED) for code, _ in table.columns)
    known = sorted(((mean, label) for label, mean in groups if mean is not None), reverse=True)
    if len(known) < 2 or known[0][0] == known[1][0] or known[-1][0] == known[-2][0]:
        return
    text = message("Highest mean: {highest} ({high}); lowest: {lowest} ({low}).")
    if len(known) < len(groups):
        text = message("Highest mean of what is shown: {highest} ({high}); lowest: {lowest} ({low}).")
    yield say(text).format(
        highest=known[0][1], high=number(known[0][0], say, 1), lowest=known[-1][1], low=number(known[-1][0], say, 1)
    )
    if left_out:
        yield _left_out(say)


def _funnel(table: ReleasedTable, say: Translator) -> Iterator[str]:
    counts = {row.code: row.counts[0] for row in table.rows}
    started = counts.get("conversation_started")
    if started:
        yield say(message("Conversations started: {number}.")).format(number=number(started, say))
    begun, sent = counts.get("questionnaire_started"), counts.get("questionnaire_completed")
    if begun and sent is not None and sent <= begun:
        text = say(message("Of {begun} questionnaires that were started, {sent} were sent ({share})."))
        yield text.format(begun=number(begun, say), sent=number(sent, say), share=percent(share(sent, begun), say))


def _supply(table: ReleasedTable, say: Translator) -> Iterator[str]:
    shown = [row for row in table.rows if row.counts[0]]
    services = {row.label: row.counts[1] for row in shown}
    if not shown or any(count is None for count in services.values()):
        return
    without = [label for label, count in services.items() if count == 0]
    if not without:
        text = message("The need may be shown for {shown} of {all} counties; the directory knows a service in each.")
    elif len(without) > _MOST_COUNTIES:
        text = message(
            "The need may be shown for {shown} of {all} counties; in {number} of them the directory knows no service"
            " that can be visited."
        )
    else:
        text = message(
            "The need may be shown for {shown} of {all} counties; the directory knows no service that can be visited"
            " in: {counties}."
        )
    yield say(text).format(
        shown=len(shown), all=len(table.rows), number=len(without), counties=", ".join(sorted(without))
    )


def _cost(table: ReleasedTable, say: Translator) -> Iterator[str]:
    place = next((index for index, (code, _) in enumerate(table.columns) if code == "cost_per_client"), None)
    if place is None:
        return
    costs = [(row.label, row.counts[place]) for row in table.rows]
    known = sorted((cost, label) for label, cost in costs if cost is not None)
    if len(known) < 2 or known[0][0] == known[-1][0]:
        return
    text = message(
        "Cost per person reached, of what is shown: from {least} kronor ({cheap}) to {most} kronor ({dear})."
    )
    (least, cheap), (most, dear) = known[0], known[-1]
    yield say(text).format(least=number(least, say), cheap=cheap, most=number(most, say), dear=dear)
