"""A stored question → the sheet on which it is edited."""

from collections.abc import Mapping
from typing import Any

import msgspec

from testing_engine.authoring.numbers import written, written_list
from testing_engine.authoring.shares import share_of_choices, share_of_pairs
from testing_engine.authoring.sheet import (
    FIELDS,
    NUMBER,
    OWN,
    RATING,
    RULES,
    SEVERAL,
    SHARE,
    WHOLE,
    Part,
    Row,
    Sheet,
)
from testing_engine.models import Question
from testing_engine.questions import interactions
from testing_engine.questions.interactions import (
    Associate,
    ChoiceInteraction,
    GapMatch,
    HotText,
    InlineChoice,
    Interaction,
    Match,
    Order,
    Slider,
    TextEntry,
    option_id,
)
from testing_engine.questions.key_reading import keys_of
from testing_engine.questions.keys import Key
from testing_engine.questions.program import Program


def sheet_of(question: Question) -> Sheet:
    """Everything of it, so that a sheet that nobody changed is the same question again."""
    return Sheet(
        id=question.external_id,
        content=question.content,
        passage=question.passage.content if question.passage else "",
        concepts=list(map(written, question.concepts)),
        area=question.area,
        question_set=question.question_set,
        enemy_groups="\n".join(question.enemy_groups),
        model=question.model,
        difficulty=written(question.difficulty),
        discrimination=written(question.discrimination),
        guessing=written(question.guessing),
        upper_asymptote=written(question.upper_asymptote),
        thresholds=written_list(question.thresholds),
        category_slopes=written_list(question.category_slopes),
        category_intercepts=written_list(question.category_intercepts),
        **_asked(question),
    )


def _asked(question: Question) -> dict[str, Any]:
    if question.interactions is None:
        return {"parts": [_plain_part(question)], "is_plain": True}
    asked = interactions.decode(question.interactions)
    keys = keys_of(msgspec.convert(question.scoring, Program), asked)
    parts = [_part(each, None if keys is None else keys.of[each.response]) for each in asked]
    return {"parts": parts, "is_plain": False, "all_or_nothing": keys is not None and keys.all_or_nothing}


def _plain_part(question: Question) -> Part:
    is_rating = max(question.option_scores) > 1
    part = Part(RATING if is_rating else "choice", "RESPONSE")
    for index, (text, score) in enumerate(zip(question.options, question.option_scores, strict=True)):
        row = Row(option_id(index), text, fixed=index in question.fixed_options)
        row.worth, row.right = (str(score), False) if is_rating else ("", score == 1)
        part.rows.append(row)
    return part


def _part(asked: Interaction, key: Key | None) -> Part:
    part = Part(_type_of(asked), asked.response, asked.prompt, credit=RULES if key is None else WHOLE)
    part.fields = {**FIELDS, **_fields(asked)}
    _READERS[type(asked)](part, asked, key)
    if key is not None:
        part.fields |= _fields_of_key(key)
    return part


def _type_of(asked: Interaction) -> str:
    if isinstance(asked, ChoiceInteraction) and asked.max_choices != 1:
        return SEVERAL
    if isinstance(asked, TextEntry) and asked.base_type != "string":
        return NUMBER
    return str(asked.__struct_config__.tag)


_LEAST = ("min_choices", "min_associations")
_MOST = ("max_choices", "max_associations")


def _fields(asked: Interaction) -> dict[str, str]:
    plain: Mapping[str, Any] = msgspec.to_builtins(asked)
    found: dict[str, str] = {}
    for name, value in plain.items():
        field = "least" if name in _LEAST else "most" if name in _MOST else name
        if field not in FIELDS:
            continue
        if isinstance(value, bool):
            found[field] = "on" if value else ""
        elif value is None:
            found[field] = ""
        else:
            found[field] = written(value) if isinstance(value, int | float) else str(value)
    return found


