"""Pieces of words as features: they see spelling where embeddings see meaning."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse

VOCABULARY_FILE = "ngrams.json"


def folded(text: str) -> str:
    """Return `text` in lower case and without diacritics: many people type neither capitals nor accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def ngrams(text: str, shortest: int, longest: int) -> list[str]:
    """Return all character n-grams inside the words of `text`, each word with a space at both ends."""
    found = []
    for word in folded(text).split():
        padded = f" {word} "
        for length in range(shortest, longest + 1):
            found += [padded[start : start + length] for start in range(max(1, len(padded) - length + 1))]
    return found


class NgramVocabulary:
    """Which n-grams count, and how much: TF-IDF with dampened counts, rows of unit length."""

    def __init__(self, weights: dict[str, float], shortest: int, longest: int) -> None:
        """`weights` holds the inverse document frequency of every n-gram; its order is the order of the columns."""
        self.weights, self.shortest, self.longest = weights, shortest, longest
        self._columns = {ngram: column for column, ngram in enumerate(weights)}

    @classmethod
    def learned(cls, texts: list[str], shortest: int, longest: int, fewest_texts: int) -> NgramVocabulary:
        """Return the vocabulary of the n-grams that at least `fewest_texts` of `texts` contain."""
        counts: dict[str, int] = {}
        for text in texts:
            for ngram in set(ngrams(text, shortest, longest)):
                counts[ngram] = counts.get(ngram, 0) + 1
        total = len(texts)
        return cls(
            {
                ngram: float(np.log((1 + total) / (1 + count)) + 1)
                for ngram, count in sorted(counts.items())
                if count >= fewest_texts
            },
            shortest,
            longest,
        )

    def features(self, texts: list[str]) -> sparse.csr_matrix:
        """Return one row per text, shape (texts, n-grams)."""
        values: list[float] = []
        columns: list[int] = []
        ends = [0]
        for text in texts:
            counts: dict[str, int] = {}
            for ngram in ngrams(text, self.shortest, self.longest):
                if ngram in self._columns:
                    counts[ngram] = counts.get(ngram, 0) + 1
            row = np.array([(1 + np.log(count)) * self.weights[ngram] for ngram, count in counts.items()])
            values += list(row / np.linalg.norm(row)) if len(row) else []
            columns += [self._columns[ngram] for ngram in counts]
            ends.append(len(columns))
        shape = (len(texts), max(1, len(self.weights)))
        return sparse.csr_matrix((np.array(values, dtype=np.float32), columns, ends), shape=shape)


class CharacterNgrams(SparseFeaturizer, GraphComponent):
    """Adds the TF-IDF of character n-grams to every message, as one sparse sentence feature."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that `config.yml` may change."""
        return {**SparseFeaturizer.get_default_config(), "shortest": 2, "longest": 4, "fewest_texts": 2}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raise `ValueError` where the lengths make no sense."""
        if not 1 <= config["shortest"] <= config["longest"]:
            raise ValueError("CharacterNgrams: `shortest` must be at least 1 and not greater than `longest`.")

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CharacterNgrams:
        """Create a featurizer without a vocabulary."""
        return cls(execution_context.node_name, config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CharacterNgrams:
        """Load a featurizer with its vocabulary."""
        featurizer = cls(execution_context.node_name, config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            stored = json.loads((folder / VOCABULARY_FILE).read_text(encoding="utf-8"))
        featurizer._vocabulary = NgramVocabulary(stored["weights"], stored["shortest"], stored["longest"])
        return featurizer

    def __init__(self, name: str, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Keep the settings; the vocabulary comes from `train` or `load`."""
        super().__init__(name, config)
        self._model_storage = model_storage
        self._resource = resource
        self._vocabulary: NgramVocabulary | None = None

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the vocabulary and put it into the model storage."""
        texts = [example.get(TEXT) for example in training_data.intent_examples if example.get(INTENT)]
        vocabulary = NgramVocabulary.learned(
            texts, self._config["shortest"], self._config["longest"], self._config["fewest_texts"]
        )
        with self._model_storage.write_to(self._resource) as folder:
            stored = {"shortest": vocabulary.shortest, "longest": vocabulary.longest, "weights": vocabulary.weights}
            (folder / VOCABULARY_FILE).write_text(json.dumps(stored), encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the features to all training examples."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the features to all messages."""
        if self._vocabulary is None:
            raise RuntimeError("CharacterNgrams was neither trained nor loaded.")
        rows = self._vocabulary.features([message.get(TEXT) or "" for message in messages])
        for index, message in enumerate(messages):
            message.add_features(Features(rows[index], FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
        return messages
