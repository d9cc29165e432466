"""Levels that people understand, cut on the proficiency scale, where 0.5 is the middle of all people.

The cuts are defaults of ours: one standard deviation below the middle, the middle, and one above it. Whoever
has set standards for a pool puts them here.
"""

from statistics import NormalDist

from django.utils.translation import gettext, pgettext

CUTS = tuple(round(NormalDist().cdf(theta), 3) for theta in (-1.0, 0.0, 1.0))


def names() -> list[str]:
    """One more than there are cuts, from the lowest level up."""
    return [
        pgettext("level", "Beginning"),
        pgettext("level", "Developing"),
        pgettext("level", "Secure"),
        pgettext("level", "Advanced"),
    ]


def meanings() -> list[str]:
    """What each level means."""
    return [
        gettext("at the start; the basics need work"),
        gettext("on the way; a part is there"),
        gettext("solid; most of it is there"),
        gettext("far ahead of most"),
    ]
