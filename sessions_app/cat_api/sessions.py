"""Sessions in a section: begun, answered stage by stage, ended.

A stage is the question that the engine chose, and some that may follow unasked (`sitting.ahead`). Results of
a stage are recorded one by one, each exactly once, and then the next stage is written: so a request that
broke off in the middle is finished when it comes again.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from sessions_app.cat_api.configuration import Manner
from sessions_app.cat_api.errors import CatRefused, refuse, unknown
from sessions_app.cat_api.sections import manner_of, section_of
from sessions_app.cat_api.states import FIELD as STATE
from sessions_app.cat_api.states import read_state
from sessions_app.cat_api.wire import ItemScore, item_scores, prior_data
from sessions_app.models import CatSection, CatSitting, CatStage, TestSession
from sessions_app.refusals import AlreadySubmitted, IdempotencyKeyReused, SessionConflict
from sessions_app.sitting import lifecycle, pausing, submission
from sessions_app.sitting.access import Caller
from sessions_app.sitting.ahead import items_ahead
from sessions_app.sitting.decisions import score_begins_at, so_far_of
from sessions_app.sitting.lifecycle import TestRequest
from sessions_app.sitting.responses import read_stored
from sessions_app.sitting.submission import Submission
from testing_engine.canonical import hash_of
from testing_engine.questions.answers import AnswerRefused, Points
from testing_engine.revisions import FrozenRevision, load_plan, load_revision

NO_SESSION = "There is no such session in this section."
# What clients are seen to call a student's ability before the test, and how surely it is known.
MEANS, SPREADS = ("initialEstimatedAbility", "priorMu", "thetaStart"), ("priorSigma",)
STUDENT = "studentId"  # of `priorData`: whose results they are; without it nobody's in particular
FARTHEST = 6.0  # logits


@dataclass(frozen=True)
class Handed:
    """A stage as the client gets it, and what the answers before it say. `end_reason`: "" while it runs."""

    session: TestSession
    stage: CatStage
    items: tuple[str, ...]
    concept_names: tuple[str, ...]
    theta: Sequence[float]
    standard_error: Sequence[float]
    end_reason: str


def begin(
    section: CatSection, body: Mapping[str, Any], caller: Caller, *, key: str | None, now: datetime
) -> Handed:
    """Begin a session; the same `key` again is the same session.

    Raises `CatRefused`, and refusals of `start`.
    """
    manner, known = manner_of(section.pk), prior_data(body)
    revision = load_revision(section.revision_id)
    request = TestRequest(
        student_id=known.get(STUDENT)
        or f"cat-{hash_of([str(section.pk), key])[:24] if key else uuid4().hex}",
        pool_id=revision.pool_id,
        concept_names=revision.concept_names
        or tuple(f"Concept {n + 1}" for n in range(revision.bank.n_dimensions)),
        rules=manner.rules,
        idempotency_key=key and f"cat:{section.pk}:{key}"[:200],
        fingerprint=hash_of(dict(body)),
        revision_id=revision.id,
        known=_prior(known, revision.bank.n_dimensions),
    )
    standing = lifecycle.start(request, caller, seed=secrets.randbits(63), now=now)
    session = TestSession.objects.get(pk=standing.session_id)
    pausing.check_runs(session)
    with transaction.atomic():
        CatSitting.objects.get_or_create(session=session, defaults={"section": section})
        first = CatStage.objects.filter(session=session, number=0).first()
        stage = first or _hand_out(session, 0, "", manner, now)
    return _handed(session, stage)


def take_results(
    section_identifier: str,
    session_identifier: str,
    body: Mapping[str, Any],
    caller: Caller,
    *,
    now: datetime,
) -> Handed:
    """Record the results of the stage that was handed out last, and hand out the next one.

    The same results again get the same reply. Raises `CatRefused`, and refusals of `submit`.
    """
    session, section = _session(section_identifier, session_identifier, caller)
    pausing.check_runs(session)
    results_hash = hash_of(dict(body).get("assessmentResult"))
    newest = _newest_stage(session)
    number = read_state(body.get(STATE), session.pk)
    if number is None:
        number = newest.number - (newest.results_hash == results_hash)
    if number == newest.number - 1 and newest.results_hash == results_hash:
        return _handed(session, newest)
    if number != newest.number:
        raise refuse(STATE, "is not the newest of this session")
    results = _new_results(session, newest, item_scores(body))
    if not results:
        return _handed(session, newest)
    _record(session, newest, results, caller, now)
    with transaction.atomic():
        session = TestSession.objects.select_for_update().get(pk=session.pk)
        following = CatStage.objects.filter(session=session, number=number + 1).first()
        stage = following or _hand_out(session, number + 1, results_hash, manner_of(section.pk), now)
    return _handed(session, stage)


def end(section_identifier: str, session_identifier: str, caller: Caller, *, now: datetime) -> None:
    """End the session, with its results so far. Safe to repeat. Raises `CatRefused`."""
    session, _ = _session(section_identifier, session_identifier, caller)
    lifecycle.end(session.pk, caller, now=now)


def _session(
    section_identifier: str, session_identifier: str, caller: Caller
) -> tuple[TestSession, CatSection]:
    assert caller.client_id is not None
    section = section_of(section_identifier, caller.client_id, also_ended=True)
    try:
        sittings = CatSitting.objects.filter(pk=UUID(session_identifier), section=section)
    except ValueError as error:
        raise unknown(NO_SESSION) from error
    sitting = sittings.select_related("session").first()
    if sitting is None:
        raise unknown(NO_SESSION)
    return sitting.session, section


def _newest_stage(session: TestSession) -> CatStage:
    stage = CatStage.objects.filter(session=session).last()
    assert stage is not None
    return stage


def _prior(known: Mapping[str, str], dimensions: int) -> tuple[list[float], list[float]] | None:
    """What the client knows of the student, in every concept alike; None: nothing."""
    mean = next((_ability(known[name], name) for name in MEANS if name in known), None)
    spread = next((_ability(known[name], name) for name in SPREADS if name in known), None)
    if not mean and spread is None:
        return None
    if spread is not None and not 0 < spread <= FARTHEST:
        raise refuse(f"priorData/{SPREADS[0]}", f"must be above 0, and at most {FARTHEST:g}")
    return [mean or 0.0] * dimensions, [1.0 if spread is None else spread] * dimensions


def _ability(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise refuse(f"priorData/{name}", f"{text[:50]!r} is no number") from error
    if not -FARTHEST <= value <= FARTHEST:
        raise refuse(f"priorData/{name}", f"must be between -{FARTHEST:g} and {FARTHEST:g} logits")
    return value


def _hand_out(
    session: TestSession, number: int, results_hash: str, manner: Manner, now: datetime
) -> CatStage:
    """Write the next stage. The caller holds the session's row, or nobody else knows of it."""
    responses = list(session.responses.order_by("position"))
    revision = load_revision(session.revision_id)
    items: list[int] = []
    if session.current_position is not None:
        met = [revision.positions_by_key[response.question_id] for response in responses]
        so_far = so_far_of(session, met, [response.counted_score for response in responses])
        items = items_ahead(so_far, session.current_position, manner.lookahead)
    return CatStage.objects.create(
        session=session,
        number=number,
        after_answers=len(responses),
        items=items,
        results_hash=results_hash,
        at=now,
    )


