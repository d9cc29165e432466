"""The student's page: documents without data of anybody. What a student sees comes from the API."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from organisations.branding import problem_of_colour, style_of
from sessions_app.lti import frames
from sessions_app.sitting.tokens import STUDENT_PAGE, make_session_token, page_of
from student_page.demo import DEMOS, NoDemoPool, start_demo
from student_page.embedding import embedding_of
from student_page.languages import chosen_language, is_chosen, languages
from student_page.texts import join_texts, script_texts

COOKIE = "take_language"  # not Django's own: it would speak of the whole site
COOKIE_AGE = 365 * 24 * 3600
MODULES = (
    *("test.js", "connection.js", "screen.js", "patience.js", "clock.js", "introduction.js", "brand.js"),
    *("question.js", "result.js", "elements.js", "passage.js", "sounds.js"),
    *("interactions.js", "choosing.js", "menus.js", "entering.js", "ordering.js", "pairing.js"),
)

ON_DEMAND = ("pause.js",)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where everything is. It says nothing that the documentation does not."""
    return _page(request, "home", {"has_demo": not settings.IS_PRODUCTION})


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What this is; in development, also a way in."""
    return _page(request, "landing", {"has_demo": not settings.IS_PRODUCTION})


@require_safe
def test(request: HttpRequest) -> HttpResponse:
    """The page of a test. Which test, only the browser knows: its token stands behind the #.

    `frame` names a platform whose pages may show this one in a frame (`sessions_app.lti`), `embed` an origin
    whose pages may, and `return` an address where the student goes afterwards (`embedding`).
    """
    frame = request.GET.get("frame", "")
    origins = frames.origins_of(frame) if frame else []
    embedding = embedding_of(request.GET)
    response = _page(request, "test", {"frame": frame if origins else "", "embedding": embedding})
    origins = [*origins, embedding.origin] if embedding.origin else origins
    return frames.may_be_framed(response, origins) if origins else response


@require_safe
def brand(request: HttpRequest, digits: str) -> HttpResponse:
    """The style sheet of a colour that an organisation may have. Its address says all that is in it."""
    colour = f"#{digits}"
    if problem_of_colour(colour):
        raise Http404
    response = HttpResponse(style_of(colour), content_type="text/css")
    patch_cache_control(response, public=True, max_age=COOKIE_AGE, immutable=True)
    return response


@require_POST
def demo(request: HttpRequest) -> HttpResponse:
    """Start a demo test and go to its page. In development alone: it needs no credentials."""
    name = request.POST.get("demo", "mathematics")
    if settings.IS_PRODUCTION or name not in DEMOS:
        raise Http404
    try:
        standing = start_demo(name, timezone.now())
    except NoDemoPool:
        return _page(request, "landing", {"has_demo": True, "is_demo_missing": True}, status=503)
    response = HttpResponseRedirect(page_of(make_session_token(standing.session_id, standing.started_at)))
    response.status_code = 303
    return response


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """It stands here and not among the static files, as it serves the addresses below its own alone."""
    # Scripts import each other by their plain names, so the page asks for those, and not for the hashed ones.
    files = [
        static("student_page/page.css"),
        *(static("student_page/") + name for name in (*MODULES, *ON_DEMAND)),
    ]
    context = {"page": STUDENT_PAGE, "shell": [STUDENT_PAGE, *files]}
    response = render(request, "student_page/sw.js", context, content_type="text/javascript")
    patch_cache_control(response, no_cache=True)
    return response


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    language = chosen_language(request, COOKIE)
    with translation.override(language):
        texts = join_texts() if name == "landing" else script_texts()
        data = {"texts": texts, "is_language_chosen": is_chosen(request, COOKIE)}
        shown = {**context, "languages": languages(), "data": data, "modules": MODULES}
        response = render(request, f"student_page/{name}.html", shown, status=status)
    if request.GET.get("language") == language:
        response.set_cookie(
            COOKIE, language, COOKIE_AGE, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
        )
    response["Content-Language"] = language
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    patch_cache_control(response, private=True, no_cache=True)
    return response
