"""Export a student, erase a student."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.administration import privacy
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.documentation import privacy as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.requests import body_of
from sessions_app.api.serializers import EraseRequestSerializer
from sessions_app.api.views import ClientView


class ExportView(ClientView):
    documentation = documentation_of.EXPORT
    permission = permissions.PRIVACY

    def get(self, request: Request, student_id: str) -> Response:
        return Response(replies.student_export(privacy.held_of(student_id), now=timezone.now()))


class EraseView(ClientView):
    documentation = documentation_of.ERASE
    permission = permissions.PRIVACY

    def post(self, request: Request, student_id: str) -> Response:
        if body_of(request, EraseRequestSerializer)["student_id"] != student_id:
            raise InvalidBody([("/student_id", "Must be the id in the address, to confirm.")])
        held = privacy.erase_student(student_id, now=timezone.now(), by_id=caller_of(request).client_id)
        return Response(replies.erased(held))
