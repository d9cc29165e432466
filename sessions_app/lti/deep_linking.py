"""A teacher chooses a test in the platform's editor (Deep Linking 2.0): a link, with a gradebook column."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem

from organisations.acting import act_for
from sessions_app.lti import claims as claim
from sessions_app.lti.addresses import Addresses
from sessions_app.lti.grading import MOST, PROGRESS
from sessions_app.lti.messages import Message
from sessions_app.lti.platform import as_tool
from sessions_app.lti.refused import LaunchRefused
from sessions_app.lti.tickets import Purpose, make_ticket, read_ticket, spend
from sessions_app.models import LtiRegistration, NamedTest
from sessions_app.outgoing.addresses import AddressRefused, parsed

LONGEST_DATA = 16 * 1024  # of what the platform wants back as it was


@dataclass(frozen=True)
class Chosen:
    """A signed answer that the teacher's browser carries to `address`."""

    registration: LtiRegistration
    address: str
    answer: str


def offered_to(registration: LtiRegistration) -> QuerySet[NamedTest]:
    """Tests that a teacher of this platform may choose."""
    return NamedTest.objects.order_by("title", "name")


def question_to_teacher(message: Message) -> str:
    """The one-use value with which the choice comes back. Raises `LaunchRefused`."""
    if not claim.is_teacher(message.roles):
        raise LaunchRefused("Only who teaches the course chooses a test for it.")
    settings = claim.inner(message.claims, claim.SETTINGS)
    address, data = claim.text(settings, "deep_link_return_url", 2000), settings.get("data")
    try:
        parsed(address)
    except AddressRefused as refused:
        raise LaunchRefused(f"Its return address is not taken: {refused}") from refused
    if len(json.dumps(data)) > LONGEST_DATA:
        raise LaunchRefused(f"Its data are longer than {LONGEST_DATA} characters.")
    content = {
        "registration": str(message.registration.pk),
        "deployment": message.deployment_id,
        "address": address,
        "data": data,
    }
    return make_ticket(Purpose.CHOICE, content)


def chosen(ticket: str, test_name: str, own: Addresses, now: datetime) -> Chosen:
    """Raises `LaunchRefused`."""
    content = read_ticket(Purpose.CHOICE, ticket)
    registration = LtiRegistration.objects.filter(pk=UUID(content["registration"]), is_active=True).first()
    if registration is None:
        raise LaunchRefused("The platform was switched off here.")
    act_for(registration.organisation_id)
    test = offered_to(registration).filter(name=test_name).first() if "\x00" not in test_name else None
    if test is None:
        raise LaunchRefused("There is no such test.")
    spend(Purpose.CHOICE, ticket, now)
    return Chosen(registration, content["address"], _answer(registration, content, test, own, now))


def _answer(
    registration: LtiRegistration, content: Mapping[str, Any], test: NamedTest, own: Addresses, now: datetime
) -> str:
    column = LineItem()
    column.set_label(test.title).set_score_maximum(MOST).set_resource_id(test.name)
    column.set_submission_review(sorted(set(PROGRESS.values())), url=own.launch)
    resource = DeepLinkResource()
    resource.set_title(test.title).set_url(own.of_test(test.name)).set_lineitem(column)
    resource.set_custom_params({claim.TEST: test.name})
    resource.set_target("iframe" if registration.frame_ancestors else "window")
    wanted: Any = {"deep_link_return_url": content["address"]}
    if content["data"] is not None:
        wanted["data"] = content["data"]
    link = DeepLink(as_tool(registration, now), content["deployment"], wanted)
    said = {name: value for name, value in link.get_message_jwt([resource]).items() if value is not None}
    return str(link.encode_jwt(said))  # type: ignore[no-untyped-call]
