"""What kinds of long work there are: who may ask for each, and what makes it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sessions_app.measurement import looks
from sessions_app.waiting import (
    answers,
    copies,
    drawings,
    imported_answers,
    pool_files,
    requirements,
    results,
    revisions,
    verification,
)
from sessions_app.waiting.made import Asking, Made, Progress

AUTHOR = "testing_engine.author_pools"


@dataclass(frozen=True)
class Kind:
    """`permission`: as Django names it; the same that the file needs in a request; "": to have asked.
    `asked`: what its request holds; `make` makes it, of what was there when it was asked for. `of_all`: of
    all organisations together.
    """

    name: str
    permission: str
    holds_students: bool
    asked: type[msgspec.Struct]
    make: Callable[[Any, Asking, Progress], Made]
    of_all: bool = False


_KINDS: Iterable[Kind] = (
    Kind("results", "sessions_app.report_results", True, results.Wanted, results.make),
    Kind("answers", "sessions_app.report_results", True, answers.Wanted, answers.make),
    Kind(
        "imported_answers",
        AUTHOR,
        True,
        imported_answers.Wanted,
        imported_answers.make,
    ),
    Kind("parameters", AUTHOR, False, revisions.Table, revisions.publish_table),
    Kind(
        "proposal",
        "sessions_app.publish_calibrations",
        False,
        revisions.Proposal,
        revisions.publish_proposal,
    ),
    Kind("change", "testing_engine.change_question", False, revisions.Change, revisions.change_many),
    Kind(looks.KIND, "", False, looks.Look, requirements.make),
    Kind("copy", AUTHOR, False, copies.Wanted, copies.make),
    Kind("drawings", "testing_engine.view_questionpool", False, drawings.Wanted, drawings.make),
    Kind("pool", "testing_engine.export_pools", False, pool_files.Wanted, pool_files.make),
    Kind(
        "verification",
        "sessions_app.view_sessionevent",
        False,
        verification.Wanted,
        verification.make,
        of_all=True,
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
OF_REQUEST: Mapping[type[msgspec.Struct], Kind] = {kind.asked: kind for kind in _KINDS}
