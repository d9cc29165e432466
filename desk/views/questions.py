"""A question beside its writing: its versions, the archive, and the frame in which it is shown."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, go_to, show
from desk.rights import SEE_AS_STUDENT, WRITE_QUESTIONS
from desk.views.pools import pool_or_404, show_pool
from student_page.texts import script_texts
from testing_engine.authoring import publishing
from testing_engine.authoring.publishing import LastQuestion, QuestionUnknown


@require_safe
@xframe_options_sameorigin
@desk_view(SEE_AS_STUDENT)
def frame(request: DeskRequest) -> HttpResponse:
    """The student's page around a question, without a test: what it shows, the page around it sends."""
    return show(request, "frame", {"data": {"texts": script_texts()}})


@require_safe
@desk_view(WRITE_QUESTIONS)
def versions(request: DeskRequest, pool_id: UUID, pk: int) -> HttpResponse:
    """The history of a question."""
    pool = pool_or_404(pool_id)
    try:
        context = {
            "history": [
                (version, ", ".join(_(words) for words in version.changed))
                for version in publishing.history(pool_id, pk)
            ],
            "opened": publishing.open_question(pool_id, pk),
        }
    except QuestionUnknown as unknown:
        raise Http404 from unknown
    return show_pool(request, pool, "questions", "versions", context)


@form_of("question")
@desk_view(WRITE_QUESTIONS)
def archive(request: DeskRequest, pool_id: UUID, pk: int) -> HttpResponse:
    """In no test any more that begins from now on."""
    try:
        publishing.archive(pool_id, pk)
    except QuestionUnknown as unknown:
        raise Http404 from unknown
    except LastQuestion:
        messages.error(request, _("This is the pool’s last question. Put the pool itself into the archive."))
        return redirect("desk:question", pool_id, pk)
    messages.success(request, _("The question is in the archive. Tests that run keep it."))
    return go_to(request, reverse("desk:pool", args=[pool_id]))


@form_of("question")
@desk_view(WRITE_QUESTIONS)
def restore(request: DeskRequest, pool_id: UUID, pk: int) -> HttpResponse:
    """Out of the archive, to the pool's end."""
    try:
        publishing.restore(pool_id, pk)
    except QuestionUnknown as unknown:
        raise Http404 from unknown
    messages.success(request, _("The question is in the pool again."))
    return go_to(request, reverse("desk:question", args=[pool_id, pk]))
