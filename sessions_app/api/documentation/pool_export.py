"""For whoever takes a pool out, with its key."""

from drf_spectacular.types import OpenApiTypes

from sessions_app import replies
from sessions_app.api.documentation import jobs, samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import IDEMPOTENCY_KEY
from sessions_app.api.documentation.pools import TAG
from sessions_app.api.serializers import PoolExport, PoolFileRequest

EXPORT = Endpoint(
    "export_pool",
    TAG,
    "A pool's questions as a file, with their answer key",
    description=(
        "`json` has everything; brought in again it is the same revision, and where questions show pictures "
        "or sounds it is a zip. `csv` is a table of questions with options, `qti` a QTI 3.0 package. A file "
        "that would lack questions is refused with 409 `export_not_whole`, unless `incomplete` is true; the "
        "header Questions-Not-Whole says how many it has in part. docs/POOLS.md says what each format lacks."
    ),
    parameters=(PoolExport,),
    reply={
        (200, "application/json"): OpenApiTypes.OBJECT,  # the pool itself, or of a dry run its report
        (200, "text/csv"): OpenApiTypes.STR,
        (200, "application/zip"): OpenApiTypes.BINARY,
    },
    problems=("404", "409"),
    examples=(
        replied(
            "The report of a table",
            {
                "question_pool_id": samples.POOL_ID,
                "revision": 3,
                "format": "csv",
                "whole": 1,
                "with_loss": 0,
                "left_out": 1,
                "report": [
                    {"id": "alg-017", "outcome": "whole", "reasons": []},
                    {
                        "id": "alg-018",
                        "outcome": "left_out",
                        "reasons": ["A table has options alone, and the question has interactions."],
                    },
                ],
            },
        ),
    ),
)

IN_BACKGROUND = Endpoint(
    "prepare_pool_file",
    TAG,
    "A pool's questions as a file that waits, with their answer key",
    description=jobs.IN_BACKGROUND,
    parameters=(IDEMPOTENCY_KEY,),
    request=PoolFileRequest,
    reply={(202, "application/json"): replies.JobReply},
    problems=("404", "409"),
    examples=(
        asked("A package", {"format": "qti", "incomplete": True}),
        replied("Asked for", {**jobs.QUEUED, "kind": "pool"}, status=202),
    ),
)
