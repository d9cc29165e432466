"""Whether a question of a pool document has parameters, its state, and what stands in for those it lacks."""

from collections.abc import Callable, Mapping
from typing import Any

from testing_engine.psychometrics.items.states import HAVE_PARAMETERS, NOT_CALIBRATED, OPERATIONAL, STATES
from testing_engine.sentences import Sentence, say

NUMBER_FIELDS = ("difficulty", "discrimination", "guessing", "slipping", "upper_asymptote")
LIST_FIELDS = ("thresholds", "category_slopes", "category_intercepts")
STEPPED_MODELS = ("GRM", "GPCM", "PCM", "RSM")

Add = Callable[[str, Sentence], None]  # pointer below the question, message


def has_parameters(row: Mapping[str, Any]) -> bool:
    """Whether the document gives any: what is left out beside others has its default, as it always had."""
    return any(row.get(name) not in (None, []) for name in (*NUMBER_FIELDS, *LIST_FIELDS))


def state_in(row: Mapping[str, Any], is_given: bool, add: Add) -> str:
    """The state that the document names; left out, a question with parameters is operational, others are not
    calibrated. `is_given`: whether it has any."""
    state = row.get("state")
    if state is None or state == "":
        return OPERATIONAL if is_given else NOT_CALIBRATED
    if state not in STATES:
        add("/state", say("must be one of {states}.", states=", ".join(STATES)))
        return NOT_CALIBRATED
    if state in HAVE_PARAMETERS and not is_given:
        add(
            "/state",
            say("a question without parameters is not_calibrated, and cannot be {state}.", state=state),
        )
    return str(state)


def with_placeholders(row: Mapping[str, Any], categories: int) -> Mapping[str, Any]:
    """The row of a question without parameters, with what its model cannot be written down without.

    Partial credit is GPCM where no model is named. Steps stand a logit apart around 0.
    """
    model = row.get("model") or ("GPCM" if categories > 2 else None)
    if model in STEPPED_MODELS:
        return {**row, "model": model, "thresholds": steps_of(categories)}
    if model == "NRM":
        slopes = [float(category) for category in range(categories)]
        return {**row, "category_slopes": slopes, "category_intercepts": [0.0] * categories}
    return row


def steps_of(categories: int) -> list[float]:
    """Thresholds a logit apart, with mean 0."""
    return [step - (categories - 2) / 2 for step in range(categories - 1)]


def categories_of_key(row: Mapping[str, Any]) -> int:
    """How many scores the options of a question can earn, by its key as it is written."""
    scores, options = row.get("option_scores"), row.get("options")
    if isinstance(scores, list) and all(type(score) is int for score in scores):
        return min(max(scores, default=1), len(scores)) + 1
    is_stepped = row.get("model") in (*STEPPED_MODELS, "NRM")
    if is_stepped and isinstance(options, list) and row.get("correct_answer") is None:
        return max(len(options), 2)
    return 2
