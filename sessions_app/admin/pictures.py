"""How the admin shows pictures: a page of them, with the data of each as CSV at the same address."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from testing_engine.pictures.picture import Picture


@dataclass(frozen=True)
class Page:
    """And what stands above the pictures: links as (address, text), facts as (name, value), lists as
    (heading, lines)."""

    title: str
    pictures: Sequence[Picture]
    links: Sequence[tuple[str, str]] = ()
    intro: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    lists: Sequence[tuple[str, Sequence[str]]] = ()


def show(
    admin: ModelAdmin,
    request: HttpRequest,
    page: Page,
    template: str = "admin/pictures/page.html",
    **more: object,
) -> HttpResponse:
    """The page, or with `?data=NAME` the data of one of its pictures."""
    if "data" in request.GET:
        return _download(request.GET["data"], page)
    context = {
        **admin.admin_site.each_context(request),
        "title": page.title,
        "opts": admin.opts,
        "page": page,
        "query": request.GET.urlencode(),
        **more,
    }
    return TemplateResponse(request, template, context)


def _download(name: str, page: Page) -> HttpResponse:
    for picture in page.pictures:
        if picture.name == name:
            disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
            return HttpResponse(picture.csv, content_type="text/csv; charset=utf-8", headers=disposition)
    raise Http404
