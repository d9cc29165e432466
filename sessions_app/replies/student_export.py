"""Everything that is held of a student. Never the answer key: of a question, what the student saw."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from sessions_app.administration.privacy import Held
from sessions_app.models import (
    Accommodation,
    ClassMember,
    Invitation,
    LtiPerson,
    SessionEvent,
    StudentProficiency,
    TestResponse,
    TestSession,
)
from sessions_app.replies.values import MaybeAbility, OverallScore, Reply, ScoredWith, Status, overall_score
from sessions_app.replies.values import ability as told_ability
from sessions_app.reporting.said import said_of
from sessions_app.sitting.decisions import score_rests_on
from sessions_app.sitting.proficiency import proficiency_of
from sessions_app.sitting.responses import as_values, read_stored
from sessions_app.sitting.standing import overall_of
from sessions_app.sitting.thousandths import plain

# What was exported before and is exported again reads the same: with the offset, +00:00.
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]

DATA_DICTIONARY = {
    "student": "What is known of the person. student_id is the id that the school's own system uses.",
    "proficiencies": "The newest estimate in each concept of a scale, which pools that were calibrated "
    "together share; the next test on it may start from it.",
    "invitations": "Links that were made for the student to take a named test with.",
    "classes": "The classes that the student is in; enrolment: its id in the system that a roster came from.",
    "accommodation": "What the student gets for fair testing: more time, in percent, and a note.",
    "roster_ids": "The student's ids in the systems that rosters came from.",
    "platforms": "Learning platforms that the student came from, and what these call the student.",
    "sessions": "Every test, the oldest first.",
    "sessions[].test": "The named test, if it was one; deadline: when its time was over.",
    "sessions[].waits_to_begin": "Its student has not said that they have read the introduction and begin.",
    "sessions[].rules": "What was asked for: how questions are chosen and when the test stops.",
    "sessions[].prior": "What was taken to be known before the test: mean and standard deviation.",
    "sessions[].ability": "What was found, in the order of concept_names: theta on the logit scale (mean 0, "
    "standard deviation 1 in the reference population), and its standard error; null: it counted points.",
    "sessions[].overall": "Mean ability over several concepts, and its standard error.",
    "sessions[].scored_with": "answers_only: the ability rests on this test alone; earlier_results: on what "
    "was known before, too.",
    "sessions[].options_shuffled": "Whether options were shown in an order drawn from the seed.",
    "sessions[].seed": "The random choices of the test are drawn from it.",
    "sessions[].client": "The program that started the test; null: it was imported.",
    "sessions[].token_generation": "How often the test's session tokens were revoked.",
    "sessions[].idempotency_key": "Sent by that program, to tell a repeated request by; so is request_hash.",
    "sessions[].legacy_id": "The test's id in the service that it was imported from.",
    "sessions[].answers[].response": "Index of the chosen option, from 0, in the question's own order; null: "
    "“I don't know”. Where more than one option is asked for, the value of each response variable.",
    "sessions[].pilots_answered": "Of questions_answered, those only tried out: they count in nothing.",
    "sessions[].rapid_answers": "Of questions_answered, those that came too fast to count, by the rules.",
    "sessions[].answers[].score": "Points given; -1: not scored.",
    "sessions[].answers[].is_pilot": "Whether the question was only tried out: its answer counts in nothing.",
    "sessions[].answers[].is_rapid": "Whether the answer came too fast to count: the ability leaves it out.",
    "sessions[].answers[].ability_after": "Ability as estimated after this answer.",
    "sessions[].archived_in": "The file to which its answers and events were taken; null: they are here.",
    "sessions[].events": "What happened to the test beside the answers; after_answers: so many came before.",
    "proficiency": "Share of the reference population at or below the student, 0 to 1.",
    "admin_history": "When somebody changed the student's fields in the administration, and which.",
}


class ExportedStudent(Reply, frozen=True):
    student_id: str
    name: str
    email: str
    grade_level: str
    created_at: Time


class ExportedProficiency(Reply, frozen=True):
    concept_name: str
    scale: str
    proficiency: float
    theta: float
    standard_error: float
    session_id: UUID | None
    updated_at: Time


class ExportedInvitation(Reply, frozen=True):
    test: str
    created_at: Time
    revoked_at: Time | None
    session_id: UUID | None


class ExportedMembership(Reply, frozen=True):
    name: str
    term: str
    enrolment: str
    joined_at: Time


class ExportedAccommodation(Reply, frozen=True):
    extra_time_percent: int
    note: str


class ExportedPlatform(Reply, frozen=True):
    platform: str
    person: str
    known_since: Time


class ExportedAnswer(Reply, frozen=True):
    position: int
    question_id: str
    question_version: int
    content: str
    response: int | dict[str, str | list[str]] | None
    response_text: str | None
    is_correct: bool
    score: int
    ability_after: MaybeAbility
    response_time_ms: int | None
    answered_at: Time
    idempotency_key: str | None
    is_pilot: bool
    is_rapid: bool


class ExportedEvent(Reply, frozen=True):
    kind: Annotated[str, Meta(extra={"choices": SessionEvent.Kind.choices})]
    after_answers: int
    at: Time
    reason: str
    idempotency_key: str | None
    request_hash: str


class ExportedPrior(Reply, frozen=True):
    theta: list[float]
    standard_deviation: list[float]


class ExportedSession(Reply, frozen=True):
    session_id: UUID
    test: str | None
    deadline: Time | None
    waits_to_begin: bool
    status: Status
    end_reason: str
    pool: str
    question_pool_id: UUID
    revision: int
    concept_names: list[str]
    rules: dict[str, Any]
    prior: ExportedPrior
    ability: MaybeAbility
    overall: OverallScore
    scored_with: ScoredWith
    options_shuffled: bool
    questions_answered: int
    correct_responses: int
    started_at: Time
    last_activity: Time
    completed_at: Time | None
    seed: int
    client: str | None
    token_generation: int
    idempotency_key: str | None
    request_hash: str
    legacy_id: str | None
    answers: list[ExportedAnswer]
    events: list[ExportedEvent]
    pilots_answered: int
    rapid_answers: int
    archived_in: str | None


class AdminChange(Reply, frozen=True):
    at: Time
    change: str


class StudentExport(Reply, frozen=True):
    generated_at: Time
    data_dictionary: dict[str, str]
    student: ExportedStudent
    proficiencies: list[ExportedProficiency]
    invitations: list[ExportedInvitation]
    classes: list[ExportedMembership]
    accommodation: ExportedAccommodation | None
    roster_ids: list[str]
    platforms: list[ExportedPlatform]
    sessions: list[ExportedSession]
    admin_history: list[AdminChange]


def student_export(held: Held, *, now: datetime) -> StudentExport:
    """Reads what is held, in eleven queries whatever there is."""
    student = held.student
    return StudentExport(
        generated_at=now.isoformat(),
        data_dictionary=DATA_DICTIONARY,
        student=ExportedStudent(
            student_id=student.external_id,
            name=student.name,
            email=student.email,
            grade_level=student.grade_level,
            created_at=student.created_at.isoformat(),
        ),
        proficiencies=[_proficiency(row) for row in held.proficiencies],
        invitations=[_invitation(row) for row in held.invitations],
        classes=[_membership(row) for row in held.classes],
        accommodation=_accommodation(held.accommodation),
        roster_ids=held.roster_ids,
        platforms=[_platform(row) for row in held.platforms],
        sessions=[_session(session) for session in held.sessions],
        admin_history=[
            AdminChange(at=entry.action_time.isoformat(), change=entry.get_change_message())
            for entry in held.admin_history
        ],
    )


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _proficiency(row: StudentProficiency) -> ExportedProficiency:
    return ExportedProficiency(
        concept_name=row.concept_name,
        scale=row.scale.name,
        proficiency=proficiency_of(row.theta_now),
        theta=plain(row.theta_now),
        standard_error=row.standard_error_now,
        session_id=row.session_id,
        updated_at=row.updated_at_now.isoformat(),
    )


def _invitation(row: Invitation) -> ExportedInvitation:
    return ExportedInvitation(
        test=row.test.name,
        created_at=row.created_at.isoformat(),
        revoked_at=_time(row.revoked_at),
        session_id=row.session_id,
    )


def _membership(row: ClassMember) -> ExportedMembership:
    return ExportedMembership(
        name=row.school_class.name,
        term=row.school_class.term,
        enrolment=row.source_id,
        joined_at=row.created_at.isoformat(),
    )


def _accommodation(row: Accommodation | None) -> ExportedAccommodation | None:
    if row is None:
        return None
    return ExportedAccommodation(extra_time_percent=row.extra_time_percent, note=row.note)


def _platform(row: LtiPerson) -> ExportedPlatform:
    return ExportedPlatform(
        platform=row.registration.issuer, person=row.sub, known_since=row.created_at.isoformat()
    )


def _session(session: TestSession) -> ExportedSession:
    return ExportedSession(
        session_id=session.pk,
        test=None if session.named_test is None else session.named_test.name,
        deadline=_time(session.deadline),
        waits_to_begin=session.waits_to_begin,
        status=session.status,
        end_reason=session.end_reason,
        pool=session.revision.pool.name,
        question_pool_id=session.revision.pool_id,
        revision=session.revision.number,
        concept_names=session.plan.concept_names,
        rules=session.plan.rules,
        prior=ExportedPrior(theta=session.prior_mean, standard_deviation=session.prior_sd),
        ability=told_ability(session.theta, session.standard_error),
        overall=overall_score(overall_of(session)),
        scored_with=score_rests_on(session),
        options_shuffled=session.shuffles_options,
        questions_answered=session.questions_answered,
        correct_responses=session.correct_responses,
        started_at=session.started_at.isoformat(),
        last_activity=session.last_activity.isoformat(),
        completed_at=_time(session.completed_at),
        seed=session.seed,
        client=None if session.client is None else session.client.username,
        token_generation=session.token_generation,
        idempotency_key=session.idempotency_key,
        request_hash=session.request_hash,
        legacy_id=session.legacy_id,
        answers=[_answer(response) for response in session.responses.all()],
        events=[_event(event) for event in session.events.all()],
        pilots_answered=session.pilots_answered,
        rapid_answers=session.rapid_answers,
        archived_in=session.archived.archive.name if hasattr(session, "archived") else None,
    )


def _answer(response: TestResponse) -> ExportedAnswer:
    question = response.question
    return ExportedAnswer(
        position=response.position,
        question_id=question.external_id,
        question_version=question.version,
        content=question.content,
        response=as_values(read_stored(response)),
        response_text=said_of(response),
        is_correct=response.is_correct,
        score=response.score,
        ability_after=told_ability(response.theta, response.standard_error),
        response_time_ms=response.response_time_ms,
        answered_at=response.answered_at.isoformat(),
        idempotency_key=response.idempotency_key,
        is_pilot=response.is_pilot,
        is_rapid=response.is_rapid,
    )


def _event(event: SessionEvent) -> ExportedEvent:
    return ExportedEvent(
        kind=event.kind,
        after_answers=event.after_answers,
        at=event.at.isoformat(),
        reason=event.reason,
        idempotency_key=event.idempotency_key,
        request_hash=event.request_hash,
    )
