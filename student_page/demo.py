"""Demo tests for whoever looks around on a development machine."""

import secrets
from datetime import datetime
from typing import NamedTuple

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
    pool_id = QuestionPool.objects.filter(name=demo.pool).values_list("pk", flat=True).first()
    if pool_id is None:
        raise NoDemoPool
    request = lifecycle.TestRequest(
        student_id=f"demo-{secrets.token_hex(6)}",
        pool_id=pool_id,
        concept_names=(),
        rules=CatRules.from_end_criteria(type="fixed_length", max_questions=demo.questions),
    )
    return lifecycle.start(request, Caller(), seed=secrets.randbits(63), now=now)
