"""What a calibration has to say about its data: a `Finding` for each thing that is wrong or uncertain."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from testing_engine.calibration.sentences import sentence_of
from testing_engine.sentences import Sentence

ERROR, WARNING, INFO = "error", "warning", "info"

# What each code means; docs/CALIBRATION.md has them as a table.
CODES = {
    "not_converged": "the iterations did not reach a maximum",
    "not_identified": "the information has no inverse, so there are no standard errors",
    "disconnected": "parts of the data share no persons, so no common scale",
    "weak_link": "parts of the data share few persons",
    "no_answers": "nobody answered the item",
    "one_category": "all answers to the item are the same",
    "empty_category": "a category inside the item's range was never chosen",
    "rare_category": "a category was chosen by fewer than 5",
    "few_answers": "fewer answers than the model needs",
    "negative_slope": "the better answer it less often: key or direction is probably wrong",
    "steep": "steeper than these data can tell",
    "uncertain_slope": "the slope's standard error is more than half of it",
    "duplicate": "two items are answered alike beyond what ability explains",
    "prior_dominates": "an asymptote comes from its prior",
    "asymptote_at_end": "an asymptote ran to 0 or 1: the data do not know it",
    "high_guessing": "a lower asymptote above 0.4",
    "grid": "the nodes were refined or widened for these data",
    "population_without_spread": "the ability of a group has no spread that could be estimated",
    "population_at_end": "the mean of a group ran to the end of the scale",
    "small_group": "a group of fewer than 10 persons",
    "population_shape": "the distribution of ability is not normal",
    "extreme_scores": "more all-right or all-wrong persons than the model expects",
    "no_common_trait": "answers are as good as unrelated",
    "small_sample": "too few persons or items for these models",
    "persons_without_answers": "persons who answered nothing",
    "concepts_alike": "two concepts are one in these data",
    "few_items_a_concept": "a concept with fewer than 3 items",
}


@dataclass(frozen=True)
class Finding:
    """`sentence` is for a reader, `numbers`, of which it is made, for a program; `item` is None where the
    whole is meant."""

    code: str
    item: Hashable | None
    severity: str
    numbers: dict[str, Any] = field(default_factory=dict)
    sentence: Sentence = field(init=False)

    def __post_init__(self) -> None:
        assert self.code in CODES
        object.__setattr__(self, "sentence", sentence_of(self.code, self.item, self.numbers))
