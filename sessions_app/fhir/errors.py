"""What the protocol says when it refuses: an OperationOutcome."""

from typing import Any

# Codes of http://hl7.org/fhir/issue-type, by HTTP status.
CODES = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    406: "not-supported",
    409: "conflict",
    415: "not-supported",
    422: "business-rule",
    429: "throttled",
    503: "transient",
}


class FhirRefused(Exception):
    """A request that changes nothing, and why. `where`: a FHIRPath to what is wrong; empty: all of it."""

    def __init__(self, where: str, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.where = where
        self.status = status


def outcome(status: int, message: str, where: str = "") -> dict[str, Any]:
    """An OperationOutcome with one issue."""
    issue: dict[str, Any] = {
        "severity": "error",
        "code": CODES.get(status, "processing"),
        "diagnostics": message,
    }
    if where:
        issue["expression"] = [where]
    return {"resourceType": "OperationOutcome", "issue": [issue]}
