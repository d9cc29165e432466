"""Lists come in pages: `?page=2&page_size=50`."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class TrailPages(Pages):
    """A test's answers, which a reader wants whole."""

    page_size = 500
