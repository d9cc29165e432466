"""catR's options as our rules."""

from collections.abc import Mapping, Sequence
from typing import Any

from testing_engine.psychometrics.rules import CatRules

RANGE = {"lower": -4, "upper": 4}
GRID = {"lower": -4, "upper": 4, "points": 33}
EVERY_NODE = {**GRID, "rule": "sum"}  # catR's GDI sums over the nodes without halving the ends

CRITERIA: dict[str, dict[str, Any]] = {
    "MFI": {"name": "MFI"},
    "bOpt": {"name": "bOpt"},
    "thOpt": {"name": "thOpt"},
    "MLWI": {"name": "MLWI", "grid": GRID},
    "MPWI": {"name": "MPWI", "grid": GRID},
    "KL": {"name": "KL", "grid": GRID},
    "KLP": {"name": "KLP", "grid": GRID},
    "GDI": {"name": "GDI", "grid": EVERY_NODE},
    "GDIP": {"name": "GDIP", "grid": EVERY_NODE},
    "MEPV": {"name": "MEPV", "grid": GRID, "predict": "estimate"},
    "MEI": {"name": "MEI", "update": "MAP"},
    "MEI_observed": {"name": "MEI", "update": "MAP"},
    "MEI_Fisher": {"name": "MEI", "update": "MAP", "information": "expected"},
}
SMALLEST_IS_BEST = ("bOpt", "thOpt", "MEPV")


def listed(value: Any) -> list[Any]:
    """R writes a vector of length one as a number."""
    return value if isinstance(value, list) else [value]


def scores(answers: Any) -> list[int]:
    return [-1 if answer is None else answer for answer in listed(answers)]


def ability(method: str, grid: Sequence[float] = (-4, 4, 33)) -> dict[str, Any]:
    lower, upper, points = grid
    return {
        "ML": {"name": "ML", "bounds": RANGE, "until_mixed": {"rule": "bound"}},
        "WL": {"name": "WLE", "bounds": RANGE},
        "BM": {"name": "MAP", "bounds": RANGE, "information": "expected"},
        "EAP": {"name": "EAP", "grid": {"lower": lower, "upper": upper, "points": points}},
    }[method]


def prior(arguments: Mapping[str, Any]) -> dict[str, Any]:
    kind, numbers = arguments.get("priorDist", "norm"), arguments.get("priorPar", [0, 1])
    if kind == "norm":
        return {"name": "normal", "mean": [numbers[0]], "covariance": [[numbers[1] ** 2]]}
    return (
        {"name": "uniform", "lower": numbers[0], "upper": numbers[1]}
        if kind == "unif"
        else {"name": "Jeffreys"}
    )


def estimating(arguments: Mapping[str, Any], scaling: float = 1.0) -> CatRules:
    """From the arguments of thetaEst."""
    if arguments["method"] == "ROB":  # catR weighs by a (θ − b), we by D a (θ − b)
        robust = {"name": "robust", "weight": arguments["weight"], "tuning": arguments["tuCo"] * scaling}
        robust |= {"bounds": RANGE, "until_mixed": {"rule": "bound"}}
        return CatRules.from_json({"ability": robust})
    method = ability(arguments["method"], arguments.get("parInt", (-4, 4, 33)))
    return CatRules.from_json({"ability": method, "prior": prior(arguments)})


def stop(rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        _stop(name, limit, rule)
        for name, limit in zip(listed(rule["rule"]), listed(rule["thr"]), strict=True)
    ]


def _stop(name: str, limit: float, rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "length": {"name": "length", "questions": limit},
        "precision": {"name": "precision", "standard_error": limit},
        "classification": {"name": "interval", "cuts": [limit], "confidence": 1 - rule.get("alpha", 0.05)},
        "minInfo": {"name": "information", "least": limit},
    }[name]


def adaptive(config: Mapping[str, Any]) -> CatRules:
    """From the arguments of randomCAT."""
    first = {"name": "abilities", "thetas": listed(config["start"]["theta"])}
    return CatRules.from_json(
        {
            "ability": ability(config["test"]["method"]),
            "criterion": CRITERIA[config["test"]["itemSelect"]],
            "start": first | {"criterion": CRITERIA[config["start"]["startSelect"]]},
            "stop": stop(config["stop"]),
            "max_questions": 1000,
        }
    )
