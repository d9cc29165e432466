"""GET /images/<sha256>.<png|jpg>: a question's picture."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from testing_engine.images import SUFFIXES
from testing_engine.models import QuestionImage


@require_safe
def question_image(request: HttpRequest, sha256: str, suffix: str) -> HttpResponse:
    """Public, as an <img> sends no token. Browsers and proxies keep it for ever: it never changes."""
    found = QuestionImage.objects.filter(pk=sha256).values_list("content", "media_type").first()
    if found is None or SUFFIXES[found[1]] != suffix:
        raise Http404
    content, media_type = found
    response = HttpResponse(bytes(content), content_type=media_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
