"""For a school's system and a student's browser."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer

from sessions_app import replies
from sessions_app.api.documentation import samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import ACCEPT_LANGUAGE, IDEMPOTENCY_KEY, RENDER, STUDENT_ID
from sessions_app.api.serializers import (
    ClockRequestSerializer,
    InvitationRequestSerializer,
    JoinRequestSerializer,
    StartRequestSerializer,
    StudentSerializer,
    SubmitRequestSerializer,
)
from sessions_app.replies.values import STATUSES_WHEN_OVER

TAG = "Taking a test"
_OVER: list[Any] = [replies.Result, replies.WithheldResult]
_ENDED = PolymorphicProxySerializer("Ended", _OVER, resource_type_field_name=None)
_SUBMITTED: dict[str, Any] = {
    "continue": replies.Continued,
    **{status: _ENDED for status, _ in STATUSES_WHEN_OVER},
}
_STARTED = {
    "session_id": samples.SESSION_ID,
    "session_token": "T43cDnwbS56KV1tcGjosAQBnQc1T:wJ…",
    "take_url": "https://tests.example.org/take/test#T43cDnwbS56KV1tcGjosAQBnQc1T:wJ…",
    "student_id": "student-1",
    "initial_proficiency": [0.5, 0.5],
    "ability": {"theta": [0.0, 0.0], "standard_error": [1.0, 1.0]},
    "scored_with": "answers_only",
    "concept_names": ["Math", "Algebra"],
    "next_question": samples.QUESTION,
    "questions_answered": 0,
    "deadline": "2026-11-22T10:45:00Z",
    "paused": None,
    "waits_to_begin": True,
    "test": samples.TEST,
    "status": "started",
}
_RESULT = {
    "final_proficiency": [0.731, 0.655],
    "ability": samples.FINAL_ABILITY,
    "overall": samples.OVERALL,
    "scored_with": "answers_only",
    "total_questions": 14,
    "accuracy": 0.642857,
    "test_summary": {
        "end_reason": "precision",
        "correct_responses": 9,
        "duration_seconds": 412.6,
        "learning_gain": 0.193,
        "concepts": [
            {"name": "Math", "proficiency": 0.731, "proficiency_95": [0.52, 0.88]},
            {"name": "Algebra", "proficiency": 0.655, "proficiency_95": [0.44, 0.83]},
        ],
    },
}

START = Endpoint(
    "start_test",
    TAG,
    "Start a test",
    description=(
        "Either `test` names a test that a teacher prepared, or pool and rules are given here.\n\n"
        "A named test can refuse: 404 `test_not_found`; 409 `test_not_open` with `opens_at` and "
        "`closes_at`; 403 `not_invited`; 409 `no_attempts_left`."
    ),
    parameters=(IDEMPOTENCY_KEY, RENDER),
    request=StartRequestSerializer,
    reply=replies.Started,
    problems=("404", "409"),
    examples=(
        asked(
            "Until the standard error is 0.3",
            {
                "student_id": "student-1",
                "question_pool_id": samples.POOL_ID,
                "end_criteria": {"type": "precision", "precision_threshold": 0.3, "max_questions": 20},
            },
        ),
        asked("A named test", {"student_id": "student-1", "test": "algebra-autumn"}),
        replied("Started", _STARTED),
    ),
)

READ_INVITATION = Endpoint(
    "read_invitation",
    TAG,
    "What an invited student reads before the test begins",
    description=(
        "Starts nothing, and no time runs. Needs no other credentials. Refused as the start would be."
    ),
    parameters=(RENDER,),
    request=InvitationRequestSerializer,
    reply=replies.Invitation,
    problems=("404", "409"),
    examples=(
        asked("What stands behind the # of the link", {"invitation": "AAAAAAAAACoAAQ:3mF…"}),
        replied(
            "Not begun",
            {
                "test": samples.TEST,
                "student_name": "Ada Lovelace",
                "time_limit_minutes": 45,
                "closes_at": None,
                "is_running": False,
                "organisation": samples.ORGANISATION,
            },
        ),
    ),
)

JOIN = Endpoint(
    "join_by_code",
    TAG,
    "Open a test by a code",
    description=(
        "A student's own code, of twelve signs, gives the token of their invitation. A class's code, of six, "
        "gives the names of those who have not begun, where its teacher lets students choose; sent again "
        "with `student`, it gives a token that is good to begin with for 15 minutes, and to go on with what "
        "it began. Needs no other credentials. At most 120 tries a minute from one address, and at one "
        "class's code.\n\n"
        "404 `join_code_unknown`; 409 `name_taken`; 409 `test_not_open` before names are told."
    ),
    request=JoinRequestSerializer,
    reply=replies.JoinedByCode,
    problems=("404", "409", "429"),
    examples=(
        asked("A class's code", {"code": "K7M-Q4X"}),
        replied(
            "Who are you?",
            {
                "title": "Algebra, autumn",
                "class_name": "9b",
                "invitation": "",
                "names_may_be_chosen": True,
                "names": [{"number": 42, "name": "Ada Lovelace"}],
            },
        ),
    ),
)

START_INVITED = Endpoint(
    "start_invited",
    TAG,
    "Open an invitation's link",
    description=(
        "Starts the invitation's one test, or goes on with it while it runs, on whatever device. Safe to "
        "repeat. Needs no other credentials; the reply is that of `start`.\n\n"
        "Refused with 404 `invitation_not_found`; 403 `invitation_revoked`; 409 `invitation_used` with "
        "`session_status` once the test is over, and a `session_token` that opens its result, where its "
        "student gets one and it is released; 409 `name_taken` where another choice of the name began; 409 "
        "`test_not_open`; 409 `no_attempts_left`."
    ),
    parameters=(RENDER,),
    request=InvitationRequestSerializer,
    reply=replies.Started,
    problems=("404", "409"),
    examples=(
        asked("What stands behind the # of the link", {"invitation": "AAAAAAAAACoAAQ:3mF…"}),
        replied("Started", _STARTED),
    ),
)

SUBMIT = Endpoint(
    "submit_answer",
    TAG,
    "Answer the current question",
    parameters=(IDEMPOTENCY_KEY, RENDER),
    request=SubmitRequestSerializer,
    reply=PolymorphicProxySerializer("Submitted", _SUBMITTED, resource_type_field_name="status"),
    problems=("404", "409"),
    examples=(
        asked(
            "The second option",
            {
                "session_id": samples.SESSION_ID,
                "question_id": "alg-017",
                "response": 1,
                "response_time_ms": 8200,
            },
        ),
        replied(
            "Going on",
            {
                "status": "continue",
                "current_proficiency": [0.5, 0.659],
                "ability": samples.ABILITY,
                "scored_with": "answers_only",
                "next_question": samples.QUESTION,
                "questions_answered": 1,
                "deadline": None,
                "paused": None,
            },
        ),
        replied("Finished", {"status": "completed", **_RESULT}),
    ),
)

STATUS = Endpoint(
    "test_status",
    TAG,
    "Where a test stands",
    parameters=(STUDENT_ID, RENDER),
    reply=replies.SessionStatus,
    problems=("404",),
    examples=(replied("Running", samples.STATUS),),
)

BEGIN = Endpoint(
    "begin_test",
    TAG,
    "The student has read the introduction and begins",
    description=(
        "A named test with an introduction and a time limit `waits_to_begin`: until the first answer, this "
        "counts its time limit anew, from now, once. The student's page says it when *Begin* is pressed. A "
        "client that never does keeps the deadline that `start` gave. Safe to repeat; of a test that does "
        "not wait, nothing changes. 409 `session_not_active` where it is over."
    ),
    parameters=(RENDER,),
    request=StudentSerializer,
    reply=replies.SessionStatus,
    problems=("404", "409"),
    examples=(replied("Begun", samples.STATUS),),
)

_PAUSED = {
    **samples.STATUS,
    "next_question": None,
    "paused": {"since": "2026-11-22T10:20:31.402118Z", "until": "2026-11-22T10:30:32Z"},
}

PAUSE = Endpoint(
    "pause_test",
    TAG,
    "Let the clock of a test stand still",
    description=(
        "Where the test's rules have `pauses`: so often, for so long in all. While it is `paused`, `status` "
        "shows no question, an answer is refused with 409 `session_paused`, and no time runs; the pause is "
        "in no answer's time. It ends by `continue`, or by itself at `paused.until`. A test that is paused "
        "stays so; send an `Idempotency-Key`, so that a request that comes late begins no second pause. Who "
        "wants it is said by `by`; `pauses` tells what its student has left. "
        "Refused with 409 `pauses_not_allowed`, `no_pause_left`, or `session_not_active` where it is over."
    ),
    parameters=(IDEMPOTENCY_KEY, RENDER),
    request=ClockRequestSerializer,
    reply=replies.SessionStatus,
    problems=("404", "409"),
    examples=(replied("Paused", _PAUSED),),
)

CONTINUE = Endpoint(
    "continue_test",
    TAG,
    "Let the clock of a paused test run again",
    description=(
        "The deadline moves by the length of the pause, once, but never beyond the moment when the test "
        "closes. Safe to repeat: a test that is not paused goes on as it did. 409 `session_not_active` where "
        "it is over."
    ),
    parameters=(IDEMPOTENCY_KEY, RENDER),
    request=ClockRequestSerializer,
    reply=replies.SessionStatus,
    problems=("404", "409"),
    examples=(replied("Goes on", samples.STATUS),),
)

END = Endpoint(
    "end_test",
    TAG,
    "End a test early",
    description="Safe to repeat: a test that is over gives its result again.",
    parameters=(IDEMPOTENCY_KEY,),
    request=StudentSerializer,
    reply=_ENDED,
    problems=("404", "409"),
    examples=(replied("Ended", {"status": "ended", **_RESULT}),),
)

RESULT = Endpoint(
    "test_result",
    TAG,
    "The result of a test that is over",
    description=(
        "With the path of the estimate, and with the sentences of `report` in the language of "
        "`Accept-Language` (English, German). 409 `session_active` while it runs. To a session's token: "
        "403 `result_not_shown` where the test has no result for students, 409 `result_not_released` with "
        "`released_at` before they may see it."
    ),
    parameters=(ACCEPT_LANGUAGE,),
    reply=replies.ResultWithPath,
    problems=("404", "409"),
    examples=(
        replied(
            "Over",
            {
                "status": "completed",
                **_RESULT,
                "session_id": samples.SESSION_ID,
                "concept_names": ["Math", "Algebra"],
                "report": samples.REPORT,
                "feedback": "",
                "path": [
                    {
                        "questions_answered": 0,
                        "proficiency": [0.5, 0.5],
                        "proficiency_95": [[0.025, 0.975], [0.025, 0.975]],
                    }
                ],
            },
        ),
    ),
)

ORGANISATION = Endpoint(
    "test_organisation",
    TAG,
    "Whose test it is",
    description="What the organisation shows of itself to its students: name, logo, colour, language.",
    reply=replies.Organisation,
    problems=("404",),
    examples=(replied("A school", samples.ORGANISATION),),
)

RENEW_TOKEN = Endpoint(
    "renew_token",
    TAG,
    "Revoke a session's tokens and get a new one",
    description=(
        "Every earlier `session_token` of the session stops working at once. The new one lives as long "
        "as they would have: that is counted from the start of the session."
    ),
    reply=replies.RenewedToken,
    problems=("404",),
    examples=(
        replied(
            "The only one that works now",
            {
                "session_id": samples.SESSION_ID,
                "session_token": "T43cDnwbS56KV1tcGjosAQBnQc1TAAAAAQ==:wJ…",
            },
        ),
    ),
)
