"""For authors of question pools. No reply holds an answer key."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from sessions_app import replies
from sessions_app.api.documentation import jobs, samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import IDEMPOTENCY_KEY
from sessions_app.api.pool_setting_requests import PoolChange
from sessions_app.api.serializers import ParametersExport, ParameterTableRequest, PoolImport, PoolUpload
from testing_engine.interchange.table_templates import CONTENT_TYPES, FORMS

TAG = "Question pools"
_POOL = replied(
    "A pool",
    {
        "question_pool_id": samples.POOL_ID,
        "name": "Grade 9",
        "concept_names": ["Math", "Algebra"],
        "concept_count": 2,
        "question_count": 1,
        "revision": 1,
        "content_hash": "5f2b1c0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c",
        "scale": "Grade 9 (0b9f4c5e)",
        "is_default": True,
        "created_at": "2026-11-22T09:00:00Z",
    },
)
_QUESTION = replied(
    "A question",
    {
        "id": "alg-017",
        "version": 1,
        "content": "Solve 3x − 7 = 11.",
        "options": samples.OPTIONS,
        "concepts": [0, 1],
        "state": "operational",
        "model": "2PL",
        "difficulty": -0.8,
        "discrimination": 1.2,
        "guessing": 0.2,
        "upper_asymptote": 1.0,
        "thresholds": [],
        "category_slopes": [],
        "category_intercepts": [],
        "area": "",
        "enemy_groups": [],
        "question_set": "",
        "fixed_options": [],
    },
)

UPLOAD = Endpoint(
    "upload_questions",
    TAG,
    "Upload a question pool",
    description=(
        "All or nothing: what is wrong is listed by index and id. A question that gives no parameter at all "
        "is `not_calibrated`: adaptive tests leave it out, and a pool of such questions gives tests in "
        "linear or random order, with points and without an ability."
    ),
    request=PoolUpload,
    reply=replies.Uploaded,
    examples=(
        asked(
            "One question, two concepts",
            {
                "name": "Grade 9",
                "concept_names": ["Math", "Algebra"],
                "questions": [
                    {
                        "id": "alg-017",
                        "content": "Solve 3x − 7 = 11.",
                        "options": samples.OPTIONS,
                        "correct_answer": "x = 6",
                        "concepts": [0, 1],
                        "difficulty": -0.8,
                        "discrimination": 1.2,
                        "guessing": 0.2,
                    }
                ],
            },
        ),
        replied(
            "Uploaded",
            {"message": "Uploaded 1 question.", "count": 1, "question_pool_id": samples.POOL_ID},
        ),
    ),
)

IMPORT = Endpoint(
    "import_pool",
    TAG,
    "Import questions from a file of another system",
    description=(
        "What can be taken is published as a new pool, all or nothing; every other question is refused by "
        "name and reason, in the report. With an Idempotency-Key the same file again is the same pool. "
        "With `question_pool_id` the questions are added to that pool, as its next revision; what has an id "
        "that the pool has already is refused by name. 409 `gate_refused` where that pool's requirements "
        "would not be met and no `override_reason` is given; with a key or in the background it is a problem "
        "at the field. "
        "With `in_background`, or where a look at what that pool requires takes long, the reply is a 202; "
        "`GET /api/v1/pools/imports/{import_id}` says how it stands. docs/IMPORT.md has the formats."
    ),
    request=PoolImport,
    reply={
        (200, "application/json"): replies.Imported,
        (202, "application/json"): replies.PoolImportReply,
    },
    parameters=(IDEMPOTENCY_KEY,),
    problems=("409",),
    examples=(
        asked("A dry run", {"file": "exam.zip", "name": "Grade 9", "dry_run": True}, "multipart/form-data"),
        replied(
            "Two of three taken",
            {
                "question_pool_id": samples.POOL_ID,
                "name": "Grade 9",
                "revision": 1,
                "format": "qti",
                "taken": 2,
                "refused": 1,
                "report": [
                    {"source": "items/alg-017.xml", "id": "alg-017", "outcome": "taken", "reasons": []},
                    {
                        "source": "items/alg-018.xml",
                        "id": "alg-018",
                        "outcome": "taken_with_loss",
                        "reasons": ["Feedback is not shown."],
                    },
                    {
                        "source": "items/essay.xml",
                        "id": "essay",
                        "outcome": "refused",
                        "reasons": ["Line 12: extendedTextInteraction: a person must score it."],
                    },
                ],
            },
        ),
    ),
)

_RUNNING_IMPORT = {
    "import_id": "3b1f6c52-7a7e-4c1d-9a55-0c8f3c1f8a77",
    "state": "running",
    "file_name": "bank.zip",
    "looked_at": 240,
    "questions": 1200,
    "report": None,
    "errors": [],
}
READ_IMPORT = Endpoint(
    "read_pool_import",
    TAG,
    "How an import in the background stands",
    description="Queued, running, done with its report, failed with what is wrong, or cancelled. It is kept.",
    reply=replies.PoolImportReply,
    problems=("404",),
    examples=(replied("Running", _RUNNING_IMPORT),),
)

CANCEL_IMPORT = Endpoint(
    "cancel_pool_import",
    TAG,
    "End an import that waits or runs",
    description="Nothing of it is imported, then. Safe to repeat. 409 `job_state` where it is over.",
    reply=replies.PoolImportReply,
    problems=("404", "409"),
    examples=(replied("As soon as its worker looks", _RUNNING_IMPORT),),
)

TEMPLATE = Endpoint(
    "question_table_template",
    TAG,
    "A table of questions to fill in",
    description="With questions to copy from; it can be imported as it is. docs/POOLS.md has the columns.",
    parameters=(OpenApiParameter("format", str, enum=list(FORMS), default="xlsx"),),
    reply={
        (200, CONTENT_TYPES["xlsx"]): OpenApiTypes.BINARY,
        (200, "text/csv"): OpenApiTypes.STR,
    },
    examples=(
        replied("CSV", "id,content,options,correct_answer\r\nq1,Which is prime?,21|29,29\r\n", "text/csv"),
    ),
)

TAKE_PARAMETERS = Endpoint(
    "export_parameters",
    TAG,
    "A pool's item parameters as a table for R",
    description=(
        "CSV with a question a row, for mirt, catR or mirtCAT; logistic slopes, full precision. A table that "
        "would lack questions (not calibrated, or of a model that the form has no place for) is refused with "
        "409 `export_not_whole`, unless `incomplete` is true; `report` says why. docs/PARAMETERS.md has the "
        "columns."
    ),
    parameters=(ParametersExport,),
    reply={
        (200, "application/json"): replies.ExportedPool,
        (200, "text/csv"): OpenApiTypes.STR,
    },
    problems=("404", "409"),
    examples=(
        replied("A table", "item,a1,d,g,u\r\nalg-017,1.2,0.96,0.2,1.0\r\n", "text/csv"),
        replied(
            "The report",
            {
                "question_pool_id": samples.POOL_ID,
                "revision": 3,
                "format": "catr",
                "whole": 1,
                "with_loss": 0,
                "left_out": 1,
                "report": [
                    {"id": "alg-017", "outcome": "whole", "reasons": []},
                    {
                        "id": "alg-018",
                        "outcome": "left_out",
                        "reasons": ["It is not calibrated: its parameters are no more than guesses."],
                    },
                ],
            },
        ),
    ),
)

PARAMETERS = Endpoint(
    "pool_parameters",
    TAG,
    "Look at a table of item parameters beside a pool, and publish it",
    description=(
        "As JSON with `table`, or as a form with `file`. A dry run says what the table could be and why, "
        "what must be confirmed, which rows are which questions, and draws the curves of three questions "
        "before and after. To publish, name `source`, the choices that it leaves open, and the `revision` "
        "that you looked at: 409 `pool_was_revised` where there is a newer one, `gate_refused` where the "
        "pool's requirements would not be met and no `override_reason` is given. All or nothing, repeatable. "
        f"{jobs.LARGE_REVISION} docs/PARAMETERS.md has the tables."
    ),
    parameters=(IDEMPOTENCY_KEY,),
    request=ParameterTableRequest,
    reply={
        (200, "application/json"): replies.ParametersReply,
        (202, "application/json"): replies.JobReply,
    },
    problems=("404", "409"),
    examples=(
        asked(
            "A look",
            {"table": "id,a,b,c\nalg-017,1.2,-0.8,0.2\n", "dry_run": True},
        ),
        asked("A file", {"file": "table.csv", "dry_run": True}, "multipart/form-data"),
        asked(
            "Publish",
            {
                "table": "id,a,b,c\nalg-017,1.2,-0.8,0.2\n",
                "source": "plain",
                "choices": {"scaling": "1.7"},
                "revision": 1,
            },
        ),
        replied(
            "A look",
            {
                "question_pool_id": samples.POOL_ID,
                "revision": 1,
                "published": False,
                "table_sha256": "9a50b7b5e6a0a9e3f3fb7ac40b6e8a2f7f9dbb8e1b8a77e5ad5a14be86a5d3f1",
                "rows": 1,
                "columns": ["id", "a", "b", "c"],
                "candidates": [
                    {
                        "source": "plain",
                        "title": "a, b, c",
                        "reason": "The columns a, b, c are slope, difficulty and lower asymptote.",
                        "choices": [
                            {
                                "name": "scaling",
                                "options": ["1", "1.7", "1.702"],
                                "proposed": None,
                                "reason": "The table does not say whether its slopes are logistic (1) or "
                                "normal (1.7).",
                            }
                        ],
                        "assumptions": [],
                        "doubts": [],
                    }
                ],
                "source": "plain",
                "choices": {"model": "3PL", "sign": "difficulty"},
                "to_say": ["scaling"],
                "id_column": None,
                "id_columns": ["id"],
                "unused_columns": [],
                "matched": 0,
                "changed": 0,
                "not_in_pool": [],
                "not_in_table": [],
                "problems": [],
                "warnings": [],
                "theta": [-4, 0, 4],
                "curves": [],
            },
        ),
        replied("By a worker", {**jobs.QUEUED, "kind": "parameters"}, status=202),
    ),
)

LIST_POOLS = Endpoint(
    "list_pools",
    TAG,
    "All pools, the newest first",
    reply=replies.PoolReply,
    problems=("404",),
    examples=(_POOL,),
)

POOL = Endpoint("read_pool", TAG, "One pool", reply=replies.PoolReply, problems=("404",), examples=(_POOL,))

CHOOSE_DEFAULT = Endpoint(
    "choose_default_pool",
    TAG,
    "Let tests that name no pool draw from this one",
    description=(
        "Instead of the one that was chosen before, and whichever is uploaded later. Safe to repeat. "
        "While none is chosen, such tests draw from the newest pool."
    ),
    reply=replies.PoolReply,
    problems=("404",),
    examples=(_POOL,),
)

LIST_QUESTIONS = Endpoint(
    "list_questions",
    TAG,
    "The questions of a pool's newest revision, in order",
    reply=replies.QuestionReply,
    problems=("404",),
    examples=(_QUESTION,),
)

QUESTION = Endpoint(
    "read_question",
    TAG,
    "One question of a pool's newest revision",
    reply=replies.QuestionReply,
    problems=("404",),
    examples=(_QUESTION,),
)

CHANGE_POOL = Endpoint(
    "change_pool",
    TAG,
    "Rename a pool, or put it on another scale",
    description=(
        "Of two estimates of a student's concept on the new scale the newer stays. Tests that run go on with "
        "what they began with. What is left out stays. Safe to repeat."
    ),
    request=PoolChange,
    reply=replies.PoolReply,
    problems=("404",),
    examples=(asked("On a shared scale", {"scale": "Algebra, grade 9"}), _POOL),
)

DROP_DEFAULT = Endpoint(
    "drop_default_pool",
    TAG,
    "Where this is the default pool, choose none",
    description="Tests that name no pool draw from the newest again. Safe to repeat.",
    reply={(200, "application/json"): replies.PoolReply},
    problems=("404",),
    examples=(_POOL,),
)
