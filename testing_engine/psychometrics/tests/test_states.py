"""Questions without parameters, retired ones, tests without an ability, and pilots."""

from dataclasses import replace

import numpy as np
import pytest

from testing_engine.psychometrics.components import EDITION
from testing_engine.psychometrics.engine import Step, TestSoFar, explain, is_pilot, next_step
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameterError, ItemParameters
from testing_engine.psychometrics.items.parts import counting, measured
from testing_engine.psychometrics.rules import CatRules, RulesError

SEEDS = (0, 7, 2**62)


def bank_of(states: list[str], concepts: int = 1, **fields: object) -> ItemBank:
    """Questions of these states; every third is the enemy of every other third one."""
    rng = np.random.default_rng(len(states))
    return ItemBank.from_parameters(
        [
            ItemParameters(
                tuple(float(i % concepts == k) for k in range(concepts)),
                difficulty=float(rng.normal()),
                discrimination=float(rng.uniform(0.6, 1.8)),
                state=state,
                **fields,  # type: ignore[arg-type]
            )
            for i, state in enumerate(states)
        ]
    )


def take(bank: ItemBank, rules: CatRules, seed: int) -> tuple[list[int], list[Step]]:
    """A whole test; a question is right or wrong by its own number and the seed."""
    items: list[int] = []
    scores: list[int] = []
    steps = [next_step(TestSoFar(bank, rules, None, seed, items, scores))]
    while (item := steps[-1].next_item) is not None:
        items.append(item)
        scores.append(hash((seed, item)) % 2)
        steps.append(next_step(TestSoFar(bank, rules, None, seed, items, scores)))
    return items, steps


MIXED = ["operational", "not_calibrated", "provisional", "retired"] * 12
RULES: list[dict[str, object]] = [
    {"max_questions": 8},
    {"max_questions": 12, "min_questions": 4, "stop": [{"name": "precision", "standard_error": 0.55}]},
    {"max_questions": 30, "strategy": {"name": "randomesque"}},
    {"max_questions": 9, "start": {"name": "questions", "items": [1, 3, 4, 6]}},
    {"max_questions": 9, "eligibility": [{"name": "maximum_rate", "rates": [0.5, 0] * 24, "maximum": 0.2}]},
    {"max_questions": 9, "eligibility": [{"name": "shadow", "counts": [{"items": [0, 4, 5], "minimum": 2}]}]},
    {"max_questions": 24, "stop": [{"name": "PSER", "least": 1e-6}]},
]


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("concepts", [1, 2])
def test_an_adaptive_test_is_that_of_the_pool_without_other_questions(
    rules: dict[str, object], concepts: int
) -> None:
    if concepts == 2 and "PSER" in str(rules):
        pytest.skip("a rule of one dimension")
    bank, asked = bank_of(MIXED, concepts), CatRules.from_json(rules)
    asked.check(bank)
    part = counting(bank)
    assert part.bank is not None
    for seed in SEEDS:
        items, steps = take(bank, asked, seed)
        assert all(MIXED[item] in ("operational", "provisional") for item in items)
        own = asked.restricted(part.places)
        so_far = TestSoFar(part.bank, own, None, seed)
        for item, step in zip(items, steps, strict=False):
            expected = next_step(so_far)
            assert part.places[expected.next_item] == item
            assert expected.ability.theta.tobytes() == step.ability.theta.tobytes()
            place = int(part.index[item])
            score = hash((seed, item)) % 2
            so_far = replace(so_far, items=[*so_far.items, place], scores=[*so_far.scores, score])
        assert next_step(so_far).stop == steps[-1].stop


def test_a_concept_without_parameters_is_not_measured() -> None:
    states = ["operational", "not_calibrated"] * 5
    assert measured(bank_of(states, 2)) == [True, False]
    assert measured(bank_of(["not_calibrated"] * 4, 2)) == [False, False]


