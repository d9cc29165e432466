"""In which language the sentences of a result come: the first of Accept-Language that there is."""

from rest_framework.request import Request

from sessions_app.reporting.languages import language_in


def language_of(request: Request) -> str:
    return language_in(request.headers.get("Accept-Language", ""))
