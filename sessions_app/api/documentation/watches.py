"""For psychometricians: what delivered answers say of the parameters in use."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from sessions_app import replies
from sessions_app.api.documentation import samples
from sessions_app.api.documentation.calibrations import TAG
from sessions_app.api.documentation.endpoint import Endpoint, replied

READ = Endpoint(
    "read_watch",
    TAG,
    "A night's look at a pool's delivered answers",
    description=(
        "The newest, or that of `night`: what changed since the night before, and what to do "
        "(docs/WATCH.md). "
        "404 `watch_not_found` where there was none: pools are watched at night, once tests were over."
    ),
    parameters=(OpenApiParameter("night", OpenApiTypes.DATE, description="Of which night."),),
    reply=replies.WatchReply,
    problems=("404",),
    examples=(
        replied(
            "A question that became easier",
            {
                "question_pool_id": samples.POOL_ID,
                "night": "2026-11-26",
                "revision": 3,
                "since": "2026-08-28T02:20:00Z",
                "until": "2026-11-26T02:20:00Z",
                "created_at": "2026-11-26T02:20:03Z",
                "alarms": 1,
                "notices": 0,
                "findings": [
                    {
                        "kind": "easier",
                        "severity": "alarm",
                        "question": "alg-017",
                        "change": "new",
                        "since": "2026-11-26",
                        "sentence": "Question alg-017 has become easier: by about 0.62 logits, from 412 "
                        "answers "
                        "(p < 0.0001).",
                        "advice": "Look whether it is known: taught, talked about, copied. If it is, "
                        "put it into the archive; if not, calibrate it anew "
                        "while the others stay as they are.",
                        "numbers": {"answers": 412, "shift": 0.62, "z": 6.1, "p": 2.1e-9},
                    }
                ],
                "not_looked_at": [],
                "numbers": {
                    "tests": 1500,
                    "answers": 37500,
                    "population": {"mean": 0.11, "sd": 0.98, "mean_error": 0.03, "sd_error": 0.02},
                    "questions": {"id": ["alg-017"], "answers": [412], "shift": [-0.62], "rate": [0.27]},
                },
                "engine_version": "calibration 1, NumPy 2.4.0, SciPy 1.17.0, x86_64",
                "data_hash": "0d6e8b1d2f4a5c3b7e9f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
                "result_hash": "5f2b1c0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c",
            },
        ),
    ),
)
