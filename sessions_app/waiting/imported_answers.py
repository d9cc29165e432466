"""A file of answers that were given elsewhere, taken into a pool; the file that waits is its report, as JSON.

Taken twice it is one import, so it does no harm where a worker dies after it.
"""

import hashlib
from uuid import UUID

import msgspec

from sessions_app.measurement.importing import Report, ResponsesRefused, Wishes, import_responses
from sessions_app.waiting.made import CONTENT_TYPES, Asking, Made, Progress
from testing_engine.interchange.answer_files import lines_in
from testing_engine.interchange.imported import Upload
from testing_engine.pools import read_pool
from testing_engine.sentences import Sentence, say, together

TOLD = 20  # problems of a file of which nothing is taken; a dry run reports all


class Wanted(msgspec.Struct, frozen=True):
    """Into this pool, read as `wishes` say. `name`: of the report, without what follows the dot."""

    name: str
    pool: UUID
    file_name: str
    sha256: str
    wishes: Wishes

    @classmethod
    def of(cls, pool: UUID, upload: Upload, wishes: Wishes) -> "Wanted":
        digest = hashlib.sha256(upload.content).hexdigest()
        return cls(f"{pool}-imported-answers", pool, upload.name, digest, wishes)


def make(asked: Wanted, asking: Asking, progress: Progress) -> Made:
    """Lines are told as they are read. Raises a `ValueError` where nothing of the file is taken."""
    upload = Upload(asked.file_name, asking.brought())
    if (lines := lines_in(upload.content)) is not None:
        progress.expect(lines)
    try:
        report = import_responses(
            read_pool(asked.pool), upload, asked.wishes, asking.by_id, progress=progress.add
        )
    except ResponsesRefused as refused:
        raise ValueError(together([message for _, message in refused.problems[:TOLD]])) from refused
    content = msgspec.json.encode(report.as_mapping())
    return Made(f"{asked.name}.json", CONTENT_TYPES["json"], [(content, 0)], outcome_of(report))


def outcome_of(report: Report) -> Sentence:
    """What became of the file, in a sentence."""
    counted = {"answers": report.answers, "persons": report.persons}
    if report.is_repeat:
        return say("This file had been imported before. Nothing was changed.")
    if report.source is None:
        return say("{answers} answers of {persons} persons can be kept. Nothing was stored.", **counted)
    return say("{answers} answers of {persons} persons are kept.", **counted)
