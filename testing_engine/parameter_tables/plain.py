"""Tables of slopes and difficulties: a, b, c, u and thresholds, whatever their columns are called."""

from dataclasses import dataclass
from functools import partial

from testing_engine.parameter_tables.candidates import (
    MODEL,
    SCALING,
    SIGN,
    Candidate,
    Cells,
    Choice,
    Chosen,
    Columns,
    asked,
    open_scaling,
    ordered_from_lowest,
    settled,
    settled_scaling,
    settled_sign,
    usual_scaling,
)
from testing_engine.parameter_tables.forms import Form, Graded, Logistic, Steps
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.sentences import Sentence, say


@dataclass(frozen=True)
class Roles:
    """Which column is what, in small letters. `are_relative`: `steps` are, to the difficulty."""

    slope: str | None = None
    difficulty: str | None = None
    lower: str | None = None
    upper: str | None = None
    slip: str | None = None  # 1 − upper
    steps: tuple[str, ...] = ()
    are_relative: bool = False

    @property
    def names(self) -> tuple[str | None, ...]:
        return (self.slope, self.difficulty, self.lower, self.upper, self.slip, *self.steps)


def plain_form(roles: Roles, cells: Cells, chosen: Chosen) -> Form:
    """D a (θ − b), with the asymptotes or the thresholds that the row fills."""
    slope = float(chosen[SCALING]) * (cells.need(roles.slope) if roles.slope else 1.0)
    sign = -1.0 if chosen.get(SIGN) == "easiness" else 1.0
    steps = cells.run(roles.steps)
    location = cells.get(roles.difficulty)
    is_rasch = roles.slope is None
    if not steps or (roles.are_relative and len(steps) == 1 and steps[0] == 0):
        if location is None:
            raise TableProblem(say("Neither a difficulty nor thresholds are filled."))
        lower, upper = _asymptotes(roles, cells)
        return Logistic((slope,), sign * location, lower, upper, is_rasch)
    if roles.are_relative:
        if location is None:
            raise TableProblem(say("Its difficulty is empty, and the thresholds are relative to it."))
        steps = tuple(location + step for step in steps)
    signed = tuple(sign * step for step in steps)
    place = sign * location if roles.are_relative and location is not None else None
    if chosen[MODEL] == "GRM":
        return Graded((slope,), signed, place)
    return Steps((slope,), signed, chosen[MODEL], place)


def _asymptotes(roles: Roles, cells: Cells) -> tuple[float, float]:
    lower = cells.get(roles.lower) or 0.0
    upper = cells.get(roles.upper)
    if upper is None:
        upper = 1.0 - (cells.get(roles.slip) or 0.0)
    return lower, upper


def logistic_model(roles: Roles) -> Choice:
    has = {roles.lower: "c", roles.upper or roles.slip: "u"}
    told = "".join(sorted(letter for column, letter in has.items() if column))
    name = {"": "2PL" if roles.slope else "1PL", "c": "3PL", "u": "4PL", "cu": "4PL"}[told]
    return settled(MODEL, name, say("It follows from the columns that there are."))


def plain(
    columns: Columns,
    roles: Roles,
    source: str,
    title: str,
    reason: Sentence,
    *,
    model: Choice | None = None,
    scaling: Choice | None = None,
    sign: Choice | None = None,
    assumptions: tuple[Sentence, ...] = (),
    name_prefix: str = "",
) -> Candidate:
    """A candidate whose rows are read by `plain_form`."""
    choices = [
        model or logistic_model(roles),
        scaling or open_scaling(),
        sign or settled_sign(),
    ]
    if roles.steps:
        choices.append(ordered_from_lowest())
    return Candidate(
        source,
        title,
        reason,
        tuple(choices),
        columns.called(roles.names),
        partial(plain_form, roles),
        assumptions,
        name_prefix,
    )


def catr_scaling() -> Choice:
    return usual_scaling(say("catR's D is 1 unless it was called with another."))


SLOPES = ("a", "discrimination", "disc", "slope", "a-param", "a-parm", "alpha")
DIFFICULTIES = ("b", "difficulty", "diff", "location", "b-param", "b-parm", "beta")
LOWERS = ("c", "guessing", "guess", "c-param", "c-parm")


