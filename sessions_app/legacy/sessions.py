"""Sessions of the original service with their responses → finished sessions of ours."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from sessions_app.audit import chain, entries
from sessions_app.legacy.answers import (
    Answer,
    ImportedPool,
    LegacyResponse,
    answers_of,
    load_pool,
    read_response,
    standard_errors,
)
from sessions_app.legacy.export import Export, Row, readable
from sessions_app.legacy.pools import ConceptNames
from sessions_app.legacy.report import Report, TableReport
from sessions_app.legacy.students import students_named
from sessions_app.legacy.values import BadValue, canonical, count, identifier, moment, shares, text, uuid_of
from sessions_app.models import ArchivedSession, SessionEvent, TestResponse, TestSession
from sessions_app.sitting.proficiency import theta_of
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_plan, load_revision, store_plan

BATCH = 200
END_REASON = "imported"
NEW_STUDENT = 0.5  # the original's proficiency of somebody whom it did not know

_Status = TestSession.Status
STATUS = {
    **dict.fromkeys(("completed", "complete", "finished", "done"), _Status.COMPLETED),
    **dict.fromkeys(("ended", "terminated", "stopped", "ended_early"), _Status.ENDED),
    # Nobody will go on with these: the original is gone.
    **dict.fromkeys(("active", "started", "in_progress", "paused"), _Status.EXPIRED),
    **dict.fromkeys(("expired", "abandoned", "timeout", "cancelled", "inactive"), _Status.EXPIRED),
}


@dataclass(frozen=True)
class LegacySession:
    label: str
    legacy_id: str
    id: UUID
    student_id: str
    pool_id: str
    status: str | None  # None: not said, or a word that we do not know
    initial: list[float] | None
    final: list[float] | None
    total: int | None
    correct: int | None
    started_at: datetime | None
    last_activity: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True)
class Converted:
    """A session and its responses as they will be stored; only the student's key is still missing."""

    student_id: str
    session: TestSession
    responses: list[TestResponse]


def import_sessions(
    export: Export, names: ConceptNames, report: Report, tick: Callable[[int], object]
) -> None:
    """Batches, one transaction each: a session is there with all its answers, or not at all."""
    responses: dict[str, list[LegacyResponse]] = defaultdict(list)
    for response in readable(export["test_responses"], read_response, report["test_responses"]):
        responses[response.session_id].append(response)
    sessions = _first_of_each_id(
        readable(export["test_sessions"], _read_session, report["test_sessions"]), report
    )
    tick(len(export["test_sessions"]) - len(sessions))
    importer = _Importer(names, report, responses)
    for first in range(0, len(sessions), BATCH):
        batch = sessions[first : first + BATCH]
        with transaction.atomic():
            importer.take(batch)
        tick(len(batch))
    importer.account_for_the_rest()


def _first_of_each_id(sessions: Iterable[LegacySession], report: Report) -> list[LegacySession]:
    found: dict[str, LegacySession] = {}
    for session in sessions:
        if session.legacy_id in found:
            report["test_sessions"].refuse(
                session.label, "this id came before in the file: its first row counts"
            )
        found.setdefault(session.legacy_id, session)
    return list(found.values())


def _read_session(row: Row) -> LegacySession:
    legacy_id = canonical(row.required("id", identifier))
    word = row.optional("status", text(50)) or ""
    status = STATUS.get(word.lower())
    if status is None:
        row.notes.append(f"status {word!r} is not known: ended where it has a completed_at, else expired")
    return LegacySession(
        label=row.label,
        legacy_id=legacy_id,
        id=uuid_of("session", legacy_id),
        student_id=row.required("student_id", identifier),
        pool_id=row.required("question_pool_id", identifier),
        status=status,
        initial=row.checked("initial_proficiency", shares),
        final=row.checked("final_proficiency", shares),
        total=row.optional("total_questions", count),
        correct=row.optional("correct_responses", count),
        started_at=row.checked("started_at", moment),
        last_activity=row.optional("last_activity", moment),
        completed_at=row.checked("completed_at", moment),
    )


