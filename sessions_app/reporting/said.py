"""What a student answered, in the words of the question."""

from sessions_app.models import TestResponse
from testing_engine.questions import interactions
from testing_engine.questions.wording import answer_in_words


def said_of(response: TestResponse) -> str | None:
    """The option's text, or the answer to each interaction; None: "I don't know"."""
    question = response.question
    if response.response is not None:
        return answer_in_words(interactions.decode(question.interactions), response.response)
    return None if response.answer is None else question.options[response.answer]
