"""A report in words, in the active language: the same for the student and for the teacher."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from sessions_app.reporting.levels import levels_of
from sessions_app.reporting.report import Finding, Report
from sessions_app.sitting.decisions import EARLIER_RESULTS
from sessions_app.sitting.proficiency import proficiency_of
from sessions_app.sitting.raw_scores import RawScore
from sessions_app.sitting.result_specs import Kind, Level, ResultSpec
from sessions_app.sitting.thousandths import told


@dataclass(frozen=True)
class ToldConcept:
    """Of one concept: its name, the sentence about it, and what can be said besides."""

    name: str
    headline: str
    lines: tuple[str, ...]
    estimate: str


@dataclass(frozen=True)
class Told:
    """`headline`: one sentence for the whole test. `lines`: what it means, how sure it is. `stands_out`: the
    concepts that the test can tell apart, or that there are none. `estimate`: θ, for those who may see it."""

    headline: str
    lines: tuple[str, ...] = ()
    stands_out: tuple[str, ...] = ()
    concepts: tuple[ToldConcept, ...] = ()
    levels: tuple[Level, ...] = ()
    estimate: str = ""


def sentences_of(report: Report, *, for_teacher: bool = False) -> Told:
    """All that a report says. Thanks only is for the student; a teacher reads what there is."""
    spec = report.spec
    if not spec.is_shown and not for_teacher:
        return Told(_("Thank you. Your answers are recorded."))
    if report.raw is not None and report.answered:
        return Told(headline_of_points(report.raw), lines=_lines_of_points(report.raw))
    if report.whole is None:
        return Told(_("No question was answered, so there is nothing to show."))
    levels = levels_of(spec)
    several = len(report.concepts) > 1
    of_how_many = [_("This is the mean of {count} subjects.").format(count=len(report.concepts))]
    return Told(
        headline=headline(spec, report.whole),
        lines=(
            *(of_how_many if several else ()),
            *_lines(spec, levels, report.whole, of_people=not several),
            rests_on(report),
        ),
        stands_out=_stands_out(report) if several else (),
        concepts=tuple(
            ToldConcept(
                concept.name,
                headline(spec, concept.finding),
                _lines(spec, levels, concept.finding, of_people=True, is_short=True),
                estimate(spec, concept.finding),
            )
            for concept in report.concepts
        ),
        levels=tuple(levels),
        estimate=estimate(spec, report.whole),
    )


def headline_of_points(raw: RawScore) -> str:
    """How many answers were right, or how many points there are, out of how many, and in percent."""
    if raw.is_counting_right:
        text = _("{points} of {most} right ({percent} %)")
    elif raw.percent is None:
        return _("{points} points").format(points=_points(raw.points))
    else:
        text = _("{points} of {most} points ({percent} %)")
    return text.format(
        points=_points(raw.points), most=_points(raw.most_points), percent=round(raw.percent or 0.0)
    )


def _lines_of_points(raw: RawScore) -> tuple[str, ...]:
    lines = []
    if raw.right is not None and not raw.is_counting_right:
        text = _("Wholly right: {right} of {count} questions.")
        lines.append(text.format(right=raw.right, count=raw.questions))
    if raw.answered < raw.questions:
        lines.append(
            _("{missing} of {count} questions were not reached; they earned nothing.").format(
                missing=raw.questions - raw.answered, count=raw.questions
            )
        )
    return tuple(lines)


def _points(points: float) -> str:
    """Without digits that say nothing; a true minus."""
    return f"{round(points, 2):g}".replace("-", "−")


def rests_on(report: Report) -> str:
    """Which answers count."""
    if report.scored_with == EARLIER_RESULTS:
        return _("What earlier tests found counts in it, too.")
    return _("It rests on the answers of this test alone.")


def headline(spec: ResultSpec, finding: Finding) -> str:
    """The level and how probable it is; on a scale, the score and where it very likely lies."""
    levels = levels_of(spec)
    level = levels[finding.level].name if finding.level is not None else ""
    if spec.kind == Kind.SCALE:
        low, high = (score_of(spec, end) for end in finding.interval)
        text = _("{level}: score {score} (very likely {low} to {high})") if level else ""
        text = text or _("Score {score} (very likely {low} to {high})")
        return text.format(level=level, score=score_of(spec, finding.theta), low=low, high=high)
    if not level or finding.probability is None:
        return estimate(spec, finding)
    return _("{level} (probability {percent} %)").format(level=level, percent=_percent(finding.probability))


def estimate(spec: ResultSpec, finding: Finding) -> str:
    """θ with its standard error."""
    text = _("Position θ = {theta}, standard error {error}") if spec.is_rating else ""
    text = text or _("Ability θ = {theta}, standard error {error}")
    return text.format(theta=told(finding.theta), error=f"{finding.error:.2f}")


def _lines(
    spec: ResultSpec, levels: Sequence[Level], finding: Finding, *, of_people: bool, is_short: bool = False
) -> tuple[str, ...]:
    lines = []
    if spec.reporting is not None and spec.kind != Kind.SCALE:
        lines.append(_score_line(spec, finding))
    if finding.level is not None and not is_short and levels[finding.level].meaning:
        lines.append(f"{levels[finding.level].name}: {levels[finding.level].meaning}.".replace("..", "."))
    if finding.likely is not None and spec.kind != Kind.PASSING:
        lowest, highest = finding.likely
        if lowest == highest:
            lines.append(_("Very likely {level}.").format(level=levels[lowest].name))
        else:
            names = {"low": levels[lowest].name, "high": levels[highest].name}
            lines.append(_("Very likely between {low} and {high}.").format(**names))
    if of_people and spec.kind == Kind.LEVELS:
        low, high = (round(100 * proficiency_of(end)) for end in finding.interval)
        text = _("Very likely ahead of between {low} and {high} of 100 people of the comparison group.")
        lines.append(text.format(low=low, high=high))
    return tuple(lines)


def _score_line(spec: ResultSpec, finding: Finding) -> str:
    """The score on the reporting scale, its standard error, and where it very likely lies."""
    assert spec.reporting is not None
    low, high = (score_of(spec, end) for end in finding.interval)
    text = _("{name}: {score}, standard error {error} (very likely {low} to {high})")
    return text.format(
        name=spec.reporting.name or _("Score"),
        score=score_of(spec, finding.theta),
        error=f"{spec.score_error(finding.theta, finding.error):.{spec.reporting.digits + 1}f}",
        low=low,
        high=high,
    )


def _stands_out(report: Report) -> tuple[str, ...]:
    above, below = (
        ", ".join(concept.name for concept in report.concepts if concept.stands_out == sign)
        for sign in (1, -1)
    )
    if report.spec.is_rating:
        high, low = _("Higher than the others: {names}"), _("Lower than the others: {names}")
    else:
        high, low = (
            _("Stronger than the other subjects: {names}"),
            _("Weaker than the other subjects: {names}"),
        )
    found = [text.format(names=names) for text, names in ((high, above), (low, below)) if names]
    return tuple(found) or (_("The test saw no clear difference between the subjects."),)


def _percent(probability: float) -> int:
    """Nothing is certain: 1 to 99."""
    return min(99, max(1, round(100 * probability)))


def score_of(spec: ResultSpec, theta: float) -> str:
    """The score as its scale rounds it, or to what a twentieth of a rating scale's unit can tell; a true
    minus, never −0."""
    digits = min(6, max(0, math.ceil(-math.log10(spec.sd / 5))))
    if spec.reporting is not None:
        digits = spec.reporting.digits
    number = round(spec.score(theta), digits)
    return f"{'−' if number < 0 else ''}{abs(number):.{digits}f}"
