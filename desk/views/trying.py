"""A test tried as a student: the questions come as they would, and nothing is stored."""

import json
import secrets
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from desk.doors import DeskRequest, desk_view, require_form, show, wants_part
from desk.rights import COPY_TESTS
from desk.views.tests import named_test_or_404, show_test
from sessions_app import replies
from sessions_app.preparing.rehearsal import Rehearsed, rehearse
from sessions_app.preparing.shelf import test_of
from sessions_app.refusals import InvalidResponse
from testing_engine.psychometrics.rules import RulesError

LARGEST_SEED = 2**31


@require_form
@desk_view(COPY_TESTS)
def try_test(request: DeskRequest, test_id: int) -> HttpResponse:
    """The first question; by POST, what follows the answers that the page has kept."""
    card, test = named_test_or_404(test_id), test_of(test_id)
    answers, seed = _answers(request.POST.get("answers", "[]")), _seed(request.POST.get("seed", ""))
    context: dict[str, Any] = {
        "seed": seed,
        "allows": test.allow_dont_know,
        "introduction": test.introduction,
    }
    try:
        found, context["problem"] = _rehearsed(test, seed, answers)
        shown = "" if found.question is None else replies.encode(replies.shown(found.question)).decode()
        number = found.answered + 1
        context |= {"found": found, "shown": shown, "number": number, "closing": test.closing}
        context["place"] = _("{number} of at most {most}").format(number=number, most=found.most)
    except RulesError as refused:
        context["problem"] = _("The rules do not fit the pool any more: {why}").format(why=refused)
    if wants_part(request):
        return show(request, "parts/tried_test", {**context, "test": card})
    return show_test(request, card, "overview", "test_try", context)


def _rehearsed(test: Any, seed: int, answers: list[Any]) -> tuple[Rehearsed, str]:
    """Where it stands, and what is wrong with the last answer, whose question is then asked again."""
    try:
        return rehearse(test, seed, answers), ""
    except InvalidResponse as refused:
        try:
            return rehearse(test, seed, answers[:-1]), str(refused)
        except InvalidResponse:  # answers of another test: from the beginning
            return rehearse(test, seed, []), str(refused)


def _answers(text: str) -> list[Any]:
    """As the student's page sends them, in order; what is none is left out."""
    try:
        answers = json.loads(text)
    except (ValueError, RecursionError):
        return []
    is_list = isinstance(answers, list)
    return [each for each in answers if each is None or isinstance(each, int | str | dict)] if is_list else []


def _seed(text: str) -> int:
    is_one = text.isascii() and text.isdigit() and len(text) <= 10
    return int(text) % LARGEST_SEED if is_one else secrets.randbelow(LARGEST_SEED)
