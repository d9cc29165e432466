"""What findings say: a sentence of each, made of its code, its item and its numbers, also of stored ones."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from testing_engine.sentences import Sentence, say

BRIDGE = 50  # persons that link two items well
VERY_FEW = 30  # answers
NO_MAXIMUM = 1e-3  # a step below it that still does not converge runs off without end

Numbers = Mapping[str, Any]
Names = Sequence[str]  # of the concepts


def sentence_of(code: str, item: Hashable | None, numbers: Numbers, concepts: Names = ()) -> Sentence:
    """Of a finding; a concept without a name is called by its number, from 0."""
    return _SAID[code](item, numbers, concepts)


def _not_converged(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    step = numbers["largest_step"]
    if step is not None and step < NO_MAXIMUM:
        return say(
            "There is no maximum: the likelihood rises, ever more slowly, as a slope grows without end. A "
            "prior on slopes makes it a problem with a solution."
        )
    return say(
        "Not a maximum: after {steps} steps the next would still move a parameter by {step} standard errors.",
        steps=numbers["e_steps"],
        step=_number(step, ".2g"),
    )


def _not_identified(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Not a maximum, or not identified: the information matrix is not positive, so there are no standard "
        "errors."
    )


def _disconnected(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "The items fall into {parts} parts ({items} items) that no person connects: their scales can be "
        "compared only if the persons of each are samples of one population.",
        parts=numbers["parts"],
        items=_list(numbers["items"]),
    )


def _weak_link(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Parts of the items ({items}) are linked by fewer than {bridge} persons an item pair: differences "
        "between them are uncertain.",
        items=_list(numbers["items"]),
        bridge=BRIDGE,
    )


def _no_answers(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say("Item {item} has no answers and no estimate.", item=item)


def _one_category(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    values = {"item": item, "n": numbers["n"], "category": numbers["category"]}
    bound = numbers["b_bound"]
    if bound is None or not math.isfinite(bound):
        return say("Item {item} cannot be estimated: all {n} answers are in category {category}.", **values)
    return say(
        "Item {item} cannot be estimated: all {n} answers are in category {category}; b {side} {bound} with "
        "95 % (slope 1).",
        side="<" if numbers["category"] > 0 else ">",
        bound=f"{bound:.1f}",
        **values,
    )


def _empty_category(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Item {item} has no estimate: nobody chose category {categories}. Join it with a neighbour "
        "(`responses.collapsed()` does).",
        item=item,
        categories=_list(numbers["empty"]),
    )


def _rare_category(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Item {item}: category {category} was chosen {times} times in {n}, too rarely to tell its place.",
        item=item,
        category=numbers["category"],
        times=numbers["times"],
        n=numbers["n"],
    )


def _few_answers(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    values = {"item": item, "n": numbers["n"], "enough": numbers["enough"]}
    if numbers["n"] < VERY_FEW:
        return say(
            "Item {item} has {n} answers; its model wants {enough}: the estimate says little.", **values
        )
    return say(
        "Item {item} has {n} answers; its model wants {enough}: take the estimate as provisional.", **values
    )


def _negative_slope(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    if "standard_error" not in numbers:
        return say(
            "Item {item} goes against the rest of the test although a prior keeps its slope above 0.",
            item=item,
        )
    return say(
        "Item {item} has slope {a}: the more able answer it worse, so its key or direction is probably "
        "wrong.",
        item=item,
        a=_number(numbers["a"], ".2f"),
    )


def _steep(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    slope = _number(numbers["a"], ".1f")
    return say("Item {item} has slope {a}: steeper than these data can tell.", item=item, a=slope)


def _uncertain_slope(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Item {item} has slope {a} with standard error {error}.",
        item=item,
        a=_number(numbers["a"], ".2f"),
        error=_number(numbers["standard_error"], ".2f"),
    )


def _duplicate(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Items {first} and {second} are answered alike beyond what ability explains (residual correlation "
        "{r}): one may repeat or give away the other.",
        first=numbers["other"],
        second=item,
        r=_number(numbers["q3"], ".2f"),
    )


def _prior_dominates(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    values = {"item": item, "share": f"{100 * numbers['share']:.0f}"}
    if numbers["parameter"] == "upper":
        return say(
            "Item {item}: {share} % of what is known of its upper asymptote comes from the prior; consider "
            "fixing it.",
            **values,
        )
    return say(
        "Item {item}: {share} % of what is known of its lower asymptote comes from the prior; consider "
        "fixing it.",
        **values,
    )


def _asymptote_at_end(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Item {item}: an asymptote ran to {end}, so these data do not know it; give it a prior or a simpler "
        "model.",
        item=item,
        end=0 if numbers["logit"] < 0 else 1,
    )


def _high_guessing(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say("Item {item} has lower asymptote {c}.", item=item, c=_number(numbers["lower"], ".2f"))


def _grid(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Integrated on {nodes} nodes up to ±{limit}: posteriors were too narrow or too far out for the usual "
        "ones.",
        nodes=numbers["nodes"],
        limit=_number(numbers["limit"], "g"),
    )


def _population_without_spread(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "The ability of group {group} has no spread: its standard deviation ran to 0 and was held at {sd}, "
        "so there is no maximum, and standard errors are not to be trusted. Its {persons} persons answered "
        "as if all were equally able.",
        group=numbers["group"],
        sd=_number(numbers["sd"], "g"),
        persons=numbers["persons"],
    )


def _population_at_end(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "The mean of group {group} ran to {mean}, the end of the scale: its {persons} persons answered "
        "nearly everything alike, so it is no estimate.",
        group=numbers["group"],
        mean=_number(numbers["mean"], ".2f"),
        persons=numbers["persons"],
    )


def _small_group(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Group {group} has {persons} persons: too few for a mean and a standard deviation of its own.",
        group=numbers["group"],
        persons=numbers["persons"],
    )


def _population_shape(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Ability in group {group} is not normal (skewness {skewness}, excess kurtosis {kurtosis}); slopes "
        "and extreme difficulties lean on the normal curve.",
        group=numbers["group"],
        skewness=_number(numbers["skewness"], ".2f"),
        kurtosis=_number(numbers["kurtosis"], ".2f"),
    )


def _extreme_scores(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "{observed} persons gave only the highest or only the lowest answers where {expected} are expected: "
        "not answered in earnest, or several populations.",
        observed=_number(numbers["observed"], ".0f"),
        expected=_number(numbers["expected"], ".0f"),
    )


def _no_common_trait(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say("The answers are as good as unrelated: ability explains no more than chance would.")


def _small_sample(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "{persons} persons and {items} items are too few for item parameters of their own.",
        persons=numbers["persons"],
        items=numbers["items"],
    )


def _persons_without_answers(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "{persons} persons answered nothing: they change no parameter and have the population’s mean as "
        "score.",
        persons=numbers["persons"],
    )


def _few_items_a_concept(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    return say(
        "Concept {concept} has {items} items; 3 are the least.",
        concept=_concept(numbers["concept"], concepts),
        items=numbers["items"],
    )


def _concepts_alike(item: Any, numbers: Numbers, concepts: Names) -> Sentence:
    first, second = numbers["concepts"]
    return say(
        "Concepts {first} and {second} correlate {r}: they are one in these data.",
        first=_concept(first, concepts),
        second=_concept(second, concepts),
        r=_number(numbers["correlation"], ".2f"),
    )


_SAID: dict[str, Callable[[Any, Numbers, Names], Sentence]] = {
    "not_converged": _not_converged,
    "not_identified": _not_identified,
    "disconnected": _disconnected,
    "weak_link": _weak_link,
    "no_answers": _no_answers,
    "one_category": _one_category,
    "empty_category": _empty_category,
    "rare_category": _rare_category,
    "few_answers": _few_answers,
    "negative_slope": _negative_slope,
    "steep": _steep,
    "uncertain_slope": _uncertain_slope,
    "duplicate": _duplicate,
    "prior_dominates": _prior_dominates,
    "asymptote_at_end": _asymptote_at_end,
    "high_guessing": _high_guessing,
    "grid": _grid,
    "population_without_spread": _population_without_spread,
    "population_at_end": _population_at_end,
    "small_group": _small_group,
    "population_shape": _population_shape,
    "extreme_scores": _extreme_scores,
    "no_common_trait": _no_common_trait,
    "small_sample": _small_sample,
    "persons_without_answers": _persons_without_answers,
    "concepts_alike": _concepts_alike,
    "few_items_a_concept": _few_items_a_concept,
}


def _number(value: float | None, form: str) -> str | Sentence:
    """As people read it; of what JSON cannot keep: that nobody knows it."""
    return say("unknown") if value is None or not math.isfinite(value) else f"{value:{form}}"


def _list(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _concept(place: int, names: Names) -> str:
    return names[place] if place < len(names) else str(place)