def test_without_parameters_a_test_asks_the_whole_pool_in_order_else_at_random() -> None:
    bank = bank_of(["not_calibrated", "not_calibrated", "retired"] * 4)
    whole = CatRules(max_questions=8)
    assert whole.settled(bank).to_plan() == {"selection": "linear", "max_questions": 8, "edition": EDITION}
    items, steps = take(bank, whole, 1)
    assert items == [0, 1, 3, 4, 6, 7, 9, 10]
    assert steps[-1].stop == "length"
    assert all(step.ability.theta.shape == (0,) for step in steps)
    assert take(bank, CatRules(max_questions=20), 1)[1][-1].stop == "exhausted"
    part = CatRules(max_questions=5)
    assert part.settled(bank).selection == "random"
    drawn = {seed: take(bank, part, seed)[0] for seed in SEEDS}
    assert all(sorted(items) != items or len(set(items)) == 5 for items in drawn.values())
    assert len(set(map(tuple, drawn.values()))) > 1
    assert all(take(bank, part.settled(bank), seed)[0] == items for seed, items in drawn.items())
    choice = explain(TestSoFar(bank, part, None, 7), 3)
    assert choice.by == "random"
    assert choice.chosen is not None
    assert choice.chosen.item == drawn[7][0]


def test_content_rules_hold_without_an_ability() -> None:
    parameters = [
        ItemParameters((1.0,), state="not_calibrated", area="ab"[i % 2], question_set="xyz"[i % 3])
        for i in range(12)
    ]
    bank = ItemBank.from_parameters(parameters)
    rules = CatRules.from_json(
        {"max_questions": 8, "selection": "random", "eligibility": [{"name": "question_sets"}]}
    )
    rules.check(bank)
    for seed in SEEDS:
        sets = ["xyz"[item % 3] for item in take(bank, rules, seed)[0]]
        assert sets[:4] == [sets[0]] * 4
        assert sets[4:] == [sets[4]] * 4
    many = {"name": "area_limits", "limits": [{"area": "a", "minimum": 7}]}
    with pytest.raises(RulesError, match="/eligibility/0"):
        CatRules.from_json({"max_questions": 8, "eligibility": [many]}).check(bank)


@pytest.mark.parametrize(
    ("rules", "pointers"),
    [
        ({"stop": [{"name": "length", "questions": 3}, {"name": "precision"}]}, ["/stop/1"]),
        ({"stop": [{"name": "any", "rules": [{"name": "SPRT"}]}]}, ["/stop/0/rules/0"]),
        ({"criterion": {"name": "MFI"}, "ability": {"name": "EAP"}}, ["/ability", "/criterion"]),
        ({"prior": {"name": "standard"}, "strategy": {"name": "randomesque"}}, ["/prior", "/strategy"]),
        ({"start": {"name": "random"}}, ["/start"]),
        ({"eligibility": [{"name": "sympson_hetter", "probabilities": [1] * 4}]}, ["/eligibility/0"]),
        ({"pilots": {"count": 1}}, ["/pilots"]),
        ({"selection": "adaptive"}, ["/selection"]),
    ],
)
def test_what_needs_an_ability_is_refused_by_its_field(rules: dict[str, object], pointers: list[str]) -> None:
    with pytest.raises(RulesError) as refused:
        CatRules.from_json(rules).check(bank_of(["not_calibrated"] * 4))
    assert sorted(pointer for pointer, _ in refused.value.problems) == pointers


