"""What leaves: a pool's questions as rows of a pool document, and what each format made of every one of them.

Every format has one writer, a function of a `PoolContents` that returns `Written`. A writer knows its format
and nothing of Django. What it cannot carry it names, question by question; it drops nothing silently.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from testing_engine.interchange.media import texts_of
from testing_engine.sentences import Sentence, say

Whole = Literal["whole", "with_loss", "left_out"]
ADDRESS = re.compile(r"/(?:images/[0-9a-f]{64}\.(?:png|jpg)|sounds/[0-9a-f]{64}\.(?:ogg|mp3|m4a))")


@dataclass(frozen=True)
class PoolContents:
    """One revision. `rows`: as `questions.parse_pool` takes them, key and compiled rules among them, defaults
    left out. `media`: what the texts show, by address.
    """

    name: str
    revision: int
    concept_names: tuple[str, ...]
    scale: str
    rows: Sequence[Mapping[str, Any]]
    media: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportedQuestion:
    """What became of one question. `reasons`: what the file does not have of it, a sentence each."""

    id: str
    outcome: Whole
    reasons: tuple[Sentence, ...] = ()


@dataclass(frozen=True)
class Written:
    """A file. `suffix`: of its name. `report`: every question, in order."""

    content: bytes
    media_type: str
    suffix: str
    report: tuple[ExportedQuestion, ...]

    def number_of(self, outcome: Whole) -> int:
        return sum(question.outcome == outcome for question in self.report)


def reported(identifier: str, losses: Sequence[Sentence]) -> ExportedQuestion:
    """A question that is in the file, each loss once."""
    return ExportedQuestion(identifier, "with_loss" if losses else "whole", tuple(dict.fromkeys(losses)))


def addresses_in(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Addresses of media that a row's texts hold, each once."""
    return tuple(dict.fromkeys(found for text in texts_of(row) for found in ADDRESS.findall(text)))


def missing_media(row: Mapping[str, Any], media: Mapping[str, bytes]) -> list[Sentence]:
    """A sentence for each medium that a text names and the service does not have."""
    return [
        say("{address} is not stored here.", address=address)
        for address in addresses_in(row)
        if address not in media
    ]
