"""How often questions were used, drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sessions_app.reporting.exposure import Exposure
from testing_engine.pictures.palette import FILL, SERIES
from testing_engine.pictures.picture import Picture
from testing_engine.pictures.voice import ENGLISH, Voice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 20


def rates(exposure: Exposure, external_ids: Sequence[str], say: Voice = ENGLISH) -> Picture:
    """All questions, the most used first."""
    order = np.argsort(-exposure.given, kind="stable")
    sorted_rates = exposure.rates[order]
    mean = float(exposure.rates.mean())

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        ranked, spread = figure.subplots(1, 2, width_ratios=(3, 2))
        edges = np.arange(len(sorted_rates) + 1)
        ranked.stairs(100 * sorted_rates, edges, fill=True, color=FILL, linewidth=0)
        rate, on_average = say("exposure rate"), say("mean {percent} %", percent=f"{100 * mean:.1f}")
        ranked.stairs(100 * sorted_rates, edges, color=SERIES[0], linewidth=1.5, label=rate)
        ranked.axhline(100 * mean, color=SERIES[1], linestyle="--", linewidth=1.2, label=on_average)
        ranked.set(xlabel=say("questions, the most used first"), ylabel=say("tests that had it (%)"))
        ranked.set_ylim(0, None)
        ranked.set_xlim(0, len(sorted_rates))
        most = max(100 * float(sorted_rates[0]), 1.0)
        spread.hist(100 * sorted_rates, np.linspace(0, most, BINS + 1), color=SERIES[0])
        spread.set(xlabel=say("exposure rate (%)"), ylabel=say("questions"))
        below(ranked)

    return Picture(
        "exposure",
        say("How often each question was used"),
        say(
            "The share of the tests of this revision that had the question; tests that run or had no answer "
            "do not count. On the right, how many questions have which rate."
        ),
        (say("question"), say("tests"), say("exposure rate")),
        tuple(
            (external_ids[item], int(exposure.given[item]), round(float(exposure.rates[item]), 6))
            for item in order.tolist()
        ),
        draw,
        3.6,
    )