class _Importer:
    """Sessions, batch by batch. `responses`: those of the export that no session has claimed yet."""

    def __init__(
        self, names: ConceptNames, report: Report, responses: dict[str, list[LegacyResponse]]
    ) -> None:
        self.names = names
        self.report = report
        self.responses = responses
        self.pools: dict[UUID, ImportedPool | None] = {}
        self.plans: dict[tuple[int, tuple[str, ...]], int] = {}

    def take(self, batch: list[LegacySession]) -> None:
        """Store what is new of a batch; the caller's transaction holds it together."""
        known = dict(
            TestSession.objects.filter(pk__in=[row.id for row in batch]).values_list("pk", "legacy_id")
        )
        there = [row.legacy_id for row in batch if known.get(row.id) == row.legacy_id]
        self.report["test_sessions"].there += len(there)
        self._compare(there)
        new = []
        for row in batch:
            if row.legacy_id in there:
                continue
            try:
                if row.id in known:
                    raise BadValue("another session has this id")
                new.append(self._convert(row))
            except BadValue as error:
                self.report["test_sessions"].refuse(row.label, str(error))
                self._refuse(self.responses.pop(row.legacy_id, []), "its session was refused")
        self._store(new)

    def account_for_the_rest(self) -> None:
        """Responses whose session is not in this export."""
        left = list(self.responses)
        for first in range(0, len(left), BATCH):
            batch = left[first : first + BATCH]
            there = set(TestSession.objects.filter(legacy_id__in=batch).values_list("legacy_id", flat=True))
            self._compare([legacy_id for legacy_id in batch if legacy_id in there])
            for legacy_id in batch:
                self._refuse(
                    self.responses.pop(legacy_id, []),
                    f"session {legacy_id} is not here: not exported, or refused",
                )

    def _store(self, new: list[Converted]) -> None:
        if not new:
            return
        students = students_named((each.student_id for each in new), self.report["students"])
        for each in new:
            each.session.student_id = students[each.student_id]
        events = [event for each in new for event in self._chained(each)]
        TestSession.objects.bulk_create(each.session for each in new)
        responses = [response for each in new for response in each.responses]
        TestResponse.objects.bulk_create(responses, batch_size=1000)
        SessionEvent.objects.bulk_create(events, batch_size=1000)
        self.report["test_sessions"].taken += len(new)
        self.report["test_responses"].taken += len(responses)

    def _chained(self, each: Converted) -> Iterable[SessionEvent]:
        session = each.session
        revision, plan = load_revision(session.revision_id), load_plan(session.plan_id)
        return entries.imported(session, each.responses, revision.content_hash, plan.content_hash)

    def _compare(self, there: list[str]) -> None:
        """Responses of sessions that were imported before. Such a session takes no more of them."""
        stored = set(
            TestResponse.objects.filter(session__legacy_id__in=there).values_list(
                "session__legacy_id", "question__external_id"
            )
        )
        archived = set(
            ArchivedSession.objects.filter(session__legacy_id__in=there).values_list(
                "session__legacy_id", flat=True
            )
        )
        table = self.report["test_responses"]
        for legacy_id in there:
            seen = set()
            for row in sorted(self.responses.pop(legacy_id, []), key=lambda row: row.answered_at):
                if row.question_id in seen:
                    table.refuse(
                        row.label, f"question {row.question_id} was answered before: the first answer counts"
                    )
                elif legacy_id in archived or (legacy_id, row.question_id) in stored:
                    table.there += 1
                else:
                    table.refuse(row.label, f"session {legacy_id} was imported before, without this answer")
                seen.add(row.question_id)

    def _refuse(self, rows: list[LegacyResponse], reason: str) -> None:
        for row in rows:
            self.report["test_responses"].refuse(row.label, reason)

    def _convert(self, row: LegacySession) -> Converted:
        pool = self._pool(row.pool_id)
        mean = _thetas(row.initial or [NEW_STUDENT] * pool.concepts, "initial_proficiency", pool)
        final = _thetas(row.final, "final_proficiency", pool) if row.final else None
        rows = self.responses.get(row.legacy_id, [])
        started_at = row.started_at or min((r.answered_at for r in rows), default=row.completed_at)
        if started_at is None:
            raise BadValue("started_at is missing, and nothing else says when it was")
        self.responses.pop(row.legacy_id, None)
        answers = answers_of(rows, row.student_id, pool, self.report["test_responses"])
        abilities = self._abilities(mean, answers, pool)
        answered, correct = _counts(row, rows, answers, self.report["test_sessions"])
        rules = CatRules(max_questions=max(answered, 1)).settled(pool.revision.bank)
        errors = standard_errors(pool, rules, mean, answers)
        last = answers[-1].row.answered_at if answers else row.completed_at or started_at
        last_activity = row.last_activity or last
        session = TestSession(
            id=row.id,
            legacy_id=row.legacy_id,
            revision_id=pool.revision.id,
            plan_id=self._plan(rules, self.names.for_pool(pool.pool)),
            seed=0,
            status=row.status or (_Status.ENDED if row.completed_at else _Status.EXPIRED),
            end_reason=END_REASON,
            prior_mean=mean,
            prior_sd=[1.0] * pool.concepts,
            theta=final or (abilities[-1] if abilities else mean),
            standard_error=errors[-1],
            questions_answered=answered,
            correct_responses=correct,
            started_at=started_at,
            last_activity=last_activity,
            completed_at=row.completed_at or last_activity,
            chain_head=chain.BEGINNING,
        )
        pairs = zip(answers, abilities, errors[1:], strict=True)
        responses = [_response(session, n, *each) for n, each in enumerate(pairs, start=1)]
        return Converted(row.student_id, session, responses)

    def _abilities(self, mean: list[float], answers: list[Answer], pool: ImportedPool) -> list[list[float]]:
        """θ after each answer, as the original had it; where it kept none, what it was before."""
        found, current = [], mean
        for answer in answers:
            after = answer.row.theta
            if after is not None and len(after) != pool.concepts:
                self.report["test_responses"].note(
                    answer.row.label,
                    f"proficiency_after has {len(after)} values, not {pool.concepts}: left out",
                )
                after = None
            current = after or current
            found.append(current)
        return found

    def _pool(self, legacy_id: str) -> ImportedPool:
        pool_id = uuid_of("pool", legacy_id)
        if pool_id not in self.pools:
            self.pools[pool_id] = load_pool(pool_id)
        pool = self.pools[pool_id]
        if pool is None:
            raise BadValue(f"its pool {legacy_id} is not here, or none of its questions could be taken")
        return pool

    def _plan(self, rules: CatRules, names: tuple[str, ...]) -> int:
        key = (rules.max_questions, names)
        if key not in self.plans:
            self.plans[key] = store_plan(rules, names).id
        return self.plans[key]


