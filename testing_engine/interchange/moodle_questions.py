"""Each kind of Moodle question, from its element → what is asked and what earns what."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from lxml import etree

from testing_engine.interchange.cloze import ask_cloze
from testing_engine.interchange.drafting import Draft, QuestionRefused, as_value, as_variable
from testing_engine.interchange.moodle_answers import (
    Answer,
    ask_choice,
    ask_number,
    ask_pairs,
    ask_text,
    fraction_of_percent,
)
from testing_engine.interchange.notation import plain_text
from testing_engine.questions.answers import number
from testing_engine.questions.interactions import MOST_CHOICES, option_id
from testing_engine.sentences import say

_GAP = re.compile(r"\[\[(\d{1,3})\]\]")
MOST_GAPS = 60
LONGEST_ORDER = 7  # members whose every order can be looked at; longer ones are right as a whole


class ReadElement(Protocol):
    """An element's text, or `text` in its place, as content."""

    def __call__(
        self, element: etree._Element | None, text: str | None = None, *, is_one_line: bool = False
    ) -> str: ...


@dataclass(frozen=True)
class Asked:
    """A question's element, what it becomes, and how its texts are read."""

    element: etree._Element
    draft: Draft
    read: ReadElement

    def says(self, name: str, default: bool = False) -> bool:
        """A setting such as <single>true</single>; an empty one says yes."""
        found = self.element.find(name)
        if found is None:
            return default
        return (found.text or "true").strip().lower() in ("1", "true", "yes")

    def typed_answers(self) -> list[Answer]:
        """Answers as they would be typed."""
        return [
            Answer(
                " ".join(_plain(each).split()),
                fraction_of_percent(each.get("fraction", "0")),
                _tolerance(each),
            )
            for each in self.element.iterchildren("answer")
        ]


def _plain(element: etree._Element) -> str:
    inner = element.find("text")
    return ((element if inner is None else inner).text or "").strip()


def _tolerance(answer: etree._Element) -> float:
    text = (answer.findtext("tolerance") or "0").strip() or "0"
    value = number(text)
    if value is None or value < 0:
        raise QuestionRefused(say("“{text}” is no tolerance.", text=text[:40]))
    return value


def multichoice(asked: Asked) -> None:
    if len(asked.element.findall("answer")) > MOST_CHOICES:  # before the texts of thousands are read
        raise QuestionRefused(say("It has more than {most} answers.", most=MOST_CHOICES))
    answers = [
        Answer(asked.read(each, is_one_line=True), fraction_of_percent(each.get("fraction", "0")))
        for each in asked.element.iterchildren("answer")
    ]
    is_shuffled = asked.says("shuffleanswers")
    ask_choice(asked.draft, answers, is_single=asked.says("single", True), is_shuffled=is_shuffled)


def truefalse(asked: Asked) -> None:
    worths = {answer.text.casefold(): answer.fraction for answer in asked.typed_answers()}
    if worths.keys() != {"true", "false"}:
        raise QuestionRefused(say("Its answers are not “true” and “false”."))
    answers = [Answer("True", worths["true"]), Answer("False", worths["false"])]
    ask_choice(asked.draft, answers, is_single=True, is_shuffled=False)


def shortanswer(asked: Asked) -> None:
    ask_text(asked.draft, "RESPONSE", asked.typed_answers(), is_case_sensitive=asked.says("usecase"))


def numerical(asked: Asked) -> None:
    if (asked.element.findtext("unitgradingtype") or "0").strip() not in ("", "0"):
        raise QuestionRefused(say("Its unit counts for the mark."))
    if units := [unit.findtext("unit_name") or "" for unit in asked.element.iter("unit")]:
        asked.draft.lose(
            say("Units are dropped ({units}): the number alone counts.", units=", ".join(units)[:80])
        )
    ask_number(asked.draft, "RESPONSE", asked.typed_answers())


def matching(asked: Asked) -> None:
    pairs = []
    for each in asked.element.iterchildren("subquestion"):
        answer = each.find("answer")
        pairs.append(
            (asked.read(each, is_one_line=True), plain_text(_plain(answer)) if answer is not None else "")
        )
    ask_pairs(asked.draft, [pair for pair in pairs if any(pair)])


def ddwtos(asked: Asked) -> None:
    """Words that are dragged into a text: lists at their places."""
    asked.draft.lose(say("Words that were dragged into the text are chosen from lists at their places."))
    gapselect(asked, "dragbox")


