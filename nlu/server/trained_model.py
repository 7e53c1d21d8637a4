"""A trained Rasa model, loaded for answering."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage

# Rasa's name for the input of a prediction (rasa.engine.constants, which would import every messenger channel).
PLACEHOLDER_MESSAGE = "__message__"


@dataclasses.dataclass(frozen=True)
class UserMessage:
    """One text on its way into the pipeline; its representation does not show the text."""

    text: str = dataclasses.field(repr=False)


class TrainedModel:
    """A Rasa model whose prediction graph answers many texts at once.

    Loads through Rasa's own loader and graph runner; `rasa.core.agent.Agent` does the same and adds dialogue
    management, which costs 16 s and 0.4 GB and is not wanted here.
    """

    def __init__(self, archive: Path) -> None:
        """Load the model; the unpacked files are gone again when this returns."""
        with tempfile.TemporaryDirectory(prefix="fyren-nlu-") as folder:
            metadata, self._runner = load_predict_graph_runner(
                Path(folder), archive, LocalModelStorage, DaskGraphRunner
            )
        self._target: str = metadata.nlu_target
        self.model_file = archive.name
        self.model_id: str = metadata.model_id

    def parse(self, texts: list[str]) -> list[dict[str, Any]]:
        """Return text, intent, entities and the ranking of all intents for each text, in the same order."""
        if not texts:
            return []
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text) for text in texts]}
        messages = self._runner.run(inputs=inputs, targets=[self._target])[self._target]
        return [
            {
                "text": message.get("text"),
                "intent": message.get("intent"),
                "entities": message.get("entities") or [],
                "intent_ranking": message.get("intent_ranking"),
            }
            for message in messages
        ]
