"""The protocol's replies, as plain JSON. Every value says its base type: a known client drops others."""

from typing import Any

from sessions_app.cat_api.errors import CatRefused
from sessions_app.cat_api.sessions import Handed
from sessions_app.cat_api.states import make_state

Reply = dict[str, Any]


def status_info(code: str, description: str, *, severity: str = "error", major: str = "failure") -> Reply:
    """`imsx_StatusInfo`."""
    field = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": code}
    return {
        "imsx_codeMajor": major,
        "imsx_severity": severity,
        "imsx_description": description,
        "imsx_codeMinor": {"imsx_codeMinorField": [field]},
    }


def refused(refusal: CatRefused) -> Reply:
    return status_info(refusal.code, str(refusal))


def session_begun(handed: Handed) -> Reply:
    return {"sessionIdentifier": str(handed.session.pk), **_next(handed)}


def results_taken(handed: Handed, section_identifier: str) -> Reply:
    """The next stage, and what is known of the student now."""
    result = {
        "identifier": section_identifier,
        "datestamp": handed.stage.at.isoformat(),
        "outcomeVariables": _outcomes(handed),
    }
    return {**_next(handed), "assessmentResult": {"testResult": result}}


def _next(handed: Handed) -> Reply:
    """An empty list says that the section is over."""
    return {
        "nextItems": {"itemIdentifiers": list(handed.items), "stageLength": int(bool(handed.items))},
        "sessionState": make_state(handed.session.pk, handed.stage.number),
    }


def _outcomes(handed: Handed) -> list[Reply]:
    found = [_outcome("NUM_ITEMS", "integer", str(handed.stage.after_answers))]
    several = len(handed.theta) > 1
    names = [f"_{number}" for number in range(1, len(handed.theta) + 1)] if several else [""]
    for suffix, name, theta, error in zip(
        names, handed.concept_names, handed.theta, handed.standard_error, strict=False
    ):
        told = {"interpretation": name} if several else {}
        found += [
            {**_outcome(f"THETA{suffix}", "float", repr(theta)), **told},
            {**_outcome(f"THETA_SE{suffix}", "float", repr(error)), **told},
        ]
    if handed.end_reason:
        found.append(_outcome("STOP_REASON", "string", handed.end_reason))
    return found


def _outcome(identifier: str, base_type: str, value: str) -> Reply:
    return {
        "identifier": identifier,
        "cardinality": "single",
        "baseType": base_type,
        "value": [{"value": value, "baseType": base_type}],
    }
