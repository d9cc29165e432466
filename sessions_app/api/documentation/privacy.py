"""For whoever answers for students' data."""

from typing import Any

from sessions_app import replies
from sessions_app.api.documentation import samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.serializers import EraseRequestSerializer

TAG = "Privacy"
_EXPORT: dict[str, Any] = {
    "generated_at": "2026-11-22T12:00:00+00:00",
    "data_dictionary": {"student": "What is known of the person."},
    "student": {
        "student_id": "student-1",
        "name": "",
        "email": "",
        "grade_level": "",
        "created_at": "2026-11-22T10:00:00+00:00",
    },
    "proficiencies": [
        {
            "concept_name": "Algebra",
            "scale": "Grade 9",
            "proficiency": 0.659097,
            "theta": 0.41,
            "standard_error": 0.86,
            "session_id": samples.SESSION_ID,
            "updated_at": "2026-11-22T10:00:31+00:00",
        }
    ],
    "invitations": [],
    "classes": [{"name": "9b", "term": "2026/27", "enrolment": "", "joined_at": "2026-09-01T06:00:00+00:00"}],
    "accommodation": {"extra_time_percent": 25, "note": ""},
    "roster_ids": [],
    "platforms": [],
    "sessions": [
        {
            "session_id": samples.SESSION_ID,
            "test": None,
            "deadline": None,
            "waits_to_begin": False,
            "status": "ended",
            "end_reason": "ended by request",
            "pool": "Algebra",
            "question_pool_id": samples.POOL_ID,
            "revision": 1,
            "concept_names": ["Algebra"],
            "rules": {"stop": [{"name": "precision", "standard_error": 0.3}], "min_questions": 5},
            "prior": {"theta": [0.0], "standard_deviation": [1.0]},
            "ability": {"theta": [0.41], "standard_error": [0.86]},
            "overall": None,
            "scored_with": "answers_only",
            "options_shuffled": False,
            "questions_answered": 1,
            "pilots_answered": 0,
            "rapid_answers": 0,
            "archived_in": None,
            "correct_responses": 1,
            "started_at": "2026-11-22T10:00:00+00:00",
            "last_activity": "2026-11-22T10:00:31+00:00",
            "completed_at": "2026-11-22T10:01:00+00:00",
            "seed": 4711,
            "client": "our-lms",
            "token_generation": 0,
            "idempotency_key": None,
            "request_hash": "",
            "legacy_id": None,
            "answers": [
                {
                    "position": 1,
                    "question_id": "alg-017",
                    "question_version": 1,
                    "content": "Solve 3x − 7 = 11.",
                    "response": 1,
                    "response_text": "x = 6",
                    "is_correct": True,
                    "is_pilot": False,
                    "is_rapid": False,
                    "score": 1,
                    "ability_after": {"theta": [0.41], "standard_error": [0.86]},
                    "response_time_ms": 8200,
                    "answered_at": "2026-11-22T10:00:31+00:00",
                    "idempotency_key": "9d2c7a61",
                }
            ],
            "events": [
                {
                    "kind": "started",
                    "after_answers": 0,
                    "at": "2026-11-22T10:00:00+00:00",
                    "reason": "",
                    "idempotency_key": None,
                    "request_hash": "",
                },
                {
                    "kind": "ended",
                    "after_answers": 1,
                    "at": "2026-11-22T10:01:00+00:00",
                    "reason": "ended by request",
                    "idempotency_key": None,
                    "request_hash": "",
                },
            ],
        }
    ],
    "admin_history": [],
}

EXPORT = Endpoint(
    "export_student",
    TAG,
    "Everything that is held of a student",
    reply=replies.StudentExport,
    problems=("404",),
    examples=(replied("One answer", _EXPORT),),
)

ERASE = Endpoint(
    "erase_student",
    TAG,
    "Take a student's identity away, for good",
    description=(
        "Running tests end. The answers stay, as nobody's. The body repeats the id of the "
        "address, to confirm. Afterwards the student is unknown: a repeated request gets 404, and a test "
        "that is started for the same id is a new student's."
    ),
    request=EraseRequestSerializer,
    reply=replies.Erased,
    problems=("404",),
    examples=(
        asked("Confirmed", {"student_id": "student-1"}),
        replied(
            "Erased",
            {
                "status": "erased",
                "sessions_ended": 1,
                "sessions_kept": 3,
                "answers_kept": 41,
                "proficiencies_deleted": 2,
            },
        ),
    ),
)
