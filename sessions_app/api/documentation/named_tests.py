"""For whoever prepares tests and invites to them."""

from sessions_app import replies
from sessions_app.api.documentation import jobs, samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import IDEMPOTENCY_KEY
from sessions_app.api.named_test_requests import (
    CopyTest,
    InvitedStudents,
    InviteRequest,
    NamedTestChange,
    NamedTestRequest,
    OpenTest,
    TestFilter,
)
from sessions_app.api.serializers import Body

TAG = "Named tests"
_TEST = {
    "name": "algebra-autumn",
    "title": "Algebra, autumn term",
    "state": "open",
    "question_pool_id": samples.POOL_ID,
    "rules": {"max_questions": 20, "stop": [{"name": "precision", "standard_error": 0.4}]},
    "concept_names": [],
    "introduction": "Take your time. You cannot go back.",
    "closing": "Thank you.",
    "time_limit_minutes": 45,
    "opens_at": None,
    "closes_at": "2026-12-18T16:00:00Z",
    "takers": "invited",
    "attempts_allowed": 1,
    "show_theta": False,
    "allow_dont_know": True,
    "result_kind": "rules",
    "result_cuts": [],
    "result_levels": [],
    "scale_mean": 50.0,
    "scale_sd": 10.0,
    "reporting_scale": None,
    "result_release": "closed",
    "result_feedback": None,
    "earlier_results": "ignored",
    "vary_first_questions": True,
    "shuffle_options": True,
    "created_at": "2026-11-26T09:00:00Z",
    "invited": 28,
    "began": 12,
    "finished": 11,
}
_NEW = {**_TEST, "state": "draft", "invited": 0, "began": 0, "finished": 0}
_REFUSED = (
    "What cannot work is a 400 `test_refused`, each thing at its field: rules that do not fit the pool, "
    "30 questions of a pool of 24, a test that closed yesterday."
)
_NOTHING = asked("Nothing to say", {})

LIST = Endpoint(
    "list_tests",
    TAG,
    "Named tests, the newest first",
    parameters=(TestFilter,),
    reply=replies.TestReply,
    problems=("404",),
    examples=(replied("One", _TEST),),
)

MAKE = Endpoint(
    "make_test",
    TAG,
    "Prepare a named test",
    description=(
        "It is in preparation (`draft`) until it is opened. With an `Idempotency-Key` the same request again "
        f"is the same test. {_REFUSED}"
    ),
    request=NamedTestRequest,
    reply=replies.TestReply,
    parameters=(IDEMPOTENCY_KEY,),
    problems=("409",),
    examples=(
        asked("As the pool allows", {"title": "Algebra, autumn term", "question_pool_id": samples.POOL_ID}),
        asked(
            "With conditions",
            {
                "title": "Algebra, autumn term",
                "question_pool_id": samples.POOL_ID,
                "rules": _TEST["rules"],
                "takers": "invited",
                "attempts_allowed": 1,
                "time_limit_minutes": 45,
                "result_cuts": [-1, 0, 1],
            },
        ),
        replied("In preparation", _NEW),
    ),
)

READ = Endpoint(
    "read_test",
    TAG,
    "A named test and where it stands",
    reply=replies.TestReply,
    problems=("404",),
    examples=(replied("Open", _TEST),),
)

CHANGE = Endpoint(
    "change_test",
    TAG,
    "Change a named test",
    description=(
        "What is left out stays; so does what students began: a session keeps what it started with. An open "
        "test whose pool has requirements that it would not meet is refused with 409 `gate_refused`, unless "
        f"`override_reason` is given. {jobs.LOOKS_FIRST} Safe to repeat. {_REFUSED}"
    ),
    request=NamedTestChange,
    reply=replies.TestReply,
    problems=("404", "409"),
    examples=(asked("More time", {"time_limit_minutes": 60}), replied("Changed", _TEST)),
)

COPY = Endpoint(
    "copy_test",
    TAG,
    "Copy a named test",
    description="A test of its own, in preparation, without times; nobody is invited to it.",
    request=CopyTest,
    reply=replies.TestReply,
    parameters=(IDEMPOTENCY_KEY,),
    problems=("404",),
    examples=(asked("For spring", {"title": "Algebra, spring term"}), replied("In preparation", _NEW)),
)

OPEN = Endpoint(
    "open_test",
    TAG,
    "Let students begin, from now or from when it opens",
    description=(
        "One that has closed opens again without an end. 409 `gate_refused` where its pool requires what it "
        f"does not reach, unless `override_reason` is given. {jobs.LOOKS_FIRST} Safe to repeat."
    ),
    request=OpenTest,
    reply=replies.TestReply,
    problems=("404", "409"),
    examples=(_NOTHING, replied("Open", _TEST)),
)

CLOSE = Endpoint(
    "close_test",
    TAG,
    "Nobody begins any more",
    description="Tests that run keep their deadlines. Safe to repeat.",
    request=Body,
    reply=replies.TestReply,
    problems=("404",),
    examples=(_NOTHING, replied("Closed", {**_TEST, "state": "closed"})),
)

ARCHIVE = Endpoint(
    "archive_test",
    TAG,
    "Out of the list, and nobody begins",
    description="Its results stay, and tests that run go on. Safe to repeat.",
    request=Body,
    reply=replies.TestReply,
    problems=("404",),
    examples=(_NOTHING, replied("In the archive", {**_TEST, "state": "archived"})),
)

RESTORE = Endpoint(
    "restore_test",
    TAG,
    "Back from the archive, as it was",
    request=Body,
    reply=replies.TestReply,
    problems=("404",),
    examples=(_NOTHING, replied("As before", _TEST)),
)

LIST_INVITATIONS = Endpoint(
    "list_invitations",
    TAG,
    "Who is invited, with links, in the order in which they were",
    reply=replies.InvitationReply,
    problems=("404",),
    examples=(
        replied(
            "One who has not begun",
            {
                "student_id": "student-1",
                "student_name": "Ada",
                "state": "not_started",
                "session_id": None,
                "revoked_at": None,
                "created_at": "2026-11-26T09:05:00Z",
                "link": "https://tests.example.org/take/test#invitation=AAAAAAAAACoAAQ:3mF…",
            },
        ),
    ),
)

INVITE = Endpoint(
    "invite_students",
    TAG,
    "Invite students, all of the list or none",
    description=(
        "Students that there are not are made; what is said of one is kept, and what is left out stays. "
        "Safe to repeat: who is invited already stays so, and a revoked invitation stays revoked."
    ),
    request=InviteRequest,
    reply=replies.InvitedReply,
    problems=("404",),
    examples=(
        asked("Two", {"students": [{"student_id": "student-1", "name": "Ada"}, {"student_id": "student-2"}]}),
        replied("One was invited before", {"new": 1, "known": 1}),
    ),
)

REVOKE = Endpoint(
    "revoke_invitations",
    TAG,
    "Take invitations back: their links open nothing any more",
    description="A test that runs goes on. Safe to repeat; `changed` counts who was not revoked before.",
    request=InvitedStudents,
    reply=replies.ChangedInvitations,
    problems=("404",),
    examples=(asked("One", {"student_ids": ["student-1"]}), replied("Done", {"changed": 1})),
)

RENEW = Endpoint(
    "renew_invitations",
    TAG,
    "Give new links, also to who was revoked; older links open nothing any more",
    request=InvitedStudents,
    reply=replies.ChangedInvitations,
    problems=("404",),
    examples=(asked("One", {"student_ids": ["student-1"]}), replied("Done", {"changed": 1})),
)
