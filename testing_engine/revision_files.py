"""Files that hold what a process would otherwise read from the rows again: one for each published revision.

A file is a convenience. It is named by all that it depends on, written beside its place and moved there, so
that nobody reads half of it, and begins with a keyed hash over the rest: whatever is damaged, old, or of
another hand counts as not there. A disk that is full, or a folder that cannot be written to, costs time only.
"""

import hashlib
import hmac
import logging
import os
import stat
import tempfile
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

SIZE = 32  # bytes of the hash
SUFFIX = ".frozen"


def are_kept() -> bool:
    """Whether there are to be files at all."""
    return bool(settings.REVISION_FILES)


def read(kind: str, *identity: object) -> bytes | None:
    """What `write` kept of this kind under this identity; None where there is nothing that can be trusted."""
    folder = _folder()
    if folder is None:
        return None
    path = folder / _name(kind, identity)
    try:
        content = path.read_bytes()
        os.utime(path)  # what is used stays longest
    except OSError:
        return None
    body = content[SIZE:]
    if not hmac.compare_digest(content[:SIZE], _seal(path.name, body)):
        logger.warning("%s is damaged; the rows are read instead", path)
        return None
    return body


def write(body: bytes, kind: str, *identity: object) -> None:
    """Keep it, if there is room. Safe to repeat, from any number of processes at once."""
    folder = _folder()
    if folder is None or SIZE + len(body) > settings.REVISION_FILES_MAX_BYTES:
        return
    name = _name(kind, identity)
    try:
        _make_room(folder, SIZE + len(body))
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_seal(name, body))
                file.write(body)
            os.replace(temporary, folder / name)
        except OSError:
            os.unlink(temporary)
            raise
    except OSError as error:
        logger.warning("a revision is not kept in %s: %s", folder, error)


def _folder() -> Path | None:
    """The folder, made if need be; None where there is to be none, or where it is somebody else's."""
    if not settings.REVISION_FILES:
        return None
    folder = Path(settings.REVISION_FILES)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if is_own and not found.st_mode & 0o077 else None


def _name(kind: str, identity: tuple[object, ...]) -> str:
    told = "\n".join([kind, *map(str, identity)])
    return f"{kind}-{hashlib.sha256(told.encode()).hexdigest()[:32]}{SUFFIX}"


def _seal(name: str, body: bytes) -> bytes:
    """With the name, so that no file stands in for another."""
    key = hashlib.sha256(b"revision files:" + settings.SECRET_KEY.encode()).digest()
    return hmac.digest(key, hashlib.sha256(name.encode()).digest() + body, "sha256")


def _make_room(folder: Path, wanted: int) -> None:
    """Remove what was not used for longest, until all files together keep to their limit."""
    files = []
    for path in folder.iterdir():
        try:
            found = path.stat()
        except OSError:  # another process was faster
            continue
        files.append((found.st_mtime, found.st_size, path))
    total = wanted + sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= settings.REVISION_FILES_MAX_BYTES:
            break
        path.unlink(missing_ok=True)
        total -= size
