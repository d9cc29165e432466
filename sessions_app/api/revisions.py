"""A pool's revisions, and what each of them changed. They come from imports, tables of parameters,
calibrations and edits at the desk."""

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authoring import pool_of
from sessions_app.api.documentation import revisions as documentation_of
from sessions_app.api.pool_export import revision_or_404
from sessions_app.api.views import ClientView, ListView
from testing_engine.differences import difference_of, revisions_of
from testing_engine.models import PoolRevision

_DIGITS = 9  # of a number that a column holds


class RevisionListView(ListView):
    documentation = documentation_of.LIST
    permission = permissions.AUTHOR
    reply = staticmethod(replies.revision_in_list)

    def get_queryset(self) -> QuerySet[PoolRevision]:
        return revisions_of(pool_of(self.kwargs["pool_id"]))


class RevisionView(ClientView):
    documentation = documentation_of.READ
    permission = permissions.AUTHOR

    def get(self, request: Request, pool_id: str, number: str) -> Response:
        is_number = number.isascii() and number.isdigit() and len(number) <= _DIGITS
        found = revision_or_404(pool_of(pool_id), int(number) if is_number else 0)
        return Response(replies.revision(found, difference_of(found)))
