"""For psychometricians: what a test would measure, before anybody takes it."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from sessions_app import replies
from sessions_app.api.documentation import samples
from sessions_app.api.documentation.calibrations import TAG
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import IDEMPOTENCY_KEY
from sessions_app.api.simulation_requests import SimulationRequest
from sessions_app.measurement.simulations.tables import ALONG, TABLES

SIMULATION_ID = "1f6e5c0b-7a6d-4f0e-9d53-0c7f6a1b2d3e"
_RULES = {"max_questions": 20, "stop": [{"name": "precision", "standard_error": 0.3}]}
_RUNNING = {
    "simulation_id": SIMULATION_ID,
    "question_pool_id": samples.POOL_ID,
    "revision": 1,
    "state": "running",
    "progress": 0.25,
    "created_at": "2026-11-26T09:00:00Z",
    "started_at": "2026-11-26T09:00:01Z",
    "finished_at": None,
    "error": "",
    "request": {
        "designs": [{"name": "", "rules": {**_RULES, "edition": 4}}],
        "students": 1000,
        "population": {"kind": "normal", "mean": [0.0], "sd": [1.0], "correlation": 0.0},
        "cuts": [],
        "seed": 0,
        "parts": [250],
    },
    "engine_version": "",
    "result_hash": "",
    "result": None,
}
_DONE = {
    **_RUNNING,
    "state": "done",
    "progress": 1.0,
    "finished_at": "2026-11-26T09:00:09Z",
    "engine_version": "simulation 1, NumPy 2.4.0, SciPy 1.17.0, x86_64",
    "result_hash": "5f2b1c0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c",
    "result": {
        "concepts": ["algebra"],
        "items": ["alg-017"],
        "designs": [{"students": 1000, "bias": [0.01], "rmse": [0.31], "coverage": [0.95]}],
        "comparison": None,
    },
}

SIMULATE = Endpoint(
    "simulate_pool",
    TAG,
    "Let simulated students take tests on a pool",
    description=(
        "One design, or two on the same students; workers share it, and its numbers do not depend on how "
        "many. With recorded answers persons take them who answered the pool already, and the estimate from "
        "all their answers stands for the truth. A pool has one at a time: 409 `simulation_runs`. What is "
        "too much is refused with the number."
    ),
    parameters=(IDEMPOTENCY_KEY,),
    request=SimulationRequest,
    reply=replies.SimulationReply,
    problems=("404", "409"),
    examples=(
        asked("As tests start without rules", {}),
        asked(
            "Two designs",
            {
                "designs": [
                    {"name": "now", "rules": _RULES},
                    {"name": "shorter", "rules": {"max_questions": 12}},
                ],
                "students": 2000,
                "population": {"mean": [0.5], "sd": [1.2]},
                "cuts": [-1, 0, 1],
            },
        ),
        asked(
            "On answers that were given before",
            {"population": {"kind": "recorded", "least_answered": 0.9}, "designs": [{"rules": _RULES}]},
        ),
        replied("Asked for", {**_RUNNING, "state": "queued", "progress": 0.0, "started_at": None}),
    ),
)

LIST = Endpoint(
    "list_simulations",
    TAG,
    "A pool's simulations, the newest first, without results",
    reply=replies.SimulationReply,
    problems=("404",),
    examples=(replied("One that runs", _RUNNING),),
)

READ = Endpoint(
    "read_simulation",
    TAG,
    "A simulation and what it found",
    description="As CSV: `table` along ability, by question, or by length.",
    parameters=(
        OpenApiParameter("format", str, enum=["csv", "json"], default="json"),
        OpenApiParameter("table", str, enum=list(TABLES), default=ALONG),
    ),
    reply={(200, "application/json"): replies.SimulationReply, (200, "text/csv"): OpenApiTypes.STR},
    problems=("404",),
    examples=(
        replied("Done", _DONE),
        replied("CSV", "design,question,rate\r\n1,alg-017,0.21\r\n", "text/csv"),
    ),
)

CANCEL = Endpoint(
    "cancel_simulation",
    TAG,
    "End a simulation that waits or computes",
    description="Safe to repeat. 409 `simulation_state` where it is over.",
    reply=replies.SimulationReply,
    problems=("404", "409"),
    examples=(replied("As soon as its workers look", _RUNNING),),
)
