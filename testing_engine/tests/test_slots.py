"""Places of interactions in a question's content, and MathML that was written by hand."""

import pytest

from testing_engine.rendering import content_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("A [[R]] b", '<p dir="auto">A <span class="slot" data-response="R"></span> b</p>'),
        ("[[R:G1]]", '<p dir="auto"><span class="slot" data-response="R" data-part="G1"></span></p>'),
        ("[[S]] and a[[1]]", '<p dir="auto">[[S]] and a[[1]]</p>'),
        ("`[[R]]`", '<p dir="auto"><code dir="ltr">[[R]]</code></p>'),
    ],
)
def test_it_marks_the_place(text: str, html: str) -> None:
    assert content_html(text, frozenset({"R"})).strip() == html


def test_without_interactions_everything_stays_as_typed() -> None:
    assert "[[R]]" in content_html("[[R]]")


def test_it_takes_mathml_and_cleans_it() -> None:
    html = content_html("$<math><mi>x</mi><mtext><script>alert(1)</script></mtext></math>$")
    assert "<mi>x</mi>" in html
    assert "script" not in html
