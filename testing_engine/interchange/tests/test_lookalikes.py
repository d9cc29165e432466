"""Two options that a student cannot tell apart are refused; those that differ on the screen are not."""

import pytest

from testing_engine.interchange.lookalikes import alike
from testing_engine.interchange.questions import PoolRefused, parse_pool


@pytest.mark.parametrize(
    "options",
    [
        ["4", "4 "],
        ["4", "\u00a04"],
        ["4", "4\u2009"],
        ["a b", "a  b"],
        ["a b", "a\u00a0b"],
        ["a\u200bb", "ab"],
        ["a\u00adb", "ab"],
        ["caf\u00e9", "cafe\u0301"],
        ["A", "\u0410"],
        ["co-op", "co\u2011op"],
        ["fix", "\ufb01x"],
        ["4", "$4$"],
        ["-1", "$-1$"],
        ["$x^2$", "$x^{2}$"],
        ["$x \\le 2$", "$x\\leq 2$"],
        [r"$\frac12$", r"$\frac{1}{2}$"],
        [r"$x^2$", r"\(x^2\)"],
        [r"\$5", "$5"],
        ["![a cat](/images/x.png)", "![a dog](/images/x.png)"],
        ["`a`", "`a\u200b`"],
    ],
)
def test_they_look_the_same(options: list[str]) -> None:
    assert alike(["other", *options]) == (1, 2)
    row = {"id": "q", "content": "Which?", "options": options, "correct_answer": options[0], "concepts": [1]}
    with pytest.raises(PoolRefused) as refused:
        parse_pool({"questions": [row]})
    ((pointer, message),) = refused.value.problems
    assert (pointer, "options 1 and 2 look the same" in message) == ("/questions/0/options", True)


@pytest.mark.parametrize(
    "options",
    [
        ["4", "5"],
        ["a", "A"],
        ["x", "$x$"],
        ["x²", "x2"],
        ["x", "`x`"],
        ["`  a`", "`a`"],
        ["x=1", "x = 1"],
        [r"$\mathbf{x}$", "$x$"],
        [r"$\frac{1}{2}$", r"$\frac{2}{1}$"],
        [r"$\color{red}{x}$", r"$\color{blue}{x}$"],
        [r"$\cancel{x}$", "$x$"],
        ["a\nb", "a b"],
        ["![a](/images/x.png)", "![a](/images/y.png)"],
        ["    print(i)", "print(i) # after"],
        ["ثلاثة", "أربعة"],
    ],
)
def test_they_look_different(options: list[str]) -> None:
    assert alike(options) is None


@pytest.mark.parametrize("kind", ["choice", "order"])
def test_choices_of_an_interaction_look_different_too(kind: str) -> None:
    choices = [{"id": "A", "content": "4"}, {"id": "B", "content": "\u00a04"}, {"id": "C", "content": "5"}]
    asked = [{"type": kind, "response": "R", "choices": choices}]
    key = {"R": {"correct": ["A"] if kind == "choice" else ["A", "B", "C"]}}
    row = {"id": "q", "content": "Which?", "concepts": [1], "interactions": asked, "key": key}
    with pytest.raises(PoolRefused) as refused:
        parse_pool({"questions": [row]})
    assert "/questions/0/interactions/0/choices" in dict(refused.value.problems)
