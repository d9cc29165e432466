"""How many questions a test has: what a student reads beside each."""

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import counting, in_use
from testing_engine.psychometrics.rules import AreaTargets, CatRules, QuestionSets

# Content rules that say which question comes, and leave none out of the test.
LEAVE_NONE_OUT = (QuestionSets, AreaTargets)


def askable(rules: CatRules, bank: ItemBank) -> int:
    """Questions of the pool that such a test can ask: those with parameters, or without an ability all
    that are not retired."""
    return (counting(bank) if rules.is_adaptive(bank) else in_use(bank)).n_items


def most_questions(rules: CatRules, bank: ItemBank) -> int:
    """Questions that a test of this pool has at most, the pilots among them; of a plan's rules."""
    return rules.longest - rules.max_questions + min(rules.max_questions, askable(rules, bank))


def is_fixed(rules: CatRules, bank: ItemBank) -> bool:
    """Whether every test of this pool that nobody breaks off has exactly so many questions."""
    if rules.pilots is not None or not all(isinstance(each, LEAVE_NONE_OUT) for each in rules.eligibility):
        return False
    return not rules.stop or rules.min_questions >= min(rules.max_questions, askable(rules, bank))
