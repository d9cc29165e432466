"""GET /sounds/<sha256>.<ogg|mp3|m4a>: a question's sound, whole or in parts."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from testing_engine.models import QuestionSound
from testing_engine.sounds import SUFFIXES

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@require_safe
def question_sound(request: HttpRequest, sha256: str, suffix: str) -> HttpResponse:
    """Public, as an <audio> sends no token. Browsers keep it for ever: it never changes. A part is given
    where one is asked for (RFC 9110, 14.2), as Safari does before it plays; of several parts, the whole.
    """
    found = QuestionSound.objects.filter(pk=sha256).values_list("content", "media_type").first()
    if found is None or SUFFIXES[found[1]] != suffix:
        raise Http404
    content, media_type = bytes(found[0]), found[1]
    part = _part_of(request.headers.get("Range", ""), len(content))
    if part is None:
        response = HttpResponse(content, content_type=media_type)
    elif not part:
        response = HttpResponse(status=416, content_type=media_type)
        response["Content-Range"] = f"bytes */{len(content)}"
    else:
        response = HttpResponse(content[part.start : part.stop], status=206, content_type=media_type)
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _part_of(asked: str, length: int) -> range | None:
    """The bytes that are asked for; empty where there are none such; None: the whole."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return range(max(length - int(found[2]), 0), length) if int(found[2]) else range(0)
    first, last = int(found[1]), int(found[2] or length)
    if last < first:
        return None
    return range(first, min(last + 1, length)) if first < length else range(0)
