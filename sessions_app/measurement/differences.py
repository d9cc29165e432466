"""DIF of a calibration's questions between the groups of a column: looked at, and read from a result.

Groups of fewer than `FEWEST` persons are left out: of them no question can have answers enough. The others
are compared all at once by score tests, and each with the reference classically, which gives ETS classes.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sessions_app.measurement.asking import Compared
from sessions_app.measurement.parameters import known_number
from testing_engine.calibration import ClassicalDif, GroupDif, Responses, classical_dif, dif_among
from testing_engine.calibration.score_tests import FEWEST
from testing_engine.calibration.watching import Watch
from testing_engine.interchange.answer_files import USUAL_GROUP
from testing_engine.sentences import say


@dataclass(frozen=True, eq=False)
class Given:
    """What DIF is looked at in: the answers, and how their questions are estimated."""

    responses: Responses
    models: list[str]
    fixed: Mapping[Any, Any] | None
    priors: Any
    concepts: int
    is_binary: bool


@dataclass(frozen=True, eq=False)
class Differences:
    """Of one column. `groups` and `left_out`: their persons; `why_not`: a sentence where nothing could be
    looked at. `items`: as JSON, of those that have answers enough.
    """

    column: str
    reference: str
    groups: dict[str, int]
    left_out: dict[str, int]
    why_not: str = ""
    items: Mapping[Hashable, dict[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "reference": self.reference,
            "groups": [{"group": name, "persons": count} for name, count in self.groups.items()],
            "left_out": [{"group": name, "persons": count} for name, count in self.left_out.items()],
            "why_not": self.why_not,
        }


def differences(given: Given, labels: Sequence[str], compared: Compared, watch: Watch) -> Differences:
    """`labels`: a group a person, "" where there is none. The reference comes first, then the largest."""
    sizes = Counter(label for label in labels if label)
    listed = sorted(sizes, key=lambda name: (name != compared.reference, -sizes[name], name))
    groups = {name: sizes[name] for name in listed if sizes[name] >= FEWEST}
    left_out = {name: sizes[name] for name in listed if sizes[name] < FEWEST}
    reference = compared.reference or next(iter(groups), "")
    column = compared.column or USUAL_GROUP
    if given.concepts > 1:
        why_not = say("Differences between groups are looked at where one concept is measured.")
    elif len(groups) < 2:
        why_not = say("Fewer than two groups have {least} persons.", least=FEWEST)
    elif reference not in groups:
        why_not = say("The reference has fewer than {least} persons.", least=FEWEST)
    else:
        items = _items(given, labels, list(groups), watch)
        return Differences(column, reference, groups, left_out, items=items)
    return Differences(column, reference, groups, left_out, str.__str__(why_not))


def _items(
    given: Given, labels: Sequence[str], groups: Sequence[str], watch: Watch
) -> dict[Hashable, dict[str, Any]]:
    responses = _of_groups(given.responses, labels, groups)
    found = dif_among(responses, given.models, fixed=given.fixed, priors=given.priors, watch=watch)
    reference, *others = groups
    classical = {
        focal: classical_dif(_of_groups(given.responses, labels, [reference, focal]))
        for focal in (others if given.is_binary else [])
    }
    return {
        item: _of_item(each, {focal: of.get(item) for focal, of in classical.items()})
        for item, each in found.items.items()
    }


def _of_groups(responses: Responses, labels: Sequence[str], groups: Sequence[str]) -> Responses:
    """Only the persons of these groups, who are told apart by them."""
    code = {label: number for number, label in enumerate(groups)}
    codes = np.array([code.get(label, -1) for label in labels], dtype=np.int64)
    kept = codes >= 0
    answers = kept[responses.person]
    start = np.concatenate([[0], np.cumsum(np.diff(responses.start)[kept])]).astype(np.int32)
    return Responses(
        range(int(kept.sum())),
        responses.items,
        start,
        responses.item[answers],
        responses.category[answers],
        codes[kept],
        tuple(groups),
        None if responses.matrix is None else responses.matrix[kept],
    )


def _of_item(found: GroupDif, classical: Mapping[str, ClassicalDif | None]) -> dict[str, Any]:
    return {
        "reference": str(found.base),
        "answers": found.n,
        "uniform_chi2": known_number(found.uniform_chi2),
        "uniform_df": found.uniform_df,
        "p": known_number(found.p),
        "chi2": known_number(found.chi2),
        "df": found.df,
        "p_all": known_number(found.p_all),
        "flagged": found.flagged,
        "groups": {
            str(group): {"effect": known_number(effect), **_classical(classical.get(str(group)))}
            for group, effect in found.effect.items()
        },
    }


def _classical(found: ClassicalDif | None) -> dict[str, Any]:
    """Against the reference; None where it could not be looked at."""
    return {
        "delta": None if found is None else known_number(found.delta),
        "delta_error": None if found is None else known_number(found.delta_error),
        "p": None if found is None else known_number(found.mh_p),
        "ets_class": None if found is None else found.ets_class,
        "standardised": None if found is None else known_number(found.standardised),
    }


def looked_at(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a result says of each column, as `Differences.to_json` has it.

    Results of before there could be several columns tell of two groups in alphabetical order.
    """
    if "dif" in result:
        return list(result["dif"])
    if not any(item.get("dif") for item in result["items"]):
        return []
    groups = sorted((each for each in result["population"] if each["group"]), key=lambda each: each["group"])
    told = [{"group": each["group"], "persons": each["persons"]} for each in groups]
    return [
        {
            "column": USUAL_GROUP,
            "reference": told[0]["group"],
            "groups": told,
            "left_out": [],
            "why_not": "",
        }
    ]


def of_item(result: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """DIF of an item of a result, by column."""
    if "dif_by" in item:
        return dict(item["dif_by"])
    before = item.get("dif")
    if not before:
        return {}
    (about,) = looked_at(result)
    classical = item.get("classical_dif") or _classical(None)
    focal = about["groups"][-1]["group"]
    chi2 = None if before["z"] is None else before["z"] ** 2
    both = {name: before[name] for name in ("answers", "p", "chi2", "df", "p_all", "flagged")}
    return {
        about["column"]: {
            **both,
            "reference": about["reference"],
            "uniform_chi2": chi2,
            "uniform_df": 1,
            "groups": {focal: {"effect": before["effect"], **classical}},
        }
    }
