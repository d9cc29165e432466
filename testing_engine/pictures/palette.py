"""The colours of the pictures, by role: here those for light paper, in `pictures.css` also those for dark.

Six series colours that people with any colour vision tell apart (after Okabe & Ito 2008), darkened to at
least 4.5 : 1 on white; whoever needs more series varies the line or the marker too.
"""

INK = "#1f2937"  # text, axes, what matters most
SOFT = "#6b7280"  # reference lines, secondary text
GRID = "#e2e5ea"
FILL = "#c9d2df"  # areas behind the lines: the population
SERIES = ("#0b62a4", "#b8400a", "#0b7a55", "#7b4fa3", "#806000", "#b0357f")
RIGHT, WRONG = SERIES[2], SERIES[1]

ROLES: dict[str, str] = {
    INK: "ink",
    SOFT: "soft",
    GRID: "grid",
    FILL: "fill",
    **{colour: f"series-{number}" for number, colour in enumerate(SERIES, start=1)},
}

LINES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")


def series(index: int) -> tuple[str, str, str]:
    """(colour, line style, marker) of a series; no two of the first 24 are drawn alike."""
    return (
        SERIES[index % len(SERIES)],
        LINES[index // len(SERIES) % len(LINES)],
        MARKERS[index % len(MARKERS)],
    )
