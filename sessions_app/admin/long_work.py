"""What takes longer than a request: a worker does it, and its page at the desk says how far it is."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from sessions_app.refusals import TooManyJobs
from sessions_app.waiting import queue


def by_a_worker(
    page: Any,
    request: HttpRequest,
    wanted: Any,
    organisation_id: int | None,
    *,
    title: str,
    says: str,
    yes: str,
    back: str,
) -> HttpResponse:
    """A page that says so, with a button; by POST it is asked for."""
    if request.method == "POST":
        try:
            job = queue.ask(wanted, request.user.pk, organisation_id)
            return HttpResponseRedirect(reverse("desk:job", args=[job.pk]))
        except TooManyJobs as many:
            page.message_user(request, str(many), messages.WARNING)
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.opts,
        "says": says,
        "yes": yes,
        "back": back,
    }
    return TemplateResponse(request, "admin/sessions_app/long_work.html", context)
