"""What a student would see of a sheet that may not be complete yet."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from testing_engine.authoring.problems import Problems
from testing_engine.authoring.sheet import Part, Sheet
from testing_engine.authoring.writing import asked_of, is_plain
from testing_engine.questions import interactions
from testing_engine.questions.interactions import InteractionError

NOTHING_YET = "…"


@dataclass(frozen=True)
class Preview:
    """Content, passage, and either options or interactions, as plain data."""

    id: str
    content: str
    passage: str
    options: tuple[str, ...]
    interactions: tuple[dict[str, Any], ...]


def preview_of(sheet: Sheet) -> Preview | None:
    """As far as it goes; None where what is asked makes no sense yet."""
    content = sheet.content if sheet.content.strip() else NOTHING_YET
    if is_plain(sheet):
        options = tuple((row.text.strip() and row.text) or NOTHING_YET for row in sheet.parts[0].rows)
        return Preview(sheet.id, content, sheet.passage, options, ()) if options else None
    parts = [asked_of(_with_words(part), "", Problems()) for part in sheet.parts]
    try:
        asked = interactions.decode(parts)
    except (msgspec.ValidationError, InteractionError):
        return None
    options = tuple(interactions.options_of_single_choice(asked))
    return Preview(sheet.id, content, sheet.passage, options, tuple(interactions.encode(asked)))


def _with_words(part: Part) -> Part:
    """What has no words yet is drawn with a sign for them."""
    rows, targets = (
        [row if row.text.strip() else replace(row, text=NOTHING_YET) for row in members]
        for members in (part.rows, part.targets)
    )
    return replace(part, rows=rows, targets=targets)
