"""Winsteps, PROMIS and jsCAT."""

from testing_engine.parameter_tables.candidates import (
    MODEL,
    Candidate,
    Cells,
    Choice,
    Chosen,
    Columns,
    settled,
    settled_scaling,
    settled_sign,
    usual_scaling,
)
from testing_engine.parameter_tables.forms import Form, Logistic
from testing_engine.parameter_tables.plain import Roles, plain
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.sentences import say


def winsteps(columns: Columns) -> list[Candidate]:
    """IFILE: ENTRY and MEASURE, on a scale with UMEAN and USCALE."""
    if not columns.has("entry", "measure"):
        return []

    def form(cells: Cells, chosen: Chosen) -> Form:
        unit = float(chosen["uscale"])
        if unit == 0:
            raise TableProblem(say("{name} must not be 0.", name="uscale"))
        return Logistic((1.0,), (cells.need("measure") - float(chosen["umean"])) / unit, is_rasch=True)

    return [
        Candidate(
            "Winsteps",
            "Winsteps IFILE",
            say("ENTRY and MEASURE are Winsteps' file of items."),
            (
                settled(MODEL, "1PL", say("Winsteps estimates Rasch models.")),
                settled_scaling("Winsteps"),
                Choice("umean", (), "0", say("Winsteps' UMEAN: the measure that stands for 0 logits.")),
                Choice("uscale", (), "1", say("Winsteps' USCALE: measures a logit.")),
                settled_sign(),
            ),
            columns.called(("measure",)),
            form,
            (say("Steps of rating scales stand in another file (SFILE): right/wrong questions only."),),
        )
    ]


def promis(columns: Columns) -> list[Candidate]:
    """a and cb1, cb2, …: boundaries of a graded model."""
    steps = columns.run("cb{}")
    if "a" not in columns or not steps:
        return []
    roles = Roles("a", steps=steps)
    return [
        plain(
            columns,
            roles,
            "PROMIS",
            "PROMIS",
            say("a and cb1 to {last} are PROMIS' slope and boundaries.", last=columns.original(steps[-1])),
            model=settled(MODEL, "GRM", say("PROMIS banks are graded.")),
            scaling=usual_scaling(say("PROMIS banks are logistic; older ones may be normal.")),
        )
    ]


def jscat(columns: Columns) -> list[Candidate]:
    """A corpus with parameters of several tests: `NAME.a`, `NAME.b`, …"""
    found = []
    for match in columns.matching(r"(.+)\.b"):
        name = match[1]
        if f"{name}.a" not in columns and f"{name}.c" not in columns:
            continue
        a, b, c, d = (columns.first(f"{name}.{letter}") for letter in "abcd")
        roles = Roles(a, b, c, d)
        found.append(
            plain(
                columns,
                roles,
                f"jsCAT:{name}",
                f"jsCAT, {name}",
                say("{name}.a, {name}.b, … are a jsCAT corpus' parameters for one test.", name=name),
                scaling=settled_scaling("jsCAT"),
                assumptions=(say("d is the upper asymptote: 1 where able students never slip."),),
            )
        )
    return found
