"""Who answered what: persons × items with any answer missing, stored by person (compressed sparse rows)."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Answers = npt.NDArray[np.int32]

MISSING = -1
LARGEST_CATEGORY = 127
COUNTED_AT_ONCE = 500_000  # answers: indices of millions would be the largest arrays of a calibration


class ResponsesError(ValueError):
    """Answers that cannot be read; `field` names the argument."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, eq=False)
class Responses:
    """N persons, J items, categories from 0. Person n's answers are `item[start[n]:start[n + 1]]` and
    `category[…]`.

    Within a person the items rise in the matrix form and keep the order given in the long form, which
    prequential statistics read as the order of the test.
    """

    persons: Sequence[Hashable]
    items: tuple[Hashable, ...]
    start: Answers  # (N + 1,)
    item: Answers  # (answers,)
    category: Answers  # (answers,)
    group: IntArray  # (N,) codes into `groups`
    groups: tuple[Hashable, ...] = (0,)
    matrix: npt.NDArray[np.int8] | None = field(default=None, repr=False)  # if complete: (N, J)

    @classmethod
    def from_matrix(
        cls,
        x: npt.ArrayLike,
        items: Sequence[Any] | None = None,
        group: Sequence[Any] | None = None,
    ) -> Self:
        """`x` is (N, J): category 0, 1, … or −1 (nan in a matrix of floats) where nothing was answered."""
        table = np.asarray(x)
        if table.ndim != 2:
            raise ResponsesError("X", f"must have two dimensions, persons × items, not {table.ndim}")
        table = _as_integers("X", table)
        labels = _labels("items", items, table.shape[1])
        codes, groups = _groups(group, len(table))
        small = table.astype(np.int8, copy=False)
        answered = small >= 0
        if table.size and answered.all():
            start = np.arange(0, table.size + 1, table.shape[1], dtype=np.int32)
            item = np.tile(np.arange(table.shape[1], dtype=np.int32), len(table))
            category = small.ravel().astype(np.int32)
            matrix = small
        else:
            start = np.concatenate([[0], np.cumsum(answered.sum(axis=1))]).astype(np.int32)
            item = np.nonzero(answered)[1].astype(np.int32)
            category = small[answered].astype(np.int32)
            matrix = None
        return cls(range(len(table)), labels, start, item, category, codes, groups, matrix)

    @classmethod
    def from_rows(
        cls,
        person: Sequence[Any] | npt.NDArray[Any],
        item: Sequence[Any] | npt.NDArray[Any],
        category: npt.ArrayLike,
        group: Sequence[Any] | Mapping[Hashable, Hashable] | None = None,
        items: Sequence[Any] | None = None,
    ) -> Self:
        """One row an answer. Persons keep the order of their first rows; so do items, unless `items` names
        them.

        `group` is one label a row, the same in all rows of a person, or a mapping from person to label.
        """
        values = _as_integers("category", np.asarray(category))
        if not len(person) == len(item) == len(values):
            raise ResponsesError("item", "person, item and category must have the same length")
        person_code, persons = _codes(person)
        item_code, found = _codes(item)
        if items is not None:
            position = {label: number for number, label in enumerate(items)}
            unknown = [label for label in found if label not in position]
            if unknown:
                raise ResponsesError("items", f"does not name {unknown[0]!r}, which has answers")
            item_code = np.array([position[label] for label in found], dtype=np.int64)[item_code]
            found = list(items)
        codes, groups = _groups_of_rows(group, person_code, persons)
        kept = values >= 0
        person_code, item_code, values = person_code[kept], item_code[kept], values[kept]
        if np.any(person_code[1:] < person_code[:-1]):
            order = np.argsort(person_code, kind="stable")
            person_code, item_code, values = person_code[order], item_code[order], values[order]
        start = np.concatenate([[0], np.cumsum(np.bincount(person_code, minlength=len(persons)))])
        answers = cls(
            persons,
            _labels("items", found, len(found)),
            start.astype(np.int32),
            item_code.astype(np.int32),
            values.astype(np.int32),
            codes,
            groups,
        )
        answers._refuse_twice_answered()
        return answers

    @property
    def n_persons(self) -> int:
        return len(self.start) - 1

    @property
    def n_items(self) -> int:
        return len(self.items)

    @property
    def n_answers(self) -> int:
        return len(self.item)

    @cached_property
    def person(self) -> Answers:
        """The person of each answer, (answers,)."""
        return np.repeat(np.arange(self.n_persons, dtype=np.int32), np.diff(self.start))

    @cached_property
    def n_categories(self) -> IntArray:
        """Highest category seen plus one, at least 2; (J,)."""
        highest = np.zeros(self.n_items, dtype=np.int64)
        if self.matrix is not None:
            highest = self.matrix.max(axis=0).astype(np.int64)
        else:
            np.maximum.at(highest, self.item, self.category)
        return np.maximum(highest + 1, 2)

    @cached_property
    def counts(self) -> list[IntArray]:
        """Answers in each category, one array an item."""
        offset = np.concatenate([[0], np.cumsum(self.n_categories)])
        if self.matrix is not None and self.n_categories.max() == 2:
            ones = self.matrix.sum(axis=0, dtype=np.int64)
            return [np.array([self.n_persons - one, one]) for one in ones]
        flat = np.zeros(int(offset[-1]), dtype=np.int64)
        for first in range(0, self.n_answers, COUNTED_AT_ONCE):
            part = slice(first, first + COUNTED_AT_ONCE)
            flat += np.bincount(offset[self.item[part]] + self.category[part], minlength=len(flat))
        return np.split(flat, offset[1:-1])

    @cached_property
    def answers_per_item(self) -> IntArray:
        return np.array([int(count.sum()) for count in self.counts], dtype=np.int64)

    def dense(self) -> npt.NDArray[np.int8]:
        """(N, J), −1 where missing."""
        if self.matrix is not None:
            return self.matrix
        table = np.full((self.n_persons, self.n_items), MISSING, dtype=np.int8)
        table[self.person, self.item] = self.category
        return table

    def without(self, dropped: BoolArray) -> "Responses":
        """The same persons without the answers to the items marked; the items stay, empty."""
        if not self.answers_per_item[dropped].any():
            return self
        kept = ~dropped[self.item]
        before = np.zeros(self.n_answers + 1, dtype=np.int32)
        np.cumsum(kept, out=before[1:])
        start = before[self.start]
        return Responses(
            self.persons, self.items, start, self.item[kept], self.category[kept], self.group, self.groups
        )

    def grouped(self, group: Sequence[Hashable]) -> "Responses":
        """The same answers with other groups, one label a person."""
        codes, groups = _groups(group, self.n_persons)
        return Responses(
            self.persons, self.items, self.start, self.item, self.category, codes, groups, self.matrix
        )

    def collapsed(self) -> "Responses":
        """Categories that nobody chose are closed up: 0, 2, 3 become 0, 1, 2."""
        new = self.category.copy()
        offset = np.concatenate([[0], np.cumsum(self.n_categories)])
        target = np.concatenate([np.cumsum(count > 0) - 1 for count in self.counts])
        new = np.maximum(target[offset[self.item] + self.category], 0).astype(np.int32)
        matrix = None if self.matrix is None else new.reshape(self.matrix.shape).astype(np.int8)
        return Responses(
            self.persons, self.items, self.start, self.item, new, self.group, self.groups, matrix
        )

    def components(self) -> tuple[int, IntArray]:
        """Connected parts of the person–item graph: how many, and the part of each item (−1: no answers)."""
        if self.matrix is not None:
            return min(1, self.n_items), np.zeros(self.n_items, dtype=np.int64)
        links = sp.csr_matrix(
            (np.ones(self.n_answers, np.int8), self.item, self.start), shape=(self.n_persons, self.n_items)
        )
        graph = sp.vstack(
            [sp.hstack([_nothing(self.n_persons), links]), sp.hstack([links.T, _nothing(self.n_items)])]
        )
        _, label = connected_components(graph, directed=False)
        of_item = label[self.n_persons :]
        answered = self.answers_per_item > 0
        parts, codes = np.unique(of_item[answered], return_inverse=True)
        result = np.full(self.n_items, -1, dtype=np.int64)
        result[answered] = codes
        return len(parts), result

    def _refuse_twice_answered(self) -> None:
        # Not the property, which would keep a number for each answer.
        key = np.repeat(np.arange(self.n_persons, dtype=np.int64) * self.n_items, np.diff(self.start))
        key += self.item
        key.sort()
        twice = key[1:][key[1:] == key[:-1]]
        if len(twice):
            person, item = divmod(int(twice[0]), self.n_items)
            raise ResponsesError(
                "item", f"person {self.persons[person]!r} answers {self.items[item]!r} more than once"
            )


