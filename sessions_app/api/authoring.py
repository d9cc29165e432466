"""Question pools: upload and read. No reply holds a key."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.administration.scales import put_on_scale
from sessions_app.api import permissions
from sessions_app.api.documentation import pools as documentation_of
from sessions_app.api.errors import InvalidBody, Problem
from sessions_app.api.parsers import PoolUploadParser
from sessions_app.api.pool_setting_requests import PoolChange
from sessions_app.api.requests import body_of
from sessions_app.api.views import ClientView, ListView
from sessions_app.refusals import PoolNotFound
from testing_engine import pools
from testing_engine.interchange.questions import PoolRefused, parse_pool
from testing_engine.models import Question, QuestionPool


class UploadView(ClientView):
    documentation = documentation_of.UPLOAD
    permission = permissions.AUTHOR
    parser_classes = [PoolUploadParser]

    def post(self, request: Request) -> Response:
        try:
            draft = parse_pool(cast(Mapping[str, Any], request.data))
        except PoolRefused as refused:
            raise InvalidBody(refused.problems) from refused
        pool = pools.publish_pool(draft.name, draft.concept_names, draft.questions, scale=draft.scale)
        return Response(replies.uploaded(pool, draft))


class PoolListView(ListView):
    documentation = documentation_of.LIST_POOLS
    permission = permissions.AUTHOR
    reply = staticmethod(replies.pool)

    def get_queryset(self) -> QuerySet[QuestionPool]:
        return pools.published_pools()


class PoolView(ClientView):
    documentation = {"GET": documentation_of.POOL, "PATCH": documentation_of.CHANGE_POOL}
    permission = permissions.AUTHOR

    def get(self, request: Request, pool_id: str) -> Response:
        return Response(replies.pool(pool_of(pool_id)))

    def patch(self, request: Request, pool_id: str) -> Response:
        pool, fields = pool_of(pool_id), body_of(request, PoolChange)
        with transaction.atomic():
            if "name" in fields:
                pools.rename_pool(pool, fields["name"])
            if "scale" in fields:
                put_on_scale(pool, pools.scale_called(fields["scale"]))
        return Response(replies.pool(pool_of(pool_id)))


class DefaultPoolView(ClientView):
    documentation = {"POST": documentation_of.CHOOSE_DEFAULT, "DELETE": documentation_of.DROP_DEFAULT}
    permission = permissions.AUTHOR

    def post(self, request: Request, pool_id: str) -> Response:
        pools.choose_default(pool_of(pool_id))
        return Response(replies.pool(pool_of(pool_id)))

    def delete(self, request: Request, pool_id: str) -> Response:
        if pool_of(pool_id).is_default:
            pools.choose_default(None)
        return Response(replies.pool(pool_of(pool_id)))


class QuestionListView(ListView):
    documentation = documentation_of.LIST_QUESTIONS
    permission = permissions.AUTHOR
    reply = staticmethod(replies.question)

    def get_queryset(self) -> QuerySet[Question]:
        return pools.newest_questions(pool_of(self.kwargs["pool_id"]))


class QuestionView(ClientView):
    documentation = documentation_of.QUESTION
    permission = permissions.AUTHOR

    def get(self, request: Request, pool_id: str, question_id: str) -> Response:
        question = pools.newest_question(pool_of(pool_id), question_id)
        if question is None:
            raise Problem(404, "question_not_found", "This pool has no question of that id.")
        return Response(replies.question(question))


def pool_of(pool_id: str) -> QuestionPool:
    """The pool in the address; raises `PoolNotFound`."""
    try:
        return pools.read_pool(UUID(pool_id))
    except (ValueError, QuestionPool.DoesNotExist) as error:
        raise PoolNotFound from error
