"""Synthetic responses, as objects for the submission path and as columns for the warehouse.

A person's answers hang together: each has a situation from `profiles`, what they would answer is drawn from it, and
only then come the routing and what they leave out. Everything is drawn for many people at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from intake_store.codebook import Codebook, Population, Variable, VariableType
from intake_store.periods import Quarter
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import (
    NO_ANSWER,
    NOT_ASKED,
    UNKNOWN,
    Answer,
    ChannelKind,
    QualityFlag,
    Response,
)
from intake_store.synthetic import profiles
from intake_store.synthetic.profiles import Link, Shares, SyntheticPopulation

Numbers = np.ndarray[Any, np.dtype[np.float64]]
States = np.ndarray[Any, np.dtype[np.int64]]
"""Answers of many people to one variable: the place of the code, or for several codes a bit for each; below zero why
there is none."""
Truths = np.ndarray[Any, np.dtype[np.bool_]]
Texts = np.ndarray[Any, np.dtype[np.object_]]

_SILENT: Final = (NOT_ASKED, UNKNOWN, NO_ANSWER)
"""What the states -3, -2 and -1 stand for."""
_NOT_ASKED, _UNKNOWN, _NO_ANSWER = -3, -2, -1

_KINDS: Final = tuple(QualityFlag)
_COMBINATIONS: Final = tuple(
    frozenset(kind for place, kind in enumerate(_KINDS) if marks >> place & 1) for marks in range(2 ** len(_KINDS))
)
"""All sets of quality flags; a flag is the bit of its place."""

_BATCH: Final = 20_000
_SEPARATOR: Final = "|"
_LEFT_OUT_SINGLE: Final = 1.0
_LEFT_OUT_MULTIPLE: Final = 2.0
_SAID_NOTHING_ABOUT: Final = 4.0
_NO_POPULATION: Final = SyntheticPopulation(10.0, (profiles.Profile("all", 1.0),))


def synthetic_responses(codebook: Codebook, weeks: Sequence[IsoWeek], number: int, seed: int) -> Iterator[Response]:
    """Yield `number` valid synthetic responses spread over `weeks`; the same seed gives the same ones."""
    maker = _Maker(codebook, weeks)
    for chance, size in _batches(number, seed):
        yield from maker.responses(chance, size)


def synthetic_tables(
    codebook: Codebook, weeks: Sequence[IsoWeek], number: int, seed: int, batch: int = 50_000
) -> Iterator[pa.Table]:
    """Yield `number` synthetic responses as tables with the columns of the warehouse, of at most `batch` rows each.

    A variable holds its code, several sorted codes with `|` between them, or the status of an answer without codes;
    nothing where the population does not have it. Row ids and record keys are random. Rows stand in no order of time.
    """
    maker = _Maker(codebook, weeks)
    for chance, size in _batches(number, seed, batch):
        yield maker.table(chance, size)


def expected_responses(weeks: Sequence[IsoWeek], each: float) -> int:
    """Return how many responses come in some weeks, if `each` come in a mean week at the start of 2025."""
    return round(each * float(_week_weights(weeks).sum()))


def _week_weights(weeks: Sequence[IsoWeek]) -> Numbers:
    months = np.array([profiles.MONTHS[week.thursday.month - 1] for week in weeks])
    weights: Numbers = months / np.mean(profiles.MONTHS) * (1 + profiles.GROWTH) ** _years_since_2025(weeks)
    return weights


def _years_since_2025(weeks: Sequence[IsoWeek]) -> Numbers:
    return np.array([week.year + week.week / 52.2 - 2025 for week in weeks])


def _batches(number: int, seed: int, size: int = _BATCH) -> Iterator[tuple[np.random.Generator, int]]:
    for index, start in enumerate(range(0, number, size)):
        yield np.random.default_rng([seed, index]), min(size, number - start)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Responses of one population, column by column; `order` says where they belong among those of the others."""

    members: _Members
    order: States
    weeks: States
    channels: States
    languages: Texts
    states: Mapping[str, States]
    flags: States


