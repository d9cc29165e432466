"""What Redis holds: the state of a running session, and what a student sees of a question."""

import hashlib
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from numpy.typing import DTypeLike

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE = struct.calcsize(">HHHB")  # bytes that stand before the array


class SessionState(msgspec.Struct, frozen=True, array_like=True):
    """What a submission needs of a running session: about 200 bytes, no answer key and no answer text.

    An array on the wire: field order is the format. Before it stand seven bytes that scripts in Redis read
    and write (`scripts`): the number of answers, by which an older state is told from a newer one, how
    many requests came in which minute, and of which generation the tokens are whose requests count there.
    Ability is not in it: it follows from the answers, and who shows it has it at hand.
    """

    client_id: int | None
    student_id: int
    student_digest: bytes
    revision_id: int
    plan_id: int
    seed: int
    current: int
    correct: int
    items: bytes  # indices in the revision, 2 bytes each (4 in pools beyond 65,536 questions)
    scores: bytes  # 1 byte each, as they count: −1 for an answer that came too fast
    concepts: int  # of which the test finds the ability
    prior: bytes  # mean and standard deviation, 8 bytes a concept; empty: N(0, 1)
    started_at: int  # microseconds since 1970
    chain_head: bytes  # of the audit chain
    marks: int = 0  # `token_generation` and three truths, in one byte
    asked_at: int = 0  # when the current question was asked, as `started_at`; 0: nothing depends on it

    @classmethod
    def pack(
        cls,
        *,
        student_external_id: str,
        items: Sequence[int],
        scores: Sequence[int],
        prior_mean: Sequence[float],
        prior_sd: Sequence[float],
        token_generation: int = 0,
        is_withheld: bool = False,
        is_scored_alone: bool = False,
        shuffles_options: bool = False,
        **plain: Any,
    ) -> "SessionState":
        """Build a state from numbers. A generation from 16 on takes more than the one byte of `marks`."""
        truths = is_withheld << 4 | is_scored_alone << 5 | shuffles_options << 6
        is_standard = not any(prior_mean) and all(sd == 1.0 for sd in prior_sd)
        return cls(
            student_digest=digest_of(student_external_id),
            items=_pack_items(items),
            scores=_bytes(scores, np.int8),
            concepts=len(prior_mean),
            prior=b"" if is_standard else _bytes([*prior_mean, *prior_sd]),
            marks=token_generation & 15 | truths | token_generation >> 4 << 7,
            **plain,
        )

    def advanced(self, answered: "Advance") -> "SessionState":
        """The state after one more answer."""
        return msgspec.structs.replace(
            self,
            items=self._with_current(),
            scores=self.scores + answered.score.to_bytes(1, signed=True),
            correct=self.correct + answered.counts_as_right,
            current=answered.next_item or 0,
            chain_head=answered.chain_head,
            asked_at=answered.asked_at,
        )

    def _with_current(self) -> bytes:
        """The questions behind one more answer."""
        if len(self.items) == 2 * self.answered and self.current < 2**16:
            return self.items + self.current.to_bytes(2, sys.byteorder)
        return _pack_items([*self.item_indices, self.current])

    @classmethod
    def unpack(cls, packed: bytes | None) -> "SessionState | None":
        """A state of an older version of this service reads as none, and is rebuilt."""
        try:
            return None if packed is None else msgspec.msgpack.decode(packed[_BEFORE:], type=cls)
        except msgspec.DecodeError:
            return None

    def packed(self) -> bytes:
        """What Redis keeps; no request has been counted in it."""
        generation = self.token_generation & 0xFF
        return struct.pack(">HHHB", self.answered, 0, 0, generation) + msgspec.msgpack.encode(self)

    @property
    def token_generation(self) -> int:
        """Of the session tokens that open it."""
        return self.marks & 15 | self.marks >> 7 << 4

    @property
    def is_withheld(self) -> bool:
        """Whether what it finds is not for the student, or not yet."""
        return bool(self.marks & 16)

    @property
    def is_scored_alone(self) -> bool:
        """As in the session's row."""
        return bool(self.marks & 32)

    @property
    def shuffles_options(self) -> bool:
        """As in the session's row."""
        return bool(self.marks & 64)

    @property
    def began(self) -> datetime:
        """`started_at` as a time."""
        return _EPOCH + timedelta(microseconds=self.started_at)

    @property
    def answered(self) -> int:
        """How many questions have been answered."""
        return len(self.scores)

    @property
    def item_indices(self) -> list[int]:
        """Questions answered so far, as indices in the revision, in order."""
        is_wide = self.answered and len(self.items) == 4 * self.answered
        return memoryview(self.items).cast("I" if is_wide else "H").tolist()

    @property
    def item_scores(self) -> list[int]:
        """The score of each answer, as it counts."""
        return memoryview(self.scores).cast("b").tolist()

    @property
    def prior_mean_sd(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of the prior, one number a concept."""
        if not self.prior:
            return [0.0] * self.concepts, [1.0] * self.concepts
        numbers: list[float] = np.frombuffer(self.prior).tolist()
        return numbers[: self.concepts], numbers[self.concepts :]

    def is_of_student(self, external_id: str) -> bool:
        """Whether this is the session of the student with that id."""
        return self.student_digest == digest_of(external_id)


@dataclass(frozen=True)
class Advance:
    """What one answer changes in a state."""

    score: int
    counts_as_right: bool
    next_item: int | None
    chain_head: bytes
    asked_at: int = 0


class ShownQuestion(msgspec.Struct, frozen=True, array_like=True):
    """What a student sees of a question: never its key."""

    id: str
    content: str
    options: list[str]  # of a single choice; else empty
    concepts: list[float]
    interactions: list[dict[str, Any]] = []  # msgspec copies it; empty: one of `options`
    passage: str = ""


def digest_of(text: str) -> bytes:
    """Four bytes that stand for a student's id, so that the id itself need not be kept.

    Enough to notice a mistaken id: who may open the session was checked before.
    """
    return hashlib.sha256(text.encode()).digest()[:4]


def _pack_items(items: Sequence[int]) -> bytes:
    return _bytes(items, np.uint16 if max(items, default=0) < 2**16 else np.uint32)


def _bytes(numbers: Sequence[float], kind: DTypeLike = np.float64) -> bytes:
    return np.asarray(numbers, dtype=kind).tobytes()
