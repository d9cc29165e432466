"""How a question was answered, drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sessions_app.reporting.item_statistics import UNKNOWN, Answers, Choices, FrequentAnswer
from testing_engine.pictures.palette import SERIES, SOFT, series
from testing_engine.pictures.picture import Picture, label
from testing_engine.pictures.questions import own_scale
from testing_engine.pictures.voice import ENGLISH, Voice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABILITIES = (-3, 3)  # shown, or more where there are


def options(
    choices: Choices, texts: Sequence[str], option_scores: Sequence[int], say: Voice = ENGLISH
) -> Picture:
    """The share of each option along ability. The key shows: only for whoever may see the question."""
    names = [say("option {number}: {text}", number=n, text=text) for n, text in enumerate(texts)]
    best = max(option_scores)
    return _shares(
        choices,
        names,
        [" " + say("(scores {score})", score=best) if score == best else None for score in option_scores],
        say("Options chosen, along ability"),
        say("Which share of the students chose each option, {by}", by=_by(say)),
        say,
    )


def whole_answers(
    choices: Choices, found: Sequence[FrequentAnswer], best: int, say: Voice = ENGLISH
) -> Picture:
    """The same of a question with interactions: the share of each of its commonest answers."""
    names = [f"{each.words} {say('(scores {score})', score=each.score)}" for each in found]
    return _shares(
        choices,
        [*names, say("all other answers")],
        [*("" if each.score == best else None for each in found), None],
        say("Commonest answers, along ability"),
        say("Which share of the students gave each answer, {by}", by=_by(say)),
        say,
    )


def _by(say: Voice) -> str:
    return say(
        "by the newest θ of their test (this answer is one of those behind it). The thick line is the key. "
        "{equally}",
        equally=_equally(say),
    )


def _equally(say: Voice) -> str:
    return say(
        "Marks stand for stretches of θ with about equally many answers. {scale}", scale=own_scale(say)
    )


def _shares(
    choices: Choices,
    texts: Sequence[str],
    key: Sequence[str | None],
    title: str,
    description: str,
    say: Voice,
) -> Picture:
    """`key`: what the label of a right answer says besides; None for one that is not right."""
    bins = choices.bins
    middles = [float(np.average(choices.ability[own], weights=choices.count[own])) for own in bins]
    chosen = [*range(len(texts)), *([UNKNOWN] if (choices.option == UNKNOWN).any() else [])]
    counts = np.array([[choices.count[own][choices.option[own] == o].sum() for o in chosen] for own in bins])
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    names = [*texts, *([say("“I don’t know”")] if UNKNOWN in chosen else [])]

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axes = figure.subplots()
        for place, (option, name) in enumerate(zip(chosen, names, strict=True)):
            is_right = option != UNKNOWN and key[option] is not None
            colour, style, marker = series(place) if option != UNKNOWN else (SOFT, ":", ".")
            axes.plot(
                middles,
                shares[:, place],
                color=colour,
                linestyle=style,
                marker=marker,
                linewidth=3 if is_right else 1.3,
                label=label(f"{name}{key[option]}") if is_right else label(name),
            )
        axes.set(xlabel=say("θ of the test"), ylabel=say("share of the answers"), ylim=(-0.02, 1.02))
        axes.set_xlim(*_limits(middles))
        below(axes, 2)

    rows = [
        (round(middle, 3), int(total), *map(int, row))
        for middle, total, row in zip(middles, totals[:, 0], counts, strict=True)
    ]
    columns = (say("mean θ"), say("answers"), *names)
    return Picture("options", title, description, columns, tuple(rows), draw, 4.2)


def fit(answers: Answers, say: Voice = ENGLISH) -> Picture:
    """Observed mean scores against predicted ones."""
    expected, variance, _ = answers.expected
    rows = []
    for own in answers.bins:
        own = own[answers.score[own] >= 0]
        number = int(answers.count[own].sum())
        if number:
            weights = answers.count[own] / number
            error = np.sqrt((answers.count[own] * variance[own]).sum()) / number
            values = (
                weights @ answers.ability[own],
                weights @ answers.score[own],
                weights @ expected[own],
                error,
            )
            ability, observed, predicted, sd = (round(float(value), 4) for value in values)
            rows.append((ability, number, observed, predicted, sd))
    columns = np.array(rows, dtype=float).reshape(-1, 5).T

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axes = figure.subplots()
        ability, _, observed, predicted, sd = columns
        axes.errorbar(
            ability,
            predicted,
            yerr=1.96 * sd,
            color=SERIES[0],
            linewidth=1.5,
            capsize=3,
            label=say("predicted by the model, with 95 % of chance"),
        )
        seen = say("observed")
        axes.plot(ability, observed, color=SERIES[1], marker="o", linestyle="none", label=seen)
        axes.set_xlim(*_limits(ability.tolist()))
        most = answers.predicted.shape[1] - 1
        axes.set(xlabel=say("θ before the answer"), ylabel=say("mean score"))
        axes.set_ylim(-0.02 * most, 1.02 * most)
        below(axes)

    return Picture(
        "fit",
        say("Observed and predicted scores"),
        say(
            "The mean score, and what the model predicts of it from what was known before each answer: the "
            "mean of the response curve over N(θ, SE²). {equally}",
            equally=_equally(say),
        ),
        (
            say("mean θ before"),
            say("answers"),
            say("observed mean score"),
            say("predicted"),
            say("standard deviation by chance"),
        ),
        tuple(rows),
        draw,
        3.8,
    )


def _limits(abilities: Sequence[float]) -> tuple[float, float]:
    return min([ABILITIES[0], *abilities]), max([ABILITIES[1], *abilities])
