"""Replies to a student who takes a test. Every `*_proficiency` list has the order of `concept_names`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict, replace

from sessions_app.administration.brands import Brand, brand_with
from sessions_app.administration.classes.joining import Joined
from sessions_app.models import NamedTest, Student, TestSession
from sessions_app.replies.result_report import Report, ResultKind, report
from sessions_app.replies.values import (
    Ability,
    Address,
    Deadline,
    Interval,
    MaybeAbility,
    OverallScore,
    Reply,
    Score,
    ScoredWith,
    Status,
    StatusWhenOver,
    Waits,
    ability,
    accuracy,
    overall_score,
    score,
)
from sessions_app.reporting import results
from sessions_app.reporting.levels import feedback_of
from sessions_app.sitting import session_state
from sessions_app.sitting.named_tests import is_for_student, minutes_for, released_at
from sessions_app.sitting.proficiency import learning_gain, proficiencies_of, proficiency_of
from sessions_app.sitting.result_specs import ResultSpec, spec_of
from sessions_app.sitting.standing import Standing
from sessions_app.sitting.tokens import make_session_token, page_of
from testing_engine.questions.interactions import Interaction, choice_of_options
from testing_engine.rendering import content_html, option_html

Z_95 = 1.959963984540054


class InteractionHtml(Reply, frozen=True):
    prompt: str
    choices: Annotated[dict[str, str], Meta(description="By id: of choices, sources and targets.")]


SoFar = Annotated[
    list[float] | None,
    Meta(
        description="null, as is `ability`: to students, where the result is not theirs, or not yet. "
        "Empty: the test has no ability."
    ),
]


class ShownQuestion(Reply, frozen=True):
    id: str
    content: str
    options: Annotated[
        list[str],
        Meta(description="In the order in which this test shows them: `response` counts in it, from 0."),
    ]
    concepts: list[float]
    interactions: Annotated[
        list[Interaction], Meta(description="What is asked. Of one choice, `options` has the same texts.")
    ]
    passage: Annotated[str, Meta(description="A text to which the question refers; empty: none.")]
    content_html: Annotated[
        str | UnsetType, Meta(description="With `render=html`: safe to put into a page.")
    ] = UNSET
    options_html: Annotated[
        list[str] | UnsetType, Meta(description="With `render=html`, in the order of `options`.")
    ] = UNSET
    passage_html: str | UnsetType = UNSET
    interactions_html: Annotated[
        list[InteractionHtml] | UnsetType,
        Meta(description="With `render=html`, in the order of `interactions`."),
    ] = UNSET


class TestTexts(Reply, frozen=True):
    name: str
    title: str
    introduction: str
    closing: str
    time_limit_minutes: Annotated[int | None, Meta(description="Of the whole test; null: no limit.")]
    show_theta: Annotated[bool, Meta(description="Whether the result page may show θ.")]
    allow_dont_know: Annotated[
        bool, Meta(description='Whether `null`, "I don\'t know", is taken as an answer.')
    ]
    result_kind: ResultKind
    is_result_for_student: Annotated[
        bool, Meta(description="Whether the student gets a result, now or later.")
    ]
    result_released_at: Annotated[
        datetime | None, Meta(description="Students get no result before; null: at once, or never.")
    ]
    introduction_html: Annotated[
        str | UnsetType, Meta(description="With `render=html`: safe to put into a page.")
    ] = UNSET
    closing_html: Annotated[str | UnsetType, Meta(description="With `render=html`, the same.")] = UNSET


class Organisation(Reply, frozen=True):
    """Whose test it is, as its students may see it."""

    name: Annotated[str, Meta(description="Empty: it has given none.")]
    logo: Annotated[str, Meta(description="The path of a picture on this host; empty: none.")]
    colour: Annotated[
        str,
        Meta(
            description="Of buttons and marks, as #2f6fed: seen on light and dark grounds, with text on it. "
            "Empty: none."
        ),
    ]
    style: Annotated[str, Meta(description="The path of a style sheet with the colour; empty: none.")]
    language: Annotated[str, Meta(description="For who chose none; empty: their browser's.")]


class Invitation(Reply, frozen=True):
    test: TestTexts
    student_name: Annotated[str, Meta(description="Whose invitation it is: the name, else the id.")]
    time_limit_minutes: Annotated[int | None, Meta(description="Once it has begun; null: no limit.")]
    closes_at: datetime | None
    is_running: Annotated[bool, Meta(description="It has begun, and goes on where it stood.")]
    organisation: Organisation


class JoinName(Reply, frozen=True):
    number: int
    name: str


class JoinedByCode(Reply, frozen=True):
    title: str
    class_name: str
    invitation: Annotated[str, Meta(description="Opens the student's test; empty: it is not known whose.")]
    names_may_be_chosen: Annotated[
        bool, Meta(description="Whether the class's code is enough; else a student types their own.")
    ]
    names: Annotated[list[JoinName], Meta(description="Of those who have not begun.")]


class Paused(Reply, frozen=True):
    since: datetime
    until: Annotated[datetime, Meta(description="It goes on by itself then.")]


Waiting = Annotated[
    ShownQuestion | None,
    Meta(description="What waits for an answer; null: the test is paused, and `status` has it later."),
]
StandsStill = Annotated[
    Paused | None,
    Meta(
        description="Its clock stands still: `deadline` less `since` is the time that is left, and the "
        "deadline moves when it goes on. null: it runs, or is over."
    ),
]


class Started(Reply, frozen=True):
    session_id: UUID
    session_token: str
    student_id: str
    initial_proficiency: list[float]
    ability: Ability | None
    scored_with: ScoredWith
    concept_names: Sequence[str]
    next_question: Waiting
    questions_answered: Annotated[int, Meta(description="Above 0 where an invitation goes on with its test.")]
    deadline: Deadline
    paused: StandsStill
    waits_to_begin: Waits
    test: Annotated[TestTexts | None, Meta(description="The named test; null: started with rules.")]
    status: Literal["started"]
    take_url: Annotated[
        Address, Meta(description="The student's page with this test: give this link to the student alone.")
    ]


class RenewedToken(Reply, frozen=True):
    session_id: UUID
    session_token: Annotated[
        str, Meta(description="Opens the session instead of all that were given before.")
    ]


class Continued(Reply, frozen=True):
    status: Literal["continue"]
    current_proficiency: SoFar
    ability: Ability | None
    scored_with: ScoredWith
    next_question: Waiting
    questions_answered: int
    deadline: Deadline
    paused: StandsStill


class ConceptResult(Reply, frozen=True):
    name: str
    proficiency: float
    proficiency_95: Interval


class TestSummary(Reply, frozen=True):
    end_reason: str
    correct_responses: int
    duration_seconds: float | None
    learning_gain: Annotated[float | None, Meta(description="null: the test has no ability.")]
    concepts: Annotated[list[ConceptResult], Meta(description="Empty: the test has no ability.")]


class Result(Reply, frozen=True):
    status: StatusWhenOver
    final_proficiency: list[float]
    ability: MaybeAbility
    overall: OverallScore
    scored_with: ScoredWith
    total_questions: Annotated[int, Meta(description="Answers of the student, as the student counts them.")]
    accuracy: Annotated[float, Meta(description="Share of them that were right.")]
    test_summary: TestSummary
    score: Score = UNSET


class WithheldResult(Reply, frozen=True):
    """To a student whose result is not for students, or not yet: that the test is over, and no more."""

    status: StatusWhenOver
    total_questions: int
    result_released_at: datetime | None


class PathPoint(Reply, frozen=True):
    questions_answered: int
    proficiency: list[float]
    proficiency_95: list[Interval]


class ResultWithPath(Result, frozen=True, kw_only=True):
    session_id: UUID
    concept_names: Sequence[str]
    report: Report
    feedback: Annotated[str, Meta(description="What the test says to this level; empty: nothing.")]
    path: Annotated[list[PathPoint], Meta(description="From before the first answer to after the last.")]


class PausesAllowed(Reply, frozen=True):
    times: int
    minutes: Annotated[int, Meta(description="Of all pauses together.")]
    times_left: Annotated[
        int | None,
        Meta(description="So often its student may pause it yet; null: it is over, or nobody can say now."),
    ]
    seconds_left: Annotated[
        int | None,
        Meta(description="So long together; the one under way is taken off when it is over. null: as above."),
    ]


class SessionStatus(Reply, frozen=True):
    session_id: UUID
    status: Status
    current_proficiency: SoFar
    ability: Ability | None
    scored_with: ScoredWith
    concept_names: Sequence[str]
    questions_answered: int
    max_questions: Annotated[int, Meta(description="The test has no more than that.")]
    is_length_fixed: Annotated[
        bool, Meta(description="Whether it has exactly `max_questions`, unless somebody ends it before.")
    ]
    is_active: bool
    next_question: Annotated[
        ShownQuestion | None, Meta(description="What waits for an answer; null: the test is over, or paused.")
    ]
    started_at: datetime
    completed_at: datetime | None
    deadline: Deadline
    pauses: Annotated[PausesAllowed | None, Meta(description="That its rules allow; null: none.")]
    paused: StandsStill
    waits_to_begin: Waits
    test: TestTexts | None


def started(
    standing: Standing,
    student_id: str,
    *,
    in_full: Callable[[str], str],
    token_from: datetime | None = None,
    as_html: bool = False,
    is_withheld: bool = False,
) -> Started:
    """The reply of `start`. `in_full` makes an address of a path.

    `token_from`: the session token's age counts from then, not from the start. `as_html`: the question also
    as HTML.
    """
    session_token = make_session_token(
        standing.session_id, token_from or standing.started_at, standing.token_generation
    )
    return Started(
        session_id=standing.session_id,
        session_token=session_token,
        student_id=student_id,
        initial_proficiency=proficiencies_of(standing.prior_mean),
        ability=None if is_withheld else _ability(standing),
        scored_with=standing.scored_with,
        concept_names=standing.concept_names,
        next_question=_waiting(standing, as_html),
        questions_answered=standing.answered,
        deadline=standing.deadline,
        paused=_paused(standing),
        waits_to_begin=standing.waits_to_begin,
        test=_test_of(standing, as_html),
        status="started",
        take_url=in_full(page_of(session_token)),
    )


def token(session: TestSession) -> RenewedToken:
    return RenewedToken(
        session_id=session.pk,
        session_token=make_session_token(session.pk, session.started_at, session.token_generation),
    )


def submitted(standing: Standing, *, as_html: bool = False, is_withheld: bool = False) -> Continued | Result:
    """The next question, or the result where the test is over."""
    if not standing.is_active:
        return result(standing)
    return Continued(
        status="continue",
        current_proficiency=None if is_withheld else proficiencies_of(standing.theta),
        ability=None if is_withheld else _ability(standing),
        scored_with=standing.scored_with,
        next_question=_waiting(standing, as_html),
        questions_answered=standing.answered,
        deadline=standing.deadline,
        paused=_paused(standing),
    )


def _paused(standing: Standing) -> Paused | None:
    if standing.paused_at is None or standing.paused_until is None:
        return None
    return Paused(since=standing.paused_at, until=standing.paused_until)


def _pauses(standing: Standing) -> PausesAllowed | None:
    allowed, left = standing.pauses, standing.pauses_left
    if allowed is None:
        return None
    return PausesAllowed(
        times=allowed.times,
        minutes=allowed.minutes,
        times_left=None if left is None else left.times,
        seconds_left=None if left is None else int(left.length.total_seconds()),
    )


def status(standing: Standing, *, as_html: bool = False, is_withheld: bool = False) -> SessionStatus:
    """`is_withheld`: nothing of the result so far is for whoever asks."""
    paused = _paused(standing)
    return SessionStatus(
        session_id=standing.session_id,
        status=standing.status,
        current_proficiency=None if is_withheld else proficiencies_of(standing.theta),
        ability=None if is_withheld else _ability(standing),
        scored_with=standing.scored_with,
        concept_names=standing.concept_names,
        questions_answered=standing.answered,
        max_questions=standing.max_questions,
        is_length_fixed=standing.is_length_fixed,
        is_active=standing.is_active,
        next_question=None if paused else _question(standing.next_question, as_html),
        started_at=standing.started_at,
        completed_at=standing.completed_at,
        deadline=standing.deadline,
        pauses=_pauses(standing),
        paused=paused,
        waits_to_begin=standing.waits_to_begin,
        test=_test_of(standing, as_html),
    )


def result(standing: Standing) -> Result:
    """To a student, too, who is not to see which questions were only tried out: so all are counted."""
    return Result(
        status=standing.status,
        final_proficiency=proficiencies_of(standing.theta),
        ability=_ability(standing),
        overall=overall_score(standing.overall),
        score=score(standing.raw),
        scored_with=standing.scored_with,
        total_questions=standing.answered,
        accuracy=accuracy(standing.right, standing.answered),
        test_summary=_summary(standing),
    )


def withheld_result(standing: Standing) -> WithheldResult:
    return WithheldResult(
        status=standing.status,
        total_questions=standing.answered,
        result_released_at=(
            released_at(standing.test) if is_for_student(standing.test, standing.result_spec) else None
        ),
    )


def result_with_path(found: results.Result) -> ResultWithPath:
    """In the active language."""
    standing = found.standing
    return ResultWithPath(
        **asdict(result(standing)),
        session_id=standing.session_id,
        concept_names=standing.concept_names,
        report=report(found.report),
        feedback=_feedback(found),
        path=[
            PathPoint(
                questions_answered=point.answered,
                proficiency=proficiencies_of(point.theta),
                proficiency_95=[
                    _interval(theta, error)
                    for theta, error in zip(point.theta, point.standard_error, strict=True)
                ],
            )
            for point in found.path
        ],
    )


def _feedback(found: results.Result) -> str:
    whole, standing = found.report.whole, found.standing
    return "" if whole is None else feedback_of(standing.test, found.report.spec, whole.theta)


def _ability(standing: Standing) -> Ability | None:
    return ability(standing.theta, standing.standard_error)


def _waiting(standing: Standing, as_html: bool) -> ShownQuestion | None:
    """The question of a running test that waits for an answer; None while it is paused."""
    if standing.paused_at is not None:
        return None
    question = _question(standing.next_question, as_html)
    assert question is not None
    return question


def _question(question: session_state.ShownQuestion | None, as_html: bool) -> ShownQuestion | None:
    if question is None:
        return None
    asked: Sequence[object] = question.interactions
    asked = asked or [choice_of_options(question.options)]
    return ShownQuestion(
        id=question.id,
        content=question.content,
        options=question.options,
        concepts=question.concepts,
        interactions=cast("list[Interaction]", asked),  # checked when they were published
        passage=question.passage,
        **_html(question) if as_html else {},
    )


def shown(question: session_state.ShownQuestion) -> ShownQuestion:
    """A question as a student sees it, outside of any test."""
    reply = _question(question, as_html=True)
    assert reply is not None
    return reply


def _html(question: session_state.ShownQuestion) -> dict[str, Any]:
    asked = question.interactions
    return {
        "content_html": content_html(question.content, frozenset(each["response"] for each in asked)),
        "options_html": [option_html(option) for option in question.options],
        "passage_html": content_html(question.passage),
        "interactions_html": [_interaction_html(each) for each in asked],
    }


def _interaction_html(interaction: dict[str, Any]) -> InteractionHtml:
    members = [m for name in ("choices", "sources", "targets") for m in interaction.get(name, ())]
    return InteractionHtml(
        prompt=content_html(interaction["prompt"]) if interaction["prompt"] else "",
        choices={member["id"]: option_html(member["content"]) for member in members},
    )


def organisation(brand: Brand) -> Organisation:
    return Organisation(brand.name, brand.logo, brand.colour, brand.style, brand.language)


def invitation(test: NamedTest, student: Student, *, is_running: bool, as_html: bool = False) -> Invitation:
    """What an invited student reads before the test begins."""
    return Invitation(
        test=_texts(test, spec_of(test), as_html),
        student_name=student.name or student.external_id,
        time_limit_minutes=minutes_for(test, student.pk),
        closes_at=test.closes_at,
        is_running=is_running,
        organisation=organisation(brand_with(test.organisation_id)),
    )


def joined(found: Joined) -> JoinedByCode:
    return JoinedByCode(
        title=found.title,
        class_name=found.class_name,
        invitation=found.invitation,
        names_may_be_chosen=found.names_may_be_chosen,
        names=[JoinName(number=each.number, name=each.name) for each in found.names],
    )


def _test_of(standing: Standing, as_html: bool) -> TestTexts | None:
    """While it waits for its student to begin, the time limit is told with the student's extra time."""
    if standing.test is None:
        return None
    texts = _texts(standing.test, standing.result_spec, as_html)
    if not standing.waits_to_begin:
        return texts
    return replace(texts, time_limit_minutes=minutes_for(standing.test, standing.student_id))


