"""How a question was answered, drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sessions_app.item_statistics import UNKNOWN, Answers
from testing_engine.pictures.palette import FILL, SERIES, SOFT, series
from testing_engine.pictures.picture import Picture, label
from testing_engine.pictures.questions import OWN_SCALE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEFORE = (
    f"Abilities are the estimates before the answer, in stretches of about equally many answers. {OWN_SCALE}"
)


def options(answers: Answers, texts: Sequence[str], option_scores: Sequence[int]) -> Picture:
    """The share of each option along ability. The key shows: only for whoever may see the question."""
    bins = answers.bins
    middles = _middles(answers)
    chosen = [*range(len(texts)), *([UNKNOWN] if (answers.option == UNKNOWN).any() else [])]
    counts = np.array([[answers.count[own][answers.option[own] == o].sum() for o in chosen] for own in bins])
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    names = [_option_name(option, texts) for option in chosen]
    best = max(option_scores)

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axes = figure.subplots()
        for place, (option, name) in enumerate(zip(chosen, names, strict=True)):
            is_right = option != UNKNOWN and option_scores[option] == best
            colour, style, marker = series(place) if option != UNKNOWN else (SOFT, ":", ".")
            axes.plot(
                middles,
                shares[:, place],
                color=colour,
                linestyle=style,
                marker=marker,
                linewidth=3 if is_right else 1.3,
                label=label(f"{name} (scores {best})") if is_right else label(name),
            )
        axes.set(xlabel="θ before the answer", ylabel="share of the answers", ylim=(-0.02, 1.02))
        below(axes, 2)

    rows = [
        (round(float(middle), 3), int(total), *map(int, row))
        for middle, total, row in zip(middles, totals[:, 0], counts, strict=True)
    ]
    return Picture(
        "options",
        "Options chosen, along ability",
        f"Which share of the students chose each option. The thick line is the key. {BEFORE}",
        ("mean θ before", "answers", *names),
        tuple(rows),
        draw,
        4.2,
    )


def fit(answers: Answers) -> Picture:
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
        band = predicted - 1.96 * sd, predicted + 1.96 * sd
        axes.fill_between(ability, *band, color=FILL, linewidth=0, label="95 % of chance")
        axes.plot(ability, predicted, color=SERIES[0], linewidth=2, label="predicted by the model")
        axes.plot(ability, observed, color=SERIES[1], marker="o", linestyle="none", label="observed")
        most = answers.predicted.shape[1] - 1
        axes.set(xlabel="θ before the answer", ylabel="mean score", ylim=(-0.02 * most, 1.02 * most))
        below(axes)

    return Picture(
        "fit",
        "Observed and predicted scores",
        "The mean score, and what the model predicts of it from what was known before each answer: the mean of "
        f"the response curve over N(θ, SE²). {BEFORE}",
        ("mean θ before", "answers", "observed mean score", "predicted", "standard deviation by chance"),
        tuple(rows),
        draw,
        3.8,
    )


def _middles(answers: Answers) -> np.ndarray:
    return np.array([np.average(answers.ability[own], weights=answers.count[own]) for own in answers.bins])


def _option_name(option: int, texts: Sequence[str]) -> str:
    return "I don’t know" if option == UNKNOWN else f"{option}: {texts[option]}"
