"""Published worked examples: our pattern loses no more than theirs, and the attacker finds nothing in it.

Only figures are taken over, with their source. docs/disclosure-control.md compares the results.
"""

from __future__ import annotations

from collections.abc import Iterable

from intake_store.disclosure.attack import Attack, Interval
from intake_store.disclosure.suppression import CellSystem


def cells_of(rows: dict[str, list[int]], columns: str) -> tuple[dict[str, int], list[dict[str, int]]]:
    """A table of two ways with its totals, `T` being all."""
    cells = {f"{r} {c}": count for r, row in rows.items() for c, count in zip(columns, row, strict=True)}
    relations: list[dict[str, int]] = []
    for r in rows:
        cells[f"{r} T"] = sum(rows[r])
        relations.append({f"{r} T": 1} | {f"{r} {c}": -1 for c in columns})
    for c in [*columns, "T"]:
        cells[f"T {c}"] = sum(cells[f"{r} {c}"] for r in rows)
        relations.append({f"T {c}": 1} | {f"{r} {c}": -1 for r in rows})
    relations.append({"T T": 1} | {f"T {c}": -1 for c in columns})
    return cells, relations


def pattern(
    cells: dict[str, int], relations: list[dict[str, int]], sensitive: Iterable[str], width: int, by_count: bool
) -> frozenset[str]:
    system: CellSystem[str] = CellSystem()
    for key, count in cells.items():
        system.publish(key, count, float(count) if by_count else 1.0, key in set(sensitive))
    for relation in relations:
        system.relate(relation)
    return system.suppress(width)


def attack(
    cells: dict[str, int], relations: list[dict[str, int]], withheld: Iterable[str], least: int = 0
) -> Attack[str]:
    attacker: Attack[str] = Attack(ceiling=10_000)
    hidden = set(withheld)
    for key, count in cells.items():
        if key in hidden:
            attacker.bound(key, least)
        else:
            attacker.know(key, count)
    for relation in relations:
        attacker.relate(relation)
    return attacker


# Investment by activity and region, M. Fischetti and J. J. Salazar, Management Science 47(7), 2001, figure 1: the cell
# of activity II in region C is sensitive; four cells are withheld, and the attacker is left with 5 to 30.
INVESTMENT = {"I": [20, 50, 10], "II": [8, 19, 22], "III": [17, 32, 12]}
THEIR_INVESTMENT_PATTERN = {"II A", "II C", "III A", "III C"}


def test_investment_by_activity_and_region() -> None:
    cells, relations = cells_of(INVESTMENT, "ABC")
    theirs = attack(cells, relations, THEIR_INVESTMENT_PATTERN)
    assert theirs.interval("II C") == Interval(5, 30)
    # The same width for the same cell, at the cost the authors minimise: the sum of what is withheld.
    ours = pattern(cells, relations, ["II C"], 10, by_count=True)
    assert sum(cells[key] for key in ours) <= sum(cells[key] for key in THEIR_INVESTMENT_PATTERN)
    assert attack(cells, relations, ours).narrowest(ours, 10).narrow == ()


# Counts by age and country, GaussSuppression's vignette on small counts: with nought and one sensitive, it withholds
# both ages of Iceland and of Portugal.
COUNTRIES = {"young": [5, 2, 0], "old": [6, 3, 4]}
THEIR_COUNTRIES_PATTERN = {"young I", "young P", "old I", "old P"}


def test_counts_by_age_and_country() -> None:
    cells, relations = cells_of(COUNTRIES, "SIP")
    sensitive = {key for key, count in cells.items() if count <= 1}
    # What is asked for there is that no sensitive cell can be worked out; a width of two asks at least that.
    ours = pattern(cells, relations, sensitive, 2, by_count=True)
    assert ours == THEIR_COUNTRIES_PATTERN
    assert attack(cells, relations, ours).narrowest(ours, 2).narrow == ()
    assert attack(cells, relations, THEIR_COUNTRIES_PATTERN).narrowest(THEIR_COUNTRIES_PATTERN, 2).narrow == ()


def test_our_threshold_on_counts_by_age_and_country_leaves_only_what_is_safe() -> None:
    # With a width of ten their four cells, which sum to nine, would not do.
    cells, relations = cells_of(COUNTRIES, "SIP")
    assert attack(cells, relations, THEIR_COUNTRIES_PATTERN).narrowest(THEIR_COUNTRIES_PATTERN, 10).narrow
    sensitive = {key for key, count in cells.items() if count < 10}
    ours = pattern(cells, relations, sensitive, 10, by_count=False)
    assert attack(cells, relations, ours).narrowest(ours, 10).narrow == ()


# The first example of easySdcTable's vignette on singletons and zeros: noughts are published, and the pattern that
# the older heuristic chose lets both withheld counts of the first row be worked out, for neither can be nought.
SINGLETONS = {"r1": [0, 1, 7, 1, 0], "r2": [2, 0, 0, 2, 8]}
THEIR_SINGLETONS_PATTERN = {"r1 B", "r1 M", "r2 A", "r2 M", "T A", "T B", "T M"}


def test_the_attacker_finds_the_published_failure_of_a_heuristic() -> None:
    cells, relations = cells_of(SINGLETONS, "ABHMW")
    attacker = attack(cells, relations, THEIR_SINGLETONS_PATTERN, least=1)
    assert attacker.interval("r1 B") == Interval(1, 1)
    assert attacker.interval("r1 M") == Interval(1, 1)


def test_noughts_are_sensitive_here_so_the_failure_cannot_arise() -> None:
    cells, relations = cells_of(SINGLETONS, "ABHMW")
    ours = pattern(cells, relations, [key for key, count in cells.items() if count <= 2], 3, by_count=False)
    attacker = attack(cells, relations, ours)
    assert attacker.narrowest(ours, 3).narrow == ()
    assert "r1 A" in ours
