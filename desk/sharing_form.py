"""The form by which a test or pool is shared with a colleague."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organisations.sharing import Colleague, Level

OF_TESTS = {
    Level.SEE: _("see it, copy it and give it to their own classes"),
    Level.CHANGE: _("the same as I: change it, invite, and see all of its results"),
}
OF_POOLS = {
    Level.SEE: _("use it for tests and read its questions, without what is right"),
    Level.KEYS: _("read what is right, too, and take it along as a file or a copy"),
    Level.CHANGE: _("write and change questions as well"),
}


class ShareForm(forms.Form):
    colleague = forms.TypedChoiceField(coerce=int, label=_("Colleague"))
    level = forms.TypedChoiceField(
        coerce=lambda value: Level(int(value)), label=_("May"), initial=Level.SEE.value
    )

    def __init__(
        self,
        *args: Any,
        colleagues: Sequence[Colleague],
        levels: Sequence[tuple[int, Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        named = [(each.account, _named(each)) for each in colleagues]
        self.fields["colleague"].choices = [("", "–"), *named]  # type: ignore[attr-defined]
        self.fields["level"].choices = levels  # type: ignore[attr-defined]


def _named(colleague: Colleague) -> str:
    """Who sees it anyway can still be handed it."""
    if not colleague.sees_all:
        return colleague.called
    return gettext("{name} (sees everything anyway)").format(name=colleague.called)
