"""What is wrong with a content file, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ContentProblem:
    """One mistake in a content file.

    `line` counts from 1; 0 means that the file as a whole is meant. `where` is a readable path to the place, such
    as `flow buyer_law, step penalty`.
    """

    path: Path
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.where}: {self.message}" if self.where else f"{place}: {self.message}"


class ContentError(Exception):
    """Content files have mistakes; all that were found are listed, not only the first."""

    def __init__(self, problems: Iterable[ContentProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
