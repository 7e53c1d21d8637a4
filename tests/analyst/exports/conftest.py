from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from readers import Publish
from released_examples import release_of

from analyst.exports.publication import Publication
from analyst.translation import Translator, load_translators
from intake_store.codebook import Codebook, load_codebooks
from intake_store.statistics.released import ReleasedTable

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    return load_codebooks(PROJECT / "flows" / "codebook")["1"]


@pytest.fixture(scope="session")
def translators() -> Mapping[str, Translator]:
    return load_translators()


@pytest.fixture(scope="session")
def publish(codebook: Codebook, translators: Mapping[str, Translator]) -> Publish:
    """Return what makes a publication of tables, in a language, with changes to its release."""

    def make(*tables: ReleasedTable, language: str = "sv", **release: object) -> Publication:
        return Publication(release_of(tables, **release), tables, codebook, translators, language)

    return make