def _handed(session: TestSession, stage: CatStage) -> Handed:
    """The stage as it was handed out at its time."""
    revision, plan = load_revision(session.revision_id), load_plan(session.plan_id)
    theta, standard_error = score_begins_at(session)
    if stage.after_answers:
        last = session.responses.get(position=stage.after_answers)
        theta, standard_error = last.theta, last.standard_error
    return Handed(
        session=session,
        stage=stage,
        items=tuple(revision.external_ids[item] for item in stage.items),
        concept_names=plan.concept_names,
        theta=theta,
        standard_error=standard_error,
        end_reason="" if stage.items else session.end_reason,
    )


def _new_results(
    session: TestSession, stage: CatStage, found: Sequence[ItemScore]
) -> list[tuple[str, Points]]:
    """Results of this stage that are not recorded yet, in its order, the current question's first.

    What was recorded before may come along again, as it was. Raises `CatRefused`.
    """
    revision = load_revision(session.revision_id)
    recorded = {
        revision.positions_by_key[response.question_id]: read_stored(response)
        for response in session.responses.order_by("position")
    }
    earlier = {item: read for item, read in recorded.items() if item not in stage.items}
    new: dict[int, Points] = {}
    problems: list[tuple[str, str]] = []
    for each in found:
        item = revision.positions.get(each.identifier)
        if item is None or (item not in stage.items and item not in earlier):
            told = "was not handed out with this state" if item is not None else "is no item of this section"
            problems.append((f"{each.pointer}/identifier", f"{each.identifier} {told}"))
            continue
        try:
            points = _points(revision, item, each)
        except AnswerRefused as error:
            problems.append((f"{each.pointer}/outcomeVariables/SCORE", f"{each.identifier}: {error}"))
            continue
        if item in earlier:
            if earlier[item] != points:
                problems.append((each.pointer, f"{each.identifier} has another score already"))
            continue
        new[item] = points
    if new and stage.items[0] not in new:
        problems.append(
            (
                "assessmentResult/itemResult",
                f"has no result of {revision.external_ids[stage.items[0]]}, which came first",
            )
        )
    if problems:
        raise CatRefused(problems)
    return [(revision.external_ids[item], new[item]) for item in stage.items if item in new]


def _points(revision: FrozenRevision, item: int, each: ItemScore) -> Points:
    """As the question's author counts them: a share of what the client gives at most, where it says so."""
    known = revision.points_of_categories(item)
    value = each.score if each.most is None else each.score / each.most * revision.most_points(item)
    nearest = min(known, key=lambda own: abs(own - value))
    points = Points(nearest if abs(nearest - value) < 1e-4 else value)
    revision.score(item, points)
    return points


def _record(
    session: TestSession,
    stage: CatStage,
    results: Sequence[tuple[str, Points]],
    caller: Caller,
    now: datetime,
) -> None:
    following = [name for name, _ in results[1:]] + [None]
    for (name, points), after in zip(results, following, strict=True):
        answer = Submission(
            session.pk,
            name,
            points,
            idempotency_key=f"cat:{stage.number}:{hash_of(name)[:16]}",
            followed_by=after,
        )
        try:
            submission.submit(answer, caller, now=now)
        except (IdempotencyKeyReused, AlreadySubmitted) as error:
            raise refuse("assessmentResult", f"{name} has another score already") from error
        except SessionConflict as error:
            raise refuse(STATE, str(error)) from error