PILOTED = ["operational"] * 40 + ["not_calibrated"] * 6 + ["retired"]
PRECISE = {"stop": [{"name": "precision", "standard_error": 0.4}], "min_questions": 14, "max_questions": 25}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "rules", [{"max_questions": 18}, PRECISE, {**PRECISE, "strategy": {"name": "randomesque"}}]
)
def test_pilots_change_nothing_of_the_test(rules: dict[str, object], seed: int) -> None:
    bank = bank_of(PILOTED, 2)
    without, with_pilots = CatRules.from_json(rules), CatRules.from_json({**rules, "pilots": {"count": 2}})
    with_pilots.check(bank)
    plain, plain_steps = take(bank, without, seed)
    items, steps = take(bank, with_pilots, seed)
    so_far = TestSoFar(bank, with_pilots, None, seed)
    tried = [place for place, item in enumerate(items) if is_pilot(so_far, item)]
    assert [item for item in items if not is_pilot(so_far, item)] == plain
    assert len(tried) == 2
    assert len({items[place] for place in tried}) == 2
    assert tried[0] >= 2
    assert tried[-1] <= len(items) - 3
    assert tried[1] > tried[0] + 1
    assert {PILOTED[items[place]] for place in tried} == {"not_calibrated"}
    assert steps[-1].stop == plain_steps[-1].stop
    assert steps[-1].ability.theta.tobytes() == plain_steps[-1].ability.theta.tobytes()
    for place in tried:
        assert steps[place].ability.theta.tobytes() == steps[place + 1].ability.theta.tobytes()
        scores = [hash((seed, item)) % 2 for item in items[:place]]
        choice = explain(replace(so_far, items=items[:place], scores=scores))
        assert choice.by == "pilot"
        assert choice.chosen is not None
        assert choice.chosen.item == items[place]


def test_pilots_come_where_and_as_often_as_the_rules_say() -> None:
    bank = bank_of(PILOTED)
    rules = CatRules.from_json({"max_questions": 18, "pilots": {"after": [5, 9], "items": [42, 44]}})
    rules.check(bank)
    for seed in SEEDS:
        items, _ = take(bank, rules, seed)
        assert {items[5], items[10]} == {42, 44}
        assert len(items) == rules.longest == 20
    none_open = CatRules.from_json({"max_questions": 18, "pilots": {"count": 3, "items": []}})
    assert none_open.longest == 18 == len(take(bank, none_open, 5)[0])
    assert rules.pilots is not None
    anywhere = replace(rules, pilots=replace(rules.pilots, after=()))
    tests = (take(bank, anywhere, seed)[0] for seed in range(12))
    everywhere = {tuple(place for place, item in enumerate(items) if item >= 40) for items in tests}
    assert len(everywhere) > 6


def test_an_enemy_of_a_given_question_is_not_tried_out() -> None:
    parameters = [ItemParameters((1.0,), difficulty=i / 9) for i in range(20)]
    parameters += [ItemParameters((1.0,), state="not_calibrated", enemy_groups=("one",)) for _ in range(5)]
    bank = ItemBank.from_parameters(parameters)
    items, steps = take(bank, CatRules.from_json({"max_questions": 20, "pilots": {"count": 3}}), 4)
    assert sum(item >= 20 for item in items) == 1
    assert steps[-1].stop == "length"


@pytest.mark.parametrize(
    ("rules", "pointers"),
    [
        ({"max_questions": 16, "pilots": {"count": 3}}, ["/pilots/count"]),
        ({"max_questions": 40, "stop": [{"name": "precision"}], "pilots": {"count": 1}}, ["/pilots/count"]),
        ({"max_questions": 18, "pilots": {"count": 2, "after": [1, 16]}}, ["/pilots/after/0"]),
        ({"max_questions": 18, "pilots": {"count": 2, "after": [17, 16]}}, ["/pilots/after/0"]),
        ({"max_questions": 18, "pilots": {"count": 2, "after": [9]}}, ["/pilots/after"]),
        ({"max_questions": 18, "pilots": {"count": 2, "after": [9, 9]}}, ["/pilots/after"]),
    ],
)
def test_pilots_have_their_place(rules: dict[str, object], pointers: list[str]) -> None:
    with pytest.raises(RulesError) as refused:
        CatRules.from_json(rules).check(bank_of(PILOTED))
    assert [pointer for pointer, _ in refused.value.problems] == pointers


def test_a_state_is_one_of_four() -> None:
    with pytest.raises(ItemParameterError, match="state"):
        ItemParameters((1.0,), state="secret")
