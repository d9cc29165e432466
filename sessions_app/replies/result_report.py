"""What a result says of a test, in words and numbers. `reporting.report` has the numbers."""

from typing import Annotated, Any

from msgspec import UNSET, Meta

from sessions_app.replies.values import Interval, Reply, Score, score
from sessions_app.reporting import report as reporting
from sessions_app.reporting.sentences import ToldConcept, sentences_of
from sessions_app.sitting.proficiency import proficiencies_of, proficiency_of
from sessions_app.sitting.result_specs import Kind, ResultSpec
from sessions_app.sitting.thousandths import plain

ResultKind = Annotated[
    str,
    Meta(
        description="Levels of achievement, passed or not, a score on a rating scale, points and percent, or "
        "thanks only.",
        extra={"choices": Kind.choices},
    ),
]
Sentences = Annotated[list[str], Meta(description="In the language of `Accept-Language`.")]


class Finding(Reply, frozen=True):
    """One θ as the result tells it."""

    theta: float
    standard_error: float
    level: Annotated[int | None, Meta(description="Its place in `levels`; null: the result has none.")]
    probability: Annotated[float | None, Meta(description="Of that level.")]
    score: Annotated[float | None, Meta(description="On the reporting or rating scale; null: it has none.")]
    score_error: Annotated[float | None, Meta(description="Its standard error, in the same unit.")]
    score_95: Annotated[Interval | None, Meta(description="Where the score very likely lies.")]
    proficiency: float
    proficiency_95: Interval


class ConceptFinding(Finding, frozen=True):
    name: str
    headline: str
    lines: Sentences
    estimate: str
    stands_out: Annotated[
        int,
        Meta(
            description="1: above the mean of the concepts, -1: below; 0: the 95 % interval of the "
            "difference holds 0."
        ),
    ]


class ToldOn(Reply, frozen=True):
    """A scale on which θ is told: T scores, 0 to 100, …"""

    name: str
    digits: int
    minimum: float | None
    maximum: float | None


class Level(Reply, frozen=True):
    name: str
    meaning: str
    score_from: Annotated[
        float | None, Meta(description="The score with which it begins; null: the lowest, or no score.")
    ]
    proficiency_from: Annotated[float | None, Meta(description="Where it begins; null: the lowest.")]


class Report(Reply, frozen=True):
    kind: ResultKind
    reporting_scale: Annotated[ToldOn | None, Meta(description="null: results are told on θ's own.")]
    headline: Annotated[str, Meta(description="One sentence for the whole test.")]
    lines: Sentences
    stands_out: Annotated[list[str], Meta(description="Which concepts the test can tell apart.")]
    estimate: Annotated[str, Meta(description="θ in words, for those who may see it.")]
    whole: Annotated[
        Finding | None,
        Meta(description="The mean over the concepts that got a question; null before the first answer."),
    ]
    concepts: Annotated[list[ConceptFinding], Meta(description="Those that got a question.")]
    levels: Annotated[list[Level], Meta(description="The lowest first.")]
    score: Score = UNSET


def report(found: reporting.Report) -> Report:
    """In the active language."""
    told = sentences_of(found, for_teacher=True)  # a student for whom it is not gets no report
    cuts = [None, *proficiencies_of(found.spec.cuts)]
    score_cuts = [found.spec.score(cut) if found.spec.has_score else None for cut in found.spec.cuts]
    return Report(
        kind=found.spec.kind,
        reporting_scale=_told_on(found.spec),
        headline=told.headline,
        lines=list(told.lines),
        stands_out=list(told.stands_out),
        estimate=told.estimate,
        whole=None if found.whole is None else Finding(**_numbers(found.spec, found.whole)),
        concepts=[
            _concept(found.spec, concept, words)
            for concept, words in zip(found.concepts, told.concepts, strict=True)
        ],
        levels=[
            Level(name=level.name, meaning=level.meaning, score_from=score, proficiency_from=cut)
            for level, cut, score in zip(told.levels, cuts, [None, *score_cuts], strict=False)
        ],
        score=score(found.raw),
    )


def _told_on(spec: ResultSpec) -> ToldOn | None:
    scale = spec.reporting
    if scale is None:
        return None
    return ToldOn(name=scale.name, digits=scale.digits, minimum=scale.minimum, maximum=scale.maximum)


def _concept(spec: ResultSpec, concept: reporting.ConceptFinding, words: ToldConcept) -> ConceptFinding:
    return ConceptFinding(
        **_numbers(spec, concept.finding),
        name=concept.name,
        headline=words.headline,
        lines=list(words.lines),
        estimate=words.estimate,
        stands_out=concept.stands_out,
    )


def _numbers(spec: ResultSpec, finding: reporting.Finding) -> dict[str, Any]:
    return {
        "theta": plain(finding.theta),
        "standard_error": finding.error,
        "level": finding.level,
        "probability": None if finding.probability is None else round(finding.probability, 6),
        "score": spec.score(finding.theta) if spec.has_score else None,
        "score_error": spec.score_error(finding.theta, finding.error) if spec.has_score else None,
        "score_95": [spec.score(end) for end in finding.interval] if spec.has_score else None,
        "proficiency": proficiency_of(finding.theta),
        "proficiency_95": [proficiency_of(end) for end in finding.interval],
    }
