"""A revision's questions by columns: what rows become once, and every process reads in a moment.

A column is an array of N numbers, or short texts as numbers of a list of those that occur. To and from bytes
there is one header of plain JSON and the arrays as they lie in memory; nothing in it can run.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from testing_engine import revision_files
from testing_engine.models import PoolRevision, Question, RevisionQuestion
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.items.states import STATES

FORMAT = "2"  # raised when bytes mean something else
ALIGNMENT = 64
# What is read of a question's row, and of rows that are not stored yet.
FIELDS = (
    "id",
    "external_id",
    "option_scores",
    "fixed_options",
    "concepts",
    "model",
    "difficulty",
    "discrimination",
    "guessing",
    "upper_asymptote",
    "thresholds",
    "category_slopes",
    "category_intercepts",
    "state",
    "area",
    "enemy_groups",
    "question_set",
    "interactions",
    "scoring",
)
Numbers = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Column:
    """One value of plain data for each question, as numbers of a list of those that occur."""

    codes: Numbers  # (N,)
    values: tuple[Any, ...]

    @classmethod
    def of(cls, values: Iterable[Any]) -> "Column":
        """Of values that can be hashed."""
        known: dict[Any, int] = {}
        codes = np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int32)
        return cls(codes, tuple(known))

    def joined(self, other: "Column") -> "Column":
        """These and then those."""
        known = {value: code for code, value in enumerate(self.values)}
        codes = np.array([known.setdefault(value, len(known)) for value in other.values], dtype=np.int32)
        return Column(np.concatenate([self.codes, codes[other.codes]]), tuple(known))

    def take(self, places: Numbers) -> "Column":
        return Column(self.codes[places], self.values)

    def at(self, place: int) -> Any:
        return self.values[int(self.codes[place])]

    def all(self) -> list[Any]:
        """(N,)"""
        if len(self.values) == 1:
            return [self.values[0]] * len(self.codes)
        return [self.values[code] for code in self.codes.tolist()]


@dataclass(frozen=True, eq=False)
class RevisionColumns:
    """N questions in their order."""

    question_ids: Numbers  # (N,)
    concepts: Numbers  # (N, D)
    numbers: Numbers  # (N, 4) difficulty, discrimination, guessing, upper asymptote
    thresholds: Numbers  # (N, most), NaN = not there; likewise the next two
    category_slopes: Numbers
    category_intercepts: Numbers
    models: Column
    states: Column
    areas: Column
    sets: Column
    enemies: Column
    option_scores: Column
    fixed_options: Column
    external_ids: tuple[str, ...]
    with_interactions: Mapping[int, tuple[bytes, bytes]]  # by item: JSON of interactions and of their key

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[Any, ...]]) -> "RevisionColumns":
        """From rows of `FIELDS`."""
        columns = dict(zip(FIELDS, zip(*rows, strict=True) if rows else [()] * len(FIELDS), strict=True))
        tuples = {
            name: [tuple(value) for value in columns[name]] for name in ("option_scores", "fixed_options")
        }
        groups = [tuple(dict.fromkeys(value)) for value in columns["enemy_groups"]]
        simple = ("difficulty", "discrimination", "guessing", "upper_asymptote")
        return cls(
            question_ids=np.array(columns["id"], dtype=np.int64),
            concepts=np.array(columns["concepts"], dtype=float),
            numbers=np.array([columns[name] for name in simple], dtype=float).T.copy(),
            thresholds=_padded(columns["thresholds"]),
            category_slopes=_padded(columns["category_slopes"]),
            category_intercepts=_padded(columns["category_intercepts"]),
            models=Column.of(columns["model"]),
            states=Column.of(columns["state"]),
            areas=Column.of(columns["area"]),
            sets=Column.of(columns["question_set"]),
            enemies=Column.of(groups),
            option_scores=Column.of(tuples["option_scores"]),
            fixed_options=Column.of(tuples["fixed_options"]),
            external_ids=tuple(columns["external_id"]),
            with_interactions={
                item: (json.dumps(asked).encode(), json.dumps(key or {}).encode())
                for item, (asked, key) in enumerate(
                    zip(columns["interactions"], columns["scoring"], strict=True)
                )
                if asked is not None
            },
        )

    @classmethod
    def of_questions(cls, questions: Sequence[Question]) -> "RevisionColumns":
        """The same from rows as objects."""
        return cls.of_rows([tuple(getattr(question, name) for name in FIELDS) for question in questions])

    @classmethod
    def of_bytes(cls, body: bytes) -> "RevisionColumns":
        """What `to_bytes` made."""
        size = int.from_bytes(body[:8], "little")
        header, start = msgspec.json.decode(body[8 : 8 + size]), _aligned(8 + size)
        found: dict[str, Any] = {}
        for name, (dtype, shape, place) in header["arrays"].items():
            count = int(np.prod(shape, dtype=np.int64))
            array = np.frombuffer(body, np.dtype(dtype), count, start + place).reshape(shape)
            values = header["values"].get(name)
            found[name] = array if values is None else Column(array, tuple(map(_hashable, values)))
        start += header["end"]
        asked = {
            item: (body[start + low : start + middle], body[start + middle : start + high])
            for item, low, middle, high in zip(*header["with_interactions"], strict=True)
        }
        return cls(**found, external_ids=tuple(header["external_ids"]), with_interactions=asked)

    def to_bytes(self) -> bytes:
        """The length of the header, the header, arrays at places that it names, then JSON as it is."""
        values: dict[str, tuple[Any, ...]] = {}
        arrays: dict[str, tuple[str, tuple[int, ...], int]] = {}
        body = bytearray()
        for each in fields(self):
            own = getattr(self, each.name)
            if isinstance(own, Column):
                values[each.name], own = own.values, own.codes
            if isinstance(own, np.ndarray):
                body.extend(bytes(_aligned(len(body)) - len(body)))
                arrays[each.name] = (own.dtype.str, own.shape, len(body))
                body += np.ascontiguousarray(own).tobytes()
        parts = [part for pair in self.with_interactions.values() for part in pair]
        ends = np.cumsum([0, *map(len, parts)]).tolist()
        header = msgspec.json.encode(
            {
                "arrays": arrays,
                "values": values,
                "external_ids": self.external_ids,
                "end": len(body),
                "with_interactions": [list(self.with_interactions), ends[:-1:2], ends[1::2], ends[2::2]],
            }
        )
        head = len(header).to_bytes(8, "little") + header
        return b"".join([head, bytes(_aligned(len(head)) - len(head)), body, *parts])

    def joined(self, more: "RevisionColumns") -> "RevisionColumns":
        """These questions and then those."""
        found: dict[str, Any] = {}
        for each in fields(self):
            own, other = getattr(self, each.name), getattr(more, each.name)
            if isinstance(own, Column):
                found[each.name] = own.joined(other)
            elif isinstance(own, np.ndarray):
                found[each.name] = _above(own, other)
        count = len(self.external_ids)
        asked = {count + item: own for item, own in more.with_interactions.items()}
        return RevisionColumns(
            **found,
            external_ids=(*self.external_ids, *more.external_ids),
            with_interactions={**self.with_interactions, **asked},
        )

    def take(self, places: Numbers) -> "RevisionColumns":
        """The questions at these places, in this order."""
        found: dict[str, Any] = {}
        for each in fields(self):
            own = getattr(self, each.name)
            if isinstance(own, Column):
                found[each.name] = own.take(places)
            elif isinstance(own, np.ndarray):
                found[each.name] = own[places]
        wanted, asked = places.tolist(), self.with_interactions
        return RevisionColumns(
            **found,
            external_ids=tuple(self.external_ids[place] for place in wanted),
            with_interactions={item: asked[place] for item, place in enumerate(wanted) if place in asked},
        )

    def check(self) -> None:
        """Raises `ItemParameterError` where a row, however it came there, says what no question can have.

        Most are plainly right by a look at the columns; the others are looked at one by one.
        """
        difficulty, discrimination, guessing, upper = self.numbers.T
        right = np.isfinite(self.concepts).all(axis=1) & np.isfinite(difficulty) & np.isfinite(discrimination)
        right &= (self.concepts.min(axis=1) >= 0) & (self.concepts.max(axis=1) > 0) & (discrimination > 0)
        right &= (guessing >= 0) & (guessing < upper) & (upper <= 1)
        right &= np.isin(self.models.all(), ("2PL", "3PL", "4PL")) & np.isin(self.states.all(), STATES)
        for columns in (self.thresholds, self.category_slopes, self.category_intercepts):
            right &= np.isnan(columns).all(axis=1)
        for place in np.flatnonzero(~right).tolist():
            self._parameters(place)

    def _parameters(self, place: int) -> ItemParameters:
        """Of one question, validated."""
        difficulty, discrimination, guessing, upper = self.numbers[place].tolist()
        ragged = (self.thresholds, self.category_slopes, self.category_intercepts)
        thresholds, slopes, intercepts = (tuple(row[place][~np.isnan(row[place])].tolist()) for row in ragged)
        return ItemParameters(
            concepts=tuple(self.concepts[place].tolist()),
            model=self.models.at(place),
            difficulty=difficulty,
            discrimination=discrimination,
            guessing=guessing,
            upper=upper,
            thresholds=thresholds,
            category_slopes=slopes,
            category_intercepts=intercepts,
            area=self.areas.at(place),
            enemy_groups=self.enemies.at(place),
            question_set=self.sets.at(place),
            state=self.states.at(place),
        )

    def bank(self) -> ItemBank:
        """As the engine computes with them."""
        difficulty, discrimination, guessing, upper = self.numbers.T.copy()
        return ItemBank.from_arrays(
            concepts=self.concepts,
            model=np.array(self.models.all()),
            difficulty=difficulty,
            discrimination=discrimination,
            guessing=guessing,
            upper=upper,
            thresholds=self.thresholds,
            category_slopes=self.category_slopes,
            category_intercepts=self.category_intercepts,
            area=self.areas.all(),
            enemy_groups=self.enemies.all(),
            question_set=self.sets.all(),
            state=self.states.all(),
        )


def _above(first: Numbers, second: Numbers) -> Numbers:
    """(N + M, …) one above the other; NaN where one has fewer columns."""
    if not len(second):
        return first
    if first.ndim == 1 or first.shape[1] == second.shape[1]:
        return np.concatenate([first, second])
    joined = np.full((len(first) + len(second), max(first.shape[1], second.shape[1])), np.nan)
    joined[: len(first), : first.shape[1]] = first
    joined[len(first) :, : second.shape[1]] = second
    return joined


def read_columns(revision: PoolRevision) -> RevisionColumns:
    """A revision's questions, from its file or from the rows; then there is a file for the next to ask."""
    body = revision_files.read("columns", *identity(revision))
    if body is not None:
        return RevisionColumns.of_bytes(body)
    rows = RevisionQuestion.objects.filter(revision=revision).order_by("position")
    columns = RevisionColumns.of_rows(list(rows.values_list(*(f"question__{field}" for field in FIELDS))))
    columns.check()
    keep_columns(revision, columns)
    return columns


def keep_columns(revision: PoolRevision, columns: RevisionColumns) -> None:
    """Write the file of a revision, for every process of this machine. Safe to repeat."""
    if revision_files.are_kept():
        revision_files.write(columns.to_bytes(), "columns", *identity(revision))


def identity(revision: PoolRevision) -> tuple[object, ...]:
    """What the seal is of: the content, and which row stands where."""
    return FORMAT, revision.content_hash, bytes(revision.seal).hex()


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _aligned(place: int) -> int:
    return -(-place // ALIGNMENT) * ALIGNMENT


def _padded(rows: Sequence[Sequence[float]]) -> Numbers:
    """Ragged rows to a rectangle, NaN where a row is shorter."""
    padded = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for place, row in enumerate(rows):
        if row:
            padded[place, : len(row)] = row
    return padded
