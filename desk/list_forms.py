"""What the list of a pool's questions is asked for, and one change for many of them."""

from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from sessions_app.reporting.question_list import SORTS, Wanted
from testing_engine.authoring.bulk import MAY_BE_EMPTY
from testing_engine.interchange.names import NAME_LENGTH, problem_of_name

CHANGE_WORDS = (
    ("area", _("Area")),
    ("question_set", _("Set")),
    ("add_enemy_group", _("Into an enemy group")),
    ("remove_enemy_group", _("Out of an enemy group")),
)
LONGEST = 200


def wanted_of(query: QueryDict) -> Wanted:
    """What is asked for; what makes no sense is left out."""
    sort = query.get("sort", "")
    page = query.get("page", "")
    return Wanted(
        search=query.get("search", "")[:LONGEST],
        area=query.get("area", "")[:LONGEST],
        type=query.get("type", "")[:LONGEST],
        state=query.get("state", "")[:LONGEST],
        sort=sort if sort in SORTS else "position",
        is_falling=query.get("order") == "down",
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def query_of(wanted: Wanted, **other: object) -> str:
    """The same as an address' query, with some of it otherwise; what is left at its default is left out."""
    told: dict[str, object] = {
        "search": wanted.search,
        "area": wanted.area,
        "type": wanted.type,
        "state": wanted.state,
        "sort": wanted.sort if wanted.sort != "position" else "",
        "order": "down" if wanted.is_falling else "",
        "page": wanted.page if wanted.page > 1 else "",
        **other,
    }
    return urlencode({name: value for name, value in told.items() if value})


class BulkForm(forms.Form):
    """One change. `revision`: that of the list that was looked at."""

    change = forms.ChoiceField(choices=CHANGE_WORDS, label=_("Change"))
    name = forms.CharField(
        required=False,
        max_length=NAME_LENGTH,
        label=_("To"),
        help_text=_("Empty: none, for an area or a set."),
    )
    everything = forms.BooleanField(required=False, label=_("All that were found, on every page"))
    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        name, change = cleaned.get("name", ""), cleaned.get("change")
        if change and not name and change not in MAY_BE_EMPTY:
            self.add_error("name", _("Which group?"))
        elif name and problem_of_name(name):
            self.add_error("name", _("This name has signs that cannot be seen. Type it anew."))
        return cleaned
