"""What a student sees of a question: never its key."""

from sessions_app.sitting import hot_state
from sessions_app.sitting.session_state import ShownQuestion
from testing_engine.models import Question
from testing_engine.questions import interactions
from testing_engine.revisions import FrozenRevision


def shown_item(revision: FrozenRevision, item: int) -> ShownQuestion:
    """What the student sees of a question of the revision."""
    return shown_by_key(int(revision.question_ids[item]))


def shown_by_key(question_pk: int) -> ShownQuestion:
    """The same, by primary key: from the cache, else from the database."""
    return hot_state.read_question(question_pk) or shown_from_database(question_pk)


def shown_from_database(question_pk: int) -> ShownQuestion:
    """The same, after the cache had nothing; fills the cache."""
    question = (
        Question.objects.select_related("passage").defer("scoring", "option_scores").get(pk=question_pk)
    )
    shown = shown_of(question)
    hot_state.cache_question(question_pk, shown)
    return shown


def shown_of(question: Question) -> ShownQuestion:
    """What a student may see of a question's row."""
    options = question.options
    if question.interactions is not None:
        asked = interactions.decode(question.interactions)
        options = interactions.options_of_single_choice(asked)
    return ShownQuestion(
        id=question.external_id,
        content=question.content,
        options=options,
        concepts=question.concepts,
        interactions=question.interactions or [],
        passage=question.passage.content if question.passage else "",
    )
