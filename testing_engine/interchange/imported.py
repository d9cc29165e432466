"""What a reader of a foreign format gives: questions as rows of a pool document, and what became of each.

Every format has one reader, a function of an `Upload` that returns an `ImportedPool`. A reader knows its
format and nothing of Django, rows or publishing: `row` is what `questions.parse_pool` takes, with
`interactions` and `key` or
`scoring` (with_interactions.py). It never raises for one bad question: it refuses that one, by name and line.
It raises
`UploadRefused` where the file as a whole is none of its format, or hostile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from testing_engine.sentences import Said, Sentence

VARIANTS, MOST_VARIANTS = 5, 50
LARGEST_SEED = 2**31 - 1

Outcome = Literal["taken", "taken_with_loss", "refused"]


class UploadRefused(Said):
    """The file as a whole cannot be read; the message says why, for the person who brought it."""


@dataclass(frozen=True)
class Upload:
    """A file as it came, or a pasted text as its bytes. `name`: what its owner calls it.

    `variants`, `seed`: of a question that is made anew for every student by chance (a template), so many are
    drawn, and from which seed.
    """

    name: str
    content: bytes
    variants: int = VARIANTS
    seed: int = 1


@dataclass(frozen=True)
class ImportedQuestion:
    """One question of the file.

    `source`: where it stands, as its owner would look for it ("items/q1.xml", "line 12"). `id`: the
    identifier that the file gives it. `losses`: what is not taken over, a sentence each. `refusals`: why it
    is not taken at all; then `row` is None. `row` may name media of the file by `media:NAME` in its texts, as
    in `![words](media:img/a.png)`.
    """

    source: str
    id: str
    row: Mapping[str, Any] | None
    losses: tuple[Sentence, ...] = ()
    refusals: tuple[Sentence, ...] = ()

    @property
    def outcome(self) -> Outcome:
        if self.row is None or self.refusals:
            return "refused"
        return "taken_with_loss" if self.losses else "taken"


@dataclass(frozen=True)
class ImportedPool:
    """All questions of the file, and the media that they show, under the names that the rows use."""

    format: str
    name: str
    questions: Sequence[ImportedQuestion]
    concept_names: tuple[str, ...] = ()
    media: Mapping[str, bytes] = field(default_factory=dict)
    scale: str = ""  # empty: one of its own
    kept: Mapping[str, bytes] = field(default_factory=dict)  # media under addresses that the rows name
