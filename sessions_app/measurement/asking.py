"""What a calibration is asked for: checked against the pool, and kept as plain data that decides it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from testing_engine.calibration.priors import PriorError, read_priors
from testing_engine.psychometrics.items.bank import LOGISTIC_MODELS, MODELS
from testing_engine.psychometrics.items.parts import uncalibrated
from testing_engine.revisions import FrozenRevision
from testing_engine.sentences import quoted, say

# How the new parameters come onto the pool's scale.
LINK, ANCHORS, OWN = "link", "anchors", "own"
SCALES = (LINK, ANCHORS, OWN)
# Which populations are told apart.
NONE, FILE, SOURCE = "none", "file", "source"
GROUPS = (NONE, FILE, SOURCE)
DELIVERED = "delivered tests"
FEWEST_LINKS = 2  # questions with parameters
LARGEST_SEED = 2**31 - 1


class CalibrationRefused(ValueError):
    """It cannot be computed like this. `problems`: (JSON pointer, message)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(message for _, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class Asked:
    """`imports` None: all there are. `model` "": each question's own.

    `anchors`: whose parameters are kept; or `estimate`: those of all others are. Neither: those of all that
    are calibrated.
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

    def to_json(self) -> dict[str, Any]:
        priors = self.priors if isinstance(self.priors, str) else {k: list(v) for k, v in self.priors.items()}
        return {
            **asdict(self),
            "imports": [str(each) for each in self.imports or ()],
            "since": self.since.isoformat() if self.since else None,
            "priors": priors,
            "anchors": list(self.anchors),
            "estimate": list(self.estimate),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Asked":
        priors = content["priors"]
        return cls(
            **{
                **content,
                "imports": tuple(UUID(each) for each in content["imports"]),
                "since": datetime.fromisoformat(content["since"]) if content["since"] else None,
                "priors": priors if isinstance(priors, str) else {k: tuple(v) for k, v in priors.items()},
                "anchors": tuple(content["anchors"]),
                "estimate": tuple(content["estimate"]),
            }
        )

    def kept_items(self, items: Sequence[str], guessed: Collection[str]) -> tuple[str, ...]:
        """Which of these questions keep their parameters. Those that are only `guessed` hold no scale."""
        if self.scale != ANCHORS:
            return ()
        kept = set(self.anchors) if self.anchors else set(items) - set(self.estimate)
        return tuple(item for item in items if item in kept and item not in guessed)


def checked(asked: Asked, revision: FrozenRevision, known_imports: Sequence[UUID]) -> Asked:
    """The same, with the imports there are. Raises `CalibrationRefused` with all that is wrong."""
    imports = tuple(known_imports) if asked.imports is None else asked.imports
    asked = replace(asked, imports=imports, priors=_plain(asked.priors))
    problems = [*_unknown(asked, known_imports), *_wrong_scale(asked, revision)]
    if asked.model and asked.model not in MODELS:
        problems.append(("/model", say("Must be one of {names}.", names=", ".join(MODELS))))
    elif asked.model and not any(_fits(asked.model, int(k)) for k in revision.bank.n_categories):
        problems.append(("/model", say("No question of this pool can have {model}.", model=asked.model)))
    if not 0 <= asked.seed <= LARGEST_SEED:
        problems.append(("/seed", say("A whole number from {low} to {high}.", low=0, high=LARGEST_SEED)))
    if asked.groups not in GROUPS:
        problems.append(("/groups", say("Must be one of {names}.", names=", ".join(GROUPS))))
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


def _unknown(asked: Asked, known_imports: Sequence[UUID]) -> list[tuple[str, str]]:
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
