"""For psychometricians: answers in, parameters out."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from sessions_app import replies
from sessions_app.api.calibration_requests import (
    CalibrationRequest,
    MatrixFileRequest,
    MatrixRequest,
    PublishRequest,
    ResponseFile,
)
from sessions_app.api.documentation import jobs, samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import IDEMPOTENCY_KEY

TAG = "Calibration"
IMPORT_ID = "7b1f0a52-94f6-4a0e-8d5f-52f4b0a3f1c7"
CALIBRATION_ID = "c2a8f7de-1f43-4f0b-9a26-6a0b8f4f9d10"
_SHA = "5f2b1c0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c"
_REQUEST = {
    "imports": [IMPORT_ID],
    "delivered": True,
    "since": None,
    "model": "",
    "priors": "default",
    "seed": 0,
    "scale": "link",
    "anchors": [],
    "estimate": [],
    "groups": "none",
    "column": "",
    "dif": [{"column": "language", "reference": "de"}],
}
_RUNNING = {
    "calibration_id": CALIBRATION_ID,
    "question_pool_id": samples.POOL_ID,
    "revision": 1,
    "state": "running",
    "stage": "fitting",
    "progress": 0.42,
    "created_at": "2026-11-22T09:00:00Z",
    "started_at": "2026-11-22T09:00:01Z",
    "finished_at": None,
    "error": "",
    "waits_for": "",
    "tests_in_archives": 0,
    "request": _REQUEST,
    "data_hash": "",
    "engine_version": "",
    "result_hash": "",
    "published_revision": None,
    "published_at": None,
    "result": None,
    "shift": None,
}
_DONE = {
    **_RUNNING,
    "state": "done",
    "stage": "",
    "progress": 1.0,
    "finished_at": "2026-11-22T09:00:09Z",
    "data_hash": _SHA,
    "engine_version": "calibration 2, NumPy 2.4.0, SciPy 1.17.0, x86_64",
    "result_hash": _SHA,
    "result": {"converged": True, "persons": 2000, "answers": 200000, "findings": [], "items": []},
    "shift": {"days": 30, "sessions": 412, "scores": 412, "mean": 0.02, "sd": 0.05, "levels_changed": 3},
}

IMPORT = Endpoint(
    "import_responses",
    TAG,
    "Keep a file of answers that were given elsewhere",
    description=(
        "A matrix (a row a person, a column a question) or a long list (a row an answer), as CSV or with "
        "tabs. All or nothing, unless `skip_bad_lines` is true; what is bad is listed by line and column. "
        "The same file again is the same import. It never becomes a test of a student. With `in_background` "
        "a worker takes it, and the file that waits is what a request would have got."
    ),
    parameters=(IDEMPOTENCY_KEY,),
    request=ResponseFile,
    reply={
        (200, "application/json"): replies.ImportedResponses,
        (202, "application/json"): replies.JobReply,
    },
    problems=("404", "409"),
    examples=(
        asked("A form", {"file": "answers.csv", "group": ["sex", "language"]}, "multipart/form-data"),
        asked("JSON", {"content": "person,alg-017\np1,1\np2,0\n", "file_name": "answers.csv"}),
        replied(
            "Kept",
            {
                "import_id": IMPORT_ID,
                "is_repeat": False,
                "shape": "matrix",
                "persons": 2,
                "questions": ["alg-017"],
                "answers": 2,
                "groups": [],
                "group_columns": {},
                "problem_count": 0,
                "problems": [],
            },
        ),
        replied("By a worker", {**jobs.QUEUED, "kind": "imported_answers"}, status=202),
    ),
)

MATRIX = Endpoint(
    "export_responses",
    TAG,
    "A pool's answers as a table, persons × questions",
    description=(
        "Exactly the answers that a calibration would read now: imported ones, then delivered tests that are "
        "over, a row a sitting, a column a question that has answers, categories from 0. Persons are row "
        "numbers unless `students` is true. The header Tests-In-Archives counts the tests that are left out: "
        "archives have their answers (docs/SCALING.md). 404 `no_answers` where there are none."
    ),
    parameters=(MatrixRequest,),
    reply={(200, "text/csv"): OpenApiTypes.STR},
    problems=("404",),
    examples=(replied("A table", "person,alg-017,alg-018\r\n1,1,\r\n2,0,1\r\n", "text/csv"),),
)

MATRIX_IN_BACKGROUND = Endpoint(
    "prepare_responses",
    TAG,
    "A pool's answers as a file that waits",
    description=jobs.IN_BACKGROUND + " Where there are no answers the job fails and says so.",
    parameters=(IDEMPOTENCY_KEY,),
    request=MatrixFileRequest,
    reply={(202, "application/json"): replies.JobReply},
    problems=("404", "409"),
    examples=(
        asked("By group", {"groups": "file", "students": True}),
        replied("Asked for", {**jobs.QUEUED, "kind": "answers"}, status=202),
    ),
)

LIST_IMPORTS = Endpoint(
    "list_response_imports",
    TAG,
    "Imported answers of a pool, the newest first",
    reply=replies.ResponseImportReply,
    problems=("404",),
    examples=(
        replied(
            "A file",
            {
                "import_id": IMPORT_ID,
                "file_name": "answers.csv",
                "sha256": _SHA,
                "persons": 2000,
                "questions": 100,
                "answers": 200000,
                "groups": ["f", "m"],
                "group_columns": {"sex": ["f", "m"], "language": ["de", "fr", "it"]},
                "left_out": 0,
                "imported_at": "2026-11-22T08:55:00Z",
            },
        ),
    ),
)

CALIBRATE = Endpoint(
    "calibrate_pool",
    TAG,
    "Estimate a pool's item parameters from answers",
    description=(
        "A worker computes it; read the calibration to see how far it is. A pool has one at a time: 409 "
        "`calibration_runs`. Nothing changes until somebody publishes what it proposes."
    ),
    parameters=(IDEMPOTENCY_KEY,),
    request=CalibrationRequest,
    reply=replies.CalibrationReply,
    problems=("404", "409"),
    examples=(
        asked("All answers there are", {}),
        asked(
            "Do questions treat groups differently",
            {"dif": [{"column": "sex"}, {"column": "language", "reference": "de"}]},
        ),
        asked("New questions, all others kept", {"scale": "anchors", "estimate": ["alg-017"]}),
        replied(
            "Asked for", {**_RUNNING, "state": "queued", "stage": "", "progress": 0.0, "started_at": None}
        ),
    ),
)

LIST = Endpoint(
    "list_calibrations",
    TAG,
    "A pool's calibrations, the newest first, without results",
    reply=replies.CalibrationReply,
    problems=("404",),
    examples=(replied("One that runs", _RUNNING),),
)

READ = Endpoint(
    "read_calibration",
    TAG,
    "A calibration and what it found",
    description=(
        "As CSV: its questions, parameters old and new with standard errors, fit, and DIF by column and "
        "group, as `dif_sex_p`, `dif_sex_f_ets_class`."
    ),
    parameters=(OpenApiParameter("format", str, enum=["csv", "json"], default="json"),),
    reply={(200, "application/json"): replies.CalibrationReply, (200, "text/csv"): OpenApiTypes.STR},
    problems=("404",),
    examples=(
        replied("Done", _DONE),
        replied("CSV", "id,answers,model\r\nalg-017,2000,2PL\r\n", "text/csv"),
    ),
)

CANCEL = Endpoint(
    "cancel_calibration",
    TAG,
    "End a calibration that waits or computes",
    description="Safe to repeat. 409 `calibration_state` where it is over.",
    reply=replies.CalibrationReply,
    problems=("404", "409"),
    examples=(replied("As soon as its worker looks", _RUNNING),),
)

PUBLISH = Endpoint(
    "publish_calibration",
    TAG,
    "Publish what a calibration proposes, as the pool's next revision",
    description=(
        "Running tests and old results keep theirs. Safe to repeat. 409 `proposal_doubtful` where findings "
        "of the whole say error and `despite_errors` is false; `proposal_refused` where questions became "
        "others; `gate_refused` where the pool's requirements are not met and no `override_reason` is given. "
        + jobs.LARGE_REVISION
    ),
    parameters=(IDEMPOTENCY_KEY,),
    request=PublishRequest,
    reply={
        (200, "application/json"): replies.PublishedCalibration,
        (202, "application/json"): replies.JobReply,
    },
    problems=("404", "409"),
    examples=(
        asked("Nothing to say", {}),
        replied(
            "Published",
            {
                "calibration_id": CALIBRATION_ID,
                "question_pool_id": samples.POOL_ID,
                "revision": 2,
                "questions_changed": 100,
            },
        ),
        replied("By a worker", {**jobs.QUEUED, "kind": "proposal"}, status=202),
    ),
)
