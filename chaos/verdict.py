"""What PostgreSQL holds in the end, beside what clients were told and what should have come out."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chaos.students import Asked, Sitting, Tally, option_of
from chaos.undisturbed import Known, Undisturbed, take
from sessions_app.models import StudentProficiency, TestResponse, TestSession
from sessions_app.review.verification import verify
from sessions_app.sitting.thousandths import plain

BATCH = 200  # students


@dataclass
class Verdict:
    """Everything but the first three must be 0. `details` says what is behind the numbers."""

    accepted: int = 0
    told_by_conflict: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    differing: int = 0
    never_sent: int = 0
    unfinished: int = 0
    unexpected: int = 0
    broken_links: int = 0  # of the audit chain
    details: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        wrong = (
            self.lost,
            self.doubled,
            self.differing,
            self.never_sent,
            self.unfinished,
            self.unexpected,
            self.broken_links,
        )
        return not any(wrong)


def judge(tally: Tally, seed: int) -> Verdict:
    """Compare everything with everything. Nobody may be writing any more."""
    verdict = Verdict(
        doubled=len(tally.doubled),
        differing=len(tally.differing),
        unexpected=len(tally.unexpected),
        details=[*tally.doubled, *tally.differing, *tally.unexpected],
    )
    by_student: dict[str, list[Sitting]] = defaultdict(list)
    for sitting in tally.sittings:
        by_student[sitting.student_id].append(sitting)
    students = list(by_student)
    for first in range(0, len(students), BATCH):
        ids = students[first : first + BATCH]
        sessions = _sessions(ids)
        for student_id in ids:
            _judge_student(verdict, seed, by_student[student_id], sessions[student_id])
    verdict.stored = TestResponse.objects.count()
    breaks = verify().breaks
    verdict.broken_links = len(breaks)
    verdict.details += [f"{broken.where}: {broken.what}" for broken in breaks]
    return verdict


def _sessions(student_ids: list[str]) -> dict[str, list[TestSession]]:
    """By student, in the order of their start, with their answers read."""
    found: dict[str, list[TestSession]] = defaultdict(list)
    rows = TestSession.objects.filter(student__external_id__in=student_ids).order_by("started_at")
    for session in rows.select_related("student").prefetch_related("responses"):
        found[session.student.external_id].append(session)
    return found


def _judge_student(verdict: Verdict, seed: int, sittings: list[Sitting], sessions: list[TestSession]) -> None:
    stored = {str(session.pk): session for session in sessions}
    strangers = set(stored) - {sitting.session_id for sitting in sittings}
    # Every start carried a key: one session each. Where its reply never came, nobody knows which.
    unanswered = sum(sitting.start.reply is None for sitting in sittings)
    if len(strangers) > unanswered:
        verdict.doubled += len(strangers) - unanswered
        verdict.details.append(f"{sittings[0].student_id}: started more than once: {strangers}")
    known = Known({})
    for sitting in sittings:
        verdict.unfinished += not sitting.is_over
        if not sitting.is_over:
            verdict.details.append(f"{sitting.student_id}: test {sitting.number} has no end")
        session = stored.get(sitting.session_id or "")
        if session is None:
            verdict.lost += sum(answer.reply is not None for answer in sitting.answers)
            continue
        _judge_books(verdict, sitting, session)
        expected = take(
            sitting.plan.revision,
            sitting.plan.rules,
            known,
            session.seed,
            lambda question_id, sitting=sitting: option_of(  # type: ignore[misc]
                seed, sitting.student_id, sitting.number, question_id, sitting.plan.options[question_id]
            ),
            sitting.quits_after,
        )
        known = known.after(sitting.plan.revision.concept_names, expected.answers)
        if sitting.is_over:
            _note_differences(
                verdict, sitting, [*_rows(sitting, session, expected), *_replies(sitting, expected)]
            )
    if all(sitting.is_over for sitting in sittings):
        _note_differences(verdict, sittings[-1], _proficiencies(sittings[-1], known))


def _judge_books(verdict: Verdict, sitting: Sitting, session: TestSession) -> None:
    """Each answer once: what was accepted is there, what is there was sent."""
    ids = sitting.plan.revision
    responses = list(session.responses.all())
    held = Counter((ids.external_ids[ids.positions_by_key[r.question_id]], r.answer) for r in responses)
    positions = [response.position for response in responses]
    sent = {(answer.question_id, answer.option) for answer in sitting.answers}
    for answer in sitting.answers:
        verdict.accepted += answer.reply is not None
        verdict.told_by_conflict += answer.reply is None and answer.conflict is not None
        if answer.is_done and not held[answer.question_id, answer.option]:
            verdict.lost += 1
            verdict.details.append(
                f"{sitting.session_id}: {answer.question_id} was accepted and is not stored"
            )
    doubled = sum(held.values()) - len({question for question, _ in held})
    gaps = len(set(positions) ^ set(range(1, len(positions) + 1)))
    unsent = sum(count for answered, count in held.items() if answered not in sent)
    verdict.doubled += doubled + gaps
    verdict.never_sent += unsent
    if doubled or gaps or unsent:
        verdict.details.append(f"{sitting.session_id}: positions {positions}, stored {held}, sent {sent}")


def _note_differences(verdict: Verdict, sitting: Sitting, pairs: list[tuple[str, Any, Any]]) -> None:
    for what, found, expected in pairs:
        if found != expected:
            verdict.differing += 1
            verdict.details.append(f"{sitting.session_id}: {what} is {found}, undisturbed {expected}")


Pairs = Iterator[tuple[str, Any, Any]]  # what, as it came out, as it is undisturbed


def _rows(sitting: Sitting, session: TestSession, expected: Undisturbed) -> Pairs:
    """Floats are compared as they are: PostgreSQL gives back every bit."""
    revision, last = sitting.plan.revision, expected.answers[-1]
    yield "prior", (session.prior_mean, session.prior_sd), (expected.prior_mean, expected.prior_sd)
    yield "ability", (session.theta, session.standard_error), (last.theta, last.standard_error)
    quit_early = not expected.end_reason
    status, reason = ("ended", "ended by request") if quit_early else ("completed", expected.end_reason)
    yield "end", (session.status, session.end_reason), (status, reason)
    yield "count", session.questions_answered, len(expected.answers)
    yield "correct", session.correct_responses, sum(answer.score for answer in expected.answers)
    responses = list(session.responses.all())
    yield "length", len(responses), len(expected.answers)
    for row, answer in zip(responses, expected.answers, strict=False):
        question_id = revision.external_ids[revision.positions_by_key[row.question_id]]
        found = (question_id, row.answer, row.score, row.theta, row.standard_error)
        should = (answer.question_id, answer.option, answer.score, answer.theta, answer.standard_error)
        yield f"answer {row.position}", found, should


def _replies(sitting: Sitting, expected: Undisturbed) -> Pairs:
    assert sitting.start.reply is not None
    yield "first question", sitting.start.reply["next_question"]["id"], expected.first_question_id
    for number, (asked, answer) in enumerate(zip(sitting.answers, expected.answers, strict=False), start=1):
        if asked.reply is not None:
            yield f"reply {number}", _told(asked), _should_tell(number, answer.next_question_id, expected)
        elif asked.conflict is not None:
            yield f"conflict {number}", asked.conflict["current_question_id"], answer.next_question_id
    if sitting.end is not None:
        yield (
            "end's reply",
            _told(sitting.end),
            _should_tell(len(expected.answers), None, expected, is_end=True),
        )


def _told(asked: Asked) -> tuple[Any, ...]:
    assert asked.reply is not None
    reply = asked.reply
    ability = (reply["ability"]["theta"], reply["ability"]["standard_error"])
    if reply["status"] == "continue":
        return ("continue", *ability, reply["questions_answered"], reply["next_question"]["id"])
    summary = reply["test_summary"]
    return (
        reply["status"],
        *ability,
        reply["total_questions"],
        summary["correct_responses"],
        summary["end_reason"],
    )


def _should_tell(
    number: int, next_question_id: str | None, expected: Undisturbed, *, is_end: bool = False
) -> tuple[Any, ...]:
    answer = expected.answers[number - 1]
    ability = ([plain(theta) for theta in answer.theta], answer.standard_error)
    if next_question_id is not None:
        return ("continue", *ability, number, next_question_id)
    status, reason = ("ended", "ended by request") if is_end else ("completed", expected.end_reason)
    return (status, *ability, number, sum(a.score for a in expected.answers), reason)


def _proficiencies(sitting: Sitting, known: Known) -> list[tuple[str, Any, Any]]:
    rows = StudentProficiency.objects.now().filter(student__external_id=sitting.student_id)
    found = {row.concept_name: (row.theta_now, row.standard_error_now) for row in rows}
    return [("proficiencies", found, known.abilities)]
