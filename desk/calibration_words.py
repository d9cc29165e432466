"""What a calibration says, in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from desk.sentences import translated
from sessions_app.measurement.differences import looked_at, of_item
from sessions_app.measurement.finding_sentences import said_by

UNBROKEN = "\N{NO-BREAK SPACE}"  # what belongs together stays on one line of a narrow column
ANCHOR = "anchor"  # why a question that is one has no new parameters


@dataclass(frozen=True)
class FindingsOfOneKind:
    """`sentences`: of each item that it is found of, or of the whole."""

    severity: str
    words: str
    sentences: tuple[str, ...]


def findings_in_words(
    findings: Sequence[Mapping[str, Any]], concepts: Sequence[str]
) -> list[FindingsOfOneKind]:
    """Those of one kind together, in the order in which the kinds first come: errors first."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for each in findings:
        kinds.setdefault((each["severity"], each["code"]), []).append(translated(said_by(each, concepts)))
    return [
        FindingsOfOneKind(severity, finding_in_words(code), tuple(sentences))
        for (severity, code), sentences in kinds.items()
    ]


@dataclass(frozen=True)
class ComparedGroups:
    """A column of groups. `groups`, the reference first, and `left_out` with their persons. `differing`: the
    questions that treat them differently, with what is said of them. `why_not`: nothing was looked at.
    """

    column: str
    groups: tuple[str, ...]
    left_out: tuple[str, ...]
    differing: tuple[tuple[str, str], ...]
    why_not: str


def compared_in_words(result: Mapping[str, Any]) -> list[ComparedGroups]:
    """What was found between groups, by the column that has them."""
    found = {item["id"]: of_item(result, item) for item in result["items"]}
    return [
        ComparedGroups(
            each["column"],
            tuple(f"{group['group']} ({group['persons']})" for group in each["groups"]),
            tuple(f"{group['group']} ({group['persons']})" for group in each["left_out"]),
            tuple(
                (item, _effects_in_words(of[each["column"]]))
                for item, of in found.items()
                if of.get(each["column"], {}).get("flagged")
            ),
            error_in_words(each["why_not"]),
        )
        for each in looked_at(result)
    ]


def differences_in_words(result: Mapping[str, Any], item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Of one question, by column: the p-value, and what it says; "" where it does not differ."""
    return [
        (f"{column}:{UNBROKEN}{each['p_all']:.3f}", _effects_in_words(each) if each["flagged"] else "")
        for column, each in of_item(result, item).items()
        if each["p_all"] is not None
    ]


def _effects_in_words(found: Mapping[str, Any]) -> str:
    """Of each group: how much easier it is than for the reference, in logits, and ETS's class."""
    told = []
    for group, of in found["groups"].items():
        effect = "–" if of["effect"] is None else f"{of['effect']:+.2f}".replace("-", "−")
        told.append(UNBROKEN.join(filter(None, (group, effect, of["ets_class"]))))
    return ", ".join(told)


def state_in_words(state: str) -> str:
    return {
        "queued": _("waits for a worker"),
        "running": _("is computed"),
        "done": _("done"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
    }[state]


def error_in_words(error: str) -> str:
    """What went wrong, as it was kept; what has no words of its own is in English."""
    return _(error) if error else ""


def why_not_in_words(why_not: str) -> str:
    """Why a question has no new parameters."""
    return _("anchor: kept") if why_not == ANCHOR else error_in_words(why_not)


def stage_in_words(stage: str) -> str:
    return {
        "collecting": _("collecting answers"),
        "fitting": _("estimating parameters"),
        "errors": _("standard errors"),
        "fit": _("fit of questions"),
        "dif": _("differences between groups"),
        "shift": _("what scores would change"),
    }.get(stage, "")


def rise_in_words(state: str) -> str:
    """What a question becomes by its new parameters."""
    return {
        "provisional": _("becomes provisional"),
        "operational": _("becomes operational"),
    }.get(state, "")


def finding_in_words(code: str) -> str:
    """What a finding's code means."""
    return {
        "not_converged": _("No maximum was reached."),
        "not_identified": _("There are no standard errors: something is not identified."),
        "disconnected": _("Parts of the data share no persons, so there is no common scale."),
        "weak_link": _("Parts of the data share few persons."),
        "no_answers": _("Nobody answered it."),
        "one_category": _("All answers to it are the same."),
        "empty_category": _("A category was never chosen."),
        "rare_category": _("A category was chosen by fewer than 5."),
        "few_answers": _("It has fewer answers than its model needs."),
        "negative_slope": _("Better persons answer it less often: key or direction is probably wrong."),
        "steep": _("It is steeper than these data can tell."),
        "uncertain_slope": _("Its slope is uncertain."),
        "duplicate": _("Two questions are answered alike beyond what ability explains."),
        "prior_dominates": _("Its guessing comes from the prior, not from the data."),
        "asymptote_at_end": _("Its guessing ran to an end: the data do not know it."),
        "high_guessing": _("Its guessing is above 0.4."),
        "grid": _("Integration was refined for these data."),
        "population_without_spread": _("The ability of a group has no spread."),
        "population_at_end": _("The mean of a group ran to the end of the scale."),
        "small_group": _("A group has fewer than 10 persons."),
        "population_shape": _("Ability is not normally distributed."),
        "extreme_scores": _("More persons than expected got everything right or wrong."),
        "no_common_trait": _("The answers are as good as unrelated."),
        "small_sample": _("Too few persons or questions."),
        "persons_without_answers": _("Some persons answered nothing."),
        "concepts_alike": _("Two concepts are one in these data."),
        "few_items_a_concept": _("A concept has fewer than 3 questions."),
    }.get(code, code)
