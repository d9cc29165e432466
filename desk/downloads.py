"""Files: the numbers of a picture, lists that people open in a spreadsheet, and pages to print."""

from collections.abc import Iterable, Sequence

from django.http import Http404, HttpResponse

from sessions_app.reporting.spreadsheets import csv_lines
from testing_engine.pictures.picture import Picture


def numbers_of(pictures: Iterable[Picture], name: str) -> HttpResponse:
    """As CSV, of the picture of that name; else there is nothing."""
    picture = next((each for each in pictures if each.name == name), None)
    if picture is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{picture.name}.csv"'}
    return HttpResponse(picture.csv, content_type="text/csv; charset=utf-8", headers=headers)


def sheet_of(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A list with people in it as CSV, which nobody on the way keeps."""
    return HttpResponse(
        csv_lines(header, rows, is_for_people=True),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )


def paper_of(name: str, content: bytes) -> HttpResponse:
    """A PDF with people in it, which nobody on the way keeps."""
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "no-store"},
    )
