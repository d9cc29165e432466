"""The levels in the student's language, cut on the proficiency scale: 0.5 is the middle of all people."""

from django.utils.translation import gettext, pgettext

from sessions_app.reporting import levels
from sessions_app.sitting.proficiency import proficiencies_of

# As the API rounds: a student reads the same level as the teacher.
CUTS = tuple(proficiencies_of(levels.CUTS))


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
