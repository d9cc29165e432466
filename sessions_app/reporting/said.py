"""What a student answered, as people may read it: in the words of the question, or as values."""

from typing import Protocol

from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting.responses import Read, Stored, read_stored
from testing_engine.models import Question
from testing_engine.questions import interactions
from testing_engine.questions.answers import Points
from testing_engine.questions.interactions import TextEntry
from testing_engine.questions.wording import answer_in_words

WITHHELD = "withheld"  # stands for what somebody typed who was erased: it may say who they were


class Told(Stored, Protocol):
    """The same, with whose it is and what was asked."""

    @property
    def session(self) -> TestSession: ...
    @property
    def question(self) -> Question: ...


def answered(response: Told) -> Read:
    """The option's index or the values of the response variables; None: "I don't know"."""
    read = read_stored(response)
    if not isinstance(read, dict) or response.session.student.erased_at is None:
        return read
    asked = interactions.decode(response.question.interactions)
    typed = {each.response for each in asked if isinstance(each, TextEntry)}
    return {name: WITHHELD if name in typed else value for name, value in read.items()}


def said_of(response: TestResponse) -> str | None:
    """The option's text, the answer to each interaction, or the points; None: "I don't know"."""
    question, read = response.question, answered(response)
    if isinstance(read, Points):
        return f"{read.value:g} points, scored elsewhere"
    if isinstance(read, dict):
        return answer_in_words(interactions.decode(question.interactions), read)
    return None if read is None else question.options[read]
