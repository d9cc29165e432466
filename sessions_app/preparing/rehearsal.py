"""A test tried as a student, without a trace: nothing is stored, so it can count in no report, exposure or
calibration.

The engine is a pure function of revision, rules, seed and answers: the page keeps the answers, and every
step is computed anew from all of them, by the rules that a student's test would get. Who tries is nobody:
nothing is known of them before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_app.models import NamedTest
from sessions_app.reporting.report import Report, measured, report_of
from sessions_app.reporting.sentences import Told, sentences_of
from sessions_app.sitting import lengths, named_tests, times
from sessions_app.sitting.decisions import beliefs_of
from sessions_app.sitting.pilots import with_open_pilots
from sessions_app.sitting.raw_scores import raw_score
from sessions_app.sitting.responses import read_response
from sessions_app.sitting.result_specs import level_names_of, spec_for
from sessions_app.sitting.session_state import ShownQuestion
from sessions_app.sitting.shown import Given, Showing
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.ability.overall import overall_score
from testing_engine.psychometrics.engine import TestSoFar
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision, load_revision


@dataclass(frozen=True)
class Rehearsed:
    """Where it stands after so many answers. `question`: the next one, None at the end; then `told` is what
    a teacher reads of the result. `is_shown`: whether a student would read it, too."""

    answered: int
    most: int
    question: ShownQuestion | None
    told: Told | None
    is_shown: bool


def rehearse(test: NamedTest, seed: int, given: Sequence[Given]) -> Rehearsed:
    """After these answers, in the order in which they were asked for. Raises `RulesError` where the rules do
    not fit the pool any more, `InvalidResponse` for what no student could send."""
    assert test.pool.current_revision_id is not None
    revision = load_revision(test.pool.current_revision_id)
    asked, rules = _rules(test, revision)
    dimensions = revision.bank.n_dimensions if rules.is_adaptive(revision.bank) else 0
    prior = beliefs_of(rules, [0.0] * dimensions, [1.0] * dimensions, False).prior
    showing = Showing(revision, seed, test.shuffle_options)
    items: list[int] = []
    scores: list[int] = []
    step = engine.next_step(TestSoFar(revision.bank, rules, prior, seed))
    for answer in given:
        if step.next_item is None:
            break
        item = step.next_item
        read = read_response(revision, item, showing.own(item, answer))
        items, scores = [*items, item], [*scores, revision.score(item, read)]
        step = engine.next_step(TestSoFar(revision.bank, rules, prior, seed, items, scores))
    own_names = level_names_of(test.pool)
    spec = spec_for(test, asked, revision.bank, test.pool.reporting_scale, own_names)
    most = lengths.most_questions(rules, revision.bank)
    if step.next_item is not None:
        return Rehearsed(len(items), most, showing.question(step.next_item), None, spec.is_shown)
    if step.ability.theta.size:
        so_far = TestSoFar(revision.bank, rules, prior, seed)
        counted = [item for item in items if not engine.is_pilot(so_far, item)]
        is_asked = [bool(revision.bank.slopes[counted, each].any()) for each in range(dimensions)]
        theta, error = step.ability.theta.tolist(), step.ability.standard_error.tolist()
        names = test.concept_names or revision.concept_names
        whole = overall_score(step.ability, revision.bank, items)
        found = measured(names, theta, error, is_asked)
        report = report_of(spec, len(counted), found, whole and whole[1])
    else:
        report = Report(spec, len(items), None, (), raw=raw_score(revision, items, scores, items))
    return Rehearsed(len(items), most, None, sentences_of(report, for_teacher=True), spec.is_shown)


def _rules(test: NamedTest, revision: FrozenRevision) -> tuple[CatRules, CatRules]:
    """As the test says them, and as a session that starts now would keep them."""
    asked = rules = named_tests.rules_of(test, revision.bank)
    if asked.is_adaptive(revision.bank):
        rules = asked.on_scale(test.pool.scale.correlation, revision.bank.n_dimensions)
    rules.check(revision.bank)
    settled = rules.settled(revision.bank)
    if settled.pilots is not None:
        settled = with_open_pilots(settled, revision)
    return asked, times.with_thresholds(settled, revision)
