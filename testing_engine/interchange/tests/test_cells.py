"""Cells that a spreadsheet would run: what is guarded comes back as it was, and no text takes long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testing_engine.interchange.cells import safe_cell, unguarded
from testing_engine.interchange.gift import is_gift
from testing_engine.interchange.imported import Upload
from testing_engine.interchange.media import media_of

# The same in one expression each, which go over a run of blanks once for every blank in it.
FORMULA = re.compile(r"""(^|[;|\t\r\n\v\f\x85\u2028\u2029])(?=["'\s]*[=+\-@＝＋－＠]|[ ']*[\t\r])""")
GUARDED = re.compile(r"""(^|[;|\t\r\n\v\f\x85\u2028\u2029])'(?=["'\s]*[=+\-@＝＋－＠]|[ ']*[\t\r])""")
TEXTS = st.text("=+-@;|\t\r\n '\"a\x85\u2028＝", max_size=12)


@given(TEXTS)
def test_every_beginning_of_a_formula_is_guarded(text: str) -> None:
    assert safe_cell(text) == FORMULA.sub(r"\1'", text)
    assert unguarded(text) == GUARDED.sub(r"\1", text)
    assert unguarded(safe_cell(text)) == text


@pytest.mark.parametrize(
    "text", ["\n" * 300_000, "\n" * 300_000 + "=1", "\n'" * 300_000 + "=1", "![" * 300_000]
)
def test_no_text_is_gone_over_again_and_again(text: str) -> None:
    """Each would take minutes."""
    assert unguarded(safe_cell(text)) == text
    assert media_of({"content": text}) == ()
    assert not is_gift(Upload("a.txt", b"a" + text.encode()[:200_000] + b"b"))
