"""Zip files of strangers: limits are checked before anything is unpacked; nothing is written to a disk."""

import io
import posixpath
import stat
import zipfile
import zlib
from collections.abc import Iterable

MOST_FILES = 20_000
MOST_BYTES = 512 * 1024 * 1024  # of all files together, unpacked
MOST_OF_ONE = 64 * 1024 * 1024
MOST_RATIO = 200  # unpacked : packed, of a file that is worth a look
RATIO_FROM = 1024 * 1024
SIGNATURE = b"PK\x03\x04"


class ArchiveRefused(ValueError):
    """No zip file, or a hostile one; the message says why."""


class Archive:
    """The files of a zip, by their path."""

    def __init__(self, content: bytes) -> None:
        """Raises `ArchiveRefused`."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            entries = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
            raise ArchiveRefused(f"The zip file is broken: {error}") from error
        if len(entries) > MOST_FILES:
            raise ArchiveRefused(f"The zip file holds more than {MOST_FILES} files.")
        if sum(entry.file_size for entry in entries) > MOST_BYTES:
            raise ArchiveRefused(f"Unpacked, the zip file is larger than {MOST_BYTES // 1024**2} MiB.")
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            _check(entry)
            if not entry.is_dir():
                if entry.filename in self._entries:
                    raise ArchiveRefused(f"The zip file holds {entry.filename} twice.")
                self._entries[entry.filename] = entry

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
            raise ArchiveRefused(f"{name} in the zip file is not as large as it says.")
        return content

    def head(self, name: str, length: int) -> bytes:
        """Its first bytes, as many as that at most. Raises `ArchiveRefused`."""
        return self._read(name, length)

    def _read(self, name: str, most: int) -> bytes:
        try:
            with self._zip.open(self._entries[name]) as file:
                return file.read(most)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            EOFError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            raise ArchiveRefused(f"{name} in the zip file is broken: {error}") from error


def _check(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = name.rstrip("/").split("/")
    if "\\" in name or ":" in name or name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise ArchiveRefused(f"{name[:100]!r} in the zip file points out of it.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveRefused(f"{name} in the zip file is a link.")
    if entry.flag_bits & 0x1:
        raise ArchiveRefused("The zip file is encrypted.")
    if entry.file_size > MOST_OF_ONE:
        raise ArchiveRefused(f"{name} in the zip file is larger than {MOST_OF_ONE // 1024**2} MiB.")
    if entry.file_size > RATIO_FROM and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
        raise ArchiveRefused(f"{name} in the zip file unpacks to more than {MOST_RATIO} times its size.")


def beside(file: str, reference: str) -> str:
    """The path of what a file of the archive names relative to itself."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), reference))
