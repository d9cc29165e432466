"""Zip files of strangers: limits are checked before anything is unpacked; nothing is written to a disk."""

import io
import lzma
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable

from testing_engine.sentences import Said, say

MOST_FILES = 20_000
MOST_BYTES = 512 * 1024 * 1024  # of all files together, unpacked
MOST_OF_ONE = 64 * 1024 * 1024
MOST_RATIO = 200  # unpacked : packed, of a file that is worth a look
RATIO_FROM = 1024 * 1024
SIGNATURE = b"PK\x03\x04"
# What `zipfile` and its unpackers raise at damaged bytes; a place before the file is a ValueError
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, RuntimeError, ValueError),
)
_DRIVE = re.compile("[a-zA-Z]:")


class ArchiveRefused(Said):
    """No zip file, or a hostile one; the message says why."""


class Archive:
    """The files of a zip, by their path."""

    def __init__(self, content: bytes) -> None:
        """Raises `ArchiveRefused`."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            entries = self._zip.infolist()
        except _BROKEN as error:
            raise ArchiveRefused(say("The zip file is broken.")) from error
        if len(entries) > MOST_FILES:
            raise ArchiveRefused(say("The zip file holds more than {most} files.", most=MOST_FILES))
        if sum(entry.file_size for entry in entries) > MOST_BYTES:
            raise ArchiveRefused(
                say(
                    "Unpacked, the zip file is larger than {most} MiB.",
                    most=MOST_BYTES // 1024**2,
                )
            )
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            path = _path_of(entry)
            _check(entry)
            if not entry.is_dir() and not path.endswith("/"):
                if path in self._entries:
                    raise ArchiveRefused(say("The zip file holds {filename} twice.", filename=path))
                self._entries[path] = entry

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def size_of(self, names: Iterable[str]) -> int:
        """Bytes of these files together, unpacked."""
        return sum(self._entries[name].file_size for name in names)

    def read(self, name: str) -> bytes:
        """The content. Raises `ArchiveRefused` where it is broken, or more than its entry says."""
        content = self._read(name, self._entries[name].file_size + 1)
        if len(content) != self._entries[name].file_size:
            raise ArchiveRefused(say("{name} in the zip file is not as large as it says.", name=name))
        return content

    def head(self, name: str, length: int) -> bytes:
        """Its first bytes, as many as that at most. Raises `ArchiveRefused`."""
        return self._read(name, length)

    def _read(self, name: str, most: int) -> bytes:
        try:
            with self._zip.open(self._entries[name]) as file:
                return file.read(most)
        except _BROKEN as error:
            raise ArchiveRefused(say("{name} in the zip file is broken.", name=name)) from error


def _path_of(entry: zipfile.ZipInfo) -> str:
    """With slashes, as older programs of Windows do not write it, and without a `./` in front."""
    name = entry.filename.replace("\\", "/").removeprefix("./")
    parts = name.rstrip("/").split("/")
    if _DRIVE.match(name) or any(part in ("", ".", "..") for part in parts if name):
        raise ArchiveRefused(say("{name} in the zip file points out of it.", name=repr(entry.filename[:100])))
    return name or "/"


def _check(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveRefused(say("{name} in the zip file is a link.", name=name))
    if entry.flag_bits & 0x1:
        raise ArchiveRefused(say("The zip file is encrypted."))
    if entry.file_size > MOST_OF_ONE:
        raise ArchiveRefused(
            say(
                "{name} in the zip file is larger than {most} MiB.",
                name=name,
                most=MOST_OF_ONE // 1024**2,
            )
        )
    if entry.file_size > RATIO_FROM and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
        raise ArchiveRefused(
            say(
                "{name} in the zip file unpacks to more than {most} times its size.",
                name=name,
                most=MOST_RATIO,
            )
        )


def beside(file: str, reference: str) -> str:
    """The path of what a file of the archive names relative to itself."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), reference))
