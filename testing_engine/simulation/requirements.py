"""What must hold of a pool before anybody is tested by it, and what falls short of it, in sentences."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.sentences import Sentence, say

LEAST_STUDENTS, MOST_STUDENTS, USUAL_STUDENTS = 50, 2000, 500
LONGEST = 1000  # questions

# Name → (least, most) that may be asked for.
BOUNDS = {
    "coverage": (0.5, 0.99),
    "standard_error": (0.05, 2.0),
    "rmse": (0.05, 2.0),
    "exposure": (0.01, 1.0),
    "length": (1.0, float(LONGEST)),
}


class RequirementsInvalid(ValueError):
    """`problems`: (JSON pointer, message)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(message for _, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class Requirements:
    """None: nothing is asked for.

    `coverage`: of intervals of 95 %, at least, in every concept. `standard_error`, `rmse`: the mean claimed
    and the real error, at most, in every concept. `exposure`: the largest rate, at most. `length`: mean
    number of questions, at most. `no_errors`: no error finding of the last calibration. `students`: that are
    simulated. `rules`: of the tests that a new revision is tried with; None: those of a test without any.
    """

    coverage: float | None = None
    standard_error: float | None = None
    rmse: float | None = None
    exposure: float | None = None
    length: float | None = None
    no_errors: bool = False
    students: int = USUAL_STUDENTS
    rules: Mapping[str, Any] | None = None

    @classmethod
    def from_json(cls, content: object) -> "Requirements":
        """Raises `RequirementsInvalid` with everything that is wrong."""
        if not isinstance(content, Mapping):
            raise RequirementsInvalid([("", "Must be an object.")])
        known = {*BOUNDS, "no_errors", "students", "rules"}
        problems = [(f"/{name}", "Nobody knows this field.") for name in content if name not in known]
        for name, (least, most) in BOUNDS.items():
            value = content.get(name)
            if value is not None and not (_is_number(value) and least <= value <= most):
                problems.append((f"/{name}", f"A number from {least:g} to {most:g}, or null."))
        if not isinstance(content.get("no_errors", False), bool):
            problems.append(("/no_errors", "true or false."))
        students = content.get("students", USUAL_STUDENTS)
        is_whole = isinstance(students, int) and not isinstance(students, bool)
        if not is_whole or not LEAST_STUDENTS <= students <= MOST_STUDENTS:
            problems.append(("/students", f"A whole number from {LEAST_STUDENTS} to {MOST_STUDENTS}."))
        if content.get("rules") is not None:
            try:
                CatRules.from_json(content["rules"])
            except RulesError as error:
                problems += [(f"/rules{at}", message) for at, message in error.problems]
        if problems:
            raise RequirementsInvalid(problems)
        return cls(**content)

    def to_json(self) -> dict[str, Any]:
        """Only what is asked for."""
        fields = asdict(self)
        return {name: value for name, value in fields.items() if value not in (None, False)}

    @property
    def needs_a_simulation(self) -> bool:
        return any(getattr(self, name) is not None for name in BOUNDS)

    @property
    def cat_rules(self) -> CatRules:
        """Of the tests that a new revision is tried with."""
        return (
            CatRules.from_end_criteria("precision") if self.rules is None else CatRules.from_json(self.rules)
        )


def shortfalls(found: Mapping[str, Any], asked: Requirements, concepts: Sequence[str]) -> list[Sentence]:
    """A sentence for each requirement that a design's summary (`summary.summary`) does not meet."""
    told = []
    for place, concept in enumerate(concepts):
        of_concept = say(" in {concept}", concept=concept) if len(concepts) > 1 else ""
        coverage = found["coverage"][place]
        if asked.coverage is not None and not _at_least(coverage, asked.coverage):
            told.append(
                say(
                    "Intervals of 95 % hold the truth in {found} of the tests{of_concept}; at least {asked} "
                    "is required.",
                    found=_shown(coverage),
                    of_concept=of_concept,
                    asked=f"{asked.coverage:g}",
                )
            )
        for said, value, most in (
            (say("mean standard error"), found["mean_standard_error"][place], asked.standard_error),
            (say("real error (RMSE)"), found["rmse"][place], asked.rmse),
        ):
            if most is not None and not _at_most(value, most):
                told.append(
                    say(
                        "The {what}{of_concept} is {found}; at most {asked} is required.",
                        what=said,
                        of_concept=of_concept,
                        found=_shown(value),
                        asked=f"{most:g}",
                    )
                )
    return [*told, *_shortfalls_of_tests(found, asked)]


def _shortfalls_of_tests(found: Mapping[str, Any], asked: Requirements) -> Iterator[Sentence]:
    """What does not depend on a concept."""
    if asked.exposure is not None and not _at_most(found["largest_exposure"], asked.exposure):
        yield say(
            "The most frequent question came in {found} of the tests; at most {asked} is required.",
            found=_shown(found["largest_exposure"]),
            asked=f"{asked.exposure:g}",
        )
    if asked.length is not None and not _at_most(found["mean_length"], asked.length):
        yield say(
            "Tests have {found} questions on average; at most {asked} are required.",
            found=_shown(found["mean_length"]),
            asked=f"{asked.length:g}",
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _at_least(value: float | None, least: float) -> bool:
    return value is not None and value >= least


def _at_most(value: float | None, most: float) -> bool:
    return value is not None and value <= most


def _shown(value: float | None) -> str:
    return say("unknown") if value is None else f"{value:.3g}"
