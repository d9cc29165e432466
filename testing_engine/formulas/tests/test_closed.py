"""What is not complete is refused: to guess what belongs together would draw another formula."""

import pytest

from testing_engine.formulas.mathml import mathml


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{6}{1 = 0",
        r"\frac{6}",
        r"\frac",
        r"\sqrt",
        "x^",
        "x_",
        "}",
        r"\left( x",
        r"\alhpa",
        r"\farc{1}{2}",
    ],
)
def test_it_is_refused(latex: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  # ours, or any of the library's
        mathml(latex, is_block=False)


@pytest.mark.parametrize(
    "latex", [r"\{ 1 \}", r"\left. x \right|", r"\leftarrow a", r"\frac{6}{1} = 6", r"\text{\}}"]
)
def test_what_is_complete_is_drawn(latex: str) -> None:
    assert mathml(latex, is_block=False).startswith("<math")