class _Maker:
    def __init__(self, codebook: Codebook, weeks: Sequence[IsoWeek]) -> None:
        if not weeks:
            raise ValueError("synthetic responses need a week to lie in")
        self._codebook = codebook
        self._weeks = list(weeks)
        self._times = _years_since_2025(weeks)
        self._week_shares = _shares(_week_weights(weeks))
        self._members = [_Members(codebook, population) for population in codebook.populations.values()]
        self._sizes = _shares(np.array([members.profile.weight for members in self._members]))
        self._channels = [ChannelKind(name) for name in profiles.CHANNELS]
        self._channel_shares = _shares(np.array(list(profiles.CHANNELS.values())))

    def responses(self, chance: np.random.Generator, number: int) -> list[Response]:
        made: list[Response | None] = [None] * number
        version = self._codebook.version
        for drawn in self._drawn(chance, number):
            population = drawn.members.population
            names = tuple(drawn.states)
            columns = [drawn.members.answers(name, states) for name, states in drawn.states.items()]
            rows = zip(*columns, strict=True)
            flags = [_COMBINATIONS[marks] for marks in drawn.flags.tolist()]
            numbers = (drawn.order.tolist(), drawn.weeks.tolist(), drawn.channels.tolist())
            facts = zip(*numbers, drawn.languages, flags, strict=True)
            for (place, week, channel, language, doubts), answers in zip(facts, rows, strict=True):
                made[place] = Response(
                    codebook_version=version,
                    population=population.name,
                    iso_week=self._weeks[week],
                    channel=self._channels[channel],
                    language=language,
                    answers=dict(zip(names, answers, strict=True)),
                    flags=doubts,
                    synthetic=True,
                )
        return [response for response in made if response is not None]

    def table(self, chance: np.random.Generator, number: int) -> pa.Table:
        parts = [self._part(drawn) for drawn in self._drawn(chance, number)]
        table = pa.concat_tables(parts, promote_options="default").combine_chunks()
        ids = np.frombuffer(chance.bytes(16 * number), dtype="S16")
        # NumPy takes zeros off the end of such texts, so the ids are read from their bytes.
        binary = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), number, [None, pa.py_buffer(ids.tobytes())])
        keys = pa.array(chance.integers(0, 2**32, number, dtype=np.int64))
        return table.add_column(0, "id", binary).add_column(1, "record_key", keys)

    def _part(self, drawn: _Drawn) -> pa.Table:
        size = len(drawn.order)
        weeks = pa.array([str(week) for week in self._weeks])
        quarters = pa.array([str(Quarter.of(week)) for week in self._weeks])
        channels = pa.array([channel.value for channel in self._channels])
        columns: dict[str, Any] = {
            "codebook_version": pa.repeat(self._codebook.version, size),
            "population": pa.repeat(drawn.members.population.name, size),
            "iso_week": weeks.take(pa.array(drawn.weeks)),
            "quarter": quarters.take(pa.array(drawn.weeks)),
            "channel": channels.take(pa.array(drawn.channels)),
            "language": pa.array(drawn.languages, type=pa.string()),
            "synthetic": pa.repeat(True, size),
            "flags": pa.array([_SEPARATOR.join(sorted(flags)) for flags in _COMBINATIONS]).take(pa.array(drawn.flags)),
        }
        for name in self._codebook.variables:
            states = drawn.states.get(name)
            if states is None:
                columns[name] = pa.nulls(size, pa.string())
            else:
                columns[name] = drawn.members.texts(name, states)
        return pa.table(columns)

    def _drawn(self, chance: np.random.Generator, number: int) -> Iterator[_Drawn]:
        kinds = chance.choice(len(self._members), number, p=self._sizes)
        for kind, members in enumerate(self._members):
            order = np.flatnonzero(kinds == kind)
            if not len(order):
                continue
            weeks = chance.choice(len(self._weeks), len(order), p=self._week_shares)
            states, groups = members.draw(chance, self._times[weeks])
            yield _Drawn(
                members,
                order,
                weeks,
                chance.choice(len(self._channels), len(order), p=self._channel_shares),
                _languages(chance, groups, len(order)),
                states,
                self._flags(chance, members, states),
            )

    def _flags(self, chance: np.random.Generator, members: _Members, states: Mapping[str, States]) -> States:
        """Return the flags of each response, a bit for each kind."""
        size = len(next(iter(states.values())))
        marks = np.zeros(size, dtype=np.int64)
        for flag, share in profiles.FLAGGED.items():
            marks |= (chance.random(size) * 100 < share).astype(np.int64) << _KINDS.index(QualityFlag(flag))
        marks |= members.contradictory(states).astype(np.int64) << _KINDS.index(QualityFlag.CONTRADICTORY)
        return marks


