"""A demo test for whoever looks around on a development machine."""

import secrets
from datetime import datetime

from sessions_app.sitting import lifecycle
from sessions_app.sitting.standing import Caller, Standing
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules

DEMO_POOL = "Mathematics demo"
QUESTIONS = 20


class NoDemoPool(Exception):
    """`manage.py load_demo` publishes it."""


def start_demo(now: datetime) -> Standing:
    """A test of a student that nobody knows. It belongs to no API client: its own token alone opens it."""
    pool_id = QuestionPool.objects.filter(name=DEMO_POOL).values_list("pk", flat=True).first()
    if pool_id is None:
        raise NoDemoPool
    request = lifecycle.TestRequest(
        student_id=f"demo-{secrets.token_hex(6)}",
        pool_id=pool_id,
        concept_names=(),
        rules=CatRules.from_end_criteria(type="fixed_length", max_questions=QUESTIONS),
    )
    return lifecycle.start(request, Caller(), seed=secrets.randbits(63), now=now)
