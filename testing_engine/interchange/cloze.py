"""Moodle's cloze: `{2:MULTICHOICE:=right~%50%half~wrong}` inside a text → interactions at their places.

A part is weight, kind and answers; answers are divided by `~`, begin with `=` or `%50%`, and may end with
`#feedback`; a backslash takes a sign's meaning away. The score is the weighted mean of the parts' scores.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from testing_engine.interchange.drafting import Draft, QuestionRefused
from testing_engine.interchange.moodle_answers import (
    FEEDBACK,
    Answer,
    ask_number,
    ask_text,
    choices_of,
    fraction_of_percent,
    key_of_choice,
)
from testing_engine.questions.answers import number
from testing_engine.questions.interactions import MOST_CHOICES
from testing_engine.sentences import say

_OPENING = re.compile(r"\{\s*(\d*)\s*:\s*([A-Z_]{2,20})\s*:", re.IGNORECASE)
_ANSWER = re.compile(r"\s*(?:(=)|%(-?\d+(?:[.,]\d+)?)%)?\s*(.*)", re.DOTALL)
_KINDS = {
    **dict.fromkeys(("SHORTANSWER", "SA", "MW"), "text"),
    **dict.fromkeys(("SHORTANSWER_C", "SAC", "MWC"), "exact text"),
    **dict.fromkeys(("NUMERICAL", "NM"), "number"),
    **dict.fromkeys(("MULTICHOICE", "MC"), "list"),
    **dict.fromkeys(("MULTICHOICE_S", "MCS"), "list, shuffled"),
    **dict.fromkeys(("MULTICHOICE_V", "MCV", "MULTICHOICE_H", "MCH"), "one"),
    **dict.fromkeys(("MULTICHOICE_VS", "MCVS", "MULTICHOICE_HS", "MCHS"), "one, shuffled"),
    **dict.fromkeys(("MULTIRESPONSE", "MR", "MULTIRESPONSE_H", "MRH"), "several"),
    **dict.fromkeys(("MULTIRESPONSE_S", "MRS", "MULTIRESPONSE_HS", "MRHS"), "several, shuffled"),
}
MOST_PARTS = 60

ReadText = Callable[[str, bool], str]  # (text as written, whether it is one line) → content


@dataclass(frozen=True)
class _Part:
    weight: float
    kind: str
    answers: list[Answer]


def ask_cloze(draft: Draft, text: str, read_text: ReadText) -> None:
    """Content and interactions of a text with parts. Raises `QuestionRefused`."""
    content: list[str] = []
    parts: list[_Part] = []
    end = 0
    while opening := _OPENING.search(text, end):
        content.append(text[end : opening.start()])
        inside, end = _until_brace(text, opening.end())
        if len(parts) == MOST_PARTS:
            raise QuestionRefused(say("It has more than {most} gaps.", most=MOST_PARTS))
        parts.append(_part(draft, opening[1], opening[2].upper(), inside, read_text))
        content.append(f"[[R{len(parts)}]]")
    content.append(text[end:])
    total = sum(part.weight for part in parts)
    if not total:
        raise QuestionRefused(say("It has no gap that counts, such as {{1:SHORTANSWER:=answer}}."))
    draft.content = read_text("".join(content), False)
    for index, part in enumerate(parts, start=1):
        _ask(draft, f"R{index}", part, part.weight / total)


def _until_brace(text: str, start: int) -> tuple[str, int]:
    end = start
    while end < len(text):
        if text[end] == "\\":
            end += 2
        elif text[end] == "}":
            return text[start:end], end + 1
        else:
            end += 1
    raise QuestionRefused(say("A gap begins with {{ and has no end."))


def _part(draft: Draft, weight: str, name: str, inside: str, read_text: ReadText) -> _Part:
    kind = _KINDS.get(name)
    if kind is None:
        raise QuestionRefused(say("It has a gap of the kind {name}, which cannot be taken.", name=name))
    is_typed = kind in ("text", "exact text", "number")
    answers = []
    pieces = _split(inside, "~")
    if len(pieces) > 2 * MOST_CHOICES:
        raise QuestionRefused(say("It has a gap with more than {most} answers.", most=MOST_CHOICES))
    for piece in pieces:
        written, *feedback = _split(piece, "#")
        if any(each.strip() for each in feedback):
            draft.lose(FEEDBACK)
        sign, percent, rest = _ANSWER.fullmatch(written).groups()  # type: ignore[union-attr]
        fraction = 1.0 if sign else fraction_of_percent(percent) if percent else 0.0
        if not rest.strip() and not sign and not percent:
            continue  # nothing before the first "~"
        answers.append(_answer(rest, fraction, kind, is_typed, read_text))
    if not answers:
        raise QuestionRefused(say("It has a gap without answers."))
    return _Part(float(weight or 1), kind, answers)


def _answer(written: str, fraction: float, kind: str, is_typed: bool, read_text: ReadText) -> Answer:
    text = re.sub(r"\\([}~=#/\"\\{:])", r"\1", written)
    if not is_typed:
        return Answer(read_text(text, True), fraction)
    plain = html.unescape(re.sub(r"<[^>]*>", "", text)).replace("\u00a0", " ").strip()
    if kind != "number":
        return Answer(plain, fraction)
    value, _, tolerance = plain.partition(":")
    within = number(tolerance) if tolerance.strip() else 0.0
    if within is None or within < 0:
        raise QuestionRefused(say("“{text}” is no tolerance.", text=tolerance[:40]))
    return Answer(value.strip(), fraction, within)


def _split(text: str, sign: str) -> list[str]:
    """Divided where the sign stands without a backslash before it; a number such as &#228; is no division."""
    escaped = r"\\." if sign != "#" else r"\\.|&#"
    pieces = [""]
    for found in re.finditer(rf"(?:{escaped})|[\s\S]", text):
        if found[0] == sign:
            pieces.append("")
        else:
            pieces[-1] += found[0]
    return pieces


def _ask(draft: Draft, response: str, part: _Part, weight: float) -> None:
    match part.kind:
        case "text" | "exact text":
            is_exact = part.kind == "exact text"
            ask_text(draft, response, part.answers, is_case_sensitive=is_exact, weight=weight)
        case "number":
            ask_number(draft, response, part.answers, weight=weight)
        case kind:
            is_single = not kind.startswith("several")
            interaction: dict[str, object] = {
                "type": "inlineChoice" if kind.startswith("list") else "choice",
                "response": response,
                "choices": choices_of(part.answers),
                "shuffle": kind.endswith("shuffled"),
            }
            if interaction["type"] == "choice":
                interaction["max_choices"] = 1 if is_single else 0
            draft.interactions.append(interaction)
            key = key_of_choice(draft, part.answers, is_single=is_single)
            draft.keys[response] = {**key, "weight": weight}
