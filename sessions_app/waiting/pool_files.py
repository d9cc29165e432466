"""A revision of a pool, with its answer key, in one of the formats that it can be taken along in."""

import msgspec

from sessions_app.waiting.made import Asking, Made, Progress
from testing_engine.exporting import export_revision
from testing_engine.models import PoolRevision
from testing_engine.sentences import Said, say


class NotWhole(Said):
    """Questions do not fit the format, and nobody said that the file is wanted without them."""


class Wanted(msgspec.Struct, frozen=True):
    """`name`: of the file, without what follows the dot. `revision`: its primary key."""

    name: str
    revision: int
    form: str
    incomplete: bool  # the file though it lacks questions


def make(wanted: Wanted, asking: Asking, progress: Progress) -> Made:
    """A revision never changes, so it does not matter when. Raises `NotWhole`."""
    revision = PoolRevision.objects.get(pk=wanted.revision)
    progress.expect(revision.question_count)
    written = export_revision(revision, wanted.form)
    outcomes = [question.outcome for question in written.report]
    left_out = outcomes.count("left_out")
    if left_out and not wanted.incomplete:
        raise NotWhole(say("Questions do not fit this format, and nobody said to leave them out."))
    told = say(
        "Of {questions} questions, {left_out} do not fit this format and are left out; {with_loss} are there "
        "in part.",
        questions=len(outcomes),
        left_out=left_out,
        with_loss=outcomes.count("with_loss"),
    )
    name = f"{wanted.name}.{written.suffix}"
    return Made(name, written.media_type, [(written.content, len(outcomes))], told)
