"""Questions in lists: words in the place of notation."""

import pytest

from testing_engine.excerpts import excerpt


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"Is $\frac{1}{2}x^{2}$ [[RESPONSE]]?", "Is (1/2)x² ____?"),
        (r"$\frac{a+b}{10} = 3$ and \(\sqrt{x+1} \le x_{1}\)", "(a+b)/10 = 3 and √(x+1) ≤ x₁"),
        (
            "![](/images/f2.png) ![a cat](/images/x.png) ![](/sounds/0.mp3)",
            "[picture] [picture: a cat] [sound]",
        ),
        ("Look:\n\n| a | b |\n|---|---|\n| 1 | 2 |", "Look: a b 1 2"),
        ("$<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>$", "1/2"),
        (r"costs $3, 5*3 <b> $\frac{6}{1 = 0$", r"costs $3, 5*3 <b> \frac{6}{1 = 0"),
        ("w " * 100, ("w " * 100)[:159] + "…"),
    ],
)
def test_words_in_the_place_of_notation(text: str, words: str) -> None:
    assert excerpt(text) == words
