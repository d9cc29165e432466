"""A question that is being written, answered: scored by the very rules with which it would be published."""

from dataclasses import dataclass

from testing_engine.pools import QuestionDraft
from testing_engine.questions.answers import AnswerRefused, canonical_answer
from testing_engine.questions.interactions import ChoiceInteraction, is_single_choice
from testing_engine.questions.program import Scoring
from testing_engine.sentences import say


@dataclass(frozen=True)
class Tried:
    """`category` of `n_categories`, from 0: what the engine sees. `earned` of `full`: points, by the key."""

    category: int
    n_categories: int
    earned: float
    full: float

    @property
    def highest(self) -> int:
        return self.n_categories - 1

    @property
    def is_full(self) -> bool:
        return self.category == self.n_categories - 1

    @property
    def is_nothing(self) -> bool:
        return self.category == 0


def try_answer(draft: QuestionDraft, given: object) -> Tried | None:
    """What an answer earns, as the student's page sends it; None for "I don't know" where nothing is right.

    Raises `AnswerRefused` for what no student could send.
    """
    if draft.scoring is None:
        return _try_option(draft, given)
    scoring = Scoring(draft.scoring)
    answer = {} if given is None else canonical_answer(draft.interactions, _by_name(draft, given))
    score = scoring.score(answer)
    return Tried(scoring.category(answer), scoring.n_categories, score, draft.scoring.categories[-1])


def _try_option(draft: QuestionDraft, given: object) -> Tried | None:
    full = max(draft.option_scores)
    if given is None:
        return None if full > 1 else Tried(0, 2, 0.0, 1.0)
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < len(draft.options):
        raise AnswerRefused("", say("Must be the index of an option."))
    score = draft.option_scores[given]
    return Tried(score, full + 1, float(score), float(full))


def _by_name(draft: QuestionDraft, given: object) -> object:
    """A single choice may be answered by an index."""
    if not isinstance(given, int) or isinstance(given, bool) or not is_single_choice(draft.interactions):
        return given
    (choice,) = draft.interactions
    assert isinstance(choice, ChoiceInteraction)
    if not 0 <= given < len(choice.choices):
        raise AnswerRefused(choice.response, say("Must be the index of a choice."))
    return {choice.response: choice.choices[given].id}


__all__ = ["AnswerRefused", "Tried", "try_answer"]
