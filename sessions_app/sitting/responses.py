"""What a student answered → what is scored, stored and compared when the request is repeated."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from sessions_app.refusals import InvalidResponse
from sessions_app.sitting.shown import Given, shown_by_key
from testing_engine.questions.answers import Answer, AnswerRefused, Points, canonical_answer
from testing_engine.questions.interactions import ChoiceInteraction, choice_of_options, is_single_choice
from testing_engine.revisions import FrozenQuestion, FrozenRevision

# As it is scored and stored: an option's index, the canonical values of the response variables, or points
# that another system gave.
Read: TypeAlias = int | Answer | Points | None
POINTS = "$points"  # their name where `response` stores them: no response variable's


def read_response(revision: FrozenRevision, item: int, given: Given | Points) -> Read:
    """The answer to question `item` that `given` means; raises `InvalidResponse`."""
    question = revision.with_interactions.get(item)
    if given is None:
        return None
    try:
        if isinstance(given, Points):
            revision.score(item, given)
            return given
        if question is not None:
            return _read_interactions(question, given)
        return _read_option(revision, item, given)
    except AnswerRefused as error:
        raise InvalidResponse(str(error), error.variable) from error


class Stored(Protocol):
    """An answer as it is stored: a row, or what was read of one."""

    @property
    def answer(self) -> int | None: ...
    @property
    def response(self) -> Any: ...


def read_stored(response: Stored) -> Read:
    """The same, of an answer that is stored."""
    stored: dict[str, Any] | None = response.response
    if stored is not None and POINTS in stored:
        return Points(float(stored[POINTS]))
    return response.answer if stored is None else stored


def as_values(read: Read) -> int | Answer | None:
    """As it is stored and told: points as a value of that name."""
    return {POINTS: repr(read.value)} if isinstance(read, Points) else read


def _read_interactions(question: FrozenQuestion, given: int | str | Mapping[str, object]) -> Answer:
    asked = question.interactions
    if isinstance(given, Mapping):
        return canonical_answer(asked, given)
    if not is_single_choice(asked):
        names = ", ".join(interaction.response for interaction in asked)
        raise InvalidResponse(f"Must be an object with the values of {names}.")
    (choice,) = asked
    assert isinstance(choice, ChoiceInteraction)
    if isinstance(given, str):
        index = _index_of(given, [option.content for option in choice.choices])
    else:
        index = _checked(given, len(choice.choices))
    return {choice.response: choice.choices[index].id}


def _read_option(revision: FrozenRevision, item: int, given: int | str | Mapping[str, object]) -> int | None:
    options = len(revision.option_scores[item])
    if isinstance(given, str):
        return _index_of(given, shown_by_key(int(revision.question_ids[item])).options)
    if isinstance(given, int):
        return _checked(given, options)
    choice = choice_of_options([""] * options)
    chosen = canonical_answer([choice], given).get(choice.response)
    return None if chosen is None else [option.id for option in choice.choices].index(str(chosen))


def _index_of(text: str, options: list[str]) -> int:
    if text not in options:
        raise InvalidResponse("This is none of the question's options.")
    return options.index(text)


def _checked(index: int, options: int) -> int:
    if not 0 <= index < options:
        raise InvalidResponse(f"This question has options 0 to {options - 1}.")
    return index
