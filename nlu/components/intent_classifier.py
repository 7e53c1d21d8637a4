"""The intent classifier as a Rasa graph component."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse

from components.intent_scores import IntentScores

INTENT_RANKING = "intent_ranking"
WEIGHTS_FILE = "weights.npz"


def sentence_features(messages: list[Message]) -> tuple[np.ndarray, Any]:
    """Return the dense features of all messages, one row each, and the sparse ones (`None` where there are none)."""
    dense = np.vstack([message.get_dense_features(TEXT)[1].features for message in messages])
    rows = [message.get_sparse_features(TEXT)[1] for message in messages]
    return dense, None if rows[0] is None else sparse.vstack([row.features for row in rows]).tocsr()


class VotingIntentClassifier(IntentClassifier, GraphComponent):
    """Gives every message a probability for each intent, the likeliest first; see `IntentScores`.

    Rasa's LogisticRegressionClassifier is close to it, but importing it imports TensorFlow (16 s, 0.4 GB), it keeps ten
    intents only, and its strength of regularisation cannot be set.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """Return what must come before this component."""
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that `config.yml` may change."""
        return IntentScores.default_settings()

    @staticmethod
    def required_packages() -> list[str]:
        """Return the packages without which the component cannot be trained."""
        return ["sklearn"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> VotingIntentClassifier:
        """Create an untrained classifier."""
        return cls(config, model_storage, resource, None)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> VotingIntentClassifier:
        """Load a trained classifier."""
        with model_storage.read_from(resource) as folder:
            scores = IntentScores.load(folder / WEIGHTS_FILE)
        return cls(config, model_storage, resource, scores)

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, scores: IntentScores | None
    ) -> None:
        """Keep the settings; `scores` is `None` before training."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._scores = scores

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the models and put them into the model storage."""
        examples = [example for example in training_data.intent_examples if example.get(INTENT) and example.get(TEXT)]
        dense, scattered = sentence_features(examples)
        self._scores = IntentScores.fitted(
            dense, scattered, [example.get(INTENT) for example in examples], self._config
        )
        with self._model_storage.write_to(self._resource) as folder:
            self._scores.save(folder / WEIGHTS_FILE)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `intent` and `intent_ranking` (all intents) on every message."""
        if self._scores is None:
            raise RuntimeError("VotingIntentClassifier was neither trained nor loaded.")
        if not messages:
            return messages
        for message, probabilities in zip(
            messages, self._scores.probabilities(*sentence_features(messages)), strict=True
        ):
            ranking = [
                {"name": self._scores.intents[index], "confidence": float(probabilities[index])}
                for index in np.argsort(-probabilities, kind="stable")
            ]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING, ranking, add_to_output=True)
        return messages
