"""For operators."""

from sessions_app import replies
from sessions_app.api.documentation import samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import IDEMPOTENCY_KEY
from sessions_app.api.serializers import Body, CleanupRequestSerializer, ExtendRequestSerializer

TAG = "Operation"

EXTEND = Endpoint(
    "extend_test",
    TAG,
    "Give a running test more time",
    description=(
        "Any client's test. Adds up: send an `Idempotency-Key`, so that a repeated request does not "
        "extend twice. Refused with 409 `session_not_active`, or `no_deadline` where there is no limit."
    ),
    parameters=(IDEMPOTENCY_KEY,),
    request=ExtendRequestSerializer,
    reply=replies.SessionStatus,
    problems=("404", "409"),
    examples=(asked("Ten minutes", {"minutes": 10}), replied("Extended", samples.STATUS)),
)

RESUME = Endpoint(
    "resume_test",
    TAG,
    "Let an expired test go on where it stood",
    description=(
        "Any client's test. Where its deadline has passed, it gets the time that was left after its last "
        "answer. Refused with 409 `session_not_expired` for a test that runs, is completed or was ended."
    ),
    parameters=(IDEMPOTENCY_KEY,),
    request=Body,
    reply=replies.SessionStatus,
    problems=("404", "409"),
    examples=(asked("Nothing to say", {}), replied("Resumed", samples.STATUS)),
)

CLEANUP = Endpoint(
    "cleanup_sessions",
    TAG,
    "End inactive sessions now",
    request=CleanupRequestSerializer,
    reply=replies.CleanedUp,
    examples=(
        asked("Half an hour", {"inactivity_minutes": 30}),
        replied(
            "Three ended",
            {
                "message": "Ended 3 inactive sessions.",
                "sessions_removed": 3,
                "inactivity_threshold_minutes": 30,
            },
        ),
    ),
)

REDIS_STATISTICS = Endpoint(
    "redis_statistics",
    TAG,
    "What Redis holds",
    reply=replies.RedisStatistics,
    examples=(
        replied(
            "Quiet",
            {
                "redis_stats": {
                    "active_sessions": 15,
                    "active_locks": 2,
                    "cached_questions": 8,
                    "memory_used_mb": 1.2,
                    "total_keys": 25,
                },
                "architecture": "minimal_hot_data",
            },
        ),
    ),
)