class _Members:
    """A population, with its profiles as arrays."""

    def __init__(self, codebook: Codebook, population: Population) -> None:
        self.population = population
        self.profile = profiles.POPULATIONS.get(population.name, _NO_POPULATION)
        self._hard = [
            entry for entry in codebook.contradictions if not entry.allowed and entry.when.keys() <= population.names
        ]
        self._links = {
            variable.name: [
                link
                for link in (*profiles.COMMON_LINKS.get(variable.name, ()), *self.profile.links.get(variable.name, ()))
                if link.on in population.names
            ]
            for variable in population.variables
        }
        self._columns = {variable.name: _Column(variable, self.profile) for variable in population.variables}
        self._order = self._drawing_order()

    def _drawing_order(self) -> list[Variable]:
        """Return the variables so that what moves another one comes before it."""
        order: list[Variable] = []
        waiting = list(self.population.variables)
        while waiting:
            done = {variable.name for variable in order}
            ready = [
                variable
                for variable in waiting
                if done.issuperset(link.on for link in self._links[variable.name])
                and (variable.among is None or variable.among in done)
            ]
            assert ready, "links of the synthetic profiles go in a circle"
            order.extend(ready)
            waiting = [variable for variable in waiting if variable not in ready]
        return order

    def draw(self, chance: np.random.Generator, times: Numbers) -> tuple[dict[str, States], Texts]:
        """Return what people answer, by variable in the order asked, and their group of citizenship or nothing."""
        size = len(times)
        weights = np.array([profile.weight for profile in self.profile.profiles])
        growth = np.array([profile.growth for profile in self.profile.profiles])
        situations = _pick(chance, weights * (1 + growth) ** times[:, None])
        truth: dict[str, States] = {}
        for variable in self._order:
            column = self._columns[variable.name]
            shares = column.shares[situations] * (1 + column.trend) ** times[:, None]
            for link in self._links[variable.name]:
                shares *= self._factors(column, link, truth[link.on])
            if variable.among is not None:
                shares *= self._columns[variable.among].has(truth[variable.among], column.codes)
                met_in_part = truth.get(variable.ask_if.variable) if variable.ask_if else None
                if met_in_part is not None and variable.ask_if is not None:
                    part = self._columns[variable.ask_if.variable].has(met_in_part, ("partly",))
                    shares *= np.where(part, 0.55, 0.96)
            truth[variable.name] = column.draw(chance, shares)
        readiness, readiness_shares = zip(*profiles.READINESS, strict=True)
        factor = np.array(readiness)[chance.choice(len(readiness), size, p=_shares(np.array(readiness_shares)))]
        states: dict[str, States] = {}
        for variable in self.population.variables:
            said = truth[variable.name].copy()
            silent = profiles.NO_ANSWER.get(variable.name, _SAID_NOTHING_ABOUT) * factor
            number = chance.random(size) * 100
            if variable.unknown:
                unknown = profiles.UNKNOWN.get(variable.name, _SAID_NOTHING_ABOUT)
                said[number < silent + unknown] = _UNKNOWN
            said[number < silent] = _NO_ANSWER
            if variable.ask_if is not None:
                earlier = states[variable.ask_if.variable]
                asked = self._columns[variable.ask_if.variable].has(earlier, variable.ask_if.codes).any(axis=1)
                said[~asked] = _NOT_ASKED
            states[variable.name] = said
        return states, self._groups(truth, size)

    def _groups(self, truth: Mapping[str, States], size: int) -> Texts:
        if "citizenship_group" not in truth:
            return np.full(size, "", dtype=np.object_)
        return _objects(self._columns["citizenship_group"].codes)[truth["citizenship_group"]]

    def _factors(self, column: _Column, link: Link, states: States) -> Numbers:
        on = self._columns[link.on]
        given = on.has(states, tuple(link.factors))
        factors = np.ones((len(states), len(column.codes)))
        for place, moved in enumerate(link.factors.values()):
            row = np.array([moved.get(code, 1.0) for code in column.codes])
            factors *= np.where(given[:, place, None], row, 1.0)
        return factors

    def contradictory(self, states: Mapping[str, States]) -> Truths:
        """Tell who holds a contradiction that is not allowed."""
        found = np.zeros(len(next(iter(states.values()))), dtype=np.bool_)
        for entry in self._hard:
            held = np.ones(len(found), dtype=np.bool_)
            for name, codes in entry.when.items():
                held &= self._columns[name].has(states[name], tuple(codes)).any(axis=1)
            found |= held
        return found

    def answers(self, name: str, states: States) -> Texts:
        """Return the answers that the states stand for; equal ones are the same object."""
        return self._columns[name].objects(states)

    def texts(self, name: str, states: States) -> pa.Array:
        """Return the answers that the states stand for as the warehouse has them."""
        return self._columns[name].texts(states)


