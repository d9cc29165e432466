"""What a revision's hash is over: one line of canonical JSON for each question, in order.

A revision that differs from the last one in one question differs in one line, so the lines are kept, some
hundred at a time and compressed, and the next revision's hash needs no other question's row.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

AT_A_TIME = 500  # lines in a new piece
LEVEL = 1  # of compression: a quarter of the size in the least time


def line_of(content: Mapping[str, object]) -> bytes:
    """Python writes a float as its shortest exact decimal, so equal numbers give equal lines."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def hash_of_lines(lines: Iterable[bytes]) -> str:
    """SHA-256 over all of them."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ContentLines:
    counts: tuple[int, ...]  # lines in each piece
    pieces: tuple[bytes, ...]  # compressed

    @classmethod
    def of(cls, lines: Sequence[bytes]) -> "ContentLines":
        parts = [lines[start : start + AT_A_TIME] for start in range(0, len(lines), AT_A_TIME)]
        return cls(tuple(map(len, parts)), tuple(map(_compressed, parts)))

    @classmethod
    def of_bytes(cls, body: bytes) -> "ContentLines":
        """What `to_bytes` made."""
        counts, pieces = msgspec.msgpack.decode(body, type=tuple[tuple[int, ...], tuple[bytes, ...]])
        return cls(counts, pieces)

    def to_bytes(self) -> bytes:
        return msgspec.msgpack.encode((self.counts, self.pieces))

    def hash(self) -> str:
        return hash_of_lines(map(zlib.decompress, self.pieces))

    def changed(self, replaced: Mapping[int, bytes | None]) -> "ContentLines":
        """With other lines at some places, or none there any more (None); other pieces as they are."""
        counts, pieces, first = [], [], 0
        for count, piece in zip(self.counts, self.pieces, strict=True):
            own = {place - first: line for place, line in replaced.items() if first <= place < first + count}
            first += count
            if own:
                lines = zlib.decompress(piece).split(b"\n")[:-1]  # a line holds no other line break
                kept = [own.get(place, line + b"\n") for place, line in enumerate(lines)]
                left = [line for line in kept if line is not None]
                counts.append(len(left))
                pieces.append(_compressed(left))
            else:
                counts.append(count)
                pieces.append(piece)
        return ContentLines(tuple(counts), tuple(pieces))

    def extended(self, added: Sequence[bytes]) -> "ContentLines":
        """With more at the end, in the last piece while it is small."""
        counts, pieces, lines = self.counts, self.pieces, b"".join(added)
        if added and counts and counts[-1] + len(added) <= AT_A_TIME:
            last = _compressed([zlib.decompress(pieces[-1]), lines])
            return ContentLines((*counts[:-1], counts[-1] + len(added)), (*pieces[:-1], last))
        more = ContentLines.of(added)
        return ContentLines((*counts, *more.counts), (*pieces, *more.pieces))


def _compressed(lines: Sequence[bytes]) -> bytes:
    return zlib.compress(b"".join(lines), LEVEL)
