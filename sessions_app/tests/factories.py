"""Rows for tests. Pools and sessions are made by the code that makes them in production."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import factory
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from knox.models import AuthToken

from sessions_app.models import ApiClient, NamedTest, Student, TestSession
from testing_engine.interchange.questions import PoolDraft, parse_pool
from testing_engine.models import QuestionPool
from testing_engine.pools import publish_pool

ALL_PERMISSIONS = (
    *("deliver_tests", "author_pools", "export_pools", "publish_calibrations"),
    *("operate_service", "report_results", "erase_students"),
    *("view_namedtest", "change_namedtest", "view_invitation", "add_invitation"),
    *("view_webhook", "add_webhook", "change_webhook", "delete_webhook"),
    *("teach_classes", "manage_classes"),
)
CONCEPTS = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")


class StudentFactory(factory.django.DjangoModelFactory[Student]):  # type: ignore[misc]
    class Meta:
        model = Student

    external_id = factory.Sequence(lambda n: f"student-{n}")


class ApiClientFactory(factory.django.DjangoModelFactory[ApiClient]):  # type: ignore[misc]
    class Meta:
        model = ApiClient

    username = factory.Sequence(lambda n: f"client-{n}")


def make_token(permissions: Sequence[str] = ALL_PERMISSIONS, **options: Any) -> str:
    """The token of a new API client with these permissions."""
    client = ApiClientFactory.create()
    named = Permission.objects.order_by().filter(codename__in=permissions)
    client.user_permissions.add(*named.values_list("pk", flat=True))  # `set` asks first what a new client has
    _, token = AuthToken.objects.create(client, **options)
    return str(token)


def question(index: int, concepts: Sequence[float], **fields: Any) -> dict[str, Any]:
    """A question whose right option is `index % 4`."""
    options = [f"option {letter} of {index}" for letter in "abcd"]
    return {
        "id": f"q{index}",
        "content": f"Question {index}?",
        "options": options,
        "correct_answer": options[index % 4],
        "concepts": list(concepts),
        "difficulty": (index % 13 - 6) / 3,
        "discrimination": 0.8 + (index % 7) / 5,
        "guessing": 0.2,
        **fields,
    }


def pool_document(
    questions: int | list[dict[str, Any]] = 40, concepts: int = 1, **fields: Any
) -> dict[str, Any]:
    """A pool of these questions, or of so many that measure the concepts in turn."""
    rows = questions
    if isinstance(questions, int):
        rows = [question(i, [float(i % concepts == k) for k in range(concepts)]) for i in range(questions)]
    return {"name": "A pool", "concept_names": list(CONCEPTS[:concepts]), "questions": rows, **fields}


def pool_file(name: str = "pool.json", **fields: Any) -> SimpleUploadedFile:
    """A pool document as a file to import."""
    return SimpleUploadedFile(name, json.dumps(pool_document(**{"questions": 3, **fields})).encode())


def make_pool(questions: int | list[dict[str, Any]] = 40, concepts: int = 1, **fields: Any) -> QuestionPool:
    """The same, published."""
    draft = _parsed(json.dumps(pool_document(questions, concepts, **fields)))
    return publish_pool(draft.name, draft.concept_names, draft.questions, scale=draft.scale)


@lru_cache(maxsize=64)
def _parsed(document: str) -> PoolDraft:
    """What nobody changes, and most tests ask for the same: parsing it is a third of the work."""
    return parse_pool(json.loads(document))


def right_answer(question_id: str) -> int:
    """The index of the right option of a question of `pool_document`."""
    return int(question_id.removeprefix("q")) % 4


def make_named_test(pool: QuestionPool, name: str = "algebra", **fields: Any) -> NamedTest:
    """A named test of 5 questions that anybody may take, with the same first question and order for all."""
    alike = {"vary_first_questions": False, "shuffle_options": False}
    given = {"title": name.title(), "rules": {"max_questions": 5}, **alike, **fields}
    return NamedTest.objects.create(pool=pool, name=name, **given)


def last_active(moment: datetime | str, **of: Any) -> None:
    """As if nobody had touched these sessions since then."""
    TestSession.objects.filter(**of).update(last_activity=moment, activity_mark=moment)
