"""The numbers of a picture as a file."""

from collections.abc import Iterable

from django.http import Http404, HttpResponse

from testing_engine.pictures.picture import Picture


def numbers_of(pictures: Iterable[Picture], name: str) -> HttpResponse:
    """As CSV, of the picture of that name; else there is nothing."""
    picture = next((each for each in pictures if each.name == name), None)
    if picture is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{picture.name}.csv"'}
    return HttpResponse(picture.csv, content_type="text/csv; charset=utf-8", headers=headers)
