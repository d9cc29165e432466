"""Levels that people understand, cut on ability: one place for the student's page, results and pictures.

The cuts are defaults of ours: one standard deviation of the reference population N(0, 1) below its middle,
the middle, and one above it. Whoever has set standards for a pool puts them here.
"""

from bisect import bisect_right

CUTS = (-1.0, 0.0, 1.0)  # θ
NAMES = ("Beginning", "Developing", "Secure", "Advanced")


def level_of(theta: float) -> str:
    """The name of the level that an ability lies in."""
    return NAMES[bisect_right(CUTS, theta)]