class _Column:
    """A variable as one population is asked it: `shares` by profile and code, codes sorted, `trend` by code."""

    def __init__(self, variable: Variable, population: SyntheticPopulation) -> None:
        self.several = variable.type is VariableType.MULTIPLE
        self.codes = tuple(sorted(code.code for code in variable.codes))
        exclusive = {code.code for code in variable.codes if code.exclusive}
        self._exclusive = np.array([code in exclusive for code in self.codes])
        self._max = variable.max
        left_out = _LEFT_OUT_MULTIPLE if self.several else _LEFT_OUT_SINGLE
        rows = []
        for profile in population.profiles:
            merged: dict[str, float] = {}
            for shares in (profiles.COMMON, population.answers, profile.answers):
                merged.update(shares.get(variable.name, {}))
            if variable.among is not None:
                merged = dict.fromkeys(self.codes, 100.0)
            rows.append([merged.get(code, left_out) for code in self.codes])
        self.shares = np.array(rows)
        trends: Shares = profiles.TRENDS.get(variable.name, {})
        self.trend = np.array([trends.get(code, 0.0) for code in self.codes])

    def draw(self, chance: np.random.Generator, shares: Numbers) -> States:
        if not self.several:
            return _pick(chance, shares)
        numbers = chance.random(shares.shape) * 100
        chosen = numbers < shares
        # Who chose nothing takes what they came nearest to; who chose too much keeps what was surest.
        nearness = np.divide(shares, numbers + 1e-9)
        nothing = ~chosen.any(axis=1)
        chosen[nothing, nearness[nothing].argmax(axis=1)] = True
        alone = (chosen & self._exclusive).any(axis=1)
        chosen[alone] &= self._exclusive
        many = np.flatnonzero(chosen.sum(axis=1) > self._max)
        if len(many):
            ranked = np.where(chosen[many], nearness[many], 0.0)
            surest = np.argpartition(-ranked, self._max - 1, axis=1)[:, : self._max]
            kept = np.zeros((len(many), len(self.codes)), dtype=np.bool_)
            np.put_along_axis(kept, surest, True, axis=1)
            chosen[many] = kept
        bits = np.left_shift(np.int64(1), np.arange(len(self.codes), dtype=np.int64))
        return chosen.astype(np.int64) @ bits

    def has(self, states: States, codes: Sequence[str]) -> Truths:
        """Tell for each person, and for each of these codes, whether the answer holds it."""
        places = np.array([self.codes.index(code) if code in self.codes else 62 for code in codes], dtype=np.int64)
        answered = (states >= 0)[:, None]
        if self.several:
            held: Truths = (np.right_shift(states[:, None], places) & 1).astype(np.bool_) & answered
        else:
            held = (states[:, None] == places) & answered
        return held

    def objects(self, states: States) -> Texts:
        found, places = self._different(states)
        return _objects([self._answer(state) for state in found])[places]

    def texts(self, states: States) -> pa.Array:
        found, places = self._different(states)
        texts = [_SILENT[state].status.value if state < 0 else _SEPARATOR.join(self._held(state)) for state in found]
        return pa.array(texts, type=pa.string()).take(pa.array(places))

    def _different(self, states: States) -> tuple[list[int], States]:
        """Return the different states, and for each person the place of theirs."""
        if self.several:
            encoded = pa.array(states).dictionary_encode()
            return encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
        lowest = -len(_SILENT)
        return list(range(lowest, len(self.codes))), states - lowest

    def _answer(self, state: int) -> Answer:
        return _SILENT[state] if state < 0 else Answer.of(*self._held(state))

    def _held(self, state: int) -> list[str]:
        """Return the codes of a state, sorted."""
        if not self.several:
            return [self.codes[state]]
        held = []
        while state:
            lowest = state & -state
            held.append(self.codes[lowest.bit_length() - 1])
            state ^= lowest
        return held


def _pick(chance: np.random.Generator, weights: Numbers) -> States:
    """Return for each row the place that was drawn by its weights."""
    steps = weights.cumsum(axis=1)
    numbers = chance.random(len(weights))[:, None] * steps[:, -1:]
    places: States = (steps[:, :-1] <= numbers).sum(axis=1, dtype=np.int64)
    return places


def _languages(chance: np.random.Generator, groups: Texts, size: int) -> Texts:
    languages = np.full(size, "", dtype=np.object_)
    for group, shares in profiles.LANGUAGES.items():
        members = np.flatnonzero(groups == group)
        places = chance.choice(len(shares), len(members), p=_shares(np.array(list(shares.values()))))
        languages[members] = _objects(list(shares))[places]
    return languages


def _shares(weights: Numbers) -> Numbers:
    total: Numbers = weights / weights.sum()
    return total


def _objects(values: Sequence[object]) -> Texts:
    array = np.empty(len(values), dtype=np.object_)
    for place, value in enumerate(values):
        array[place] = value
    return array
