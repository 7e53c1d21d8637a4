"""The attacker: what somebody can work out who reads everything that is published and knows how cells add up.

Written without a look at how cells are withheld: it takes published values, bounds and relations, and nothing else, so
that it can contradict the rest of this package. The *feasible interval* of a cell is found by two linear programmes;
counts are whole numbers, so its ends are rounded inwards.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from intake_store.submission.errors import IntakeStoreError

Key = TypeVar("Key", bound=Hashable)
Vector = NDArray[np.float64]

_ROUNDING: Final = 1e-5
_HARVEST_PART: Final = 0.2
_HARVEST_IDLE: Final = 10
_HEADROOM: Final = 10.0


class AttackError(IntakeStoreError):
    """What is published contradicts itself, so the attacker can conclude nothing."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The least and the greatest value a cell can have."""

    lowest: float
    highest: float

    @property
    def width(self) -> float:
        """How far apart the ends are; infinite if nothing bounds the cell above."""
        return self.highest - self.lowest


@dataclass(frozen=True, slots=True)
class AttackReport(Generic[Key]):
    """The outcome of an attack: how many cells, which one came out narrowest, and all narrower than they had to be."""

    cells: int
    narrowest: Key | None
    least_width: float
    narrow: tuple[Key, ...]


class Attack(Generic[Key]):
    """Everything an attacker knows about a set of counts.

    No count is taken above `ceiling`, or ten times the greatest bound that is known if that is more; a real count must
    not reach it, and an interval that does is open above.
    """

    def __init__(self, ceiling: float = 1e6) -> None:
        self._ceiling = ceiling
        self._bounds: dict[Key, tuple[float, float]] = {}
        self._relations: list[tuple[dict[Key, float], float, float]] = []
        self._parts: list[_Part] | None = None
        self._places: dict[Key, tuple[int, int]] = {}

    def know(self, key: Key, value: float) -> None:
        """Take in a published count."""
        self.bound(key, value, value)

    def bound(self, key: Key, lowest: float = 0.0, highest: float = math.inf) -> None:
        """Take in a withheld, rounded or perturbed count: all that is known are its bounds; they add to older ones."""
        below, above = self._bounds.get(key, (0.0, math.inf))
        self._bounds[key] = (max(below, lowest), min(above, highest))
        known = lowest if math.isinf(highest) else highest
        self._ceiling = max(self._ceiling, _HEADROOM * known)
        self._parts = None
        if self._bounds[key][0] > self._bounds[key][1]:
            raise AttackError(f"What is published about {key} contradicts itself.")

    def relate(self, coefficients: Mapping[Key, float], lowest: float = 0.0, highest: float = 0.0) -> None:
        """Take in that the cells, times their coefficients, sum to something between `lowest` and `highest`.

        Cells that nothing else has been said about are at least nought.
        """
        for key in coefficients:
            self._bounds.setdefault(key, (0.0, math.inf))
        self._relations.append((dict(coefficients), lowest, highest))
        self._parts = None

    def interval(self, key: Key, whole: bool = False) -> Interval:
        """Return the feasible interval of a cell.

        With `whole`, every count must be a whole number at once: exact, but only for small systems. Raises
        `AttackError` if what is published contradicts itself.
        """
        part, place = self._find(key)
        if part is None:
            return Interval(*self._bounds[key])
        return self._rounded(*part.ends(place, whole))

    def narrowest(self, keys: Iterable[Key], width: float) -> AttackReport[Key]:
        """Attack cells; every one with an interval narrower than `width` is in the report, and the narrowest of all.

        A programme that takes one cell far takes others along, so most cells are seen to be wide without programmes
        of their own; the least width is exact all the same.
        """
        asked = list(dict.fromkeys(keys))
        exact: dict[Key, float] = {}
        by_part: dict[int, list[Key]] = {}
        self._prepare()
        for key in asked:
            if key in self._places:
                by_part.setdefault(self._places[key][0], []).append(key)
            else:
                lowest, highest = self._bounds[key]
                exact[key] = highest - lowest
        least = min(exact.values(), default=math.inf)
        for number, members in by_part.items():
            part = self._part(number)
            places = np.array([self._places[key][1] for key in members])
            part.harvest(places, width)
            solved = np.zeros(len(members), bool)
            while True:
                known = np.where(solved, np.inf, part.seen_width[places])
                first = int(known.argmin())
                if known[first] >= max(least, width):
                    break
                found = self._rounded(*part.ends(int(places[first]), False)).width
                exact[members[first]], solved[first] = found, True
                least = min(least, found)
        narrow = tuple(key for key in asked if exact.get(key, math.inf) < width)
        where = next((key for key in asked if exact.get(key) == least), None)
        return AttackReport(len(asked), where, least, narrow)

    def _rounded(self, lowest: float, highest: float) -> Interval:
        open_above = highest >= self._ceiling - _ROUNDING
        return Interval(math.ceil(lowest - _ROUNDING), math.inf if open_above else math.floor(highest + _ROUNDING))

    def _find(self, key: Key) -> tuple[_Part | None, int]:
        self._prepare()
        if key not in self._places:
            return None, 0
        number, place = self._places[key]
        return self._part(number), place

    def _part(self, number: int) -> _Part:
        assert self._parts is not None
        return self._parts[number]

    def _prepare(self) -> None:
        """Put in what is known and take the rest apart into systems that have no open cell in common."""
        if self._parts is not None:
            return
        open_keys = [key for key, (lowest, highest) in self._bounds.items() if lowest != highest]
        index = {key: place for place, key in enumerate(open_keys)}
        rows: list[int] = []
        columns: list[int] = []
        factors: list[float] = []
        below, above = np.zeros(len(self._relations)), np.zeros(len(self._relations))
        for row, (coefficients, lowest, highest) in enumerate(self._relations):
            known = 0.0
            for key, factor in coefficients.items():
                if key in index:
                    rows.append(row)
                    columns.append(index[key])
                    factors.append(factor)
                else:
                    known += factor * self._bounds[key][0]
            below[row], above[row] = lowest - known, highest - known
        matrix = csr_array(coo_array((factors, (rows, columns)), shape=(len(self._relations), len(open_keys))))
        said = np.diff(matrix.indptr) > 0
        if np.any(below[~said] > _ROUNDING) or np.any(above[~said] < -_ROUNDING):
            raise AttackError("Published counts do not add up.")
        ends = np.minimum(np.array([self._bounds[key] for key in open_keys]).reshape(-1, 2), self._ceiling)
        number, labels = connected_components(abs(matrix).T @ abs(matrix), directed=False)
        self._parts = []
        self._places = {}
        for label in range(number):
            places = np.flatnonzero(labels == label)
            part = matrix[:, places]
            of_part = np.flatnonzero(np.diff(part.indptr))
            self._places |= {open_keys[place]: (label, inner) for inner, place in enumerate(places.tolist())}
            self._parts.append(
                _Part(csc_array(part[of_part, :]), below[of_part], above[of_part], ends[places, 0], ends[places, 1])
            )


