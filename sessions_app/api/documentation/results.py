"""For whoever reads results."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from sessions_app import replies
from sessions_app.api.documentation import jobs, samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import IDEMPOTENCY_KEY, PAGE, PAGE_SIZE, PLACES
from sessions_app.api.serializers import ResultFileRequest, SessionFilterSerializer

TAG = "Results"
_POINT = {"date": "2026-11-22T10:07:00Z", "value": 0.731}

PROFICIENCY = Endpoint(
    "student_proficiency",
    TAG,
    "What a student can do now",
    reply=replies.ProficiencyReply,
    problems=("404",),
    examples=(
        replied(
            "Known in two concepts",
            {
                "student_id": "student-1",
                "proficiency": [0.655, 0.731],
                "concept_names": ["Algebra", "Math"],
                "scales": ["Grade 9", "Grade 9"],
                "ability": {"theta": [0.399, 0.616], "standard_error": [0.28, 0.29]},
                "last_updated": "2026-11-22T10:07:00Z",
            },
        ),
    ),
)

HISTORY = Endpoint(
    "student_history",
    TAG,
    "A student's tests, the newest first",
    parameters=(PAGE, PAGE_SIZE, *PLACES),
    reply=replies.History,
    problems=("404",),
    examples=(
        replied(
            "One test",
            {
                "student_id": "student-1",
                "count": 1,
                "next": None,
                "previous": None,
                "test_sessions": [
                    {
                        "session_id": samples.SESSION_ID,
                        "status": "completed",
                        "started_at": "2026-11-22T10:00:00Z",
                        "completed_at": "2026-11-22T10:07:00Z",
                        "total_questions": 14,
                        "accuracy": 0.642857,
                        "learning_gain": 0.193,
                        "final_proficiency": [0.731, 0.655],
                        "overall": samples.OVERALL,
                        "scored_with": "answers_only",
                        "concept_names": ["Math", "Algebra"],
                    }
                ],
            },
        ),
    ),
)

PROGRESS = Endpoint(
    "student_progress",
    TAG,
    "A student's progress over finished tests, the oldest first",
    description="A page holds that many tests; `concept_progress` covers the tests of the page.",
    parameters=(PAGE, PAGE_SIZE, *PLACES),
    reply=replies.Progress,
    problems=("404",),
    examples=(
        replied(
            "One test",
            {
                "student_id": "student-1",
                "count": 1,
                "next": None,
                "previous": None,
                "progress_data": {
                    "progress_timeline": [
                        {
                            "session_id": samples.SESSION_ID,
                            "date": "2026-11-22T10:07:00Z",
                            "proficiency": [0.731],
                            "scored_with": "answers_only",
                            "concept_names": ["Math"],
                            "accuracy": 0.642857,
                            "questions_answered": 14,
                        }
                    ],
                    "concept_progress": {
                        "Math": {"timeline": [_POINT], "improvement": 0.0, "current_level": 0.731}
                    },
                    "total_sessions": 1,
                    "avg_accuracy": 0.642857,
                },
            },
        ),
    ),
)

LIST_SESSIONS = Endpoint(
    "list_sessions",
    TAG,
    "Tests by student, status and pool, the newest first",
    parameters=(SessionFilterSerializer,),
    reply=replies.SessionReply,
    problems=("404",),
    examples=(
        replied(
            "A test",
            {
                "session_id": samples.SESSION_ID,
                "student_id": "student-1",
                "question_pool_id": samples.POOL_ID,
                "revision": 1,
                "status": "completed",
                "end_reason": "precision",
                "concept_names": ["Math", "Algebra"],
                "rules": {"stop": [{"name": "precision", "standard_error": 0.3}], "min_questions": 5},
                "current_proficiency": [0.731, 0.655],
                "ability": samples.FINAL_ABILITY,
                "overall": samples.OVERALL,
                "scored_with": "answers_only",
                "questions_answered": 14,
                "accuracy": 0.642857,
                "started_at": "2026-11-22T10:00:00Z",
                "last_activity": "2026-11-22T10:07:00Z",
                "completed_at": "2026-11-22T10:07:00Z",
            },
        ),
    ),
)

LIST_RESPONSES = Endpoint(
    "list_responses",
    TAG,
    "A test's answers, in order",
    reply=replies.ResponseReply,
    description="410 `session_archived` where they were taken out of the database: it names their archive.",
    problems=("404", "410"),
    examples=(
        replied(
            "An answer",
            {
                "position": 1,
                "question_id": "alg-017",
                "question_version": 1,
                "response": 1,
                "score": 1,
                "is_correct": True,
                "response_time_ms": 8200,
                "proficiency_after": [0.5, 0.659],
                "ability_after": samples.ABILITY,
                "answered_at": "2026-11-22T10:00:31Z",
            },
        ),
    ),
)

EXPORT_IN_BACKGROUND = Endpoint(
    "prepare_results",
    TAG,
    "A named test's results as a file that waits",
    description=jobs.IN_BACKGROUND,
    parameters=(IDEMPOTENCY_KEY,),
    request=ResultFileRequest,
    reply={(202, "application/json"): replies.JobReply},
    problems=("404", "409"),
    examples=(
        asked("All answers", {"rows": "answers", "format": "csv"}),
        replied("Asked for", jobs.QUEUED, status=202),
    ),
)

EXPORT = Endpoint(
    "export_results",
    TAG,
    "A named test's results, one row a session or an answer",
    description=(
        "Everything, the oldest first, as a stream. JSON begins with a data dictionary; as CSV it comes "
        "with `rows=dictionary`. A CSV cell that a spreadsheet would take for a formula has an "
        "apostrophe in front. A stream that breaks off has no end: JSON is not closed with `is_whole`, and "
        "of either the last chunk is missing, which HTTP clients report. 404 `test_not_found`."
    ),
    parameters=(
        OpenApiParameter("rows", str, enum=["sessions", "answers", "dictionary"], default="sessions"),
        OpenApiParameter("format", str, enum=["csv", "json"], default="json"),
    ),
    reply={(200, "application/json"): replies.Exported, (200, "text/csv"): OpenApiTypes.STR},
    problems=("404",),
    examples=(
        replied(
            "JSON",
            {
                "dictionary": [
                    {
                        "column": "student_id",
                        "type": "text",
                        "meaning": "The student's id in the school's own system.",
                    },
                    {
                        "column": "theta: Math",
                        "type": "number",
                        "meaning": "Ability at the end, or so far, logit scale.",
                    },
                ],
                "rows": [{"student_id": "student-1", "theta: Math": 0.616}],
                "is_whole": True,
            },
        ),
        replied("CSV", "student_id,theta: Math\r\nstudent-1,0.616\r\n", "text/csv"),
    ),
)
