"""Simulations of a pool."""

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.authoring import pool_of
from sessions_app.api.documentation import simulations as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.negotiation import AnyFormat
from sessions_app.api.requests import body_of, idempotency_key_of, query_of
from sessions_app.api.result_export import streamed
from sessions_app.api.simulation_requests import SimulationFormat, SimulationRequest, asked_in
from sessions_app.api.views import ClientView, ListView
from sessions_app.measurement.sending import send_simulation
from sessions_app.measurement.simulations import queue, tables
from sessions_app.measurement.simulations.refused import SimulationRefused
from sessions_app.models import Simulation


class SimulationListView(ListView):
    documentation = {"GET": documentation_of.LIST, "POST": documentation_of.SIMULATE}
    permission = permissions.AUTHOR
    reply = staticmethod(replies.simulation_in_list)

    def get_queryset(self) -> QuerySet[Simulation]:
        return queue.of_pool(pool_of(self.kwargs["pool_id"]))

    def post(self, request: Request, pool_id: str) -> Response:
        pool = pool_of(pool_id)
        asked = asked_in(body_of(request, SimulationRequest))
        key = idempotency_key_of(request)
        try:
            found = queue.ask(pool, asked, caller_of(request).client_id, key, send_simulation)
        except SimulationRefused as refused:
            raise InvalidBody(refused.problems) from refused
        return Response(replies.simulation_in_list(found))


class SimulationView(ClientView):
    documentation = documentation_of.READ
    permission = permissions.AUTHOR
    content_negotiation_class = AnyFormat

    def get(self, request: Request, pool_id: str, simulation_id: str) -> Response | StreamingHttpResponse:
        found = queue.find(pool_of(pool_id), simulation_id)
        wanted = query_of(request, SimulationFormat)
        if wanted["format"] == "json":
            return Response(replies.simulation(found))
        table = wanted["table"]
        return streamed(tables.lines(found, table), f"simulation-{found.pk}-{table}")


class CancelSimulationView(ClientView):
    documentation = documentation_of.CANCEL
    permission = permissions.AUTHOR

    def post(self, request: Request, pool_id: str, simulation_id: str) -> Response:
        found = queue.find(pool_of(pool_id), simulation_id)
        return Response(replies.simulation_in_list(queue.cancel(found, timezone.now())))
