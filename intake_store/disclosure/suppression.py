"""Cell suppression: which counts to withhold so that the small ones cannot be worked out from the rest.

All tables of a population and period are one system of cells and linear relations between them, so a cell that
stands in two tables is withheld in both, and a total in one table cannot give away a cell of another. A small cell is
withheld itself (primary suppression); others follow (complementary suppression) until the *feasible interval* of every
withheld cell, which anyone can compute from what is published and the relations, is at least `width` wide.

Cells that everybody knows, and parts of the system that share no open cell, are taken apart first: neither can change
an interval of the other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from scipy.sparse import coo_array, csr_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from intake_store.disclosure.complementary import Problem
from intake_store.disclosure.deviations import Mask, Places, SuppressionError

__all__ = ["Cell", "CellSystem", "InformationLoss", "SuppressionError", "information_loss"]

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Cell:
    """A count, the cost of withholding it, and what becomes of it; a known cell can neither be withheld nor guarded."""

    value: int
    weight: float
    published: bool
    sensitive: bool
    known: bool = False


@dataclass(frozen=True, slots=True)
class InformationLoss:
    """What a pattern costs: how many cells there were to publish, how many are withheld and why, and their weight.

    Primary cells are withheld for their own count, complementary ones for another's sake.
    """

    cells: int
    primary: int
    complementary: int
    weight: float


class CellSystem(Generic[Key]):
    """Cells with their true counts, and the linear relations that everybody knows to hold between them.

    A cell is named by what it counts. Published cells may be withheld, at the cost of their weight. Hidden cells are
    never published; they carry what a relation implies, such as the complement of a category. Known cells stand in an
    earlier release and cannot be taken back.
    """

    def __init__(self) -> None:
        self._cells: dict[Key, Cell] = {}
        self._relations: list[dict[Key, int]] = []
        self._seen: set[frozenset[tuple[Key, int]]] = set()

    def publish(self, key: Key, value: int, weight: float, sensitive: bool) -> None:
        """Add a cell that is to be published; the same cell may come from several tables.

        Raises `SuppressionError` if it is there with another count.
        """
        known = self._add(key, Cell(value, weight, True, sensitive))
        if not known.published and not known.known:
            self._cells[key] = Cell(value, weight, True, sensitive)

    def hide(self, key: Key, value: int, sensitive: bool) -> None:
        """Add a cell that no table publishes, unless it is there."""
        if value < 0:
            raise SuppressionError(f"Cell {key} has a negative count.")
        self._add(key, Cell(value, 0.0, False, sensitive))

    def know(self, key: Key, value: int) -> None:
        """Add a cell that everybody knows from an earlier release; it counts as published, whatever its size.

        A cell that has changed since (by withdrawals, say) is another cell: name it by its release too, and relate it.
        Raises `SuppressionError` if it is there with another count.
        """
        self._add(key, Cell(value, 0.0, True, False, known=True))
        self._cells[key] = Cell(value, 0.0, True, False, known=True)

    def _add(self, key: Key, cell: Cell) -> Cell:
        there = self._cells.setdefault(key, cell)
        if there.value != cell.value:
            raise SuppressionError(f"Cell {key} has two counts.")
        return there

    def relate(self, coefficients: Mapping[Key, int]) -> None:
        """Add the relation that the cells, times their coefficients, sum to zero; raises `SuppressionError` if not."""
        if sum(self._cells[key].value * factor for key, factor in coefficients.items()) != 0:
            raise SuppressionError(f"The relation between {', '.join(map(str, coefficients))} does not hold.")
        if (entries := frozenset(coefficients.items())) not in self._seen:
            self._seen.add(entries)
            self._relations.append(dict(coefficients))

    def value(self, key: Key) -> int:
        """Return the true count of a cell."""
        return self._cells[key].value

    @property
    def cells(self) -> Mapping[Key, Cell]:
        """All cells, in the order in which they were added."""
        return self._cells

    @property
    def relations(self) -> tuple[Mapping[Key, int], ...]:
        """All relations: cells and their coefficients, which sum to zero."""
        return tuple(self._relations)

    def loss(self, withheld: Collection[Key], keys: Iterable[Key] | None = None) -> InformationLoss:
        """Return what withholding cells costs, among the cells of one table if its `keys` are given."""
        among = [key for key in (self._cells if keys is None else dict.fromkeys(keys)) if self._cells[key].published]
        out = [self._cells[key] for key in among if key in withheld]
        primary = sum(cell.sensitive for cell in out)
        return InformationLoss(len(among), primary, len(out) - primary, sum(cell.weight for cell in out))

    def suppress(self, width: int) -> frozenset[Key]:
        """Return the published cells to withhold.

        Afterwards every withheld cell, and every hidden sensitive one, has a feasible interval at least `width` wide.
        Raises `SuppressionError` if that cannot be had even by withholding everything.
        """
        keys = list(self._cells)
        cells = list(self._cells.values())
        if not cells:
            return frozenset()
        matrix = self._matrix(keys)
        values = np.array([cell.value for cell in cells], float)
        published = np.array([cell.published for cell in cells])
        sensitive = np.array([cell.sensitive for cell in cells])
        weight = np.array([cell.weight for cell in cells])
        # Nobody can be taken to know a smaller bound than all responses and some more.
        up = values.max() + 2.0 * width - values
        withheld: list[Key] = []
        for places in _parts(matrix, np.array([cell.known for cell in cells])):
            if not sensitive[places].any():
                continue
            part = matrix[:, places]
            part = part[np.flatnonzero(np.diff(part.indptr)), :]
            chosen = Problem(
                part, values[places], up[places], published[places], sensitive[places], weight[places], width
            ).solve()
            withheld.extend(keys[place] for place in places[chosen & published[places]])
        return frozenset(withheld)

    def _matrix(self, keys: list[Key]) -> csr_array:
        index = {key: place for place, key in enumerate(keys)}
        entries = [(row, index[k], factor) for row, rel in enumerate(self._relations) for k, factor in rel.items()]
        rows, columns, factors = zip(*entries, strict=True) if entries else ((), (), ())
        shape = (len(self._relations), len(keys))
        return csr_array(coo_array((np.array(factors, float), (rows, columns)), shape=shape))


def _parts(matrix: csr_array, known: Mask) -> Iterator[Places]:
    """Yield the sets of cells that are linked by relations, without those that everybody knows."""
    open_cells = np.flatnonzero(~known)
    links = matrix[:, open_cells]
    number, labels = connected_components(abs(links).T @ abs(links), directed=False)
    for label in range(number):
        yield open_cells[labels == label]


def information_loss(value: int) -> float:
    """Return the weight of withholding a count: it grows with the count, slowly, so that small ones go first."""
    return 1.0 + math.log2(1 + value)
