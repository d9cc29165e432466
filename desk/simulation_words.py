"""What a simulation says, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from testing_engine.pictures.picture import shown
from testing_engine.pictures.simulations import Words


def picture_words(request: Mapping[str, Any]) -> Words:
    """Of the pictures; a design without a name is called by its number."""
    names = [
        each["name"] or _("Design {number}").format(number=number)
        for number, each in enumerate(request["designs"], start=1)
    ]
    if len(set(names)) < len(names):
        names = [f"{name} ({number})" for number, name in enumerate(names, start=1)]
    return Words(
        designs=tuple(names),
        errors=(
            _("Errors along ability"),
            _(
                "By true ability: the root mean square of what estimates are wrong by, the standard error "
                "that the tests claim, and the mean error (bias). Claimed and real errors should be alike."
            ),
        ),
        coverage=(
            _("Coverage along ability"),
            _("By true ability: how often the interval of 95 % around the estimate holds the truth."),
        ),
        lengths=(_("Lengths of tests"), _("Which share of the tests had how many questions.")),
        exposure=(
            _("Exposure of questions"),
            _("Which share of the tests had each question, the commonest first."),
        ),
        rmse=_("real error (RMSE)"),
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


def rows_of_means(result: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """What is said of each design as a whole, a row each, with a cell a design."""
    designs, concepts = result["designs"], result["concepts"]
    rows = []
    for name, said in (
        ("bias", _("Bias")),
        ("rmse", _("Real error (RMSE)")),
        ("mean_standard_error", _("Claimed standard error")),
        ("coverage", _("Coverage of the intervals of 95 %")),
        ("reliability", _("Reliability (squared correlation with the truth)")),
    ):
        for place, concept in enumerate(concepts):
            told = f"{said} · {concept}" if len(concepts) > 1 else said
            rows.append((told, [shown(each[name][place]) for each in designs]))
    for name, said in (
        ("mean_length", _("Questions, on average")),
        ("sd_length", _("Questions, standard deviation")),
        ("largest_exposure", _("Largest exposure rate")),
        ("overlap", _("Overlap: share of a test that another student had, too")),
        ("accuracy", _("Students told their true level")),
    ):
        if any(each[name] is not None for each in designs):
            rows.append((said, [shown(each[name]) for each in designs]))
    unused = [shown(each["exposure"]["unused"]) for each in designs]
    return [*rows, (_("Share of questions that nobody got"), unused)]


def stops_in_words(stops: Mapping[str, float]) -> list[tuple[str, str]]:
    """Why tests ended, the commonest reason first."""
    words = {
        "length": _("the number of questions"),
        "precision": _("precision"),
        "classification": _("certainty about the level"),
        "exhausted": _("no question was left"),
    }
    ordered = sorted(stops.items(), key=lambda each: -each[1])
    return [(words.get(name, name), f"{100 * share:.1f} %") for name, share in ordered]
