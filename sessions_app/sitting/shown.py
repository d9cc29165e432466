"""What a student sees of a question, and in which order the options stand.

What is stored, scored and exported of an answer is the question's own index of the option. Where a session
shuffles, the order follows from its seed and the question's place in the revision: by sorting hashes, so that
it stays what it was whichever version of a library draws random numbers.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from sessions_app.models import TestSession
from sessions_app.sitting import hot_state
from sessions_app.sitting.session_state import SessionState, ShownQuestion
from testing_engine.models import Question
from testing_engine.questions import interactions
from testing_engine.questions.answers import Points
from testing_engine.questions.interactions import choice_of_options, is_single_choice
from testing_engine.revisions import FrozenRevision, load_revision

# As it came in: an option's index, its text, values of the response variables, or None for "I don't know".
Given: TypeAlias = int | str | Mapping[str, object] | None


@dataclass(frozen=True)
class Showing:
    """How one session shows the questions of its revision. `item`: a question's index in it."""

    revision: FrozenRevision
    seed: int
    is_shuffled: bool

    def order(self, item: int) -> list[int]:
        """The question's own indices of its options, in the order in which they are shown.

        Empty where the question is not one choice of one option.
        """
        question = self.revision.with_interactions.get(item)
        if question is None:
            count, fixed = len(self.revision.option_scores[item]), self.revision.fixed_options[item]
            return self._drawn(item, "", count, fixed, may_move=self.revision.may_shuffle(item))
        if not is_single_choice(question.interactions):
            return []
        (choice,) = msgspec.to_builtins(question.interactions)
        return self._order_of(item, choice, "choices")

    def own(self, item: int, given: Given | Points) -> Given | Points:
        """What came in, in the question's own terms: an index means the option as it was shown."""
        order = self.order(item) if self.is_shuffled and isinstance(given, int) else []
        return order[given] if isinstance(given, int) and 0 <= given < len(order) else given

    def question(self, item: int) -> ShownQuestion:
        """What the student sees, from the cache, else from the database."""
        return self.arranged(item, shown_by_key(int(self.revision.question_ids[item])))

    def arranged(self, item: int, question: ShownQuestion) -> ShownQuestion:
        """The question as its author wrote it, in the order of this session."""
        if not self.is_shuffled:
            return question
        asked = question.interactions or msgspec.to_builtins([choice_of_options(question.options)])
        order = self.order(item)
        if question.interactions:
            asked = [self._arranged(item, each) for each in asked]
        else:
            asked[0]["choices"] = [asked[0]["choices"][option] for option in order]
        options = [question.options[option] for option in order] if question.options else []
        return msgspec.structs.replace(question, options=options, interactions=asked)

    def _arranged(self, item: int, interaction: dict[str, Any]) -> dict[str, Any]:
        """An interaction with its members in order, each under the id that it always has."""
        moved: dict[str, Any] = {
            name: [interaction[name][index] for index in self._order_of(item, interaction, name)]
            for name in ("choices", "sources", "targets")
            if name in interaction
        }
        return {**interaction, **moved}

    def _order_of(self, item: int, interaction: dict[str, Any], name: str) -> list[int]:
        members = interaction[name]
        fixed = [index for index, member in enumerate(members) if member.get("fixed")]
        purpose = f"{interaction['response']} {name}"
        return self._drawn(item, purpose, len(members), fixed, may_move=interaction.get("shuffle", False))

    def _drawn(
        self, item: int, purpose: str, count: int, fixed: Sequence[int], *, may_move: bool
    ) -> list[int]:
        own = list(range(count))
        if not self.is_shuffled or not may_move:
            return own
        moving = [option for option in own if option not in fixed]
        drawn = iter(sorted(moving, key=lambda option: _draw(self.seed, item, purpose, option)))
        return [option if option in fixed else next(drawn) for option in own]


def _draw(seed: int, item: int, purpose: str, option: int) -> bytes:
    return hashlib.sha256(f"option {seed} {item} {purpose} {option}".encode()).digest()


def showing_of(session: TestSession) -> Showing:
    """How a session shows its questions, from its row."""
    return Showing(load_revision(session.revision_id), session.seed, session.shuffles_options)


def showing_of_state(state: SessionState) -> Showing:
    """How a running session shows its questions, from its hot state."""
    return Showing(load_revision(state.revision_id), state.seed, state.shuffles_options)


def shown_by_key(question_pk: int) -> ShownQuestion:
    """A question as its author wrote it, by primary key: from the cache, else from the database."""
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
