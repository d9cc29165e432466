"""A named test as another system says it: by its fields, all of them or some, with the rules as they are.

What the three steps ask of people one after the other is asked here of all at once.
"""

from collections.abc import Mapping
from copy import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from organisations.acting import for_all_of_ours
from sessions_app.creations import made_before
from sessions_app.models import NamedTest
from sessions_app.preparing import shelf, steps, usual
from sessions_app.preparing.outlook import askable_by
from sessions_app.preparing.steps import Problems, TestRefused
from sessions_app.sitting import named_tests
from sessions_app.sitting.result_specs import problems_of_result
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.sentences import quoted, say

SCALE = NamedTest.ResultKind.SCALE
TAKEN: Problems = [("name", say("Another test is called so."))]


def with_fields(test: NamedTest, fields: Mapping[str, Any], *, now: datetime) -> NamedTest:
    """The test with these columns. Raises `TestRefused` with everything that cannot work; stores nothing."""
    then = copy(test)
    if "pool_id" in fields:
        then.pool = steps.pool_for(test, fields["pool_id"])
    for name, value in fields.items():
        setattr(then, name, value)
    if then.result_kind == SCALE:
        then.allow_dont_know = False  # on a rating scale nothing is known or not
    problems = steps.problems_of_times(test, steps.who_of(then), now=now)
    with for_all_of_ours():
        if NamedTest.objects.filter(name=then.name).exclude(pk=test.pk).exists():
            problems += TAKEN
    problems += _problems_of_rules(then)
    if problems:
        raise TestRefused(problems)
    return then


def _problems_of_rules(then: NamedTest) -> Problems:
    """Of the rules, on the pool's newest revision; the rules as the engine writes them."""
    try:
        then.rules = CatRules.from_json(then.rules).to_json()
    except RulesError as error:
        return [(f"rules{place}", quoted(text)) for place, text in error.problems]
    found = named_tests.problems_of(then.pool, then.rules, then.concept_names)
    if not found:
        found = problems_of_result(then, then.pool, then.rules)
    if not found:
        count, needed = askable_by(then.pool, rules := CatRules.from_json(then.rules)), rules.min_questions
        if needed > count:
            told = say(
                "The pool has {count} questions that such a test can ask: the test needs {needed}.",
                count=count,
                needed=needed,
            )
            return [("rules/min_questions", told)]
    return [(field, quoted(text)) for field, text in found]


@transaction.atomic
def make(creation_key: UUID, fields: Mapping[str, Any], *, now: datetime) -> NamedTest:
    """A test in preparation; rules that are left out fit the pool. The same key again is the same test.

    Raises `TestRefused`, and `IdempotencyKeyReused` where the key made another (`creations`).
    """
    if (there := made_before(NamedTest.objects.all(), "creation_key", creation_key)) is not None:
        return there
    pool = steps.pool_for(NamedTest(), fields["pool_id"])
    plain = NamedTest(pool=pool, rules=usual.rules_for(pool).to_json(), is_draft=True)
    test = with_fields(plain, fields, now=now)
    if not test.name:
        return shelf.made(test, creation_key)
    test.creation_key = creation_key
    try:
        with transaction.atomic():
            test.save(force_insert=True)
    except IntegrityError as error:  # in this moment somebody made one of the same name
        raise TestRefused(TAKEN) from error
    return test


def change(test: NamedTest, fields: Mapping[str, Any], *, now: datetime) -> NamedTest:
    """What is left out stays, and so does what students began. Raises `TestRefused`, and `GateRefused` where
    an open test would fall short of what its pool requires. Safe to repeat."""
    try:
        return steps.keep(test.pk, lambda before: with_fields(before, fields, now=now))
    except IntegrityError as error:
        raise TestRefused(TAKEN) from error