def _fields_of_key(key: Key) -> dict[str, str]:
    found = {
        "weight": written(key.weight),
        "key_default": written(key.default) if key.default else "",
        "key_lower": "" if key.lower is None else written(key.lower),
        "key_upper": "" if key.upper is None else written(key.upper),
        "case_sensitive": "on" if key.case_sensitive else "",
        "pattern": key.pattern or "",
        "tolerance": written(key.tolerance),
        "relative": "on" if key.relative else "",
    }
    return found if key.number is None else {**found, "number": written(key.number)}


def _members(key: Key | None) -> list[str]:
    if key is None or key.correct is None:
        return []
    return [key.correct] if isinstance(key.correct, str) else list(key.correct)


def _read_choices(part: Part, asked: Any, key: Key | None) -> None:
    worths = (key.mapping if key else None) or {}
    right = _members(key)
    for choice in asked.choices:
        row = Row(choice.id, choice.content, choice.id in right, fixed=choice.fixed)
        if choice.id in worths:
            row.worth = written(worths[choice.id])
        part.rows.append(row)
    if not worths:
        return
    for row in part.rows:
        row.right = worths.get(row.id, 0) > 0
    is_share = key is not None and share_of_choices(part) == (worths, key.default)
    part.credit = SHARE if is_share else OWN


def _read_order(part: Part, asked: Any, key: Key | None) -> None:
    places = {member: str(index + 1) for index, member in enumerate(_members(key))}
    for choice in asked.choices:
        row = Row(choice.id, choice.content, fixed=choice.fixed, place=places.get(choice.id, ""))
        part.rows.append(row)
    if key is not None and key.correct is None:
        part.credit = RULES


def _read_text(part: Part, asked: Any, key: Key | None) -> None:
    if key is None:
        return
    if key.texts is not None:
        for index, (text, worth) in enumerate(key.texts.items()):
            part.rows.append(Row(option_id(index), text, worth="" if worth == 1 else written(worth)))
    else:
        part.rows += [Row(option_id(index), text) for index, text in enumerate(_members(key))]


def _read_number(part: Part, asked: Any, key: Key | None) -> None:
    """All of it is in the fields."""


def _read_pairs(part: Part, asked: Any, key: Key | None) -> None:
    part.rows = [_associable(each) for each in (asked.sources if isinstance(asked, Match) else asked.choices)]
    if isinstance(asked, Match):
        part.targets = [_associable(each) for each in asked.targets]
    if isinstance(asked, GapMatch):
        part.targets = [Row(gap.id) for gap in asked.gaps]
    worths = (key.mapping if key else None) or {}
    pairs = [pair for pair, worth in worths.items() if worth > 0] if worths else _members(key)
    by_id = {row.id: row for row in (*part.rows, *part.targets)}
    for pair in pairs:
        first, _, second = pair.partition(" ")
        is_other_way = isinstance(asked, Associate) and _index(part, first) > _index(part, second)
        holder, partner = (second, first) if isinstance(asked, GapMatch) or is_other_way else (first, second)
        if holder in by_id:
            by_id[holder].partners += (partner,)
    if worths:
        is_share = key is not None and share_of_pairs(part) == (worths, key.default)
        part.credit = SHARE if is_share else OWN
        part.fields["worths"] = "\n".join(f"{pair} = {written(worth)}" for pair, worth in worths.items())


def _index(part: Part, row_id: str) -> int:
    return next((index for index, row in enumerate(part.rows) if row.id == row_id), 0)


def _associable(each: Any) -> Row:
    row = Row(each.id, each.content, fixed=each.fixed)
    row.least, row.most = str(each.match_min), str(each.match_max)
    return row


_READERS: dict[type, Any] = {
    ChoiceInteraction: _read_choices,
    InlineChoice: _read_choices,
    HotText: _read_choices,
    TextEntry: lambda part, asked, key: (_read_text if asked.base_type == "string" else _read_number)(
        part, asked, key
    ),
    Slider: _read_number,
    Order: _read_order,
    Match: _read_pairs,
    Associate: _read_pairs,
    GapMatch: _read_pairs,
}
