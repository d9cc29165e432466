"""What a file of sound is, by its own bytes: Ogg (Vorbis, Opus), MP3 (MPEG layer III) or M4A (AAC in MP4).

Nothing is decoded. The whole structure is walked, from the first byte to the last, so that a file is what it
says and holds nothing else; what names people or places (ID3) is left off an MP3. Pure: no database.
"""

import struct
from dataclasses import dataclass

from testing_engine.sentences import Said, say


class NoSound(Said):
    """None of the formats, or broken; the message says why."""


@dataclass(frozen=True)
class Sound:
    """`content`: without ID3. `seconds`: of play."""

    content: bytes
    media_type: str
    seconds: float


def is_sound(content: bytes) -> bool:
    """Whether it begins as one of the formats does."""
    starts = content.startswith((b"OggS", b"ID3")) or content[4:8] == b"ftyp"
    return starts or (len(content) > 4 and _frame_at(content, 0) is not None)


def sound_in(content: bytes) -> Sound:
    """Raises `NoSound`."""
    try:
        if content.startswith(b"OggS"):
            return Sound(content, "audio/ogg", _seconds_of_ogg(content))
        if content[4:8] == b"ftyp":
            return Sound(content, "audio/mp4", _seconds_of_mp4(content))
        frames = without_id3(content)
        return Sound(frames, "audio/mpeg", _seconds_of_mp3(frames))
    except (struct.error, IndexError) as error:
        raise NoSound(say("The sound is broken: it ends too early.")) from error


# --- MP3 ---

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def without_id3(content: bytes) -> bytes:
    """The frames alone: no tag before them (ID3v2), none after (ID3v1, 128 bytes)."""
    start, end = 0, len(content)
    while content[start : start + 3] == b"ID3" and end - start > 10:
        sizes = content[start + 6 : start + 10]
        if any(size > 0x7F for size in sizes):
            raise NoSound(say("The sound is broken: its tag (ID3) has no size."))
        length = sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3]
        start += 10 + length + (10 if content[start + 5] & 0x10 else 0)
    if end - start >= 128 and content[-128:-125] == b"TAG":
        end -= 128
    return content[start:end]


def _frame_at(content: bytes, at: int) -> tuple[int, float] | None:
    """(bytes, seconds) of the frame there; None where there is none."""
    if len(content) < at + 4 or content[at] != 0xFF or content[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = content[at + 1] >> 3 & 3, content[at + 1] >> 1 & 3
    rate_index, kbit_index = content[at + 2] >> 2 & 3, content[at + 2] >> 4
    if version == 1 or layer != 1 or rate_index == 3 or not 0 < kbit_index < 15:
        return None
    rate = _RATES[version][rate_index]
    samples = 1152 if version == 3 else 576
    kbits = (_KBITS_1 if version == 3 else _KBITS_2)[kbit_index]
    return samples // 8 * kbits * 1000 // rate + (content[at + 2] >> 1 & 1), samples / rate


def _seconds_of_mp3(content: bytes) -> float:
    at, seconds = 0, 0.0
    while (frame := _frame_at(content, at)) is not None:
        at, seconds = at + frame[0], seconds + frame[1]
    if not seconds:
        raise NoSound(say("This is no Ogg, MP3 or M4A sound."))
    if at < len(content) and content[at:].strip(b"\0"):
        raise NoSound(say("The sound is broken, or no MP3: no frame begins at byte {at}.", at=at))
    return seconds


# --- Ogg ---


def _seconds_of_ogg(content: bytes) -> float:
    """Of the one stream that the file holds: the place of its last page, by its rate."""
    at, serial, last, first_packet = 0, None, 0, b""
    while at < len(content):
        if content[at : at + 4] != b"OggS" or content[at + 4] != 0:
            raise NoSound(say("The sound is broken: no page of Ogg begins at byte {at}.", at=at))
        place, stream = struct.unpack_from("<qI", content, at + 6)
        segments = content[at + 27 : at + 27 + content[at + 26]]
        body = at + 27 + len(segments)
        if serial is None:
            serial, first_packet = stream, content[body : body + sum(segments)]
        if stream != serial:
            raise NoSound(say("The sound has more than one stream."))
        last = max(last, place)
        at = body + sum(segments)
    if at != len(content):
        raise NoSound(say("The sound is broken: it ends too early."))
    if first_packet.startswith(b"OpusHead"):
        (skipped,) = struct.unpack_from("<H", first_packet, 10)
        return float(max(last - skipped, 0) / 48_000)
    if first_packet.startswith(b"\x01vorbis"):
        (rate,) = struct.unpack_from("<I", first_packet, 12)
        if rate:
            return float(last / rate)
    raise NoSound(say("Of Ogg, sounds in Vorbis and Opus are taken."))


# --- MP4 ---

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
DEEPEST = 8  # boxes inside each other


def _seconds_of_mp4(content: bytes) -> float:
    found = _Boxes()
    found.read(content, 0, len(content), 0)
    if found.kinds != {b"soun"} or found.samples - {b"mp4a"}:
        raise NoSound(say("Of MP4, files with sound alone (AAC) are taken."))
    if not found.seconds:
        raise NoSound(say("The sound does not say how long it is."))
    return found.seconds


class _Boxes:
    def __init__(self) -> None:
        self.kinds: set[bytes] = set()  # what the tracks are
        self.samples: set[bytes] = set()  # how they are packed
        self.seconds = 0.0

    def read(self, content: bytes, at: int, end: int, depth: int) -> None:
        while at < end:
            size, name = struct.unpack_from(">I4s", content, at)
            start = at + 8
            if size == 1:
                (size,) = struct.unpack_from(">Q", content, start)
                start += 8
            size = size or end - at
            if size < start - at or at + size > end or depth > DEEPEST:
                raise NoSound(say("The sound is broken: a box at byte {at} does not fit.", at=at))
            if name in _CONTAINERS:
                self.read(content, start, at + size, depth + 1)
            elif name == b"hdlr" and depth > 1:
                self.kinds.add(content[start + 8 : start + 12])
            elif name == b"stsd":
                self.samples.add(content[start + 12 : start + 16])
            elif name == b"mvhd":
                self.seconds = self._duration(content, start)
            at += size

    def _duration(self, content: bytes, start: int) -> float:
        if content[start] == 1:
            scale, length = struct.unpack_from(">IQ", content, start + 20)
        else:
            scale, length = struct.unpack_from(">II", content, start + 12)
        return float(length / scale) if scale else 0.0
