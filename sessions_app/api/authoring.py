"""Question pools: upload and read. No reply holds a key."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.errors import InvalidBody, Problem
from sessions_app.api.pages import ListView
from sessions_app.api.parsers import PoolUploadParser
from sessions_app.api.serializers import PoolUpload
from sessions_app.refusals import PoolNotFound
from testing_engine.interchange.questions import PoolRefused, parse_pool
from testing_engine.models import Question, QuestionPool
from testing_engine.pools import publish_pool

A_POOL = {
    "question_pool_id": "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11",
    "name": "Grade 9",
    "concept_names": ["Math", "Algebra"],
    "concept_count": 2,
    "question_count": 1,
    "revision": 1,
    "content_hash": "5f2b1c0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c",
    "created_at": "2026-11-22T09:00:00Z",
}
A_QUESTION = {
    "id": "alg-017",
    "version": 1,
    "content": "Solve 3x − 7 = 11.",
    "options": ["x = 4/3", "x = 6", "x = −6", "x = 18"],
    "concepts": [0, 1],
    "model": "2PL",
    "difficulty": -0.8,
    "discrimination": 1.2,
    "guessing": 0.2,
    "upper_asymptote": 1.0,
    "thresholds": [],
    "category_slopes": [],
    "category_intercepts": [],
    "area": "",
    "enemy_groups": [],
    "question_set": "",
}
POOL_EXAMPLE = OpenApiExample("A pool", response_only=True, value=A_POOL)
QUESTION_EXAMPLE = OpenApiExample("A question", response_only=True, value=A_QUESTION)


def _pool(pool_id: str) -> QuestionPool:
    try:
        return QuestionPool.objects.select_related("current_revision").get(pk=UUID(pool_id))
    except (ValueError, QuestionPool.DoesNotExist) as error:
        raise PoolNotFound from error


def _questions(pool: QuestionPool) -> Any:
    return (
        Question.objects.filter(revisionquestion__revision_id=pool.current_revision_id)
        .order_by("revisionquestion__position")
        .defer("option_scores")
    )


class UploadView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.AUTHOR
    parser_classes = [PoolUploadParser]

    @extend_schema(
        operation_id="upload_questions",
        tags=["Question pools"],
        summary="Upload a question pool",
        description="All or nothing: what is wrong is listed by index and id.",
        request=PoolUpload,
        responses=replies.Uploaded,
        examples=[
            OpenApiExample(
                "One question, two concepts",
                request_only=True,
                value={
                    "name": "Grade 9",
                    "concept_names": ["Math", "Algebra"],
                    "questions": [
                        {
                            "id": "alg-017",
                            "content": "Solve 3x − 7 = 11.",
                            "options": ["x = 4/3", "x = 6", "x = −6", "x = 18"],
                            "correct_answer": "x = 6",
                            "concepts": [0, 1],
                            "difficulty": -0.8,
                            "discrimination": 1.2,
                            "guessing": 0.2,
                        }
                    ],
                },
            ),
            OpenApiExample(
                "Uploaded",
                response_only=True,
                value={
                    "message": "Uploaded 1 question.",
                    "count": 1,
                    "question_pool_id": "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11",
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        try:
            draft = parse_pool(cast(Mapping[str, Any], request.data))
        except PoolRefused as refused:
            raise InvalidBody(refused.problems) from refused
        pool = publish_pool(draft.name, draft.concept_names, draft.questions)
        return Response(replies.uploaded(pool, draft))


class PoolListView(ListView):
    permission_classes = [permissions.Holds]
    permission = permissions.AUTHOR
    problems = ("404",)
    reply = staticmethod(replies.pool)
    queryset = QuestionPool.objects.select_related("current_revision").filter(current_revision__isnull=False)

    @extend_schema(
        operation_id="list_pools",
        tags=["Question pools"],
        summary="All pools, the newest first",
        responses=replies.PoolReply,
        examples=[POOL_EXAMPLE],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class PoolView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.AUTHOR
    problems = ("404",)

    @extend_schema(
        operation_id="read_pool",
        tags=["Question pools"],
        summary="One pool",
        responses=replies.PoolReply,
        examples=[POOL_EXAMPLE],
    )
    def get(self, request: Request, pool_id: str) -> Response:
        return Response(replies.pool(_pool(pool_id)))


class QuestionListView(ListView):
    permission_classes = [permissions.Holds]
    permission = permissions.AUTHOR
    problems = ("404",)
    reply = staticmethod(replies.question)

    @extend_schema(
        operation_id="list_questions",
        tags=["Question pools"],
        summary="The questions of a pool's newest revision, in order",
        responses=replies.QuestionReply,
        examples=[QUESTION_EXAMPLE],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return _questions(_pool(self.kwargs["pool_id"]))


class QuestionView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.AUTHOR
    problems = ("404",)

    @extend_schema(
        operation_id="read_question",
        tags=["Question pools"],
        summary="One question of a pool's newest revision",
        responses=replies.QuestionReply,
        examples=[QUESTION_EXAMPLE],
    )
    def get(self, request: Request, pool_id: str, question_id: str) -> Response:
        known = _questions(_pool(pool_id))
        question = known.filter(external_id=question_id).first() if "\x00" not in question_id else None
        if question is None:
            raise Problem(404, "question_not_found", "This pool has no question of that id.")
        return Response(replies.question(question))
