"""Named tests and invitations, to whoever prepares them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from sessions_app.administration.invitations import Invited, token_of
from sessions_app.models import Invitation, NamedTest, TestSession
from sessions_app.preparing.shelf import State, TestCard
from sessions_app.replies.values import Address, Reply

TEST_STATES = [each.value for each in State]
INVITATION_STATES = ["not_started", *TestSession.Status.values]
TestState = Annotated[str, Meta(extra={"choices": TEST_STATES})]
Takers = Annotated[str, Meta(extra={"choices": NamedTest.Takers.choices})]
ResultKind = Annotated[str, Meta(extra={"choices": NamedTest.ResultKind.choices})]
Release = Annotated[str, Meta(extra={"choices": NamedTest.Release.choices})]
EarlierResults = Annotated[str, Meta(extra={"choices": NamedTest.EarlierResults.choices})]
InvitationState = Annotated[str, Meta(extra={"choices": INVITATION_STATES})]


class TestReply(Reply, frozen=True):
    """`name` is what `start` and addresses call it."""

    name: str
    title: str
    state: TestState
    question_pool_id: UUID
    rules: Annotated[dict[str, Any], Meta(description="Their schema: /api/v1/rules/schema.")]
    concept_names: Annotated[list[str], Meta(description="Empty: the pool's own.")]
    introduction: str
    closing: str
    time_limit_minutes: int | None
    opens_at: datetime | None
    closes_at: datetime | None
    takers: Takers
    attempts_allowed: int | None
    show_theta: bool
    allow_dont_know: bool
    result_kind: ResultKind
    result_cuts: list[float]
    result_levels: list[dict[str, str]]
    scale_mean: float
    scale_sd: float
    reporting_scale: dict[str, Any] | None
    result_release: Release
    result_feedback: Annotated[
        list[str] | None, Meta(description="One text for each level, the lowest first.")
    ]
    earlier_results: EarlierResults
    vary_first_questions: bool
    shuffle_options: bool
    created_at: datetime
    invited: Annotated[int, Meta(description="Counting stops behind ten thousand, here and below.")]
    began: int
    finished: int


_COLUMNS = set(TestReply.__struct_fields__) & {field.name for field in NamedTest._meta.concrete_fields}


def named_test(test: NamedTest, card: TestCard) -> TestReply:
    """Of a row and what is counted of it."""
    return TestReply(
        state=card.state.value,
        question_pool_id=test.pool_id,
        invited=card.invited,
        began=card.began,
        finished=card.finished,
        **{name: getattr(test, name) for name in _COLUMNS},
    )


class InvitedReply(Reply, frozen=True):
    new: int
    known: Annotated[int, Meta(description="Who was invited already, and stays so.")]


class InvitationReply(Reply, frozen=True):
    student_id: str
    student_name: str
    state: InvitationState
    session_id: UUID | None
    revoked_at: datetime | None
    created_at: datetime
    link: Annotated[
        Address | None,
        Meta(description="Opens the test as this student. null: revoked, or the caller may not invite."),
    ]


class ChangedInvitations(Reply, frozen=True):
    changed: int


def invited(done: Invited) -> InvitedReply:
    return InvitedReply(new=done.new, known=done.known)


def test_invitation(row: Invitation, link_of: Callable[[str], str] | None) -> InvitationReply:
    """`link_of`: from a token to the address that opens it; None: the caller may not have it."""
    session = row.session
    return InvitationReply(
        student_id=row.student.external_id,
        student_name=row.student.name,
        state="not_started" if session is None else session.status,
        session_id=row.session_id,
        revoked_at=row.revoked_at,
        created_at=row.created_at,
        link=None if link_of is None or row.revoked_at is not None else link_of(token_of(row)),
    )