def refuse_nothing(responses: Any) -> None:
    """What is no `Responses`, or holds no item or person, estimates nothing."""
    if not isinstance(responses, Responses):
        kind = type(responses).__name__
        raise TypeError(f"responses: must be Responses, as Responses.from_matrix makes them, not {kind}")
    for name, n in (("items", responses.n_items), ("persons", responses.n_persons)):
        if not n:
            raise ResponsesError("responses", f"hold no {name}")


def _nothing(n: int) -> sp.csr_matrix:
    return sp.csr_matrix(np.zeros((0, 0), dtype=np.int8)) if n == 0 else sp.identity(n, np.int8, "csr") * 0


def _as_integers(field: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.dtype.kind == "f":
        whole = np.where(np.isnan(values), MISSING, values)
        if not np.all(whole == np.round(whole)):
            raise ResponsesError(field, "holds a category that is not a whole number")
        values = whole.astype(np.int64)
    if values.dtype.kind not in "iub":
        raise ResponsesError(field, "must hold whole numbers")
    if values.dtype.kind == "b":
        values = values.astype(np.int8)
    if values.size and (values.max() > LARGEST_CATEGORY or values.min() < MISSING):
        raise ResponsesError(field, f"categories run from 0 to {LARGEST_CATEGORY}, −1 is missing")
    return values


def _labels(field: str, labels: Sequence[Hashable] | None, n: int) -> tuple[Hashable, ...]:
    if labels is None:
        return tuple(range(n))
    named = tuple(label.item() if isinstance(label, np.generic) else label for label in labels)
    if len(named) != n:
        raise ResponsesError(field, f"names {len(named)} items where there are {n}")
    if len(set(named)) != n:
        raise ResponsesError(field, "names an item twice")
    return named


def _codes(labels: Sequence[Any] | npt.NDArray[Any]) -> tuple[IntArray, list[Hashable]]:
    """Codes in the order of first appearance."""
    array = np.asarray(labels)
    if array.ndim != 1 or array.dtype.kind == "O":
        position: dict[Hashable, int] = {}
        codes = np.array([position.setdefault(label, len(position)) for label in labels], dtype=np.int64)
        return codes, list(position)
    values, first, inverse = np.unique(array, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[inverse], values[order].tolist()


def _groups(group: Sequence[Any] | None, n: int) -> tuple[IntArray, tuple[Hashable, ...]]:
    if group is None:
        return np.zeros(n, dtype=np.int64), (0,)
    if len(group) != n:
        raise ResponsesError("group", f"has {len(group)} labels for {n} persons")
    codes, labels = _codes(group)
    return codes, tuple(labels)


def _groups_of_rows(
    group: Sequence[Any] | Mapping[Hashable, Hashable] | None,
    person: IntArray,
    persons: list[Hashable],
) -> tuple[IntArray, tuple[Hashable, ...]]:
    if group is None:
        return _groups(None, len(persons))
    if isinstance(group, Mapping):
        missing = [label for label in persons if label not in group]
        if missing:
            raise ResponsesError("group", f"has no group for person {missing[0]!r}")
        return _groups([group[label] for label in persons], len(persons))
    if len(group) != len(person):
        raise ResponsesError("group", "must have one label a row")
    codes, labels = _codes(group)
    first = np.full(len(persons), -1, dtype=np.int64)
    first[person[::-1]] = codes[::-1]
    changing = np.flatnonzero(first[person] != codes)
    if len(changing):
        raise ResponsesError("group", f"person {persons[person[changing[0]]]!r} is in two groups")
    return first, tuple(labels)
