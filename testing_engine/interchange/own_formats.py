"""The formats of our own as an import takes them: a pool document in JSON, alone or in a zip with its media,
and a table with a question a row.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePath

from testing_engine.interchange.archives import SIGNATURE, Archive, ArchiveRefused
from testing_engine.interchange.exported import ADDRESS
from testing_engine.interchange.files import (
    TABLE_SUFFIXES,
    TEXT_SUFFIX,
    PoolFile,
    UnreadableFile,
    begins_like_json,
    read_pool_json,
    read_pool_table,
)
from testing_engine.interchange.imported import ImportedPool, ImportedQuestion, Upload, UploadRefused
from testing_engine.interchange.json_writing import DOCUMENT
from testing_engine.interchange.names import identifier_in, problem_of_name
from testing_engine.interchange.workbooks import is_workbook
from testing_engine.models import LONGEST_SCALE_NAME
from testing_engine.sentences import reason_of, say


def is_json(upload: Upload) -> bool:
    if not upload.content.startswith(SIGNATURE):
        return begins_like_json(upload.content)
    try:
        return DOCUMENT in Archive(upload.content)
    except ArchiveRefused:
        return False  # of another format, whose reader says what is wrong


def is_xlsx(upload: Upload) -> bool:
    return is_workbook(upload.content)


def is_table(upload: Upload) -> bool:
    return PurePath(upload.name).suffix.lower() in (*TABLE_SUFFIXES, TEXT_SUFFIX)


def read_json(upload: Upload) -> ImportedPool:
    """A document as `POST /api/questions/upload` takes it, or an export's zip. Raises `UploadRefused`."""
    if not upload.content.startswith(SIGNATURE):
        return _imported("json", upload, _read(read_pool_json, upload))
    try:
        archive = Archive(upload.content)
        if DOCUMENT not in archive:
            raise UploadRefused(say("{name} holds no {document}.", name=upload.name, document=DOCUMENT))
        document = Upload(DOCUMENT, archive.read(DOCUMENT))
        kept = {f"/{name}": archive.read(name) for name in archive.names if ADDRESS.fullmatch(f"/{name}")}
    except ArchiveRefused as error:
        raise UploadRefused(say("{name}: {error}", name=upload.name, error=reason_of(error))) from error
    return replace(_imported("json", document, _read(read_pool_json, document)), kept=kept)


def read_csv(upload: Upload) -> ImportedPool:
    """A table; each question's source is its line. Raises `UploadRefused`."""
    return _imported("csv", upload, _read(_read_table, upload))


def read_xlsx(upload: Upload) -> ImportedPool:
    """A workbook with the same table on one sheet. Raises `UploadRefused`."""
    if not is_workbook(upload.content):
        try:
            Archive(upload.content)
        except ArchiveRefused as error:
            raise UploadRefused(say("{name}: {error}", name=upload.name, error=reason_of(error))) from error
        raise UploadRefused(say("{name} is no workbook (XLSX).", name=upload.name))
    return _imported("xlsx", upload, _read(_read_table, upload))


def _read_table(content: bytes, name: str) -> PoolFile:
    return read_pool_table(content, name, needs_concepts=False)


def _read(reader: Callable[[bytes, str], PoolFile], upload: Upload) -> PoolFile:
    try:
        found = reader(upload.content, upload.name)
    except UnreadableFile as error:
        raise UploadRefused(reason_of(error)) from error
    return found


def _imported(name_of_format: str, upload: Upload, file: PoolFile) -> ImportedPool:
    rows, names = file.document.get("questions"), file.document.get("concept_names") or ()
    if not isinstance(rows, list) or not rows:
        raise UploadRefused(say("{name} has no list of questions.", name=upload.name))
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise UploadRefused(say("{name}: concept_names must be a list of texts.", name=upload.name))
    name, scale = file.document.get("name"), file.document.get("scale") or ""
    if not isinstance(scale, str) or (scale and problem_of_name(scale, LONGEST_SCALE_NAME)):
        raise UploadRefused(say("{name}: scale must be the name of a scale.", name=upload.name))
    return ImportedPool(
        format=name_of_format,
        name=name if isinstance(name, str) else "",
        questions=[_question(index, row, file) for index, row in enumerate(rows)],
        concept_names=tuple(names),
        scale=scale,
    )


def _question(index: int, row: object, file: PoolFile) -> ImportedQuestion:
    source = say("line {line}", line=file.lines[index]) if file.lines else f"/questions/{index}"
    if not isinstance(row, Mapping):
        return ImportedQuestion(source, "", None, refusals=(say("Must be an object."),))
    identifier = identifier_in(row.get("id"))
    return ImportedQuestion(source, identifier if isinstance(identifier, str) else "", row)
