"""LaTeX → MathML Core: each formula is the one that was typed, or is not shown as a formula."""

import re
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testing_engine.formulas.alphabets import written_in
from testing_engine.formulas.mathml import CLASSES, CORE, mathml
from testing_engine.formulas.source import NotShowable, columns_of, rows_of
from testing_engine.rendering import content_html, option_html


def rows(latex: str) -> list[list[str]]:
    """The cells of the first table, as text."""
    table = fromstring(mathml(latex, is_block=True)).find(".//mtable")
    assert table is not None
    return [["".join(cell.itertext()) for cell in row] for row in table]


def classes(latex: str) -> list[str]:
    return re.findall(r'class="([^"]+)"', mathml(latex, is_block=False))


# --- Several lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\begin{align*} a &= b \\[3pt] c &= d \\ \end{align*}",
        r"\begin{split} a &= b \\* c &= d \end{split}",
        r"\begin{alignedat}{1} a &= b \\ c &= d \end{alignedat}",
        r"\begin{align} a &= b \nonumber \\ c &= d \label{x} \end{align}",
        r"a &= b \\ c &= d",
        r"\left\{ \begin{aligned}[t] a &= b \\ c &= d \end{aligned} \right.",
    ],
)
def test_rows_stand_below_each_other_at_their_signs(latex: str) -> None:
    assert rows(latex) == [["a", "=b"], ["c", "=d"]]
    assert {"equations", "right", "left"} <= set(classes(latex))


@pytest.mark.parametrize(
    "latex",
    [
        r"a = b \\ c = d",
        r"a = b \newline c = d",
        r"\begin{gathered} a = b \\ c = d \end{gathered}",
        r"\begin{multline*} a = b \\ c = d \end{multline*}",
        r"\begin{matrix} a = b \\ c = d \end{matrix}",
        r"\begin{equation} a = b \\ c = d \end{equation}",
    ],
)
def test_rows_without_a_sign_stand_below_each_other(latex: str) -> None:
    assert rows(latex) == [["a=b"], ["c=d"]]


def test_three_columns_of_equations() -> None:
    assert rows(r"\begin{eqnarray} a &=& b \\ c &=& d \end{eqnarray}") == [["a", "=", "b"], ["c", "=", "d"]]


def test_tables_stand_inside_tables_and_roots() -> None:
    latex = r"\sqrt{\begin{pmatrix} 1 & \begin{cases} x \\ y \end{cases} \\ 3 & 4 \end{pmatrix}}"
    root = fromstring(mathml(latex, is_block=True))
    assert len(root.findall(".//msqrt//mtable")) == 2
    assert root.find(".//mtable//mtable") is not None


# --- Lines, strokes, letters ----------------------------------------------------------------------------


def test_an_array_has_its_lines_where_they_were_typed() -> None:
    latex = r"\begin{array}{c|c} p & q \\ \hline 1 & 0 \end{array}"
    assert classes(latex) == ["solid-left", "solid-top", "solid-top solid-left"]
    framed = r"\begin{array}{|l:r|}\hline 1&2\\\hdashline 3&4\\\hline\end{array}"
    assert classes(framed) == [
        "solid-top left solid-left",
        "solid-top right dashed-left solid-right",
        "dashed-top solid-bottom left solid-left",
        "dashed-top solid-bottom right dashed-left solid-right",
    ]
    assert columns_of("*{2}{c}@{}|r").lines == ("", "", "solid", "")


