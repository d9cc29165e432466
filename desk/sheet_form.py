"""A posted form → the sheet, as it was typed. Names: `part-0-row-1-text`, as `sheet_view` draws them."""

import re
from collections.abc import Iterable

from django.http import QueryDict

from testing_engine.authoring.sheet import (
    CREDITS,
    FIELDS,
    PARAMETERS,
    TYPES,
    WHOLE,
    Part,
    Row,
    Sheet,
    as_typed,
)
from testing_engine.questions.interactions import MOST_CHOICES, MOST_INTERACTIONS

TEXTS = ("id", "content", "passage", "area", "question_set", "enemy_groups", *PARAMETERS)
_PART = re.compile(r"part-(\d{1,3})-type")


def sheet_from(posted: QueryDict, n_concepts: int) -> Sheet:
    """Everything that stands in the form; what does not is as on an empty sheet."""
    sheet = Sheet()
    for name in TEXTS:
        setattr(sheet, name, _text(posted, name))
    sheet.is_plain = posted.get("is_plain") == "1"
    sheet.all_or_nothing = "all_or_nothing" in posted
    sheet.passage_everywhere = "passage_everywhere" in posted or "passage_shared" not in posted
    sheet.concepts = [_weight(posted, index) for index in range(n_concepts)]
    numbers = sorted(int(found[1]) for name in posted if (found := _PART.fullmatch(name)))
    sheet.parts = [_part(posted, f"part-{number}") for number in numbers[:MOST_INTERACTIONS]]
    return sheet


def _text(posted: QueryDict, name: str, otherwise: str = "") -> str:
    """Browsers send CR LF for every line end."""
    return as_typed(posted.get(name, otherwise)).replace("\x00", "")


def _weight(posted: QueryDict, index: int) -> str:
    """Of a concept: ticked, it is 1 or what is said beside the tick."""
    if "ticked" not in posted:
        return _text(posted, f"concept-{index}", "1")
    return (_text(posted, f"weight-{index}").strip() or "1") if f"concept-{index}" in posted else "0"


def _part(posted: QueryDict, name: str) -> Part:
    part_type = posted[f"{name}-type"]
    credit = posted.get(f"{name}-credit", WHOLE)
    chosen = posted.get(f"{name}-one")  # of answers of which one can be right, the id of that
    return Part(
        type=part_type if part_type in TYPES else TYPES[0],
        response=_text(posted, f"{name}-response").strip() or "RESPONSE",
        prompt=_text(posted, f"{name}-prompt"),
        credit=credit if credit in CREDITS else WHOLE,
        rows=[_row(posted, row, chosen) for row in _rows(posted, f"{name}-row")],
        targets=[_row(posted, row) for row in _rows(posted, f"{name}-target")],
        fields={field: _text(posted, f"{name}-{field}", otherwise) for field, otherwise in FIELDS.items()},
    )


def _rows(posted: QueryDict, name: str) -> Iterable[str]:
    pattern = re.compile(rf"{name}-(\d{{1,3}})-id")
    numbers = sorted(int(found[1]) for each in posted if (found := pattern.fullmatch(each)))
    return [f"{name}-{number}" for number in numbers[:MOST_CHOICES]]


def _row(posted: QueryDict, name: str, chosen: str | None = None) -> Row:
    row_id = _text(posted, f"{name}-id")
    return Row(
        id=row_id,
        text=_text(posted, f"{name}-text"),
        right=f"{name}-right" in posted or row_id == chosen,
        worth=_text(posted, f"{name}-worth").strip(),
        fixed=f"{name}-fixed" in posted,
        place=_text(posted, f"{name}-place").strip(),
        partners=tuple(posted.getlist(f"{name}-partners")),
        least=_text(posted, f"{name}-least", "0").strip(),
        most=_text(posted, f"{name}-most", "1").strip(),
    )
