"""With whom a test or a pool is shared, and who it belongs to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.doors import DeskRequest, desk_view, go_to, require_form
from desk.rights import CHANGE_TESTS, MAKE_POOLS
from desk.sharing_form import OF_POOLS, OF_TESTS, ShareForm
from desk.views.pools import pool_or_404, show_pool
from desk.views.tests import named_test_or_404, show_test
from organisations import sharing
from organisations.sharing import Kept, Level
from sessions_app.preparing.shelf import test_of
from testing_engine.authoring.shelf import pool_of


@require_form
@desk_view(CHANGE_TESTS)
def test_sharing(request: DeskRequest, test_id: int) -> HttpResponse:
    """Of a test."""
    card, row = named_test_or_404(test_id), test_of(test_id)
    form, address = _form(request, row, OF_TESTS), reverse("desk:test_sharing", args=[test_id])
    if _changed(request, row, form):
        return go_to(request, address)
    context = {**_context(row, form, OF_TESTS), "address": address}
    return show_test(request, card, "sharing", "test_sharing", context)


@require_form
@desk_view(MAKE_POOLS)
def pool_sharing(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """Of a pool."""
    card, row = pool_or_404(pool_id), pool_of(pool_id)
    form, address = _form(request, row, OF_POOLS), reverse("desk:pool_sharing", args=[pool_id])
    if _changed(request, row, form):
        return go_to(request, address)
    context = {**_context(row, form, OF_POOLS), "address": address}
    return show_pool(request, card, "sharing", "pool_sharing", context)


def _form(request: DeskRequest, row: Kept, levels: Mapping[Level, Any]) -> ShareForm:
    is_sent = request.POST.get("do") in ("share", "hand_over")
    form = ShareForm(
        request.POST if is_sent else None,
        colleagues=sharing.colleagues_of(row),
        levels=[(level.value, said) for level, said in levels.items()],
    )
    if request.POST.get("do") == "hand_over":
        form.fields["level"].required = False
    return form


def _changed(request: DeskRequest, row: Kept, form: ShareForm) -> bool:
    """Whether something was asked for and done. Raises `NotShared` where it is not theirs to share."""
    match request.POST.get("do", ""), request.POST.get("remove", ""):
        case _, remove if remove.isdigit():
            sharing.unshare(row, int(remove))
        case "share", _ if form.is_valid():
            sharing.share(row, form.cleaned_data["colleague"], form.cleaned_data["level"])
        case "hand_over", _ if form.is_valid():
            sharing.hand_over(row, form.cleaned_data["colleague"])
        case ("let_see" | "let_not_see") as what, _:
            sharing.let_everybody_see(row, what == "let_see")
        case _:
            return False
    messages.success(request, _("Saved."))
    return True


def _context(row: Kept, form: ShareForm, levels: Mapping[Level, Any]) -> dict[str, Any]:
    shares = [(user.pk, sharing.called(user), levels[level]) for user, level in sharing.shared_with(row)]
    return {
        "form": form,
        "shares": shares,
        "may_share": sharing.may_share(row),
        "maker": None if row.made_by_id is None else sharing.maker_of(row),
        "everybody_sees": row.everybody_sees,
    }
