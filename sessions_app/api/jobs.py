"""Long work that this client asked for: where it stands, and the file that it made."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of, user_of
from sessions_app.api.documentation import jobs as documentation_of
from sessions_app.api.negotiation import AnyFormat
from sessions_app.api.requests import idempotency_key_of
from sessions_app.api.views import ApiView, ListView
from sessions_app.models import LongJob
from sessions_app.waiting import downloads, queue


def accepted(
    request: Request, wanted: Any, organisation_id: int | None, content: bytes | None = None
) -> Response:
    """What was asked for is a worker's now: a 202 that says where it stands. `content`: what it works on."""
    by_id, key = caller_of(request).client_id, idempotency_key_of(request)
    found = queue.ask(wanted, by_id, organisation_id, key, content=content)
    return Response(replies.job(found), status=202, headers={"Location": f"/api/v1/jobs/{found.pk}"})


def _may(request: Request) -> Callable[[str], bool]:
    """Whether the client holds a permission, as Django names it."""
    user = user_of(request)
    assert user is not None
    return lambda name: user.may(name.partition(".")[2])


def _found(request: Request, job_id: str) -> LongJob:
    return queue.find(job_id, caller_of(request).client_id, _may(request))


class JobListView(ListView):
    """Its own. A kind that it may not ask for any more is left out."""

    documentation = documentation_of.LIST
    permission_classes = [permissions.AnyClient]
    reply = staticmethod(replies.job)

    def get_queryset(self) -> QuerySet[LongJob]:
        return queue.of_account(caller_of(self.request).client_id, _may(self.request))


class JobView(ApiView):
    documentation = documentation_of.READ
    permission_classes = [permissions.AnyClient]

    def get(self, request: Request, job_id: str) -> Response:
        return Response(replies.job(_found(request, job_id)))


class JobFileView(ApiView):
    documentation = documentation_of.FILE
    permission_classes = [permissions.AnyClient]
    content_negotiation_class = AnyFormat

    def get(self, request: Request, job_id: str) -> StreamingHttpResponse:
        return downloads.file_of(_found(request, job_id), timezone.now())


class CancelJobView(ApiView):
    documentation = documentation_of.CANCEL
    permission_classes = [permissions.AnyClient]

    def post(self, request: Request, job_id: str) -> Response:
        return Response(replies.job(queue.cancel(_found(request, job_id), timezone.now())))
