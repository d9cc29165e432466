"""HTML → the notation of contents, looked at in the notation and as a student would see it."""

import pytest

from testing_engine.interchange.html_text import read_html
from testing_engine.interchange.notation import media_name, plain_text
from testing_engine.rendering import content_html, option_html

CASES = {
    "<p>One</p><p>two<br>three&nbsp;</p>": "One\n\ntwo\nthree",
    "a<ul><li>b<ul><li>c</li></ul></li><li>d</ul>e": "a\n\n• b\n◦ c\n• d\n\ne",
    "<ul><li><p>a</p></li><li> <p>b</p><p>c</p></li></ul><p>d</p>": "• a\n• b\nc\n\nd",
    "<ol start=3><li>x<li>y</ol>": "3. x\n4. y",
    "<div>a</div><div>b</div>": "a\nb",
    "<b>bold</b> and <i>x</i>": "bold and x",
    "1 &lt; 2 &amp; 3": "1 < 2 & 3",
    "costs $5, not `$6`": r"costs \$5, not \`\$6\`",
    "H<sub>2</sub>O, x<sup>n+1</sup>": "H₂O, xⁿ⁺¹",
    "v<sub>Q</sub>": r"v\({}_{\text{Q}}\)",
    "10<sup>%</sup>": "10^(%)",
    r"\(a &lt; b\) and $$x^2$$ for $4": r"\(a < b\) and \[x^2\] for \$4",
    "<code>a$b`</code>": "`` a$b` ``",
    "<pre>int x;\n  y = 1;</pre>": "```\nint x;\n  y = 1;\n```",
    "<table><tr><th>a|b<th>c<tr><td>1<p>2<td>3</table>": "| a\\|b | c |\n| --- | --- |\n| 1 2 | 3 |",
    "<table><tr><td>1<td>2</table>": "|  |  |\n| --- | --- |\n| 1 | 2 |",
    "<table><tr><td>for looks</table>": "for looks",
    "<m:math><mi>x</mi><mo>&lt;</mo></m:math>": r'\(<math display="inline"><mi>x</mi><mo>&#60;</mo></math>\)',
    "a<script>evil()</script>b<style>p{}</style><!-- c -->": "ab",
    "![no](picture)": "![no] (picture)",
    "a\x00b\ue000c": "abc",
    "": "",
}


@pytest.mark.parametrize(("html", "text"), CASES.items())
def test_html_becomes_the_notation(html: str, text: str) -> None:
    assert read_html(html).text == text


def test_an_option_stays_on_one_line() -> None:
    assert read_html("<p>a</p><p>b</p>", is_one_line=True).text == "a\nb"
    assert read_html("<table><tr><td>1<td>2<tr><td>3</table>", is_one_line=True).text == "1 – 2\n3"


def test_a_picture_is_named_as_the_file_has_it() -> None:
    read = read_html(
        '<img src="a (b).png" alt="A [map]"><img src="lost.png" alt="gone">', {"a (b).png": "x.png"}.get
    )
    assert read.text == "![A (map)](media:x.png)gone"
    assert read.losses == ("The picture lost.png is not in the file; its description stands in its place.",)
    assert read_html('Which? <img src="lost.png">').text == "Which? ![](media:lost.png)"  # which is refused


def test_a_name_of_media_survives_the_notation() -> None:
    assert media_name("img/my map (1).png") == "img/my%20map%20%281%29.png"


def test_each_kind_of_loss_is_named_once() -> None:
    read = read_html("<b>a</b><i>b</i><a href='x'>c</a><video src=y></video><td colspan=2>")
    assert len(read.losses) == 3
    assert "Emphasis" in read.losses[0]
    assert "Links" in read.losses[1]


def test_a_student_sees_the_same_words() -> None:
    seen = content_html(read_html("<p>1 $a$ *b* <i>c</i> &lt;d&gt; x<sub>Q</sub></p>").text)
    assert seen.startswith('<p dir="auto">1 $a$ *b* c &lt;d&gt; x<span class="math inline"><math')
    assert "<td>b | c</td>" in content_html(read_html("<table><tr><td>a<td>b | c</table>").text)
    assert option_html(read_html("<pre>a\n b</pre>", is_one_line=True).text).startswith("<pre")


def test_what_a_formula_means_is_not_shown_beside_it() -> None:
    html = "<math><semantics><mi>x</mi><annotation>\\xi</annotation></semantics></math>"
    assert "xi" not in read_html(html).text


def test_plain_text_is_escaped_too() -> None:
    assert plain_text("$5 `a` <b>\r\n") == r"\$5 \`a\` <b>"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 20_000 + "x",
        "<table><tr><td>" * 4_000 + "x",
        "<a\n" * 200_000,
        "<table><tr>" + "<td>" * 20_000 + "<tr>" * 20_000 + "<td>x</table>",
        "<ul><li>" * 20_000 + "x",
        "\\(" * 100_000,
        "$$a" * 100_000,
        "![" * 100_000,
    ],
    ids=["deep", "tables", "unclosed", "wide", "lists", "formulas", "dollars", "pictures"],
)
def test_hostile_html_is_read_and_stays_small(html: str) -> None:
    assert len(read_html(html).text) <= len(html) * 3


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 1000000"):
        read_html("x" * 1_000_001)
