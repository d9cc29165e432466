"""Answers as Moodle's question types weigh them → interactions and keys: for Moodle XML, cloze and GIFT.

A fraction is what an answer is worth, from −1 to 1. Moodle takes the first answer that fits; what is typed is
compared without blanks at its ends, `*` stands for any signs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from markdown_it import MarkdownIt

from testing_engine.interchange.drafting import (
    Draft,
    QuestionRefused,
    as_value,
    as_variable,
    first_that_holds,
    pattern_of_wildcards,
)
from testing_engine.interchange.html_text import FindPicture, read_html
from testing_engine.interchange.notation import plain_text
from testing_engine.questions.answers import folded, number
from testing_engine.questions.interactions import LONGEST_TEXT, option_id
from testing_engine.sentences import reason_of, say

FEEDBACK = say("Feedback is dropped.")
NEGATIVE = say("A negative mark counts as none.")
OTHERWISE = "*"  # an answer that stands for all others
DEEPEST = 50  # answers to one blank: each is a step deeper in the rules

_TAGS = (
    "a|abbr|b|big|blockquote|br|caption|center|cite|code|del|div|dd|dl|dt|em|figure|font|h[1-6]|hr|i|img|ins|kbd|li|"
    "mark|math|m[a-z]+|ol|p|pre|q|s|samp|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|tfoot|"
    "th|thead|tr|tt|u|ul|audio|video|iframe|source|object|embed|svg|input|select|textarea|button"
)
_NO_TAG = re.compile(rf"<(?!/?(?:{_TAGS})(?:[\s/>]|$)|!--)", re.IGNORECASE)
_BLOCKS = re.compile(r"<(?:p|div|ul|ol|table|pre|h[1-6]|br)[\s/>]", re.IGNORECASE)
_MARKDOWN = MarkdownIt("commonmark", {"breaks": True}).enable("table")


@dataclass(frozen=True)
class Answer:
    """`text` as content or as typed; `fraction` from −1 to 1; `tolerance` of a number."""

    text: str
    fraction: float
    tolerance: float = 0.0


def read_formatted(
    text: str, name_of_format: str, draft: Draft, find_picture: FindPicture, *, is_one_line: bool = False
) -> str:
    """A text in one of Moodle's formats (html, moodle_auto_format, plain_text, markdown) as content."""
    if name_of_format in ("plain_text", "plain"):
        return plain_text(text)
    if name_of_format == "markdown":
        text = _MARKDOWN.render(text)
    else:  # a "<" that begins no tag was meant as a sign
        text = _NO_TAG.sub("&lt;", text)
        if name_of_format != "html" and not _BLOCKS.search(text):
            text = re.sub(r"\r\n|\r|\n", "<br>", text)
    try:
        read = read_html(text, find_picture, is_one_line=is_one_line)
    except ValueError as error:
        raise QuestionRefused(reason_of(error)) from error
    draft.lose(*read.losses)
    return read.text


def fraction_of_percent(text: str) -> float:
    """ "33.33333" → 1/3: what Moodle rounds in its files is meant exactly. Raises `QuestionRefused`."""
    value = number(text.strip().rstrip("%"))
    if value is None or not -100 <= value <= 100:
        raise QuestionRefused(say("“{text}” is no per cent from -100 to 100.", text=text[:40]))
    exact = Fraction(value / 100).limit_denominator(20)
    return float(exact) if abs(exact - Fraction(value / 100)) < 1e-4 else value / 100


def ask_choice(draft: Draft, answers: Sequence[Answer], *, is_single: bool, is_shuffled: bool) -> None:
    """The whole question is a choice."""
    draft.interactions.append(
        {
            "type": "choice",
            "response": "RESPONSE",
            "choices": choices_of(answers),
            "max_choices": 1 if is_single else 0,
            "shuffle": is_shuffled,
        }
    )
    draft.keys["RESPONSE"] = key_of_choice(draft, answers, is_single=is_single)


