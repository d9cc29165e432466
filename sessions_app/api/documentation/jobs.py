"""Files that take longer than a request: asked for, looked at, fetched."""

from drf_spectacular.types import OpenApiTypes

from sessions_app import replies
from sessions_app.api.documentation.endpoint import Endpoint, replied

TAG = "Long work"
JOB_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
QUEUED = {
    "job_id": JOB_ID,
    "kind": "results",
    "state": "queued",
    "progress": 0.0,
    "done": None,
    "total": None,
    "created_at": "2026-11-26T09:00:00Z",
    "started_at": None,
    "finished_at": None,
    "error": "",
    "outcome": "",
    "file": None,
}
_RUNNING = {
    **QUEUED,
    "state": "running",
    "progress": 0.25,
    "done": 250000,
    "total": 1000000,
    "started_at": "2026-11-26T09:00:01Z",
}
_DONE = {
    **_RUNNING,
    "state": "done",
    "progress": 1.0,
    "done": 1000000,
    "finished_at": "2026-11-26T09:01:10Z",
    "file": {
        "name": "algebra-answers.csv",
        "media_type": "text/csv; charset=utf-8",
        "size": 211000000,
        "expires_at": "2026-11-29T09:01:10Z",
    },
}
IN_BACKGROUND = (
    "A worker makes the file, of what is there now; the 202 names the job, and its header Location "
    "says where to look. With an Idempotency-Key the same request again is the same job; without one, while "
    "it is not over. 409 `too_many_jobs`."
)
LOOKS_FIRST = (
    "409 `gate_looks`, with the job (`job_id`), where that takes longer than a request may and a worker "
    "looks first: nothing was changed, and the same request goes on when the job is done."
)
LARGE_REVISION = (
    "With more questions than `QUESTIONS_AT_ONCE` (2000 unless set), or where the look at what the pool "
    "requires takes longer than a request may, a worker makes the revision: 202 with the job, and the file "
    "that waits names `revision` and `questions_changed`; what would be refused is the job's `error`."
)

LIST = Endpoint(
    "list_jobs",
    TAG,
    "Long work that this client asked for, the newest first",
    reply=replies.JobReply,
    problems=("404",),
    examples=(replied("One that runs", _RUNNING),),
)

READ = Endpoint(
    "read_job",
    TAG,
    "How long work stands",
    description="Of this client's own; while it holds the permission that the file needs.",
    reply=replies.JobReply,
    problems=("404",),
    examples=(replied("Running", _RUNNING), replied("Done", _DONE)),
)

FILE = Endpoint(
    "read_job_file",
    TAG,
    "The file that long work made",
    description=(
        "409 `job_without_file` while it is not done, or where it failed. 410 `job_file_gone` when it is not "
        "kept any more: some days later (docs/OPERATIONS.md), or since a student of the organisation was "
        "erased and the file tells of students; ask for it again."
    ),
    reply={
        (200, "text/csv"): OpenApiTypes.STR,
        (200, "application/json"): OpenApiTypes.OBJECT,
        (200, "application/zip"): OpenApiTypes.BINARY,
    },
    problems=("404", "409", "410"),
    examples=(replied("CSV", "student_id,theta: Math\r\nstudent-1,0.616\r\n", "text/csv"),),
)

CANCEL = Endpoint(
    "cancel_job",
    TAG,
    "End long work that waits or runs",
    description="Safe to repeat. 409 `job_state` where it is over.",
    reply=replies.JobReply,
    problems=("404", "409"),
    examples=(replied("As soon as its worker looks", _RUNNING),),
)
