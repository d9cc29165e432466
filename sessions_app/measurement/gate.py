"""The gate: what a pool requires is looked at before a calibration is published, a named test opened, or
questions changed (`changes`).

A pool without requirements lets everything through, and nothing is recorded. Numbers come from the newest
simulation of that revision under those rules, or from a small one that is always the same (`looks`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from sessions_app.measurement.finding_sentences import said_by
from sessions_app.measurement.looks import SEED, LookFirst, Subject, found_by, kept, numbers_of
from sessions_app.models import Calibration, GateCheck, PoolRequirements, Simulation
from sessions_app.refusals import GateRefused
from testing_engine import approval
from testing_engine.approval import LONGEST_REASON
from testing_engine.canonical import as_stored
from testing_engine.models import PoolRevision, QuestionPool, Scale
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.revisions import load_revision
from testing_engine.sentences import Sentence, from_plain, say, to_plain, together
from testing_engine.simulation.requirements import LEAST_STUDENTS, Requirements, shortfalls

MOST_WORK = 5e8  # evaluations of an answer's probability: some five seconds
AT_ONCE = 5e7  # the same: half a second, for which somebody may wait; what takes longer is a worker's


@dataclass(frozen=True)
class Verdict:
    """What was found; `shortfalls`: none where all holds."""

    revision_id: int
    requirements: Requirements
    found: Mapping[str, Any]
    shortfalls: tuple[Sentence, ...]


def requirements_of(pool_id: UUID) -> Requirements | None:
    row = PoolRequirements.objects.filter(pool_id=pool_id).first()
    return None if row is None else Requirements.from_json(row.content)


def require(pool: QuestionPool, content: object, by_id: int | None) -> Requirements | None:
    """From now on this must hold; {} takes all away. Raises `RequirementsInvalid`. Safe to repeat."""
    asked = Requirements.from_json(content)
    if not asked.needs_a_simulation and not asked.no_errors:
        PoolRequirements.objects.filter(pool=pool).delete()
        return None
    PoolRequirements.objects.update_or_create(
        pool=pool, defaults={"content": asked.to_json(), "by_id": by_id}
    )
    return asked


def checks_of(pool: QuestionPool) -> QuerySet[GateCheck]:
    """The newest first."""
    return GateCheck.objects.filter(pool=pool).select_related("by", "calibration", "revision", "made")


def of_proposal(
    pool: QuestionPool, parameters: Sequence[ItemParameters], errors: Sequence[Sentence]
) -> Verdict | None:
    """Of a pool as a calibration or a change of questions proposes it; `errors`: a calibration's error
    findings. None without requirements. Raises `LookFirst`, as `of_test` does."""
    asked = requirements_of(pool.pk)
    if asked is None or pool.current_revision_id is None:
        return None
    subject = Subject(pool.pk, ItemBank.from_parameters(parameters), parameters=parameters)
    scale = Scale.objects.get(pools=pool)
    rules = asked.cat_rules.on_scale(scale.correlation, subject.bank.n_dimensions)
    found = _simulated(asked, subject, rules, scale.correlation) if asked.needs_a_simulation else {}
    return _verdict(pool, pool.current_revision_id, asked, found, errors)


def of_test(pool: QuestionPool, rules: CatRules) -> Verdict | None:
    """Of a named test with these rules on the pool's newest revision. None without requirements.

    A test in linear or random order finds no ability: only the last calibration is looked at.
    """
    asked = requirements_of(pool.pk)
    if asked is None or pool.current_revision_id is None:
        return None
    revision = load_revision(pool.current_revision_id)
    scale = Scale.objects.get(pools=pool)
    rules = replace(rules.on_scale(scale.correlation, revision.bank.n_dimensions), pauses=None)
    found: Mapping[str, Any] = {}
    if asked.needs_a_simulation and rules.is_adaptive(revision.bank):
        subject = Subject(pool.pk, revision.bank, revision.id)
        found = _kept(revision.id, rules) or _simulated(asked, subject, rules, scale.correlation)
    done = Calibration.objects.filter(pool=pool, state=Calibration.State.DONE).order_by("-created_at").first()
    return _verdict(pool, revision.id, asked, found, errors_of(done.result) if done and done.result else [])


def errors_of(result: Mapping[str, Any]) -> list[Sentence]:
    """The sentences of all error findings, of the whole and of questions."""
    return [
        said_by(each, result.get("concepts", ()))
        for each in result["findings"]
        if each["severity"] == "error"
    ]


def shortfalls_of(check: GateCheck) -> list[Sentence]:
    """What fell short then."""
    return [from_plain(kept) for kept in check.shortfalls]


def _verdict(
    pool: QuestionPool,
    revision_id: int,
    asked: Requirements,
    found: Mapping[str, Any],
    errors: Sequence[Sentence],
) -> Verdict:
    told = [say("The calibration says: {sentence}", sentence=each) for each in errors if asked.no_errors]
    if "problem" in found:
        told.append(found["problem"])
    elif found:
        told += shortfalls(found["numbers"], asked, pool.concept_names)
    return Verdict(revision_id, asked, found, tuple(told))


def _kept(revision_id: int, rules: CatRules) -> dict[str, Any] | None:
    """The newest simulation of that revision whose first or second design is these rules."""
    wanted = as_stored(rules.to_plan())  # without pauses: no number depends on them
    done = Simulation.objects.filter(
        revision_id=revision_id, state=Simulation.State.DONE, recorded__isnull=True
    ).defer("abilities")
    for each in done.order_by("-created_at")[:20]:
        for place, design in enumerate(each.request["designs"]):
            if design["rules"] | {"pauses": None} == wanted | {"pauses": None} and each.result is not None:
                return {
                    "simulation": str(each.pk),
                    "rules": wanted,
                    "numbers": numbers_of(each.result["designs"][place]),
                }
    return None


def _simulated(asked: Requirements, subject: Subject, rules: CatRules, correlation: float) -> dict[str, Any]:
    """A small one of N(0, 1), or why there is none. Raises `LookFirst`."""
    rules, bank = replace(rules, pilots=None), subject.bank
    about = {"rules": as_stored(rules.to_plan()), "seed": SEED}
    try:
        rules.check(bank)
        students, work = _extent(asked, bank, rules)
    except RulesError as error:
        why = together((message for _, message in error.problems), "; ")
        return {**about, "problem": say("The rules cannot be simulated: {why}.", why=why)}
    if not rules.is_adaptive(bank):
        return {**about, "problem": say("The rules find no ability: there is nothing to look at.")}
    look, hand = subject.look(rules, students, correlation), approval.hand()
    if not hand.waits or work <= AT_ONCE:
        return about | found_by(look, bank, hand.tell)
    found = kept(look)
    if found is None:
        raise LookFirst(look, subject.content)
    return about | found


def _extent(asked: Requirements, bank: ItemBank, rules: CatRules) -> tuple[int, float]:
    """How many students take it, and the work of all, in evaluations."""
    cost = max(rules.work(bank) * min(rules.max_questions, max(counting(bank).n_items, 1)), 1.0)
    students = min(asked.students, max(LEAST_STUDENTS, int(MOST_WORK // cost)))
    return students, students * cost


def takes_long(pool: QuestionPool) -> bool:
    """Whether a look at what the pool requires is more than a request does, as its questions are now."""
    asked = requirements_of(pool.pk)
    if asked is None or not asked.needs_a_simulation or pool.current_revision_id is None:
        return False
    bank = load_revision(pool.current_revision_id).bank
    try:
        return _extent(asked, bank, asked.cat_rules)[1] > AT_ONCE
    except RulesError:
        return False  # which a look says at once


def hold(verdict: Verdict | None, override_reason: str) -> None:
    """Raises `GateRefused` where something falls short and nobody says why it may."""
    if verdict is not None and verdict.shortfalls and not override_reason.strip():
        raise GateRefused(verdict.shortfalls)


def record(
    pool: QuestionPool,
    verdict: Verdict | None,
    by_id: int | None,
    override_reason: str,
    calibration: Calibration | None = None,
    test_name: str = "",
    made: PoolRevision | None = None,
) -> GateCheck | None:
    """What was let through, kept; a reason only where one was needed."""
    if verdict is None:
        return None
    hold(verdict, override_reason)
    return GateCheck.objects.create(
        pool=pool,
        revision_id=verdict.revision_id,
        calibration=calibration,
        test_name=test_name,
        made=made,
        requirements=verdict.requirements.to_json(),
        found=dict(verdict.found),
        shortfalls=[to_plain(sentence) for sentence in verdict.shortfalls],
        override_reason=override_reason.strip()[:LONGEST_REASON] if verdict.shortfalls else "",
        by_id=by_id,
    )
