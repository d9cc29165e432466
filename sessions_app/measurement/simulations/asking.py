"""What a simulation is asked for: checked against the pool, and kept as plain data that decides it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sessions_app.measurement.simulations.recorded import Recorded, recorded_answers
from sessions_app.measurement.simulations.refused import SimulationRefused
from sessions_app.models import StudentProficiency
from testing_engine.canonical import as_stored
from testing_engine.models import Scale
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.revisions import FrozenRevision
from testing_engine.sentences import say
from testing_engine.simulation.populations import normal_abilities, plausible_abilities

NORMAL, OWN, RECORDED = "normal", "own", "recorded"
POPULATIONS = (NORMAL, OWN, RECORDED)
MOST_DESIGNS = 2
MOST_STUDENTS = 20_000
MOST_ANSWERS = 1_000_000  # students × questions, of all designs
MOST_WORK = 2e12  # evaluations of an answer's probability: some six hours of one processor
MOST_CUTS = 20
FARTHEST = 6.0  # of a mean or a cut, in logits
LARGEST_SEED = 2**31 - 1
FEWEST_OWN = 20  # students, for a pool's own population
LONGEST_NAME = 100
PART_STUDENTS, PART_WORK = 250, 3e9  # what a worker takes at a time: half a minute
RECORDED_WORK = 3.0  # times as much: the criterion, and what the whole pool would have asked


@dataclass(frozen=True)
class Design:
    """Rules of a test, and what the reader calls them."""

    rules: CatRules
    name: str = ""


@dataclass(frozen=True)
class Population:
    """`mean` and `sd`: one a concept, or one for all; () is 0 and 1. `correlation` None: the scale's.
    `recorded`: of that kind, whose answers."""

    kind: str = NORMAL
    mean: tuple[float, ...] = ()
    sd: tuple[float, ...] = ()
    correlation: float | None = None
    recorded: Recorded = field(default_factory=Recorded)


@dataclass(frozen=True)
class Asked:
    """`students`: of recorded ones at most so many. `cuts`: between levels, for classification; None: those
    that the first design stops by."""

    designs: tuple[Design, ...] = (Design(CatRules.from_end_criteria(type="precision")),)
    students: int = 1000
    population: Population = field(default_factory=Population)
    cuts: tuple[float, ...] | None = None
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """What is kept of a request: `request` as JSON, and the abilities that were drawn by it, or the answers
    that were found."""

    request: dict[str, Any]
    abilities: FloatArray  # (S, D); (0, D) of recorded persons
    answers: IntArray | None = None  # (S, N) recorded ones, −1 where there is none


def planned(asked: Asked, revision: FrozenRevision) -> Plan:
    """Raises `SimulationRefused` with all that is wrong."""
    scale = Scale.objects.get(pools=revision.pool_id)
    designs = [_on_scale(each, scale, revision) for each in asked.designs]
    problems = [*_wrong_designs(designs, revision), *_wrong_numbers(asked)]
    if problems:
        raise SimulationRefused(problems)
    is_recorded = asked.population.kind == RECORDED
    students, abilities, answers = asked.students, np.zeros((0, revision.bank.n_dimensions)), None
    if is_recorded:
        answers, population = _recorded(asked, revision)
        students = len(answers)
    if too_much := _too_much(designs, students, revision, RECORDED_WORK if is_recorded else 1.0):
        raise SimulationRefused(too_much)
    if not is_recorded:
        abilities, population = _abilities(asked, scale, revision)
    request = {
        "designs": [{"name": each.name, "rules": each.rules.to_plan()} for each in designs],
        "students": students,
        "population": population,
        "cuts": list(_cuts_of(designs[0].rules) if asked.cuts is None else sorted(asked.cuts)),
        "seed": asked.seed,
        "parts": [part_size(each.rules, revision, is_recorded) for each in designs],
    }
    return Plan(as_stored(request), abilities, answers)


def designs_in(request: Mapping[str, Any]) -> list[CatRules]:
    """The rules of a kept request, as their tests began with them."""
    return [CatRules.from_plan(each["rules"]) for each in request["designs"]]


def _on_scale(design: Design, scale: Scale, revision: FrozenRevision) -> Design:
    return Design(design.rules.on_scale(scale.correlation, revision.bank.n_dimensions), design.name)


def _wrong_designs(designs: Sequence[Design], revision: FrozenRevision) -> list[tuple[str, str]]:
    if not 1 <= len(designs) <= MOST_DESIGNS:
        return [("/designs", say("One design or two."))]
    problems: list[tuple[str, str]] = []
    for place, design in enumerate(designs):
        if len(design.name) > LONGEST_NAME or not design.name.isprintable():
            problems.append(
                (f"/designs/{place}/name", say("At most {most} letters of one line.", most=LONGEST_NAME))
            )
        at = f"/designs/{place}/rules"
        try:
            design.rules.check(revision.bank)
            if not design.rules.is_adaptive(revision.bank):
                told = say(
                    "A test in linear or random order finds no abilities: there is nothing to simulate."
                )
                problems.append((f"{at}/selection", told))
        except RulesError as error:
            problems += [(f"{at}{below}", message) for below, message in error.problems]
    return problems


def _wrong_numbers(asked: Asked) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    if not 1 <= asked.students <= MOST_STUDENTS:
        problems.append(("/students", say("A whole number from {low} to {high}.", low=1, high=MOST_STUDENTS)))
    if not 0 <= asked.seed <= LARGEST_SEED:
        problems.append(("/seed", say("A whole number from {low} to {high}.", low=0, high=LARGEST_SEED)))
    cuts = asked.cuts or ()
    if len(cuts) > MOST_CUTS or not all(abs(cut) <= FARTHEST for cut in cuts):
        told = say("At most {most} numbers from −{far} to {far}.", most=MOST_CUTS, far=f"{FARTHEST:g}")
        problems.append(("/cuts", told))
    elif len(set(cuts)) != len(cuts):
        problems.append(("/cuts", say("The cuts must differ.")))
    return problems


def _too_much(
    designs: Sequence[Design], students: int, revision: FrozenRevision, times: float
) -> list[tuple[str, str]]:
    """More than a simulation may take, with how many students it may have instead."""
    counted = counting(revision.bank).n_items
    longest = [min(each.rules.max_questions, counted) for each in designs]
    answers = sum(longest)
    works = [each.rules.work(revision.bank) for each in designs]
    work = times * sum(length * each for length, each in zip(longest, works, strict=True))
    most = int(min(MOST_ANSWERS // max(answers, 1), MOST_WORK // max(work, 1.0)))
    if students <= most:
        return []
    if most * answers >= MOST_ANSWERS - answers:
        told = say(
            "{students} students × {questions} questions are {answers} answers; at most {most_answers}, so "
            "at most {most} students.",
            students=students,
            questions=answers,
            answers=students * answers,
            most_answers=MOST_ANSWERS,
            most=most,
        )
        return [("/students", told)]
    told = say("These rules cost so much with this pool that at most {most} students are allowed.", most=most)
    return [("/students", told)]


def part_size(rules: CatRules, revision: FrozenRevision, is_recorded: bool = False) -> int:
    """Students that a worker takes at a time. Kept with the request: all bits follow from it, too."""
    work = rules.work(revision.bank) * min(rules.max_questions, counting(revision.bank).n_items)
    work *= RECORDED_WORK if is_recorded else 1.0
    return max(1, min(PART_STUDENTS, int(PART_WORK // max(work, 1.0))))


def _cuts_of(rules: CatRules) -> tuple[float, ...]:
    return next((tuple(stop.cuts) for stop in rules.stop if hasattr(stop, "cuts")), ())


def _recorded(asked: Asked, revision: FrozenRevision) -> tuple[IntArray, dict[str, Any]]:
    """Whose answers it takes, and out of how many."""
    wanted = asked.population.recorded
    found = recorded_answers(wanted, asked.students, asked.seed, revision)
    told = {"sittings": found.sittings, "enough": found.enough}
    return found.answers, {"kind": RECORDED, **wanted.to_json(), "most": asked.students, **told}


def _abilities(asked: Asked, scale: Scale, revision: FrozenRevision) -> tuple[FloatArray, dict[str, Any]]:
    """Whom it tests, and how they were drawn."""
    if asked.population.kind == OWN:
        return _own(asked, scale, revision)
    if asked.population.kind != NORMAL:
        raise SimulationRefused(
            [("/population/kind", say("Must be one of {names}.", names=", ".join(POPULATIONS)))]
        )
    concepts = revision.bank.n_dimensions
    mean = _each("mean", asked.population.mean, 0.0, concepts)
    sd = _each("sd", asked.population.sd, 1.0, concepts)
    if not all(abs(value) <= FARTHEST for value in mean):
        raise SimulationRefused([("/population/mean", say("From −{far} to {far}.", far=f"{FARTHEST:g}"))])
    if not all(0 < value <= FARTHEST for value in sd):
        raise SimulationRefused(
            [("/population/sd", say("Above 0 and at most {most}.", most=f"{FARTHEST:g}"))]
        )
    given = asked.population.correlation
    correlation = scale.correlation if given is None else given
    if concepts == 1:
        correlation = 0.0
    if not -1 < correlation < 1:
        raise SimulationRefused([("/population/correlation", say("Above −1 and below 1."))])
    try:
        drawn = normal_abilities(asked.students, mean, sd, correlation, asked.seed)
    except ValueError as error:
        told = say(
            "{count} concepts cannot all correlate by {correlation} with each other.",
            count=concepts,
            correlation=f"{correlation:g}",
        )
        raise SimulationRefused([("/population/correlation", told)]) from error
    return drawn, {"kind": NORMAL, "mean": mean, "sd": sd, "correlation": correlation}


def _each(name: str, given: Sequence[float], usual: float, concepts: int) -> list[float]:
    if len(given) not in (0, 1, concepts):
        told = say("One number, or one for each of the {count} concepts.", count=concepts)
        raise SimulationRefused([(f"/population/{name}", told)])
    values = [float(value) for value in given or [usual]]
    return values * concepts if len(values) == 1 else values


def _own(asked: Asked, scale: Scale, revision: FrozenRevision) -> tuple[FloatArray, dict[str, Any]]:
    """From the newest estimates of all students who have one in every concept."""
    names = revision.concept_names
    rows = StudentProficiency.objects.now().filter(scale=scale, concept_name__in=names).order_by("student_id")
    known: dict[int, dict[str, tuple[float, float]]] = {}
    for student, name, theta, error in rows.values_list(
        "student_id", "concept_name", "theta_now", "standard_error_now"
    ):
        known.setdefault(student, {})[name] = (theta, error)
    whole = [each for each in known.values() if len(each) == len(names)]
    if len(whole) < FEWEST_OWN:
        told = say(
            "{count} students have a result in every concept; at least {least} are needed.",
            count=len(whole),
            least=FEWEST_OWN,
        )
        raise SimulationRefused([("/population/kind", told)])
    numbers = np.array([[each[name] for name in names] for each in whole])
    drawn = plausible_abilities(asked.students, numbers[:, :, 0], numbers[:, :, 1], asked.seed)
    drawn = np.clip(drawn, -2 * FARTHEST, 2 * FARTHEST)
    told_of = {
        "mean": drawn.mean(axis=0).tolist(),
        "sd": drawn.std(axis=0).tolist(),
        "correlations": np.atleast_2d(np.corrcoef(drawn.T)).tolist() if len(drawn) > 1 else None,
    }
    return drawn, {"kind": OWN, "students": len(whole), **told_of}
