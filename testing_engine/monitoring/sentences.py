"""What was found, and what to do about it, in sentences that a page can translate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testing_engine.monitoring.watch import (
    ALL_CARELESS,
    FEW_TESTS,
    MANY_CONCEPTS,
    MOST_CONCEPTS,
    NO_TIMES,
    NOT_ADAPTIVE,
    SEVERAL_CONCEPTS,
    TOO_FAST,
)
from testing_engine.sentences import Sentence, say

# What a page can offer beside a sentence.
CALIBRATE, QUESTION, SIMULATE, TABLE = "calibrate", "question", "simulate", "table"


@dataclass(frozen=True)
class Told:
    """`what` was found, what to `do`, and the page that helps (`where`)."""

    what: Sentence
    do: Sentence
    where: str


def told(kind: str, item: str | None, numbers: Mapping[str, Any]) -> Told:
    """Of a finding as it is stored."""
    return _TELLERS[kind](item or "", numbers)


def _easier(item: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "Question {item} has become easier: by about {shift} logits, from {answers} answers ({p}).",
            item=item,
            shift=_shift(n),
            answers=n["answers"],
            p=_p(n),
        ),
        say(
            "Look whether it is known: taught, talked about, copied. If it is, put it into the archive; "
            "if not, "
            "calibrate it anew while the others stay as they are."
        ),
        QUESTION,
    )


def _harder(item: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "Question {item} has become harder: by about {shift} logits, from {answers} answers ({p}).",
            item=item,
            shift=_shift(n),
            answers=n["answers"],
            p=_p(n),
        ),
        say(
            "Look at its text, picture and key on the student’s page first. If nothing is broken, "
            "calibrate it "
            "anew while the others stay as they are."
        ),
        QUESTION,
    )


def _slope(item: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "Question {item} discriminates otherwise than its parameters say, from {answers} answers ({p}).",
            item=item,
            answers=n["answers"],
            p=_p(n),
        ),
        say("Calibrate it anew while the others stay as they are."),
        QUESTION,
    )


def _shape(item: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "The curve of question {item} has another shape than its model, from {answers} answers ({p}).",
            item=item,
            answers=n["answers"],
            p=_p(n),
        ),
        say("Try a model with a lower asymptote, or look for a wrong option that able students choose."),
        QUESTION,
    )


def _persons(_: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "{share} of {persons} tests have answers unlike the model’s; {expected} are to be expected.",
            share=percent(n["share"]),
            persons=n["persons"],
            expected=percent(n["expected"]),
        ),
        say(
            "Look whether tests were copied, interrupted or not taken seriously, and whether the pool "
            "measures "
            "one thing in these students. Calibrate anew if it lasts."
        ),
        CALIBRATE,
    )


def _population(_: str, n: Mapping[str, Any]) -> Told:
    names = ("mean", "sd", "assumed_mean", "assumed_sd")
    if "concepts" in n:
        what = say(
            "In {concepts} the students have mean {mean} and standard deviation {sd}; tests assume "
            "{assumed_mean} and {assumed_sd}.",
            concepts=", ".join(n["concepts"]),
            **{name: " / ".join(f"{value:.2f}" for value in n[name]) for name in names},
        )
    else:
        what = say(
            "The students have mean {mean} and standard deviation {sd}; tests assume {assumed_mean} and "
            "{assumed_sd}.",
            **{name: f"{n[name]:.2f}" for name in names},
        )
    return Told(
        what,
        say(
            "The questions are not to blame. Tests of a few questions pull results towards what is "
            "assumed: give "
            "the rules of your tests this prior, and see by a simulation what it changes."
        ),
        SIMULATE,
    )


def _overexposed(item: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "Question {item} was in {rate} of {tests} adaptive tests; {limit} are allowed.",
            item=item,
            rate=percent(n["rate"]),
            tests=n["tests"],
            limit=percent(n["limit"]),
        ),
        say("Control exposure in the rules of the tests, or add questions that measure alike."),
        SIMULATE,
    )


def _unused(_: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "Questions in none of {tests} adaptive tests ({count} of {of}): {questions}.",
            count=n["count"],
            of=n["of"],
            tests=n["tests"],
            questions=_named(n),
        ),
        say("They cost nothing. If they are to be used, control exposure or set targets for areas."),
        TABLE,
    )


def _rapid(item: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "{share} of {answers} answers to question {item} came within {seconds} seconds: too fast to be "
            "answers.",
            share=percent(n["share"]),
            answers=n["answers"],
            item=item,
            seconds=f"{n['seconds']:.1f}",
        ),
        say(
            "Look whether it is long or comes late. Rapid answers were left out of what is said of its "
            "parameters."
        ),
        QUESTION,
    )


def _careless(_: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "In {share} of {tests} tests, more than a tenth of the answers came too fast to be answers.",
            share=percent(n["share"]),
            tests=n["tests"],
        ),
        say("Speak with whoever gives the tests. Rules of tests can leave rapid answers out of ability."),
        TABLE,
    )


def _ready(_: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "Questions without parameters that have {answers} answers or more ({count}): {questions}.",
            count=n["count"],
            answers=n["answers"],
            questions=_named(n),
        ),
        say("Calibrate them, with the other questions as anchors."),
        CALIBRATE,
    )


def _few_answers(_: str, n: Mapping[str, Any]) -> Told:
    return Told(
        say(
            "Questions with fewer than {fewest} answers here, of which nobody can say whether they drift "
            "({count}): {questions}.",
            count=n["count"],
            fewest=n["fewest"],
            questions=_named(n),
        ),
        say("Wait for more tests. Questions that tests avoid can be tried in a test in random order."),
        TABLE,
    )


_TELLERS = {
    "easier": _easier,
    "harder": _harder,
    "slope": _slope,
    "shape": _shape,
    "persons": _persons,
    "population": _population,
    "overexposed": _overexposed,
    "unused": _unused,
    "rapid": _rapid,
    "careless": _careless,
    "ready": _ready,
    "few_answers": _few_answers,
}


def not_looked_at(reason: str) -> Sentence:
    """Why a part of the look is missing."""
    return {
        FEW_TESTS: say(
            "Too few tests or answers to say anything of parameters: a hundred tests are needed, with fifty "
            "answers to a question."
        ),
        TOO_FAST: say(
            "Answers that came too fast to be answers were left out, and what is left is too little to say "
            "anything of parameters."
        ),
        SEVERAL_CONCEPTS: say(
            "This pool measures several concepts: drift, shape and persons are looked at in pools of one."
        ),
        MANY_CONCEPTS: say(
            "This pool measures more than {most} concepts: nothing is said of the students, of drift, of "
            "shape and of persons.",
            most=MOST_CONCEPTS,
        ),
        NO_TIMES: say("No times are known: nothing is said of rapid answers."),
        ALL_CARELESS: say(
            "In every test with times, more than a tenth of the answers came too fast: such tests were left "
            "out, and nothing is said of rapid answers to a question."
        ),
        NOT_ADAPTIVE: say("No test chose by ability: nothing is said of exposure."),
    }[reason]


def percent(share: float) -> str:
    """As people write it: three digits say nothing more."""
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def _shift(n: Mapping[str, Any]) -> str:
    return f"{n['shift']:.2f}"


def _p(n: Mapping[str, Any]) -> str:
    return "p < 0.0001" if n["p"] < 0.0001 else f"p = {n['p']:.4f}"


def _named(n: Mapping[str, Any]) -> str:
    named = ", ".join(n["questions"])
    return named if n["count"] <= len(n["questions"]) else f"{named}, …"
