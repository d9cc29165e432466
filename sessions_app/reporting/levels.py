"""The names of levels, in the active language: one place for the student's page, results, files and pictures.

`sitting.thousandths` says in which level a θ lies, `sitting.result_specs` where a test's levels meet and
which names its teacher gave them. The usual cuts are defaults of ours: one standard deviation of the
reference population N(0, 1) below its middle, the middle, and one above it.
"""

from django.utils.translation import gettext, pgettext

from sessions_app.models import NamedTest
from sessions_app.sitting.result_specs import USUAL, Kind, Level, ResultSpec
from sessions_app.sitting.thousandths import level_index


def usual_levels(kind: str, count: int) -> list[Level]:
    """What `count` levels are called where nobody named them."""
    if kind in (Kind.PASSING, Kind.THANKS) and count == 2:  # thanks are for the student; a teacher reads on
        return [Level(pgettext("level", "Not passed")), Level(pgettext("level", "Passed"))]
    if kind in (Kind.LEVELS, Kind.THANKS) and count == 4:
        return [
            Level(pgettext("level", "Beginning"), gettext("at the start; the basics need work")),
            Level(pgettext("level", "Developing"), gettext("on the way; a part is there")),
            Level(pgettext("level", "Secure"), gettext("solid; most of it is there")),
            Level(pgettext("level", "Advanced"), gettext("far ahead of most")),
        ]
    name = pgettext("level", "Level {number} of {count}")
    return [Level(name.format(number=number + 1, count=count)) for number in range(count)]


def levels_of(spec: ResultSpec) -> list[Level]:
    """The lowest first; none where a result has no levels."""
    if not spec.has_levels:
        return []
    return list(spec.levels) or usual_levels(spec.kind, len(spec.cuts) + 1)


def feedback_of(test: NamedTest | None, spec: ResultSpec, theta: float) -> str:
    """What the test says to who is in the level of this ability; "" where nothing fits."""
    texts = test.result_feedback if test is not None else None
    if not texts or not spec.has_levels or len(texts) != len(spec.cuts) + 1:
        return ""
    return str(texts[level_index(theta, spec.cuts)])


def level_of(theta: float, spec: ResultSpec = USUAL) -> str:
    """The name of the level that an ability lies in; "" where there are none."""
    levels = levels_of(spec)
    return levels[level_index(theta, spec.cuts)].name if levels else ""
