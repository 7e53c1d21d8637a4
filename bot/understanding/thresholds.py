"""How sure the model must be before its answer is used: the numbers that are calibrated with each trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from content_files import load_model

Probability = Annotated[float, Field(ge=0, le=1)]


class Thresholds(BaseModel):
    """Probabilities between 0 and 1; the defaults hold until a model is calibrated.

    answer: the best intent is at least this likely: act on it.
    ask_back: it is at least this likely: ask “did you mean …?”; below, say that it was not understood.
    crisis_certain, crisis_doubtful: the summed probability of all crisis intents. Recall comes first, so the doubtful
    one is low (a sum of .15 found 97 of 100 crises in the probe that the pipeline was chosen by).
    """

    model_config = ConfigDict(extra="ignore", frozen=True)  # the file may hold how it was calibrated, too

    answer: Probability = 0.40
    ask_back: Probability = 0.15
    crisis_certain: Probability = 0.60
    crisis_doubtful: Probability = 0.20

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.ask_back > self.answer:
            raise ValueError("ask_back must not be above answer")
        if self.crisis_doubtful > self.crisis_certain:
            raise ValueError("crisis_doubtful must not be above crisis_certain")
        return self

    @classmethod
    def load(cls, path: Path) -> Thresholds:
        """Read the thresholds that belong to the trained model, or the defaults if there is no such file.

        Raises `ContentError` if the file is there and does not fit.
        """
        return load_model(path, cls)[0] if path.exists() else cls()