def choices_of(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [{"id": option_id(index), "content": answer.text} for index, answer in enumerate(answers)]


def key_of_choice(draft: Draft, answers: Sequence[Answer], *, is_single: bool) -> dict[str, Any]:
    worths = {option_id(index): answer.fraction for index, answer in enumerate(answers)}
    if is_single:
        if any(worth < 0 for worth in worths.values()):
            draft.lose(NEGATIVE)
        if sorted(worths.values())[-1:] == [1.0] and sum(worth > 0 for worth in worths.values()) == 1:
            return {"correct": next(name for name, worth in worths.items() if worth == 1.0)}
        return {"mapping": {name: worth for name, worth in worths.items() if worth > 0}, "lower": 0.0}
    return {"mapping": {name: w for name, w in worths.items() if w}, "lower": 0.0, "upper": 1.0}


def ask_text(
    draft: Draft, response: str, answers: Sequence[Answer], *, is_case_sensitive: bool, weight: float = 1.0
) -> None:
    """Something typed."""
    longest = max((len(answer.text) for answer in answers), default=0)
    if longest > LONGEST_TEXT:
        raise QuestionRefused(say("One of its answers has more than {most} characters.", most=LONGEST_TEXT))
    draft.interactions.append(
        {"type": "textEntry", "response": response, "expected_length": min(max(longest, 5), 60)}
    )
    listed, otherwise = _listed(draft, answers)
    worths: dict[str, float] = {}
    for answer in listed:
        worths.setdefault(folded(answer.text, case_sensitive=is_case_sensitive), answer.fraction)
    if not any(OTHERWISE in answer.text for answer in listed):
        texts = {answer.text: answer.fraction for answer in reversed(listed)}
        if len({folded(text, case_sensitive=is_case_sensitive) for text in texts}) < len(texts):
            texts = worths
        draft.keys[response] = {
            "texts": {text: worth * weight for text, worth in texts.items()},
            "case_sensitive": is_case_sensitive,
            "default": otherwise * weight,
        }
        return
    cases = []
    for answer in listed:
        condition = _typed_like(response, answer.text, is_case_sensitive=is_case_sensitive)
        cases.append((condition, answer.fraction * weight))
    _set_cases(draft, response, cases, otherwise * weight)


def _typed_like(response: str, text: str, *, is_case_sensitive: bool) -> dict[str, Any]:
    if OTHERWISE in text:
        pattern = pattern_of_wildcards(text)
        return {
            "op": "patternMatch",
            "of": [as_variable(response)],
            "pattern": pattern,
            "case_sensitive": is_case_sensitive,
        }
    given = [as_variable(response), as_value(text)]
    return {"op": "stringMatch", "of": given, "case_sensitive": is_case_sensitive}


def ask_number(draft: Draft, response: str, answers: Sequence[Answer], *, weight: float = 1.0) -> None:
    """A number, within the tolerance of the first answer that fits."""
    draft.interactions.append({"type": "textEntry", "response": response, "base_type": "float"})
    listed, otherwise = _listed(draft, answers)
    found: list[tuple[float, Answer]] = []
    for answer in listed:
        value = number(answer.text)
        if value is None:
            raise QuestionRefused(say("“{text}” is no number.", text=answer.text[:40]))
        found.append((value, answer))
    if len(found) == 1 and not otherwise and found[0][1].fraction == 1.0:
        (value, answer) = found[0]
        draft.keys[response] = {"number": value, "tolerance": answer.tolerance, "weight": weight}
        return
    cases = [
        (
            {
                "op": "equal",
                "of": [as_variable(response), as_value(value)],
                "tolerance": "absolute",
                "by": [answer.tolerance, answer.tolerance],
            },
            answer.fraction * weight,
        )
        for value, answer in found
    ]
    _set_cases(draft, response, cases, otherwise * weight)


def _set_cases(
    draft: Draft, response: str, cases: Sequence[tuple[dict[str, Any], float]], otherwise: float
) -> None:
    """Nothing typed earns nothing, whatever all other answers earn."""
    expression = first_that_holds(cases, otherwise)
    if otherwise:
        nothing = {"op": "isNull", "of": [as_variable(response)]}
        expression = {"op": "if", "of": [nothing, as_value(0.0), expression]}
    draft.expressions[response] = expression


def _listed(draft: Draft, answers: Sequence[Answer]) -> tuple[list[Answer], float]:
    """The answers up to the one that stands for all others, and what that is worth."""
    if len(answers) > DEEPEST:
        raise QuestionRefused(say("It lists more than {most} answers to one blank.", most=DEEPEST))
    listed: list[Answer] = []
    for answer in answers:
        if answer.fraction < 0:
            draft.lose(NEGATIVE)
        worth = max(answer.fraction, 0.0)
        if answer.text.strip() == OTHERWISE:
            return listed, worth
        listed.append(Answer(answer.text.strip(), worth, answer.tolerance))
    return listed, 0.0


def ask_pairs(draft: Draft, pairs: Sequence[tuple[str, str]], *, is_shuffled: bool = True) -> None:
    """Each question of a list with its answer; an answer without a question only leads astray."""
    questions = [(question, answer) for question, answer in pairs if question]
    answers = sorted({answer for _, answer in pairs})  # in no order that tells what belongs together
    if len(questions) < 2 or len(answers) < 2:
        raise QuestionRefused(say("It needs two pairs at least that differ."))
    target = {answer: f"T{index}" for index, answer in enumerate(answers, start=1)}
    sources = [
        {"id": f"S{index}", "content": question} for index, (question, _) in enumerate(questions, start=1)
    ]
    draft.interactions.append(
        {
            "type": "match",
            "response": "RESPONSE",
            "sources": sources,
            "targets": [{"id": name, "content": text, "match_max": 0} for text, name in target.items()],
            "shuffle": is_shuffled,
        }
    )
    worth = 1.0 / len(questions)
    draft.keys["RESPONSE"] = {
        "mapping": {f"S{i} {target[answer]}": worth for i, (_, answer) in enumerate(questions, start=1)}
    }
