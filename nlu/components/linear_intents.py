"""The intent classifier: multinomial logistic regression over all sentence features."""

from __future__ import annotations

from typing import Any, Dict, List, Type

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

INTENT_RANKING = "intent_ranking"
WEIGHTS_FILE = "weights.npz"


def sentence_features(messages: List[Message]) -> Any:
    """Return the sentence features of all messages, dense and sparse side by side, one row per message."""
    dense, scattered = [], []
    for message in messages:
        _, sparse_sentence = message.get_sparse_features(TEXT)
        _, dense_sentence = message.get_dense_features(TEXT)
        if dense_sentence is not None:
            dense.append(dense_sentence.features)
        if sparse_sentence is not None:
            scattered.append(sparse_sentence.features)
    if not scattered:
        return np.vstack(dense)
    if not dense:
        return sparse.vstack(scattered).tocsr()
    return sparse.hstack([sparse.csr_matrix(np.vstack(dense)), sparse.vstack(scattered)]).tocsr()


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return the rows of `scores` as probabilities."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class LinearIntentClassifier(IntentClassifier, GraphComponent):
    """Gives every message a probability for each intent, the likeliest first.

    Rasa's LogisticRegressionClassifier is the same model, but importing it imports TensorFlow (16 s, 0.4 GB), it keeps
    ten intents only, and its strength of regularisation cannot be set. Here the trained weights are plain arrays, so
    that serving needs neither scikit-learn nor unpickling.

    `C`: inverse strength of regularisation. `temperature`: divides the scores before they become probabilities; chosen
    by cross-validation so that "90 % sure" is right in 90 of 100 cases.
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        """Return what must come before this component."""
        return [Featurizer]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Return the settings that `config.yml` may change."""
        return {"C": 1.0, "class_weight": None, "max_iter": 500, "tol": 1e-4, "temperature": 1.0, "random_state": 42}

    @staticmethod
    def required_packages() -> List[str]:
        """Return the packages without which the component cannot be trained."""
        return ["sklearn"]

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearIntentClassifier:
        """Create an untrained classifier."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearIntentClassifier:
        """Load a trained classifier."""
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / WEIGHTS_FILE, allow_pickle=False) as weights:
            classifier._intents = [str(name) for name in weights["intents"]]
            classifier._coefficients = weights["coefficients"]
            classifier._intercepts = weights["intercepts"]
        return classifier

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Keep the settings; weights come from `train` or `load`."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._intents: List[str] = []
        self._coefficients = np.zeros((0, 0), dtype=np.float32)
        self._intercepts = np.zeros(0, dtype=np.float32)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the weights and put them into the model storage."""
        from sklearn.linear_model import LogisticRegression  # training only: serving does without scikit-learn

        examples = [example for example in training_data.intent_examples if example.get(INTENT) and example.get(TEXT)]
        regression = LogisticRegression(
            C=self._config["C"],
            class_weight=self._config["class_weight"],
            max_iter=self._config["max_iter"],
            tol=self._config["tol"],
            random_state=self._config["random_state"],
        )
        regression.fit(sentence_features(examples), [example.get(INTENT) for example in examples])
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(
                folder / WEIGHTS_FILE,
                intents=np.array([str(name) for name in regression.classes_]),
                coefficients=regression.coef_.astype(np.float32),
                intercepts=regression.intercept_.astype(np.float32),
            )
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Set `intent` and `intent_ranking` (all intents) on every message."""
        if not messages:
            return messages
        scores = sentence_features(messages) @ self._coefficients.T + self._intercepts
        for message, probabilities in zip(messages, softmax(np.asarray(scores) / self._config["temperature"])):
            ranking = [
                {"name": self._intents[index], "confidence": float(probabilities[index])}
                for index in np.argsort(-probabilities, kind="stable")
            ]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING, ranking, add_to_output=True)
        return messages