@pytest.mark.parametrize(
    ("latex", "drawn"),
    [
        (r"\cancel{2}", "struck-up"),
        (r"\bcancel{2}", "struck-down"),
        (r"\xcancel{2}", "struck-up struck-down"),
        (r"\sout{2}", "struck-through"),
        (r"\boxed{4}", "boxed"),
        (r"\fbox{4}", "boxed"),
        (r"\overline{12}", "solid-top"),
        (r"\underline{12}", "solid-bottom"),
        (r"\overbrace{12}", "braced-over"),
        (r"\left|\frac{1}{2}\right|", "solid-left solid-right"),
        (r"\left\|x\right\|", "double-left double-right"),
        (r"\left.x\right|_0", "solid-right"),
        (r"\begin{vmatrix}1&2\\3&4\end{vmatrix}", "solid-left solid-right"),
    ],
)
def test_marks_are_classes_that_the_page_draws(latex: str, drawn: str) -> None:
    assert classes(latex) == [drawn]
    assert f'class="{drawn}"' in option_html(f"${latex}$")


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\mathbf{AB1}", "𝐀𝐁𝟏"),
        (r"\boldsymbol{\alpha}", "𝜶"),
        (r"\mathbb{N}\mathbb{1}", "ℕ𝟙"),
        (r"\mathfrak{gC}", "𝔤ℭ"),
        (r"\mathscr{LA}", "ℒ𝒜"),
        (r"\bm{x}", "𝒙"),
        (r"\not=\not<", "=\u0338<\u0338"),
    ],
)
def test_other_alphabets_are_letters_of_their_own(latex: str, shown: str) -> None:
    assert "".join(fromstring(mathml(latex, is_block=False)).itertext()) == shown
    assert "mathvariant" not in mathml(latex, is_block=False)


def test_what_has_no_letter_of_its_own_is_a_class() -> None:
    assert classes(r"\textbf{für}") == ["bold"]
    assert written_in("bold", "ü") is None
    assert 'mathvariant="normal">d<' in mathml(r"\mathrm{d}x", is_block=False)


# --- As it was typed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "latex",
    [
        r"\foo x",
        r"x \unknown",
        r"\begin{tikzpicture} x \end{tikzpicture}",
        r"\begin{aligned} x",
        r"\begin{array}{c>{x}c} 1 & 2 \end{array}",
        r"\begin{array}{c} 1 & 2 \end{array}",
        r"\begin{array}{cc} 1 & 2 \\ \cline{1-2} 3 & 4 \end{array}",
        r"{a \\ b}",
        r"\frac{a \\ b}{c}",
        "a & b",
        "\ue000",
    ],
)
def test_what_would_be_drawn_as_something_else_is_not_drawn(latex: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  # latex2mathml's own are of many kinds
        mathml(latex, is_block=True)
    assert "<math" not in content_html(f"$${latex}$$")


def test_brackets_of_latex_are_formulas() -> None:
    rendered = content_html("Solve \\(x^2 = 4\\) for\n\\[x > 0\\]\nand \\(\\) or \\(a")
    assert rendered.count("<math") == 2
    assert '<span class="math block"><math display="block">' in rendered
    assert "and \\(\\) or \\(a" in rendered
    assert option_html(r"\(x = -2\)") == option_html("$x = -2$")
    assert "<math" not in content_html(r"`\(x\)`")


def test_an_option_of_several_lines_of_code_keeps_them() -> None:
    text = "```\nfor i in range(3):\n    print(i)\n```"
    assert "for i in range(3):\n    print(i)\n" in option_html(text)


@given(st.text(alphabet=r"ab12&\{}()[]|$^_ ", max_size=40) | st.text(max_size=20))
def test_whatever_is_typed_is_core_or_refused(latex: str) -> None:
    try:
        root = fromstring(mathml(latex, is_block=False))
    except Exception:  # as above
        return
    for element in root.iter():
        assert element.tag in CORE
        assert set(element.get("class", "").split()) <= CLASSES
        assert not (element.text or "").startswith("\\") or element.text == "\\"


def test_rows_count_outside_braces_alone() -> None:
    found, below = rows_of(r"{a \\ b} & c \\ \hline d \& e & f \\ \hline")
    assert [row.cells for row in found] == [(r"{a \\ b}", "c"), (r"d \& e", "f")]
    assert ([row.line_above for row in found], below) == (["", "solid"], "solid")
    with pytest.raises(NotShowable):
        columns_of("cX")