def gapselect(asked: Asked, called: str = "selectoption") -> None:
    """Lists in a text at [[1]], [[2]] …; the n-th option is right at [[n]], its group is offered."""
    options = [
        (str(each.findtext("text") or "").strip(), (each.findtext("group") or "1").strip())
        for each in asked.element.iterchildren(called)
    ]
    text_of_it = asked.element.find("questiontext")
    text = _plain(text_of_it) if text_of_it is not None else ""
    places = [int(found) for found in _GAP.findall(text)]
    if not places or len(places) > MOST_GAPS or not all(1 <= place <= len(options) for place in places):
        raise QuestionRefused(
            say("It needs 1 to {most} gaps [[1]], [[2]] …, each with its option.", most=MOST_GAPS)
        )
    numbers = count(1)
    asked.draft.content = asked.read(text_of_it, _GAP.sub(lambda _: f"[[R{next(numbers)}]]", text))
    is_shuffled = asked.says("shuffleanswers")
    for index, place in enumerate(places, start=1):
        group = options[place - 1][1]
        offered = [
            {"id": option_id(number), "content": plain_text(words)}
            for number, (words, of) in enumerate(options)
            if of == group
        ]
        interaction = {"type": "inlineChoice", "response": f"R{index}", "choices": offered}
        asked.draft.interactions.append({**interaction, "shuffle": is_shuffled})
        asked.draft.keys[f"R{index}"] = {"correct": option_id(place - 1), "weight": 1.0 / len(places)}


def ordering(asked: Asked) -> None:
    """The answers' fractions are their places."""
    listed = list(asked.element.iterchildren("answer"))
    places = [number(each.get("fraction", "0")) or 0.0 for each in listed]
    if len(set(places)) == len(places):
        listed = [each for _, each in sorted(zip(places, listed, strict=True), key=lambda pair: pair[0])]
    texts = [asked.read(each, is_one_line=True) for each in listed]
    if len(texts) < 2:
        raise QuestionRefused(say("It needs two things to order at least."))
    if (asked.element.findtext("selecttype") or "ALL").strip() not in ("ALL", "0"):
        asked.draft.lose(say("All of its parts are asked, not some of them by chance."))
    names = [option_id(index) for index in range(len(texts))]
    shown = sorted(
        zip(names, texts, strict=True), key=lambda pair: pair[1]
    )  # in no order that tells the right one
    renamed = {name: option_id(index) for index, (name, _) in enumerate(shown)}
    choices = [{"id": renamed[name], "content": text} for name, text in shown]
    asked.draft.interactions.append(
        {"type": "order", "response": "RESPONSE", "choices": choices, "shuffle": True}
    )
    _score_order(asked, [renamed[name] for name in names])


def _score_order(asked: Asked, right: list[str]) -> None:
    grading = (asked.element.findtext("gradingtype") or "ABSOLUTE_POSITION").strip()
    if grading in ("ABSOLUTE_POSITION", "0") and len(right) <= LONGEST_ORDER:
        worth = 1.0 / len(right)
        terms = [_at_its_place(place, name, worth) for place, name in enumerate(right, start=1)]
        asked.draft.expressions["RESPONSE"] = {"op": "sum", "of": terms}
        return
    if grading not in ("ALL_OR_NOTHING", "-1"):
        asked.draft.lose(
            say("The order is right as a whole, or wrong; part marks for single places are dropped.")
        )
    asked.draft.keys["RESPONSE"] = {"correct": right}


def _at_its_place(place: int, name: str, worth: float) -> Mapping[str, Any]:
    there = {"op": "index", "of": [as_variable("RESPONSE")], "n": place}
    return {
        "op": "if",
        "of": [{"op": "match", "of": [there, as_value(name)]}, as_value(worth), as_value(0.0)],
    }


def cloze(asked: Asked) -> None:
    text_of_it = asked.element.find("questiontext")
    if text_of_it is None:
        raise QuestionRefused(say("It has no text."))

    def read_text(text: str, is_one_line: bool) -> str:
        return asked.read(text_of_it, text, is_one_line=is_one_line)

    ask_cloze(asked.draft, _plain(text_of_it), read_text)


KINDS: Mapping[str, Callable[[Asked], None]] = {
    "multichoice": multichoice,
    "truefalse": truefalse,
    "shortanswer": shortanswer,
    "numerical": numerical,
    "matching": matching,
    "gapselect": gapselect,
    "ddwtos": ddwtos,
    "ordering": ordering,
    "cloze": cloze,
    "multianswer": cloze,
}
