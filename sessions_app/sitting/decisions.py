"""A session as the engine takes it: what was known before it, what of that counts, and what it decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting.session_state import SessionState
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.ability.prior_rules import StandardNormal
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_plan, load_revision

# What a score rests on, as replies and exports say it.
ANSWERS_ONLY, EARLIER_RESULTS = "answers_only", "earlier_results"


@dataclass(frozen=True)
class Beliefs:
    """What is believed of a student before the first answer.

    `prior` counts in the score; None: the rules bring it, and it holds for every student alike, or the test
    has no ability of which anything could be believed. A `hint` only helps to choose questions.
    """

    prior: NormalPrior | None
    hint: NormalPrior | None = None


def beliefs_of(rules: CatRules, mean: Sequence[float], sd: Sequence[float], is_scored_alone: bool) -> Beliefs:
    """What was known, by concept, as beliefs; scored alone, it becomes a hint, and the score starts anew."""
    rule = rules.prior_rule
    if not mean or not isinstance(rule, StandardNormal):
        return Beliefs(None)
    known = _correlated(tuple(mean), tuple(sd), rule.correlation)
    if not is_scored_alone or is_nothing(mean, sd):
        return Beliefs(known)
    return Beliefs(_correlated((0.0,) * len(mean), (1.0,) * len(mean), rule.correlation), known)


@lru_cache(maxsize=1024)
def _correlated(mean: tuple[float, ...], sd: tuple[float, ...], correlation: float) -> NormalPrior:
    """Kept, because checking and inverting the covariance costs as much as choosing a question."""
    return NormalPrior.correlated(mean, sd, correlation)


def is_nothing(mean: Sequence[float], sd: Sequence[float]) -> bool:
    """Whether no more is known than of anybody: N(0, 1)."""
    return not any(mean) and all(each == 1.0 for each in sd)


def scored_with(rules: CatRules, mean: Sequence[float], sd: Sequence[float], is_scored_alone: bool) -> str:
    """Whether anything that was known of the student counts in the score."""
    is_alone = is_scored_alone or is_nothing(mean, sd) or not isinstance(rules.prior_rule, StandardNormal)
    return ANSWERS_ONLY if is_alone else EARLIER_RESULTS


def score_rests_on(session: TestSession) -> str:
    """The same of a session, from its row; of most without a look at their plan."""
    if session.is_scored_alone or is_nothing(session.prior_mean, session.prior_sd):
        return ANSWERS_ONLY
    rules = load_plan(session.plan_id).rules
    return scored_with(rules, session.prior_mean, session.prior_sd, session.is_scored_alone)


def score_begins_at(session: TestSession) -> tuple[list[float], list[float]]:
    """Ability and its standard deviation before the first answer, as the score takes them."""
    if session.is_scored_alone:
        return [0.0] * len(session.prior_mean), [1.0] * len(session.prior_sd)
    return session.prior_mean, session.prior_sd


def next_item_after(session: TestSession, responses: Sequence[TestResponse], answered: int) -> int | None:
    """The question that followed answer number `answered`, as an index in the revision.

    It is on record, unless the test ended before it was answered: then the engine says it once more.
    """
    revision = load_revision(session.revision_id)
    if answered < len(responses):
        return revision.positions_by_key[responses[answered].question_id]
    if session.current_position is not None or session.status == TestSession.Status.COMPLETED:
        return session.current_position
    items = [revision.positions_by_key[response.question_id] for response in responses]
    scores = [response.counted_score for response in responses]
    return engine.next_step(so_far_of(session, items, scores)).next_item


def so_far_of(session: TestSession, items: Sequence[int], scores: Sequence[int]) -> TestSoFar:
    """The session after these answers, as the engine takes it; from its row. `scores` as they count."""
    rules = load_plan(session.plan_id).rules
    beliefs = beliefs_of(rules, session.prior_mean, session.prior_sd, session.is_scored_alone)
    bank = load_revision(session.revision_id).bank
    return TestSoFar(bank, rules, beliefs.prior, session.seed, items, scores, beliefs.hint)


def so_far_of_state(state: SessionState, items: Sequence[int], scores: Sequence[int]) -> TestSoFar:
    """The same of a running session, from its hot state."""
    rules = load_plan(state.plan_id).rules
    beliefs = beliefs_of(rules, *state.prior_mean_sd, state.is_scored_alone)
    bank = load_revision(state.revision_id).bank
    return TestSoFar(bank, rules, beliefs.prior, state.seed, items, scores, beliefs.hint)
