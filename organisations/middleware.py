"""Every request acts for whoever sent it, and leaves nothing behind in its thread."""

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from organisations.acting import Acting, Person, acting_for, acting_organisation, acting_person
from organisations.membership import organisation_of, person_of


class ActingOrganisation:
    """Outside of all that reads rows. Who logged in is asked for when the first owned row is; the API says by
    `act_for` whose token it was.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        def sender() -> Acting:
            with acting_for(None):
                return organisation_of(getattr(request, "user", None))

        def person() -> Person | None:
            with acting_for(None):
                return person_of(getattr(request, "user", None))

        with acting_for(sender, person):
            response: HttpResponseBase = self.get_response(request)
            if isinstance(response, StreamingHttpResponse):
                whole = _within(response.streaming_content)  # type: ignore[arg-type]
                response.streaming_content = whole
        return response


def _within(parts: Iterable[bytes]) -> Iterator[bytes]:
    """What is written after the reply has begun acts for the same."""
    organisation, person = acting_organisation(), acting_person()
    return _acting_within(organisation, person, iter(parts))


def _acting_within(organisation: Acting, person: Person | None, parts: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with acting_for(organisation, person):
            part = next(parts, None)
        if part is None:
            return
        yield part