def _thetas(shares_given: list[float], column: str, pool: ImportedPool) -> list[float]:
    if len(shares_given) != pool.concepts:
        raise BadValue(f"{column} has {len(shares_given)} values, its pool {pool.concepts} concepts")
    return [theta_of(value) for value in shares_given]


def _counts(
    row: LegacySession, rows: list[LegacyResponse], answers: list[Answer], table: TableReport
) -> tuple[int, int]:
    """Answers and right ones: as counted from what was taken.

    Only a finished session whose answers were not exported at all keeps the totals that it came with.
    """
    counted = len(answers), sum(answer.is_correct for answer in answers)
    if row.total is None:
        return counted
    original = row.total, counted[1] if row.correct is None else row.correct
    if not rows and row.status in (_Status.COMPLETED, _Status.ENDED) and original[1] <= original[0]:
        if row.total:
            table.note(row.label, "has no answers in this export: only its totals were taken")
        return original
    if original != counted:
        table.note(
            row.label,
            f"the original counted {original[0]} answers, {original[1]} of them right; "
            f"those taken are {counted[0]} and {counted[1]}",
        )
    return counted


def _response(
    session: TestSession, position: int, answer: Answer, theta: list[float], errors: list[float]
) -> TestResponse:
    return TestResponse(
        session=session,
        position=position,
        question_id=answer.question_pk,
        answer=answer.option,
        score=int(answer.is_correct),
        is_correct=answer.is_correct,
        theta=theta,
        standard_error=errors,
        response_time_ms=answer.row.response_time_ms,
        answered_at=answer.row.answered_at,
    )
