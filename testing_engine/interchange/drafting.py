"""Questions as readers of foreign formats put them together → rows of a pool document, checked one by one.

A `Drafting` holds what one file has given so far: identifiers that are taken, media that are shown. What the
format cannot give stays at its default; what a pool could not take is refused here, so that one bad question
costs no other.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from testing_engine.interchange.imported import ImportedPool, ImportedQuestion
from testing_engine.interchange.names import (
    ID_LENGTH,
    NAME_LENGTH,
    is_unseen,
    problem_of_identifier,
    problem_of_name,
)
from testing_engine.interchange.with_interactions import parse_interactions
from testing_engine.questions import interactions as asked
from testing_engine.questions.keys import (
    MOST_MODELLED,
    Key,
    TooManyAnswers,
    program_of_keys,
    proposed_merge,
    with_categories,
)
from testing_engine.questions.program import Program, ProgramError, encode, variables_of
from testing_engine.sentences import Said, Sentence, marked, reason_of, say, together

RIGHT_AS_A_WHOLE = say("Its scores are too many to tell apart: it is right as a whole, or wrong.")
TOO_MANY_SCORES = marked(
    "It can earn {count} different scores, more than a model tells apart: merged into {kept}, from {scores}."
)
ALONE = say("A text without a question: none that is taken follows it, so it stands beside none.")
LONGEST_CONTENT = 50_000  # characters, as a pool takes them


class QuestionRefused(Said):
    """This question cannot be taken; the message says why, for its author."""


@dataclass(frozen=True)
class Passage:
    """A text that stands before the questions that follow it, and what it lost on its way."""

    text: str = ""
    losses: tuple[Sentence, ...] = ()


@dataclass
class Draft:
    """A question on its way. `keys`: of each response variable, a key, or the score as an expression."""

    source: str
    name: str
    content: str = ""
    interactions: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    expressions: dict[str, dict[str, Any]] = field(default_factory=dict)
    area: str = ""
    passage: str = ""
    losses: list[Sentence] = field(default_factory=list)

    @classmethod
    def after(cls, passage: Passage, source: str, name: str) -> "Draft":
        """A question that the passage stands before."""
        return cls(source, name, passage=passage.text, losses=list(passage.losses))

    def lose(self, *losses: Sentence) -> None:
        self.losses += [loss for loss in losses if loss not in self.losses]


class Drafting:
    """All questions of one file, in its order."""

    def __init__(self, name_of_format: str, name: str = "") -> None:
        self._format, self._name = name_of_format, name
        self._questions: list[ImportedQuestion] = []
        self._taken: set[str] = set()
        self._media: dict[str, bytes] = {}
        self._numbers: dict[str, int] = {}  # of a name, the number that its last bearer has
        self._texts: list[tuple[int, Draft, str]] = []  # place, whose, the text

    def passage(self, draft: Draft, text: str) -> Passage:
        """A text without a question, for those that follow. The report has it where none of them is taken."""
        if text.strip():
            self._texts.append((len(self._questions), draft, text))
        return Passage(text, tuple(draft.losses))

    def add(self, draft: Draft) -> None:
        """Take the question, or refuse it."""
        identifier = self._identifier(draft)
        try:
            row = {"id": identifier, **_row(draft)}
        except QuestionRefused as error:
            self._questions.append(ImportedQuestion(draft.source, identifier, None, (), (error.sentence,)))
            return
        self._taken.add(identifier)
        self._questions.append(ImportedQuestion(draft.source, identifier, row, tuple(draft.losses)))

    def refuse(self, draft: Draft, reason: Sentence) -> None:
        self._questions.append(ImportedQuestion(draft.source, self._identifier(draft), None, (), (reason,)))

    def add_media(self, name: str, content: bytes) -> str:
        """The name under which rows show this file: another one where two files have the same name."""
        if self._media.get(name, content) != content:
            name = f"{hashlib.sha256(content).hexdigest()[:12]}/{name}"
        self._media[name] = content
        return name

    def pool(self) -> ImportedPool:
        return ImportedPool(self._format, self._name, self._with_lost_texts(), (), self._media)

    def _with_lost_texts(self) -> list[ImportedQuestion]:
        shown = {question.row.get("passage") for question in self._questions if question.row is not None}
        made = list(self._questions)
        for place, draft, text in reversed(self._texts):
            if text not in shown:
                lost = ImportedQuestion(draft.source, one_line(draft.name)[:ID_LENGTH], None, (), (ALONE,))
                made.insert(place, lost)
        return made

    def _identifier(self, draft: Draft) -> str:
        """The file's own, made one that can be: visible, on one line, and of this question alone."""
        seen = "".join(sign for sign in unicodedata.normalize("NFC", draft.name) if not is_unseen(sign))
        wanted = one_line(seen)[:ID_LENGTH].strip() or f"Question {len(self._questions) + 1}"
        if problem_of_identifier(wanted):
            wanted = f"Question {len(self._questions) + 1}"
        identifier, number = wanted, self._numbers.get(wanted, 1)  # of a thousand "Q" none is counted anew
        if number > 1:
            identifier = f"{wanted[: ID_LENGTH - 8]} ({number})"
        while identifier in self._taken:
            number += 1
            identifier = f"{wanted[: ID_LENGTH - 8]} ({number})"
        self._numbers[wanted] = number
        if number > 1:
            draft.lose(
                say(
                    "Another question before is called “{wanted}” too; this one is now “{identifier}”.",
                    wanted=wanted,
                    identifier=identifier,
                )
            )
        return identifier


