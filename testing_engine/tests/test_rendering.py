"""What a student sees of a question: mathematics, code and pictures, and nothing that could run."""

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from testing_engine.rendering import content_html, option_html

DEMO = Path(__file__).resolve().parents[1] / "demo" / "pool.json"
HARMLESS = {
    *("p", "br", "code", "pre", "img", "span", "div", "table", "thead", "tbody", "tr", "th", "td", "math"),
    *(
        "mrow",
        "mi",
        "mn",
        "mo",
        "mtext",
        "mspace",
        "ms",
        "mstyle",
        "mpadded",
        "mphantom",
        "menclose",
        "mfrac",
    ),
    *(
        "msqrt",
        "mroot",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mmultiscripts",
        "mtable",
    ),
    *("mprescripts", "none", "mtr", "mtd", "merror"),
}


class Seen(HTMLParser):
    """Elements and attributes, as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_harmless(rendered: str) -> None:
    seen = Seen(rendered)
    assert seen.tags <= HARMLESS
    for name, value in seen.attributes:
        assert not name.startswith("on")
        assert name not in {"style", "href", "srcset", "id", "xlink:href", "formaction"}
        if name == "src":
            assert re.match(r"/(?![/\\])|data:image/(png|jpeg|gif|webp);base64,", value)
        elif name != "alt":
            assert "script" not in value.lower()


PIECES = st.sampled_from(
    [
        *(
            "<script>",
            "</script>",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)>",
            "javascript:alert(1)",
        ),
        *(
            "![a](",
            "![",
            "](",
            ")",
            "$",
            "$$",
            "`",
            "```",
            "\n",
            "\n\n",
            "|",
            "---",
            "\\",
            "<",
            ">",
            '"',
            "'",
            "&",
        ),
        *(
            "\\href{javascript:alert(1)}{x}",
            "\\text{",
            "\\class{a}",
            "\\style{",
            "\\color{",
            "}",
            "{",
            "\\frac",
        ),
        *(
            "data:image/svg+xml;base64,AA",
            "data:image/png;base64,AA",
            "data:text/html,",
            "//evil",
            "/images/a.png",
        ),
        *(
            "</math>",
            "<mtext>",
            "<mglyph>",
            "<annotation-xml encoding='text/html'>",
            "<style>",
            "&#x3c;",
            "مرحبا",
        ),
    ]
)


@given(st.lists(PIECES | st.text(max_size=8), max_size=14).map("".join))
@example("$\\text{</mtext></math><img src=x onerror=alert(1)>}$")
@example("$\\text{<style><img src='</style><img src=x onerror=alert(1)>'>}$")
@example('![" onerror="alert(1)](/images/a.png)')
@example("![x](/images/..//evil)")
def test_it_lets_nothing_through_that_could_run(text: str) -> None:
    assert_harmless(content_html(text))
    assert_harmless(option_html(text))


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $7.",
        "Between $5 and $7, or US$5 a piece ($6 at most)",
        "2*3*4 and 2**3**4 and a_b_c_d",
        "x < 3 && y > 4 <b>bold</b>",
        "# no heading\n- no list\n1. nor here\n> nor a quotation",
        "A \\ B and C:\\new",
        "|2x − 3| = 7",
        "http://example.org <http://example.org> [a](b)",
        "&lt; &amp; &copy;",
    ],
)
def test_it_leaves_plain_text_as_it_was_typed(text: str) -> None:
    for rendered in (content_html(text), option_html(text)):
        assert Seen(rendered).tags <= {"p", "br"}
        shown = html.unescape(re.sub(r"<br>\n?", "\n", re.sub(r"</?p[^>]*>|\n$", "", rendered)))
        assert " ".join(shown.split()) == " ".join(text.split())


def test_it_shows_the_demo_pool_as_it_was_typed() -> None:
    for question in json.loads(DEMO.read_text())["questions"]:
        assert Seen(content_html(question["content"])).text.strip() == question["content"]
        for option in question["options"]:
            assert option_html(option) == html.escape(option, quote=False)


def test_it_writes_mathematics_as_mathml() -> None:
    rendered = content_html("Let $\\frac{1}{2} < x^2$ and\n\n$$\\sqrt{y}$$")
    assert "<mfrac>" in rendered
    assert "<mo>&lt;</mo>" in rendered
    assert '<math display="block"><mrow><msqrt>' in rendered
    assert "$" not in rendered


@pytest.mark.parametrize("latex", ["\\frac{", "{" * 3000, "\\begin{matrix}", "\\left(", "^", "&"])
def test_it_shows_what_is_no_latex_as_it_was_typed(latex: str) -> None:
    assert_harmless(content_html(f"a ${latex}$ b"))
    assert "\\frac{" in html.unescape(content_html("a $\\frac{$ b"))


def test_it_shows_code_letter_by_letter() -> None:
    rendered = content_html("What does `a<b` print?\n```python\nfor i in x:\n    <b>$5$</b>\n```")
    assert '<code dir="ltr">a&lt;b</code>' in rendered
    assert "for i in x:\n    &lt;b&gt;$5$&lt;/b&gt;\n" in rendered
    assert "<math" not in rendered


@pytest.mark.parametrize(
    ("address", "is_shown"),
    [
        ("/images/" + "a" * 64 + ".png", True),
        ("data:image/png;base64,iVBORw0KGgo=", True),
        ("data:image/svg+xml;base64,PHN2Zz4=", False),
        ("data:text/html;base64,PHN2Zz4=", False),
        ("https://example.org/a.png", False),
        ("//example.org/a.png", False),
        ("/\\example.org/a.png", False),
        ("/images/../admin/", False),
        ("javascript:alert(1)", False),
        ("a.png", False),
    ],
)
def test_it_shows_pictures_of_this_host_alone(address: str, is_shown: bool) -> None:
    rendered = content_html(f"See ![a triangle]({address}) here")
    assert ("<img" in rendered) is is_shown
    assert "a triangle" in rendered  # as the picture's text, or in its place


def test_it_lets_the_text_say_its_direction() -> None:
    assert content_html("מה הוא $x$?\n\nAnd this?").count('<p dir="auto">') == 2
    assert 'dir="ltr"' in content_html("`مرحبا`")


def test_an_escaped_sign_is_the_sign() -> None:
    assert content_html("\\$x\\$ and \\`y\\`") == '<p dir="auto">$x$ and `y`</p>\n'


def test_it_draws_tables() -> None:
    rendered = content_html("| x | y |\n|---|---|\n| 1 | $x^2$ |")
    assert {"table", "th", "td", "msup"} <= Seen(rendered).tags


def test_words_in_a_formula_lose_nothing() -> None:
    assert "if a&lt;b then" in content_html(r"$\text{if a<b then}$")
    assert "<mtext>" in content_html(r"$\text{if so}$")
