"""The organisation of whoever is logged in: its name, logo, colour, and what else it says of itself."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.doors import DeskRequest, desk_view, go_to, require_form, show
from desk.organisation_form import OrganisationForm
from desk.rights import DESCRIBE_OWN
from desk.sentences import translated
from organisations.own import own_organisation
from sessions_app.administration.brands import ImageRefused, OrganisationRefused, change, described


@require_form
@desk_view(DESCRIBE_OWN)
def own(request: DeskRequest) -> HttpResponse:
    """What it is like for students, and a form to change it."""
    organisation = own_organisation(request)
    if organisation is None:
        raise Http404  # who stands outside of all has the admin
    form = OrganisationForm(request.POST or None, request.FILES or None, described(organisation.pk))
    if form.is_bound and form.is_valid():
        try:
            change(
                organisation.pk,
                form.described,
                form.logo_bytes,
                drops_logo=form.cleaned_data["drops_logo"],
            )
        except OrganisationRefused as refused:
            for field, why in refused.problems:
                form.add_error(field if field in form.fields else None, why)
        except ImageRefused as refused:
            form.add_error("logo", translated(refused.sentence))
        else:
            messages.success(request, _("Saved. It is seen from now on."))
            return go_to(request, reverse("desk:organisation"))
    return show(request, "organisation", {"form": form})
