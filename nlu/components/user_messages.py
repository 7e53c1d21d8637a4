"""From the texts of a request to Rasa messages."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message


class UserMessageConverter(GraphComponent):
    """Turns user messages (anything with a `text`) into the messages the pipeline works on.

    Rasa's own converter does the same, but importing it imports every messenger channel and a second web server:
    three seconds of start and 60 MB. It also hands on message ids and metadata, which nobody here should see.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> UserMessageConverter:
        """Create the converter; it has neither settings nor state."""
        return cls()

    def convert_user_message(self, messages: list[Any]) -> list[Message]:
        """Return one message per user message, in the same order."""
        return [Message(data={TEXT: (message.text or "").strip()}) for message in messages]
