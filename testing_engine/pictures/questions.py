"""Pictures of one question, from its parameters alone."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from testing_engine.pictures.palette import RIGHT, SERIES, WRONG, series
from testing_engine.pictures.picture import Picture
from testing_engine.pictures.voice import ENGLISH, Voice
from testing_engine.psychometrics.coverage import GRID
from testing_engine.psychometrics.items.bank import ItemBank

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def own_scale(say: Voice) -> str:
    return say(
        "θ is measured along the question’s own slopes: of one concept, it is the ability in this concept."
    )


@lru_cache(maxsize=256)
def curves(bank: ItemBank, item: int, say: Voice = ENGLISH) -> Picture:
    """Response and information curves; kept by each process, as a revision never changes."""
    own = np.array([item])
    t = (bank.steepness[item] * GRID + bank.intercepts[item])[None, :]
    categories = int(bank.n_categories[item])
    told = bank.curves_at(t, own)
    probabilities = told.p[:categories, 0]
    information = told.information()[0] * bank.squared_steepness[item]
    names: tuple[str, ...] = (say("wrong"), say("right"))
    if categories != 2:
        names = tuple(say("score {score}", score=score) for score in range(categories))

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        left, right = figure.subplots(1, 2)
        for score, (name, line) in enumerate(zip(names, probabilities, strict=True)):
            colour, style, _ = series(score)
            if categories == 2:
                colour = (WRONG, RIGHT)[score]
            left.plot(GRID, line, color=colour, linestyle=style, linewidth=2, label=name)
        left.set(title=say("probability"), xlabel="θ", xlim=(-4, 4), ylim=(0, 1.02))
        right.plot(GRID, information, color=SERIES[0], linewidth=2)
        right.set(title=say("information"), xlabel="θ", xlim=(-4, 4), ylim=(0, None))
        below(left, 6)

    rows = np.column_stack([GRID, probabilities.T, information]).round(6).tolist()
    return Picture(
        "curves",
        say("Response and information curves"),
        say(
            "What the model says: the probability of each score, and the information Σ P′²/P, at each θ. "
            "{scale}",
            scale=own_scale(say),
        ),
        ("θ", *(f"P({name})" for name in names), say("information")),
        tuple(map(tuple, rows)),
        draw,
        3.2,
    )
