"""Item parameters in QTI usage data (`A-Param` …): the standard's own carrier of them.

The standard spells them `A-Param`, its published example `A-Parm`. It names no scaling constant: whoever
sends parameters says it in the configuration.
"""

import math
from collections import defaultdict

from lxml import etree

from sessions_app.cat_api.errors import refuse

FIELD = "qtiUsagedata"
# Name of a statistic → the parameter that it is here.
NAMES = {"A": "discrimination", "B": "difficulty", "C": "guessing"}
_PARSER_OPTIONS = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def parameters_in(document: bytes) -> dict[str, dict[str, float]]:
    """Parameters by item and name, as they stand; raises `CatRefused`. Other statistics are left out."""
    try:
        root = etree.fromstring(document, etree.XMLParser(**_PARSER_OPTIONS))
    except etree.XMLSyntaxError as error:
        raise refuse(FIELD, f"is no XML: {error.msg}") from error
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for statistic in root.iter("{*}ordinaryStatistic"):
        letter, _, kind = str(statistic.get("name", "")).partition("-")
        if kind not in ("Param", "Parm") or letter not in NAMES:
            continue
        item = next((each.get("identifier") for each in statistic.iter("{*}targetObject")), None)
        text = next((each.text for each in statistic.iter("{*}value")), None)
        if not item:
            raise refuse(FIELD, f"a statistic {letter}-{kind} names no targetObject")
        found[item][NAMES[letter]] = _number(text, item, letter)
    return dict(found)


def _number(text: str | None, item: str, letter: str) -> float:
    try:
        value = float(text or "")
    except ValueError as error:
        raise refuse(FIELD, f"{letter}-Param of {item} is no number") from error
    if not math.isfinite(value):
        raise refuse(FIELD, f"{letter}-Param of {item} is not finite")
    return value