def one_line(text: str) -> str:
    """Without control characters, blanks closed up."""
    return " ".join("".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text).split())


def area_of(path: Sequence[str], draft: Draft) -> str:
    """A category's path as the name of an area; its end where it is too long."""
    parts = [part for part in map(one_line, path) if part]
    while len(parts) > 1 and len(" / ".join(parts)) > NAME_LENGTH:
        parts.pop(0)
    area = unicodedata.normalize("NFC", " / ".join(parts))[:NAME_LENGTH].strip()
    if area and problem_of_name(area):
        draft.lose(
            say(
                "The category “{area}” is dropped: as a name it {problem}.",
                area=area,
                problem=problem_of_name(area),
            )
        )
        return ""
    return area


def _row(draft: Draft) -> dict[str, Any]:
    if not draft.content.strip():
        raise QuestionRefused(say("It has no text."))
    if len(draft.content) > LONGEST_CONTENT:
        raise QuestionRefused(say("Its text has more than {most} characters.", most=LONGEST_CONTENT))
    _check_choices(draft)
    row: dict[str, Any] = {
        "content": draft.content,
        "concepts": [1.0],
        "interactions": draft.interactions,
        **_rules(draft),
    }
    if draft.area:
        row["area"] = draft.area
    if draft.passage:
        row["passage"] = draft.passage
    problems: list[Sentence] = []
    parse_interactions(row, lambda _, message: problems.append(message))
    if problems:
        raise QuestionRefused(together(problems))
    return row


def _check_choices(draft: Draft) -> None:
    for interaction in draft.interactions:
        for name in ("choices", "sources", "targets"):
            if any(not choice["content"].strip() for choice in interaction.get(name, ())):
                raise QuestionRefused(say("One of its answers is empty."))


def _rules(draft: Draft) -> dict[str, Any]:
    """Key or rules, with fewer categories where the scores are too many for a model."""
    try:
        interactions = asked.decode(draft.interactions)
        keys = msgspec.convert(draft.keys, dict[str, Key])
        program, rules = _program(draft, interactions, keys)
    except TooManyAnswers:
        if draft.expressions:
            raise QuestionRefused(say("Its answers can earn too many different scores.")) from None
        draft.lose(RIGHT_AS_A_WHOLE)
        return {"key": draft.keys, "all_or_nothing": True}
    except (ProgramError, asked.InteractionError, msgspec.ValidationError) as error:
        raise QuestionRefused(reason_of(error)) from error
    if len(program.categories) > MOST_MODELLED:
        kept = proposed_merge(program.categories)
        shown = ", ".join(f"{score:g}" for score in kept)
        draft.lose(say(TOO_MANY_SCORES, count=len(program.categories), kept=len(kept), scores=shown))
        rules["categories"] = list(kept)
    return rules


def _program(
    draft: Draft, interactions: tuple[asked.Interaction, ...], keys: Mapping[str, Key]
) -> tuple[Program, dict[str, Any]]:
    if not draft.expressions:
        return program_of_keys(interactions, keys), {"key": draft.keys}
    parts = dict(draft.expressions)
    for interaction in interactions:
        name = interaction.response
        if name in keys:
            parts[name] = program_of_keys([interaction], {name: keys[name]}).score
    score = next(iter(parts.values())) if len(parts) == 1 else {"op": "sum", "of": list(parts.values())}
    program = with_categories(Program(variables_of(interactions), score), interactions)
    categories = list(program.categories)
    return program, {
        "scoring": {**encode(program), "steps": [], "categories": categories},
        "categories": categories,
    }


def as_variable(name: str) -> dict[str, Any]:
    return {"op": "variable", "name": name}


def as_value(value: object) -> dict[str, Any]:
    return {"op": "value", "value": value}


def first_that_holds(cases: Sequence[tuple[dict[str, Any], float]], otherwise: float = 0.0) -> dict[str, Any]:
    """The worth of the first condition that is true, as an expression."""
    expression = as_value(otherwise)
    for condition, worth in reversed(cases):
        expression = {"op": "if", "of": [condition, as_value(worth), expression]}
    return expression


def pattern_of_wildcards(text: str) -> str:
    r"""`*` stands for any signs, `\*` for itself; as a pattern of RE2."""
    parts = re.split(r"(\\\*|\*)", " ".join(text.split()))
    signs = {"*": ".*", "\\*": "\\*"}
    return "".join(signs.get(part) or re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", part) for part in parts)
