"""What a pool states: on which scale its results are told, and what must hold of it."""

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.administration import told_on
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.authoring import pool_of
from sessions_app.api.documentation import pool_settings as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.pool_setting_requests import ReportingScaleRequest, RequirementsRequest
from sessions_app.api.requests import body_of
from sessions_app.api.views import ClientView, ListView
from sessions_app.measurement import gate
from sessions_app.models import GateCheck
from testing_engine.reporting_scales import ReportingScaleError
from testing_engine.simulation.requirements import RequirementsInvalid


class ReportingScaleView(ClientView):
    documentation = {"GET": documentation_of.READ_SCALE, "PUT": documentation_of.PUT_SCALE}
    permission = permissions.AUTHOR

    def get(self, request: Request, pool_id: str) -> Response:
        return Response(replies.reporting_scale(pool_of(pool_id)))

    def put(self, request: Request, pool_id: str) -> Response:
        pool = pool_of(pool_id)
        content = body_of(request, ReportingScaleRequest)["reporting_scale"]
        try:
            told_on.tell_pool_on(pool, content)
        except ReportingScaleError as error:
            raise InvalidBody([(f"/reporting_scale{at}", said) for at, said in error.problems]) from error
        return Response(replies.reporting_scale(pool))


class RequirementsView(ClientView):
    documentation = {"GET": documentation_of.READ_REQUIREMENTS, "PUT": documentation_of.PUT_REQUIREMENTS}
    permission = permissions.AUTHOR

    def get(self, request: Request, pool_id: str) -> Response:
        pool = pool_of(pool_id)
        return Response(replies.requirements(pool.pk, gate.requirements_of(pool.pk)))

    def put(self, request: Request, pool_id: str) -> Response:
        pool = pool_of(pool_id)
        content = body_of(request, RequirementsRequest)["requirements"] or {}
        try:
            asked = gate.require(pool, content, caller_of(request).client_id)
        except RequirementsInvalid as error:
            raise InvalidBody([(f"/requirements{at}", said) for at, said in error.problems]) from error
        return Response(replies.requirements(pool.pk, asked))


class GateCheckListView(ListView):
    documentation = documentation_of.LIST_CHECKS
    permission = permissions.AUTHOR
    reply = staticmethod(replies.gate_check)

    def get_queryset(self) -> QuerySet[GateCheck]:
        return gate.checks_of(pool_of(self.kwargs["pool_id"]))
