"""The readers of all formats that an import takes, and how a file's format is found.

A format has a reader in `READERS`, under the name that `format` says at import, and a place in `SIGNS`: a
function that tells by the file's name and first bytes whether it is of that format. The first that says so is
taken, so what is recognised by its content stands before what is recognised by its name.
"""

from collections.abc import Callable, Sequence

from testing_engine.interchange import own_formats
from testing_engine.interchange.aiken import is_aiken, read_aiken
from testing_engine.interchange.gift import is_gift, read_gift
from testing_engine.interchange.imported import ImportedPool, Upload, UploadRefused
from testing_engine.interchange.moodle_xml import is_moodle_xml, read_moodle_xml
from testing_engine.interchange.qti.packages import is_qti, read_qti
from testing_engine.interchange.qti12.packages import is_qti12, read_qti12
from testing_engine.sentences import say

READERS: dict[str, Callable[[Upload], ImportedPool]] = {
    "json": own_formats.read_json,
    "csv": own_formats.read_csv,
    "xlsx": own_formats.read_xlsx,
    "moodle_xml": read_moodle_xml,
    "gift": read_gift,
    "aiken": read_aiken,
    "qti": read_qti,
    "qti12": read_qti12,
}

SIGNS: Sequence[tuple[str, Callable[[Upload], bool]]] = (
    ("xlsx", own_formats.is_xlsx),
    ("json", own_formats.is_json),
    ("qti12", is_qti12),
    ("qti", is_qti),
    ("moodle_xml", is_moodle_xml),
    ("gift", is_gift),
    ("aiken", is_aiken),
    ("csv", own_formats.is_table),
)


def format_of(upload: Upload) -> str:
    """The name of the file's format. Raises `UploadRefused` where it is none that is known."""
    for name, is_of_it in SIGNS:
        if is_of_it(upload):
            return name
    raise UploadRefused(
        say(
            "{name} is of no format that can be taken. Those are {formats}; "
            "name one if the file's own name hides it.",
            name=upload.name,
            formats=", ".join(READERS),
        )
    )


def read_upload(upload: Upload, name_of_format: str | None = None) -> ImportedPool:
    """The file's questions. Raises `UploadRefused` where it is not of the format, or hostile."""
    reader = READERS.get(name_of_format or format_of(upload))
    if reader is None:
        raise UploadRefused(
            say(
                "There is no format {format}; there are {formats}.",
                format=repr(name_of_format),
                formats=", ".join(READERS),
            )
        )
    return reader(upload)
