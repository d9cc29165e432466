"""A second organisation is made in the admin, and its first client on the command line."""

from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from organisations.acting import acting_for
from organisations.models import Organisation
from sessions_app.models import ApiClient

NEW = {"name": "Other", "slug": "other", "language": "de", "time_zone": "Europe/Vienna", "level_names": "[]"}


@pytest.mark.django_db
def test_a_second_organisation_and_its_client() -> None:
    root, address = Client(), "/admin/organisations/organisation"
    root.force_login(User.objects.create_superuser("root"))
    unseen = root.post(f"{address}/add/", {**NEW, "colour": "#ffff00"})  # on a white page
    assert "colour" in unseen.context["adminform"].form.errors
    assert root.post(f"{address}/add/", {**NEW, "colour": "#2f6fed"}).status_code == 302
    other = Organisation.objects.get(slug="other")
    with pytest.raises(CommandError, match="several"):
        call_command("create_api_token", "lms")
    call_command("create_api_token", "lms", organisation="other", stdout=StringIO())
    assert ApiClient.objects.get(username="lms").membership.organisation_id == other.pk
    with pytest.raises(CommandError, match="another organisation"):
        call_command("create_api_token", "lms", organisation="default")
    with acting_for(other.pk):
        owner = User.objects.create_user("owner", is_staff=True)
    owner.user_permissions.set(Permission.objects.filter(content_type__app_label="organisations"))
    client = Client()
    client.force_login(owner)
    assert b"Default" not in client.get(f"{address}/").content
    assert client.get(f"{address}/{other.pk}/change/").status_code == 200
    assert client.get(f"{address}/add/").status_code == 403
