"""What a simulation says, in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from desk.measure_words import end_in_words
from sessions_app.measurement.simulations.asking import RECORDED
from testing_engine.pictures.picture import shown
from testing_engine.pictures.simulations import Words
from testing_engine.simulation.recorded import DRAWN


def picture_words(request: Mapping[str, Any]) -> Words:
    """Of the pictures; a design without a name is called by its number."""
    names = [
        each["name"] or _("Design {number}").format(number=number)
        for number, each in enumerate(request["designs"], start=1)
    ]
    if len(set(names)) < len(names):
        names = [f"{name} ({number})" for number, name in enumerate(names, start=1)]
    is_recorded = request["population"]["kind"] == RECORDED
    return Words(
        designs=tuple(names),
        errors=_errors_from_all_answers() if is_recorded else _errors(),
        coverage=_coverage_of_all_answers() if is_recorded else _coverage(),
        lengths=(_("Lengths of tests"), _("Which share of the tests had how many questions.")),
        exposure=(
            _("Exposure of questions"),
            _("Which share of the tests had each question, the commonest first."),
        ),
        rmse=_("difference (RMSE)") if is_recorded else _("real error (RMSE)"),
        standard_error=_("claimed standard error"),
        bias=_("bias"),
        students=_("students"),
        covered=_("coverage"),
        level=_("95 %"),
        length=_("questions"),
        share=_("share of tests"),
        question=_("question"),
        rank=_("questions, the commonest first"),
        rate=_("exposure rate"),
        concept=_("concept"),
    )


def recorded_persons_in_words(request: Mapping[str, Any]) -> list[str]:
    """Who took the tests, where persons did who answered the pool before; else nothing."""
    population = request["population"]
    if population["kind"] != RECORDED:
        return []
    persons = _("{persons} persons, by what they answered before: {enough} of {sittings} answered enough.")
    counted = {"enough": population["enough"], "sittings": population["sittings"]}
    drawn, left_out = (
        _("What they did not answer is answered by the model."),
        _("They are asked only what they answered."),
    )
    return [
        persons.format(persons=request["students"], **counted),
        drawn if population["missing"] == DRAWN else left_out,
        _("The estimate from all their answers stands for their ability."),
    ]


def _errors() -> tuple[str, str]:
    return (
        _("Errors along ability"),
        _(
            "By true ability: the root mean square of what estimates are wrong by, the standard error "
            "that the tests claim, and the mean error (bias). Claimed and real errors should be alike."
        ),
    )


def _errors_from_all_answers() -> tuple[str, str]:
    return (
        _("Differences along ability"),
        _(
            "By the estimate from all answers: the root mean square of the difference from it, the standard "
            "error that the tests claim, and the mean difference (bias). The difference is smaller than the "
            "claimed error: the estimate from all answers knows those of the test, too."
        ),
    )


def _coverage() -> tuple[str, str]:
    return (
        _("Coverage along ability"),
        _("By true ability: how often the interval of 95 % around the estimate holds the truth."),
    )


def _coverage_of_all_answers() -> tuple[str, str]:
    return (
        _("Coverage along ability"),
        _(
            "By the estimate from all answers: how often the interval of 95 % in which the test expects it "
            "holds it."
        ),
    )


Rows = list[tuple[str, list[str]]]


def rows_of_means(result: Mapping[str, Any]) -> Rows:
    """What is said of each design as a whole, a row each, with a cell a design."""
    designs, concepts = result["designs"], result["concepts"]
    is_recorded = "recorded" in designs[0]
    rows = _of_recorded(designs, concepts) if is_recorded else _of_simulated(designs, concepts)
    for name, said in (
        ("mean_length", _("Questions, on average")),
        ("sd_length", _("Questions, standard deviation")),
        ("largest_exposure", _("Largest exposure rate")),
        ("overlap", _("Overlap: share of a test that another student had, too")),
        ("accuracy", _("Students told their true level")),
    ):
        if any(each[name] is not None for each in designs):
            rows.append((said, [shown(each[name]) for each in designs]))
    if is_recorded:
        rows += _of_answers(designs)
    unused = [shown(each["exposure"]["unused"]) for each in designs]
    return [*rows, (_("Share of questions that nobody got"), unused)]


def _of_simulated(designs: Sequence[Mapping[str, Any]], concepts: Sequence[str]) -> Rows:
    columns = {
        _("Bias"): [each["bias"] for each in designs],
        _("Real error (RMSE)"): [each["rmse"] for each in designs],
        _("Claimed standard error"): [each["mean_standard_error"] for each in designs],
        _("Coverage of the intervals of 95 %"): [each["coverage"] for each in designs],
        _("Reliability (squared correlation with the truth)"): [each["reliability"] for each in designs],
    }
    return _by_concept(columns, concepts)


def _of_recorded(designs: Sequence[Mapping[str, Any]], concepts: Sequence[str]) -> Rows:
    found = [each["recorded"] for each in designs]
    columns = {
        _("Mean difference from the estimate of all answers (bias)"): [each["bias"] for each in designs],
        _("Difference from it (RMSE)"): [each["rmse"] for each in designs],
        _("The same as the model expects it"): [each["expected_rmse"] for each in found],
        _("Correlation with it"): [each["correlation"] for each in found],
        _("Coverage of the intervals of 95 %"): [each["coverage"] for each in designs],
        _("Claimed standard error"): [each["mean_standard_error"] for each in designs],
        _("Standard error of all answers"): [each["criterion_standard_error"] for each in found],
    }
    return _by_concept(columns, concepts)


def _by_concept(columns: Mapping[str, Sequence[Sequence[float | None]]], concepts: Sequence[str]) -> Rows:
    return [
        (f"{said} · {concept}" if len(concepts) > 1 else said, [shown(each[place]) for each in values])
        for said, values in columns.items()
        for place, concept in enumerate(concepts)
    ]


def _of_answers(designs: Sequence[Mapping[str, Any]]) -> Rows:
    """How far the recorded answers reached."""
    found = [each["recorded"] for each in designs]
    return [
        (_("Answers of a person, on average"), [shown(each["answered"]) for each in found]),
        (
            _("Persons with no answer left before their test was over"),
            [str(each["persons_who_ran_out"]) for each in found],
        ),
        (
            _("Share of the steps at which the best question had no answer"),
            [shown(each["unrecorded_steps"]) for each in found],
        ),
    ]


def stops_in_words(stops: Mapping[str, float]) -> list[tuple[str, str]]:
    """Why tests ended, the commonest reason first."""
    ordered = sorted(stops.items(), key=lambda each: -each[1])
    return [(end_in_words(name), f"{100 * share:.1f} %") for name, share in ordered]
