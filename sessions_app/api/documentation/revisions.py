"""For authors: what each revision of a pool changed."""

from sessions_app import replies
from sessions_app.api.documentation import samples
from sessions_app.api.documentation.endpoint import Endpoint, replied
from sessions_app.api.documentation.pools import TAG

_REVISION = {
    "question_pool_id": samples.POOL_ID,
    "number": 2,
    "question_count": 240,
    "content_hash": "5f2b1c0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c",
    "is_newest": True,
    "created_at": "2026-11-22T09:00:00Z",
}

LIST = Endpoint(
    "list_revisions",
    TAG,
    "A pool's revisions, the newest first",
    description=(
        "None ever changes: tests keep the one that they began with. A new one is published by an import "
        "into the pool, a table of parameters, a calibration, or an edit at the desk."
    ),
    reply=replies.RevisionReply,
    problems=("404",),
    examples=(replied("The newest", _REVISION),),
)

READ = Endpoint(
    "read_revision",
    TAG,
    "A revision, and what it changed",
    description="Ids of questions, against the revision before it. In the first one all are added.",
    reply=replies.ChangedRevisionReply,
    problems=("404",),
    examples=(
        replied(
            "One edited, one new, one archived",
            {**_REVISION, "added": ["alg-241"], "changed": ["alg-017"], "archived": ["alg-003"]},
        ),
    ),
)
