from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("opendp", reason="needs the dependency group privacy")

from intake_store.disclosure.differential_privacy import (
    BudgetLedger,
    BudgetSpentError,
    LedgerError,
    NoisyCounts,
    PrivacyError,
    Purchase,
    composed_loss,
    count_bounded,
    epsilon_at,
    release_counts,
    scale_for,
)

CODES = ("talk", "housing", "money", "health")
WEEKS = "2026Q4"


@pytest.fixture
def ledger(tmp_path: Path) -> BudgetLedger:
    return BudgetLedger(tmp_path / "books" / "budget.jsonl", budget=0.1)


def release(ledger: BudgetLedger, table: str, rho: float, counts: list[int] | None = None) -> NoisyCounts:
    return release_counts(
        counts or [40, 12, 0, 3, 50],
        ledger=ledger,
        population="needs_selling",
        period=WEEKS,
        table=table,
        rho=rho,
        contribution=4,
    )


# -- What a response adds ---------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sets(st.sampled_from([*CODES, "not in the codebook"])), max_size=8),
    st.sets(st.text(max_size=3) | st.sampled_from(CODES)),
    st.integers(1, 4),
)
def test_one_response_more_adds_no_more_than_the_bound(others: list[set[str]], one: set[str], most: int) -> None:
    before, after = count_bounded(others, CODES, most), count_bounded([*others, one], CODES, most)
    moved = [b - a for a, b in zip(before, after, strict=True)]
    assert set(moved) <= {0, 1}
    assert sum(moved) <= most + 1


def test_counts_within_the_bound_are_exact() -> None:
    answers = [{"talk", "money"}, {"talk"}, {"health", "housing"}, set()]
    assert count_bounded(answers, CODES, 2) == [2, 1, 1, 1, 3]
    assert count_bounded([set(CODES)], CODES, 2) == [1, 1, 0, 0, 1]


# -- Loss and accuracy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("contribution", [1, 4, 9])
def test_the_loss_is_that_of_the_gaussian_mechanism(contribution: int) -> None:
    scale = scale_for(0.02, contribution)
    # rho = sensitivity squared / (2 scale squared): Bun and Steinke 2016, proposition 1.6.
    assert scale == pytest.approx(math.sqrt(contribution / (2 * 0.02)), rel=1e-9)
    one = Purchase(WEEKS, "needs_selling", "t", scale, contribution, 0.02)
    assert composed_loss([one]) == pytest.approx(0.02, rel=1e-9)
    assert composed_loss([one] * 3) == pytest.approx(0.06, rel=1e-9)
    assert 0 < epsilon_at([one]) < epsilon_at([one, one]) < 2 * epsilon_at([one])
    assert (composed_loss([]), epsilon_at([])) == (0.0, 0.0)


def test_the_accuracy_that_is_published_is_the_one_that_is_had(ledger: BudgetLedger) -> None:
    released = release(ledger, "needs", 0.05, [100] * 40_000)
    errors = np.abs(np.array(released.counts) - 100)
    # The accuracy is the least whole number whose tail is no more than alpha.
    assert (errors >= released.accuracy).mean() <= released.alpha + 0.005
    assert (errors >= released.accuracy - 1).mean() > released.alpha - 0.005
    assert np.std(np.array(released.counts)) == pytest.approx(released.scale, rel=0.03)
    covered = [low <= 100 <= high for low, high in (released.interval(place) for place in range(2000))]
    assert np.mean(covered) >= 1 - released.alpha - 0.015


def test_noise_is_never_the_same_twice(tmp_path: Path) -> None:
    drawn = {release(BudgetLedger(tmp_path / name, 0.1), "needs", 0.01).counts for name in "abc"}
    assert len(drawn) == 3


# -- The books --------------------------------------------------------------------------------------------------------


def test_a_spent_budget_refuses_the_next_release_and_no_other_period(ledger: BudgetLedger) -> None:
    release(ledger, "needs", 0.06)
    assert ledger.left("needs_selling", WEEKS) == pytest.approx(0.04, rel=1e-6)
    with pytest.raises(BudgetSpentError, match=r"budget is 0\.1"):
        release(ledger, "barriers", 0.06)
    assert [purchase.table for purchase in ledger.purchases()] == ["needs"]
    release(ledger, "barriers", 0.03)
    assert ledger.left("needs_selling", "2027Q1") == 0.1
    assert ledger.left("needs_buying", WEEKS) == 0.1


def test_a_year_and_its_quarters_share_a_budget(tmp_path: Path) -> None:
    ledger = BudgetLedger(tmp_path / "budget.jsonl", 0.1)
    for period in ("2026", "2026Q1", "2026Q2"):
        ledger.pay(Purchase(period, "needs_selling", "needs", scale_for(0.04, 1), 1, 0.04))
    assert ledger.left("needs_selling", "2026Q1") == pytest.approx(0.02, rel=1e-6)
    assert ledger.left("needs_selling", "2026Q3") == pytest.approx(0.06, rel=1e-6)
    assert ledger.left("needs_selling", "2026") == 0.0
    with pytest.raises(BudgetSpentError):
        ledger.pay(Purchase("2026", "needs_selling", "barriers", scale_for(0.04, 1), 1, 0.04))


def test_a_table_is_released_once(ledger: BudgetLedger) -> None:
    release(ledger, "needs", 0.01)
    with pytest.raises(BudgetSpentError, match="already"):
        release(ledger, "needs", 0.01)


def test_a_ledger_that_was_tampered_with_stops_everything(tmp_path: Path) -> None:
    path = tmp_path / "budget.jsonl"
    ledger = BudgetLedger(path, 0.1)
    for table in ("needs", "barriers", "arenas"):
        release(ledger, table, 0.02)
    lines = path.read_text(encoding="utf-8").splitlines()
    cheaper = json.dumps({**json.loads(lines[1]), "scale": 1e6}, sort_keys=True)
    for wrong in ([lines[0], lines[2]], [lines[0], cheaper, lines[2]], [*lines, "{"], [*lines, "[]"], [lines[1]]):
        path.write_text("\n".join(wrong) + "\n", encoding="utf-8")
        with pytest.raises(LedgerError, match="backup"):
            release(ledger, "more", 0.01)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    release(ledger, "more", 0.01)


@pytest.mark.parametrize(
    ("rho", "contribution"),
    [(0.0, 1), (-1.0, 1), (math.inf, 1), (math.nan, 1), (0.1, 0)],
)
def test_senseless_parameters_are_refused(rho: float, contribution: int, tmp_path: Path) -> None:
    with pytest.raises(PrivacyError, match="above nought"):
        scale_for(rho, contribution)
    with pytest.raises(PrivacyError, match="above nought"):
        BudgetLedger(tmp_path / "b", 0.0)
    with pytest.raises(PrivacyError, match="at least one"):
        count_bounded([], CODES, 0)