class _Part:
    """One linear programme whose objective changes from cell to cell; each answer starts from the last one's basis."""

    def __init__(self, matrix: csc_array, below: Vector, above: Vector, lowest: Vector, highest: Vector) -> None:
        self._size = len(lowest)
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = map(int, matrix.shape)
        model.col_cost_ = np.zeros(self._size)
        model.col_lower_, model.col_upper_ = lowest, highest
        model.row_lower_, model.row_upper_ = below, above
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = matrix.indptr.astype(np.int32)
        model.a_matrix_.index_ = matrix.indices.astype(np.int32)
        model.a_matrix_.value_ = matrix.data.astype(float)
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("parallel", "off"), ("simplex_strategy", 0)):
            self._solver.setOptionValue(option, value)
        self._solver.setOptionValue("mip_rel_gap", 0.0)
        self._solver.passModel(model)
        self._cost = np.zeros(self._size)
        self._least, self._greatest = np.full(self._size, np.inf), np.full(self._size, -np.inf)

    @property
    def seen_width(self) -> Vector:
        """How far apart the values of each cell are in the answers so far; its interval is at least as wide."""
        width: Vector = np.maximum(self._greatest - self._least, 0.0)
        return width

    def ends(self, cell: int, whole: bool) -> tuple[float, float]:
        if whole:
            self._set_kinds(highspy.HighsVarType.kInteger)
        cells = np.array([cell])
        ends = float(self._climb(cells, -1.0)[cell]), float(self._climb(cells, 1.0)[cell])
        if whole:
            self._set_kinds(highspy.HighsVarType.kContinuous)
        return ends

    def harvest(self, cells: NDArray[np.int_], width: float) -> None:
        """Take random parts of the cells up and down together until that shows no further cell to be wide."""
        random = np.random.default_rng(0)
        short = cells
        idle = turn = 0
        while short.size > 1 and idle < _HARVEST_IDLE:
            part = short[random.random(short.size) < max(_HARVEST_PART, 1.5 / short.size)]
            turn += 1
            if not part.size:
                continue
            self._climb(part, -1.0 if turn % 3 == 0 else 1.0)
            before, short = short.size, cells[self.seen_width[cells] < width]
            idle = idle + 1 if short.size == before else 0

    def _climb(self, cells: NDArray[np.int_], direction: float) -> Vector:
        cost = np.zeros(self._size)
        cost[cells] = -direction
        changed = np.flatnonzero(cost != self._cost).astype(np.int32)
        if changed.size:
            self._solver.changeColsCost(changed.size, changed, cost[changed])
            self._cost = cost
        self._solver.run()
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise AttackError(f"What is published contradicts itself: {self._solver.modelStatusToString(status)}.")
        answer = np.array(self._solver.getSolution().col_value)
        np.minimum(self._least, answer, out=self._least)
        np.maximum(self._greatest, answer, out=self._greatest)
        return answer

    def _set_kinds(self, kind: highspy.HighsVarType) -> None:
        places = np.arange(self._size, dtype=np.int32)
        self._solver.changeColsIntegrality(self._size, places, np.full(self._size, kind))
