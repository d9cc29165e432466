"""A pool's revision as a file: our own JSON, a table, a QTI 3.0 package, or its item parameters alone.

A file but the last holds the answer key: whoever calls this has asked whether its reader may see it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from testing_engine.interchange.csv_writing import write_csv
from testing_engine.interchange.exported import PoolContents, Written, addresses_in
from testing_engine.interchange.json_writing import write_json
from testing_engine.interchange.qti.package_writing import write_qti
from testing_engine.media_addresses import hash_in
from testing_engine.models import PoolRevision, Question, QuestionImage, QuestionPool, QuestionSound
from testing_engine.parameter_tables.writing import ParametersOut, TakenQuestion, write_parameters
from testing_engine.pools import revision_of
from testing_engine.publication import frozen_content
from testing_engine.revisions import item_parameters
from testing_engine.sentences import Said, say

WRITERS: Mapping[str, Callable[[PoolContents], Written]] = {
    "json": write_json,
    "csv": write_csv,
    "qti": write_qti,
}
# What a row need not say: `parse_pool` has it so.
_DEFAULTS: Mapping[str, object] = {
    "options": [],
    "option_scores": [],
    "thresholds": [],
    "category_slopes": [],
    "category_intercepts": [],
    "area": "",
    "enemy_groups": [],
    "question_set": "",
}


class UnknownFormat(Said):
    """There is no writer of that name."""


class NothingToExport(ValueError):
    """The pool has no revision yet."""


def export_revision(revision: PoolRevision, name_of_format: str) -> Written:
    """Raises `UnknownFormat`."""
    writer = WRITERS.get(name_of_format)
    if writer is None:
        raise UnknownFormat(
            say(
                "There is no format {format}; there are {formats}.",
                format=repr(name_of_format),
                formats=", ".join(WRITERS),
            )
        )
    return writer(contents_of(revision))


def export_pool(pool_id: UUID, name_of_format: str) -> Written:
    """The pool as it is now. Raises `UnknownFormat`; `NothingToExport` where it has no question yet."""
    current = revision_of(QuestionPool.objects.get(pk=pool_id), None)
    if current is None:
        raise NothingToExport
    return export_revision(current, name_of_format)


def contents_of(revision: PoolRevision) -> PoolContents:
    """All that the revision froze, and the media that it shows."""
    pool = revision.pool
    questions = (
        Question.objects.filter(revisionquestion__revision=revision)
        .order_by("revisionquestion__position")
        .select_related("passage")
    )
    rows = [row_of(question) for question in questions]
    return PoolContents(
        name=pool.name,
        revision=revision.number,
        concept_names=tuple(pool.concept_names),
        scale=pool.scale.name,
        rows=rows,
        media=_media(rows),
    )


def row_of(question: Question) -> Mapping[str, Any]:
    """The question as a row of a pool document, key and rules among it."""
    row = dict(frozen_content(question))
    if question.passage is not None:
        row["passage"] = question.passage.content
    return {name: value for name, value in row.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}


def _media(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, bytes]:
    addresses = dict.fromkeys(address for row in rows for address in addresses_in(row))
    by_hash = {hash_in(address): address for address in addresses}
    stored: dict[str, bytes] = {}
    for model in (QuestionImage, QuestionSound):
        found = model._default_manager.filter(pk__in=list(by_hash)).values_list("sha256", "content")
        stored |= {by_hash[sha256]: bytes(content) for sha256, content in found}
    return {address: stored[address] for address in addresses if address in stored}


def parameters_out(revision: PoolRevision, form: str, model: str = "") -> ParametersOut:
    """The revision's item parameters as another program's table; no key. Raises `UnknownForm`."""
    questions = Question.objects.filter(revisionquestion__revision=revision)
    return write_parameters(
        form,
        [
            TakenQuestion(
                question.external_id,
                item_parameters(question),
                question.content,
                tuple(question.options),
                question.interactions is not None,
            )
            for question in questions.order_by("revisionquestion__position")
        ],
        model,
    )
