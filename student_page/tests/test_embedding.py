"""Whose pages may show a test in a frame, and where its student may be sent."""

import pytest
from django.conf import LazySettings
from django.test import Client

from student_page.embedding import Embedding, embedding_of

LISTED = "https://app.example"


@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ({}, Embedding("", "")),
        ({"embed": LISTED, "return": f"{LISTED}/done?x=1"}, Embedding(LISTED, f"{LISTED}/done?x=1")),
        ({"embed": f"{LISTED}/", "return": "/done"}, Embedding("", "")),
        ({"embed": "https://app.example.evil", "return": "https://app.example.evil/"}, Embedding("", "")),
        ({"embed": "*", "return": "javascript:alert(1)//https://app.example"}, Embedding("", "")),
        ({"return": "https://app.example@evil.example/"}, Embedding("", "")),
        ({"return": "https://[x"}, Embedding("", "")),
        ({"return": f"{LISTED}/{'x' * 2000}"}, Embedding("", "")),
    ],
)
def test_what_is_listed_alone(settings: LazySettings, query: dict[str, str], allowed: Embedding) -> None:
    settings.EMBED_ORIGINS = [LISTED]
    assert embedding_of(query) == allowed


def test_a_page_in_a_frame_of_that_origin_alone(settings: LazySettings, client: Client) -> None:
    settings.EMBED_ORIGINS = [LISTED]
    framed, alone = (
        client.get("/take/test", {"embed": LISTED}),
        client.get("/take/test", {"embed": "https://x.example"}),
    )
    assert f"frame-ancestors {LISTED}" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    assert "frame-ancestors 'none'" in alone["Content-Security-Policy"]
    assert b'name="embedding"' not in alone.content
