"""What was uploaded → OneRoster's tables, as the manifest names them: each the whole, changes, or absent."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sessions_app.administration.classes.tables import RosterRefused
from testing_engine.interchange.archives import SIGNATURE, Archive, ArchiveRefused, beside
from testing_engine.interchange.tables import Row, TableRefused, place, read_table
from testing_engine.sentences import Sentence, say

MOST_BYTES = 32 * 1024 * 1024  # sent, and of the tables that are read
MOST_ROWS = 200_000
MANIFEST = "manifest.csv"
VERSIONS = ("1.1", "1.2")


class Mode(StrEnum):
    """`BULK`: everything there is. `DELTA`: what changes."""

    BULK = "bulk"
    DELTA = "delta"
    ABSENT = "absent"


# By file, the columns that must be there; others may be, in any order.
_NEEDED: dict[str, tuple[str, ...]] = {
    "academicSessions": ("sourcedId", "status", "title"),
    "orgs": ("sourcedId", "status"),
    "users": ("sourcedId", "status", "username", "givenName", "familyName", "email", "grades"),
    "roles": ("sourcedId", "status", "userSourcedId", "role"),
    "classes": ("sourcedId", "status", "title", "schoolSourcedId", "termSourcedIds"),
    "enrollments": ("sourcedId", "status", "classSourcedId", "userSourcedId", "role"),
}


@dataclass(frozen=True)
class Sheet:
    """One file. `name` is as in the manifest, without its ending."""

    name: str
    mode: Mode
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Package:
    """The files that are read, each with its sheet, also where it is absent."""

    version: str
    sheets: Mapping[str, Sheet]


def in_file(name: str, problem: Sentence) -> Sentence:
    """A problem, with the file that has it."""
    return say("{file}: {problem}", file=name, problem=problem)


def open_package(uploads: Mapping[str, bytes]) -> Package:
    """The tables in a zip, or in its files sent one by one; by name of file. Raises `RosterRefused`."""
    if sum(map(len, uploads.values())) > MOST_BYTES:
        raise RosterRefused([_too_large()])
    contents = _contents(uploads)
    if MANIFEST not in contents:
        raise RosterRefused(
            [say("There is no manifest.csv: it says which version of OneRoster this is, and what is whole.")]
        )
    version, modes = _manifest(contents[MANIFEST])
    problems: list[Sentence] = []
    sheets = {}
    for name in _names(version):
        mode = modes.get(name, Mode.ABSENT)
        file = f"{name}.csv"
        if (file in contents) != (mode != Mode.ABSENT):
            problems.append(_contradiction(file, file in contents))
            continue
        try:
            rows = () if mode == Mode.ABSENT else _rows(contents[file], _columns(name, version))
        except TableRefused as refused:
            problems += [in_file(file, problem) for problem in refused.problems]
            continue
        sheets[name] = Sheet(name, mode, rows)
    if sum(len(sheet.rows) for sheet in sheets.values()) > MOST_ROWS:
        problems.append(say("The files have more than {most} lines together.", most=MOST_ROWS))
    if problems:
        raise RosterRefused(problems)
    return Package(version, sheets)


def _too_large() -> Sentence:
    return say("The files are larger than {most} MiB together.", most=MOST_BYTES // 1024**2)


def _names(version: str) -> list[str]:
    return [name for name in _NEEDED if name != "roles" or version == "1.2"]


def _columns(name: str, version: str) -> tuple[str, ...]:
    says_roles = name == "users" and version == "1.1"
    return (*_NEEDED[name], "role") if says_roles else _NEEDED[name]


def _contents(uploads: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The files that are read, by name. In a zip they may stand in a folder."""
    if len(uploads) != 1:
        return uploads
    (content,) = uploads.values()
    if not content.startswith(SIGNATURE):
        return uploads
    try:
        archive = Archive(content)
        manifests = [name for name in archive.names if posixpath.basename(name) == MANIFEST]
        if len(manifests) != 1:
            return {}
        wanted = {
            name: beside(manifests[0], name) for name in (MANIFEST, *(f"{name}.csv" for name in _NEEDED))
        }
        there = {name: path for name, path in wanted.items() if path in archive}
        if archive.size_of(there.values()) > MOST_BYTES:
            raise RosterRefused([_too_large()])
        return {name: archive.read(path) for name, path in there.items()}
    except ArchiveRefused as refused:
        raise RosterRefused([refused.sentence]) from refused


def _manifest(content: bytes) -> tuple[str, dict[str, Mode]]:
    try:
        rows = _rows(content, ("propertyName", "value"))
    except TableRefused as refused:
        raise RosterRefused([in_file(MANIFEST, problem) for problem in refused.problems]) from refused
    version, modes, problems = "", {}, []
    for row in rows:
        name, value = row.cells["propertyName"].strip(), row.cells["value"].strip()
        if name == "oneroster.version":
            version = next((each for each in VERSIONS if f"{value}.".startswith(f"{each}.")), "")
        elif name.startswith("file."):
            if value in list(Mode):
                modes[name.removeprefix("file.")] = Mode(value)
            else:
                wrong = say("{place}: it must be bulk, delta or absent.", place=place(row.line, "value"))
                problems.append(in_file(MANIFEST, wrong))
    if not version:
        problems.append(in_file(MANIFEST, say("oneroster.version must be 1.1 or 1.2.")))
    if problems:
        raise RosterRefused(problems)
    return version, modes


def _contradiction(file: str, is_there: bool) -> Sentence:
    if is_there:
        return in_file(MANIFEST, say("it does not say whether {file} is bulk or delta.", file=file))
    return in_file(MANIFEST, say("it names {file}, which is not there.", file=file))


def _rows(content: bytes, needed: tuple[str, ...]) -> tuple[Row, ...]:
    """Raises `TableRefused`."""
    table = read_table(content)
    missing = [name for name in needed if name not in table.header]
    if missing:
        raise TableRefused(
            [say("{place}: the column is missing.", place=place(table.line, name)) for name in missing]
        )
    return table.rows
