"""Tests of the demo pool to measure with: started by the service's own code."""

import secrets

from django.utils import timezone

from sessions_app.sitting import lifecycle
from sessions_app.sitting.access import Caller
from sessions_app.sitting.standing import Standing
from testing_engine.demo.pools import POOL_FILE
from testing_engine.interchange.files import read_pool_file
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import QuestionPool
from testing_engine.pools import publish_pool
from testing_engine.psychometrics.rules import CatRules


def publish_demo(concepts: int) -> QuestionPool:
    """The demo pool, with its five concepts or with all of them as one."""
    document = dict(read_pool_file(POOL_FILE).document)
    if concepts == 1:
        document["concept_names"] = ["Mathematics"]
        document["questions"] = [{**question, "concepts": [1]} for question in document["questions"]]
    draft = parse_pool(document)
    return publish_pool(draft.name, draft.concept_names, draft.questions)


def start(pool: QuestionPool, questions: int, student_id: str | None = None) -> Standing:
    """A test of so many questions, its end criteria in the request."""
    request = lifecycle.TestRequest(
        student_id=student_id or f"student-{secrets.token_hex(8)}",
        pool_id=pool.pk,
        concept_names=(),
        rules=CatRules.from_end_criteria(type="fixed_length", max_questions=questions),
    )
    return lifecycle.start(request, Caller(), seed=secrets.randbits(63), now=timezone.now())
