"""Sounds in questions: checked, and stored under the hash of what they are.

A sound never changes, so a question that plays it never does either. It is not decoded: what it was recorded
with is what students hear.
"""

import hashlib
from collections.abc import Iterable

from testing_engine.media_addresses import hash_in, missing
from testing_engine.models import QuestionSound
from testing_engine.sentences import Said, reason_of, say
from testing_engine.sound_files import NoSound, sound_in

MOST_BYTES = 10 * 1024 * 1024
MOST_SECONDS = 15 * 60
SUFFIXES = {"audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a"}


class SoundRefused(Said):
    """No sound that students could be played; the message says why."""


def store_sound(uploaded: bytes) -> QuestionSound:
    """The sound as a row, new or found. Safe to repeat. Raises `SoundRefused`."""
    if len(uploaded) > MOST_BYTES:
        raise SoundRefused(say("The sound is larger than {most} MiB.", most=MOST_BYTES // 1024**2))
    try:
        sound = sound_in(uploaded)
    except NoSound as error:
        raise SoundRefused(reason_of(error)) from error
    if not 0 < sound.seconds <= MOST_SECONDS:
        raise SoundRefused(say("The sound is empty, or longer than {most} minutes.", most=MOST_SECONDS // 60))
    return QuestionSound.objects.get_or_create(
        sha256=hashlib.sha256(sound.content).hexdigest(),
        defaults={
            "content": sound.content,
            "media_type": sound.media_type,
            "milliseconds": max(round(sound.seconds * 1000), 1),
        },
    )[0]


def keep_sound(content: bytes, address: str) -> QuestionSound:
    """A sound that a service like this one stored, under its own address, as texts name it. Raises
    `SoundRefused` where it is not what the address says.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    if hash_in(address) != sha256:
        raise SoundRefused(say("Its content is not the one that its address stands for."))
    try:
        sound = sound_in(content)
    except NoSound as error:
        raise SoundRefused(reason_of(error)) from error
    if sound.content != content or not address.endswith(f".{SUFFIXES[sound.media_type]}"):
        raise SoundRefused(say("The sound was not stored by a service like this one."))
    return store_sound(content)


def address_of(sound: QuestionSound) -> str:
    """Where students' browsers find it, on this host: unguessable, but open to whoever knows it."""
    return f"/sounds/{sound.sha256}.{SUFFIXES[sound.media_type]}"


def missing_sounds(addresses: Iterable[str]) -> set[str]:
    """Those of these addresses, below /sounds/, at which there is none."""
    return missing(set(addresses), QuestionSound, address_of)
