"""A brand's colour can be seen on light and dark pages, and read on."""

import pytest

from organisations.branding import contrast, problem_of_colour, text_on


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the guidelines' own example


@pytest.mark.parametrize(
    ("colour", "said"),
    [
        ("#2f6fed", None),
        ("#ffff00", "light"),
        ("#101040", "dark"),
        ("blue", "six digits"),
        ("#2F6FED", "six"),
    ],
)
def test_what_cannot_be_seen_is_refused(colour: str, said: str | None) -> None:
    problem = problem_of_colour(colour)
    assert problem is None if said is None else said in (problem or "")


def test_text_on_it_is_the_better_of_two() -> None:
    assert (text_on("#2f6fed"), text_on("#f0c040")) == ("#ffffff", "#12151a")
