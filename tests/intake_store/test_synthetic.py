from __future__ import annotations

from intake_store.codebook import Codebook
from intake_store.periods import Quarter
from intake_store.synthetic import synthetic_responses

WEEKS = Quarter.parse("2026Q4").weeks


def test_synthetic_responses_are_valid_marked_and_repeatable(codebook: Codebook) -> None:
    made = list(synthetic_responses(codebook, WEEKS, 200, seed=7))
    for response in made:
        codebook.validate(response)
        assert response.synthetic
        assert response.iso_week in WEEKS
    assert made == list(synthetic_responses(codebook, WEEKS, 200, seed=7))
    assert made != list(synthetic_responses(codebook, WEEKS, 200, seed=8))
    assert {response.population for response in made} == set(codebook.populations)