def _texts(test: NamedTest, spec: ResultSpec, as_html: bool) -> TestTexts:
    """What the student's page shows of a named test."""
    html: dict[str, Any] = {}
    if as_html:
        html["introduction_html"] = content_html(test.introduction) if test.introduction else ""
        html["closing_html"] = content_html(test.closing) if test.closing else ""
    return TestTexts(
        name=test.name,
        title=test.title,
        introduction=test.introduction,
        closing=test.closing,
        time_limit_minutes=test.time_limit_minutes,
        show_theta=test.show_theta,
        allow_dont_know=test.allow_dont_know and not spec.is_rating,
        result_kind=spec.kind,
        is_result_for_student=is_for_student(test, spec),
        result_released_at=released_at(test),
        **html,
    )


def _interval(theta: float, error: float) -> list[float]:
    return [proficiency_of(theta - Z_95 * error), proficiency_of(theta + Z_95 * error)]


def _summary(standing: Standing) -> TestSummary:
    duration = (
        (standing.completed_at - standing.started_at).total_seconds() if standing.completed_at else None
    )
    return TestSummary(
        end_reason=standing.end_reason,
        correct_responses=standing.right,
        duration_seconds=duration,
        learning_gain=learning_gain(standing.prior_mean, standing.theta),
        concepts=[
            ConceptResult(
                name=name,
                proficiency=proficiency_of(theta),
                proficiency_95=_interval(theta, error),
            )
            for name, theta, error in zip(
                standing.concept_names, standing.theta, standing.standard_error, strict=standing.has_ability
            )
        ],
    )
