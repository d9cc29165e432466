"""The levels in the student's language, cut on the proficiency scale: 0.5 is the middle of all people."""

from statistics import NormalDist

from django.utils.translation import gettext, pgettext

from sessions_app import levels

CUTS = tuple(round(NormalDist().cdf(theta), 3) for theta in levels.CUTS)


def names() -> list[str]:
    """`levels.NAMES`, translated."""
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