def unnamed(columns: Columns) -> list[Candidate]:
    """a, b, c as anybody writes them: model and metric are nobody's but the user's to say."""
    slope, difficulty, lower = (columns.first(*names) for names in (SLOPES, DIFFICULTIES, LOWERS))
    if difficulty is None or "d" in columns or columns.has("g") or columns.has("u"):
        return []
    if columns.first("slipping", "upper_asymptote", "thresholds", "category_slopes", "measure"):
        return []
    if columns.run("b{}") or columns.run("tau.cat{}") or columns.first("threshold.1", "threshold 1"):
        return []
    roles = Roles(slope, difficulty, lower)
    sign = settled_sign()
    if slope is None:
        sign = asked(
            SIGN,
            ("difficulty", "easiness"),
            say("One column of locations may be difficulties or, as eRm's betas, easiness."),
        )
    reason = say(
        "The columns {columns} are slope, difficulty and lower asymptote.",
        columns=_listed(columns, roles),
    )
    return [plain(columns, roles, "plain", "a, b, c", reason, sign=sign)]


def four_letters(columns: Columns) -> list[Candidate]:
    """`a b c d` alone: three things that are written so."""
    if not columns.has("a", "b", "d") or columns.run("d{}"):
        return []
    with_c = "c" if "c" in columns else None
    written = _listed(columns, Roles("a", "b", with_c, "d"))
    asymptote = Roles("a", "b", with_c, upper="d")
    found = [
        plain(
            columns,
            asymptote,
            "catR",
            "R catR, jsCAT",
            say("catR and jsCAT write {columns}, where d is the upper asymptote.", columns=written),
            scaling=catr_scaling(),
            assumptions=(say("d is the upper asymptote: 1 where able students never slip."),),
        ),
        plain(
            columns,
            Roles("a", "b", with_c, slip="d"),
            "slipping",
            "a, b, c and a share of slips",
            say("d may be the share of able students who slip: the upper asymptote is 1 − d."),
            assumptions=(say("The upper asymptote is 1 − d."),),
        ),
    ]
    if with_c:
        found.append(
            plain(
                columns,
                Roles("a", steps=("b", "c", "d")),
                "thresholds_bcd",
                "a slope and three thresholds",
                say("a may be a slope and b, c, d the thresholds of questions with four categories."),
                model=_threshold_model(),
            )
        )
    return found


def _threshold_model() -> Choice:
    return asked(
        MODEL, ("GRM", "GPCM"), say("Boundaries of a graded model and steps of partial credit look alike.")
    )


def thresholds(columns: Columns) -> list[Candidate]:
    """a and b1, b2, …: boundaries or steps, by mirt's IRTpars and many others."""
    steps = columns.run("b{}")
    slope = columns.first(*SLOPES)
    if not steps or slope is None or "c" in columns:
        return []
    roles = Roles(slope, columns.first("b"), columns.first("g"), columns.first("u"), steps=steps)
    reason = say(
        "A slope and {first} to {last}, as mirt writes with IRTpars, and many others.",
        first=columns.original(steps[0]),
        last=columns.original(steps[-1]),
    )
    is_mirt = columns.has("g") or columns.has("u")
    return [
        plain(
            columns,
            roles,
            "thresholds",
            "a, b1, b2, …",
            reason,
            model=_threshold_model(),
            scaling=settled_scaling("mirt") if is_mirt else open_scaling(),
        )
    ]


def own(columns: Columns) -> list[Candidate]:
    """slipping or upper_asymptote beside the long names: this service's own, and jsCAT's other meaning."""
    slope, difficulty = columns.first("discrimination"), columns.first("difficulty")
    if difficulty is None or not columns.first("slipping", "upper_asymptote"):
        return []
    lower = columns.first("guessing")
    roles = Roles(slope, difficulty, lower, columns.first("upper_asymptote"), columns.first("slipping"))
    found = [
        plain(
            columns,
            roles,
            "own",
            "a pool of this service",
            say("The columns are called as in this service's own pools."),
            scaling=settled_scaling("This service"),
            assumptions=(say("The upper asymptote is 1 − slipping, or upper_asymptote."),),
        )
    ]
    if "slipping" in columns and "upper_asymptote" not in columns:
        found.append(
            plain(
                columns,
                Roles(slope, difficulty, lower, upper="slipping"),
                "jsCAT",
                "jsCAT",
                say("jsCAT calls the upper asymptote itself “slipping”: 1 where nobody slips."),
                scaling=settled_scaling("jsCAT"),
                assumptions=(say("The column slipping is the upper asymptote."),),
            )
        )
    return found


def _listed(columns: Columns, roles: Roles) -> str:
    return ", ".join(columns.called(roles.names))
