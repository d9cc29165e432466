"""On which scale a pool's results are told, and what must hold of it."""

from sessions_app import replies
from sessions_app.api.documentation import samples
from sessions_app.api.documentation.calibrations import TAG
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import ACCEPT_LANGUAGE
from sessions_app.api.pool_setting_requests import (
    ReportingScaleRequest,
    RequirementsRequest,
    SharedScaleChange,
    SharedScaleRequest,
)

_GIVEN = {
    "name": "Points",
    "at_zero": 500.0,
    "per_unit": 100.0,
    "minimum": 200.0,
    "maximum": 800.0,
    "cuts": [450.0, 550.0],
    "levels": [
        {"name": "basic", "meaning": ""},
        {"name": "sound", "meaning": ""},
        {"name": "strong", "meaning": "ready for grade 10"},
    ],
}
_SCALE = {
    "question_pool_id": samples.POOL_ID,
    "reporting_scale": {**_GIVEN, "points": [], "digits": 0},
    "preview": [
        {
            "theta": 0.0,
            "score": 500.0,
            "standard_error": 30.0,
            "sentences": [
                "sound (probability 90 %)",
                "Points: 500, standard error 30.0 (very likely 441 to 559)",
            ],
        }
    ],
}
_ASKED = {"coverage": 0.93, "standard_error": 0.35, "exposure": 0.3, "no_errors": True, "students": 500}
_REQUIRED = {
    "question_pool_id": samples.POOL_ID,
    "requirements": {**_ASKED, "rmse": None, "length": None, "rules": None},
}

READ_SCALE = Endpoint(
    "read_reporting_scale",
    TAG,
    "On which scale a pool's results are told, and what students would read",
    parameters=(ACCEPT_LANGUAGE,),
    reply=replies.ReportingScaleReply,
    problems=("404",),
    examples=(replied("Points from 200 to 800", _SCALE),),
)

PUT_SCALE = Endpoint(
    "put_reporting_scale",
    TAG,
    "Tell a pool's results on a scale",
    description=(
        "Of tests that start from now on; tests that have started keep theirs, and no result that was given "
        "changes. Refused where a named test of the pool could not tell its result any more. Safe to repeat."
    ),
    parameters=(ACCEPT_LANGUAGE,),
    request=ReportingScaleRequest,
    reply=replies.ReportingScaleReply,
    problems=("404",),
    examples=(
        asked("Points from 200 to 800", {"reporting_scale": _GIVEN}),
        asked("None any more", {"reporting_scale": None}),
        replied("Points from 200 to 800", _SCALE),
    ),
)

READ_REQUIREMENTS = Endpoint(
    "read_requirements",
    TAG,
    "What must hold before a calibration of the pool is published or a test on it opened",
    reply=replies.RequirementsReply,
    problems=("404",),
    examples=(replied("Some", _REQUIRED),),
)

PUT_REQUIREMENTS = Endpoint(
    "put_requirements",
    TAG,
    "State what must hold of a pool",
    description="It takes the place of what was required before. Running tests go on. Safe to repeat.",
    request=RequirementsRequest,
    reply=replies.RequirementsReply,
    problems=("404",),
    examples=(
        asked("Some", {"requirements": _ASKED}),
        asked("Nothing any more", {"requirements": None}),
        replied("Some", _REQUIRED),
    ),
)

LIST_CHECKS = Endpoint(
    "list_gate_checks",
    TAG,
    "What was required of a pool and what was found, each time, the newest first",
    reply=replies.GateCheckReply,
    problems=("404",),
    examples=(
        replied(
            "A test that was opened although it falls short",
            {
                "question_pool_id": samples.POOL_ID,
                "revision": 3,
                "calibration_id": None,
                "test": "algebra-autumn",
                "made_revision": None,
                "requirements": _ASKED,
                "found": {"numbers": {"mean_length": 12.4}},
                "shortfalls": ["The mean standard error in Algebra is 0.41; at most 0.35 is required."],
                "override_reason": "A first try.",
                "created_at": "2026-11-26T09:00:00Z",
            },
        ),
    ),
)

_SHARED = {
    "name": "Algebra, grade 9",
    "correlation": 0.4,
    "description": "Calibrated in autumn 2026.",
    "pools": 2,
    "created_at": "2026-11-26T09:00:00Z",
}

LIST_SCALES = Endpoint(
    "list_scales",
    TAG,
    "The scales that pools are on, by name",
    description="What pools share that were calibrated together: an ability means the same in each of them.",
    reply=replies.ScaleReply,
    problems=("404",),
    examples=(replied("One", _SHARED),),
)

MAKE_SCALE = Endpoint(
    "make_scale",
    TAG,
    "Make a scale",
    description="Safe to repeat: the same again is the same scale.",
    request=SharedScaleRequest,
    reply=replies.ScaleReply,
    examples=(asked("By name", {"name": "Algebra, grade 9"}), replied("Made", {**_SHARED, "pools": 0})),
)

READ_SHARED_SCALE = Endpoint(
    "read_scale",
    TAG,
    "A scale",
    reply=replies.ScaleReply,
    problems=("404",),
    examples=(replied("One", _SHARED),),
)

CHANGE_SCALE = Endpoint(
    "change_scale",
    TAG,
    "Change a scale's name, correlation or description",
    description="Tests that start from now on begin with its correlation. What is left out stays.",
    request=SharedScaleChange,
    reply=replies.ScaleReply,
    problems=("404",),
    examples=(asked("Its correlation", {"correlation": 0.4}), replied("Changed", _SHARED)),
)
