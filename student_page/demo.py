"""Demo tests for whoever looks around on a development machine."""

import secrets
from datetime import datetime
from typing import NamedTuple

from organisations.acting import acting_for, for_all
from sessions_app.sitting import lifecycle
from sessions_app.sitting.access import Caller
from sessions_app.sitting.standing import Standing
from testing_engine.demo.pools import MATHEMATICS, NUMBERS
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules


class Demo(NamedTuple):
    """A pool by its name, and how many questions of it are asked."""

    pool: str
    questions: int


DEMOS = {"numbers": Demo(NUMBERS, 12), "mathematics": Demo(MATHEMATICS, 20)}


class NoDemoPool(Exception):
    """`manage.py load_demo` publishes it."""


def start_demo(name: str, now: datetime) -> Standing:
    """A test of a student that nobody knows. It belongs to no API client: its own token alone opens it.

    `name`: one of `DEMOS`; raises KeyError, or `NoDemoPool`.
    """
    demo = DEMOS[name]
    with for_all():
        pool = QuestionPool.objects.filter(name=demo.pool).order_by("organisation", "-created_at").first()
    if pool is None:
        raise NoDemoPool
    request = lifecycle.TestRequest(
        student_id=f"demo-{secrets.token_hex(6)}",
        pool_id=pool.pk,
        concept_names=(),
        rules=CatRules.from_end_criteria(type="fixed_length", max_questions=demo.questions),
    )
    with acting_for(pool.organisation_id):
        return lifecycle.start(request, Caller(), seed=secrets.randbits(63), now=now)
