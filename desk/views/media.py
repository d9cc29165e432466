"""Files that are inserted into a text."""

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from desk.doors import DeskRequest, desk_view, form_of
from desk.media import KINDS, MediaRefused
from desk.rights import WRITE_QUESTIONS
from desk.sentences import translated


@form_of("home")
@desk_view(WRITE_QUESTIONS)
def insert(request: DeskRequest) -> HttpResponse:
    """Store a file and say what stands for it in a text. The same file again is the same."""
    kind = next((kind for kind in KINDS if kind.key == request.POST.get("kind")), None)
    file = request.FILES.get("file")
    if kind is None or file is None:
        return JsonResponse({"error": _("Choose a file.")}, status=400)
    try:
        return JsonResponse({"text": kind.insert(file.read(kind.most_bytes + 1))})
    except MediaRefused as refused:
        return JsonResponse({"error": translated(refused.sentence)}, status=400)
