"""What the service says: each reply once, as a typed value.

A function a reply turns what the domain found into a struct, `encode` turns that into JSON, and the OpenAPI
document is derived from the structs' types and descriptions (`api.structs`). No HTTP here: any door may
give these replies. Stands on `administration`, `reporting`, `sitting` and `models`.
"""

from sessions_app.replies.encoding import encode, encode_for_people
from sessions_app.replies.operation import (
    CleanedUp,
    Erased,
    RedisStatistics,
    cleaned_up,
    erased,
    redis_statistics,
)
from sessions_app.replies.pools import PoolReply, QuestionReply, Uploaded, pool, question, uploaded
from sessions_app.replies.problems import FieldProblem, Problem
from sessions_app.replies.reports import (
    Exported,
    History,
    Page,
    Place,
    Proficiency,
    Progress,
    ResponseReply,
    SessionReply,
    history,
    page,
    proficiency,
    progress,
    response,
    session,
)
from sessions_app.replies.sitting import (
    Continued,
    Invitation,
    RenewedToken,
    Result,
    ResultWithPath,
    SessionStatus,
    Started,
    WithheldResult,
    invitation,
    result,
    result_with_path,
    started,
    status,
    submitted,
    token,
    withheld_result,
)
from sessions_app.replies.student_export import StudentExport, student_export
from sessions_app.replies.values import Reply

__all__ = [
    "CleanedUp",
    "Continued",
    "Erased",
    "Exported",
    "FieldProblem",
    "History",
    "Invitation",
    "Page",
    "Place",
    "PoolReply",
    "Problem",
    "Proficiency",
    "Progress",
    "QuestionReply",
    "RedisStatistics",
    "RenewedToken",
    "Reply",
    "ResponseReply",
    "Result",
    "ResultWithPath",
    "SessionReply",
    "SessionStatus",
    "Started",
    "StudentExport",
    "Uploaded",
    "WithheldResult",
    "cleaned_up",
    "encode",
    "encode_for_people",
    "erased",
    "history",
    "invitation",
    "page",
    "pool",
    "proficiency",
    "progress",
    "question",
    "redis_statistics",
    "response",
    "result",
    "result_with_path",
    "session",
    "started",
    "status",
    "student_export",
    "submitted",
    "token",
    "uploaded",
    "withheld_result",
]
