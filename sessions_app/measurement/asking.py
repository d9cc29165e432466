"""What a calibration is asked for: checked against the pool, and kept as plain data that decides it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sessions_app.models import ResponseImport
from testing_engine.calibration.priors import PriorError, read_priors
from testing_engine.psychometrics.items.bank import LOGISTIC_MODELS, MODELS
from testing_engine.psychometrics.items.parts import uncalibrated
from testing_engine.revisions import FrozenRevision
from testing_engine.sentences import Sentence, quoted, say

# How the new parameters come onto the pool's scale.
LINK, ANCHORS, OWN = "link", "anchors", "own"
SCALES = (LINK, ANCHORS, OWN)
# Which populations are told apart.
NONE, FILE, SOURCE = "none", "file", "source"
GROUPS = (NONE, FILE, SOURCE)
DELIVERED = "delivered tests"
MOST_COMPARED = 10  # columns of groups
FEWEST_LINKS = 2  # questions with parameters
LARGEST_SEED = 2**31 - 1


class CalibrationRefused(ValueError):
    """It cannot be computed like this. `problems`: (JSON pointer, message)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(message for _, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class Compared:
    """A column of groups between which DIF is looked at. `reference` "": the largest of them."""

    column: str
    reference: str = ""


@dataclass(frozen=True)
class Asked:
    """`imports` None: all there are. `model` "": each question's own.

    `anchors`: whose parameters are kept; or `estimate`: those of all others are. Neither: those of all that
    are calibrated. `column`: whose groups are populations, where those of the files are; "": each file's
    first. `dif`: what DIF is looked at, each column by itself; None: that of the populations.
    """

    imports: tuple[UUID, ...] | None = None
    delivered: bool = True
    since: datetime | None = None
    model: str = ""
    priors: str | Mapping[str, tuple[float, float]] = "default"
    seed: int = 0
    scale: str = LINK
    anchors: tuple[str, ...] = ()
    estimate: tuple[str, ...] = ()
    groups: str = NONE
    column: str = ""
    dif: tuple[Compared, ...] | None = None

    @property
    def compared(self) -> tuple[Compared, ...]:
        if self.dif is not None:
            return self.dif
        return (Compared(self.column),) if self.groups == FILE else ()

    def to_json(self) -> dict[str, Any]:
        priors = self.priors if isinstance(self.priors, str) else {k: list(v) for k, v in self.priors.items()}
        return {
            **asdict(self),
            "imports": [str(each) for each in self.imports or ()],
            "since": self.since.isoformat() if self.since else None,
            "priors": priors,
            "anchors": list(self.anchors),
            "estimate": list(self.estimate),
            "dif": None if self.dif is None else [asdict(each) for each in self.dif],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Asked":
        priors, dif = content["priors"], content.get("dif")  # requests of earlier versions have none
        return cls(
            **{
                **content,
                "imports": tuple(UUID(each) for each in content["imports"]),
                "since": datetime.fromisoformat(content["since"]) if content["since"] else None,
                "priors": priors if isinstance(priors, str) else {k: tuple(v) for k, v in priors.items()},
                "anchors": tuple(content["anchors"]),
                "estimate": tuple(content["estimate"]),
                "dif": None if dif is None else tuple(Compared(**each) for each in dif),
            }
        )

    def kept_items(self, items: Sequence[str], guessed: Collection[str]) -> tuple[str, ...]:
        """Which of these questions keep their parameters. Those that are only `guessed` hold no scale."""
        if self.scale != ANCHORS:
            return ()
        kept = set(self.anchors) if self.anchors else set(items) - set(self.estimate)
        return tuple(item for item in items if item in kept and item not in guessed)


def checked(asked: Asked, revision: FrozenRevision, known_imports: Sequence[ResponseImport]) -> Asked:
    """The same, with the imports there are. Raises `CalibrationRefused` with all that is wrong."""
    known = {each.pk: each for each in known_imports}
    imports = tuple(known) if asked.imports is None else asked.imports
    asked = replace(asked, imports=imports, priors=_plain(asked.priors))
    problems = [*_unknown(asked, known), *_wrong_scale(asked, revision)]
    problems += _wrong_groups(asked, [known[each] for each in imports if each in known])
    if asked.model and asked.model not in MODELS:
        problems.append(("/model", say("Must be one of {names}.", names=", ".join(MODELS))))
    elif asked.model and not any(_fits(asked.model, int(k)) for k in revision.bank.n_categories):
        problems.append(("/model", say("No question of this pool can have {model}.", model=asked.model)))
    if not 0 <= asked.seed <= LARGEST_SEED:
        problems.append(("/seed", say("A whole number from {low} to {high}.", low=0, high=LARGEST_SEED)))
    try:
        read_priors(asked.priors)
    except (PriorError, TypeError, ValueError) as error:
        problems.append(("/priors", quoted(f"{error}.")))
    if problems:
        raise CalibrationRefused(problems)
    return asked


def _plain(priors: Any) -> Any:
    return {k: tuple(v) for k, v in priors.items()} if isinstance(priors, Mapping) else priors


def _fits(model: str, categories: int) -> bool:
    return (model in LOGISTIC_MODELS) == (categories == 2)


def _wrong_groups(asked: Asked, imports: Sequence[ResponseImport]) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    columns: dict[str, set[str]] = {}
    for source in imports:
        for column, groups in source.group_columns.items():
            columns.setdefault(column, set()).update(groups)
    if asked.groups not in GROUPS:
        problems.append(("/groups", say("Must be one of {names}.", names=", ".join(GROUPS))))
    elif asked.column and asked.groups != FILE:
        problems.append(("/column", say("A column goes with the populations “file”.")))
    elif asked.column and asked.column not in columns:
        problems.append(("/column", _no_column(asked.column)))
    named = [each.column for each in asked.dif or ()]
    if len(named) > MOST_COMPARED or len(set(named)) < len(named):
        told = say("At most {most} columns, each once.", most=MOST_COMPARED)
        problems.append(("/dif", told))
    for number, each in enumerate(asked.dif or ()):
        if each.column not in columns:
            problems.append((f"/dif/{number}/column", _no_column(each.column)))
        elif each.reference and each.reference not in columns[each.column]:
            told = say("Must be one of {names}.", names=", ".join(sorted(columns[each.column])))
            problems.append((f"/dif/{number}/reference", told))
    return problems


def _no_column(column: str) -> Sentence:
    return say("No file of these has a column of groups {column}.", column=repr(column[:100]))


def _unknown(asked: Asked, known_imports: Collection[UUID]) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = [
        (f"/imports/{n}", say("This pool has no import {id}.", id=each))
        for n, each in enumerate(asked.imports or ())
        if each not in known_imports
    ]
    if not asked.imports and not asked.delivered:
        problems.append(("/imports", say("Neither imports nor delivered tests.")))
    return problems


def _wrong_scale(asked: Asked, revision: FrozenRevision) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = [
        (f"/{name}/{n}", say("This pool has no question {id}.", id=repr(item[:80])))
        for name in ("anchors", "estimate")
        for n, item in enumerate(getattr(asked, name))
        if item not in revision.positions
    ]
    if asked.scale not in SCALES:
        problems.append(("/scale", say("Must be one of {names}.", names=", ".join(SCALES))))
    elif asked.scale == LINK and revision.bank.n_dimensions > 1:
        told = say("Linking is for one concept; name anchors, or begin a scale of its own.")
        problems.append(("/scale", told))
    elif asked.scale == LINK and _known(revision) < FEWEST_LINKS:
        told = say(
            "There is nothing to link to: fewer than two questions of this pool have parameters. Begin a "
            "scale of its own."
        )
        problems.append(("/scale", told))
    elif asked.scale == ANCHORS and not _known(revision):
        told = say(
            "There is nothing to hold on to: no question of this pool has parameters. Begin a scale of its "
            "own."
        )
        problems.append(("/scale", told))
    elif asked.scale == ANCHORS and not _says_what_to_estimate(asked, revision):
        problems.append(("/anchors", say("Name either the anchors or the questions to estimate.")))
    elif asked.scale != ANCHORS and (asked.anchors or asked.estimate):
        problems.append(("/anchors", say("Anchors go with the scale “anchors”.")))
    return problems


def usual_scale(revision: FrozenRevision) -> str:
    """What a calibration of this revision is likely to be asked for."""
    if _known(revision) < FEWEST_LINKS:
        return OWN
    return LINK if revision.bank.n_dimensions == 1 else ANCHORS


def _known(revision: FrozenRevision) -> int:
    """Questions with parameters."""
    return int(revision.bank.n_items - len(uncalibrated(revision.bank)))


def _says_what_to_estimate(asked: Asked, revision: FrozenRevision) -> bool:
    if asked.anchors or asked.estimate:
        return not (asked.anchors and asked.estimate)
    return bool(len(uncalibrated(revision.bank)))
