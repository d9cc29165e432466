"""What can be inserted into a text by a button: each kind with the files it takes, and what stores one.

Another kind is another line in `KINDS`; the page draws a button for each.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from testing_engine import sounds
from testing_engine.images import MOST_BYTES, ImageRefused, address_of, store_image
from testing_engine.sentences import Said


class MediaRefused(Said):
    """No file that students could be given; the message says why."""


@dataclass(frozen=True)
class Kind:
    """`insert` stores a file's bytes and returns what stands for it in a text; raises `MediaRefused`.

    `accept`: as an input for files takes it. `most_bytes`: what is larger is not read.
    """

    key: str
    button: str | Promise
    accept: str
    most_bytes: int
    insert: Callable[[bytes], str]


def _insert_picture(content: bytes) -> str:
    try:
        return f"![]({address_of(store_image(content))})"
    except ImageRefused as refused:
        raise MediaRefused(refused.sentence) from refused


def _insert_sound(content: bytes) -> str:
    try:
        return f"![]({sounds.address_of(sounds.store_sound(content))})"
    except sounds.SoundRefused as refused:
        raise MediaRefused(refused.sentence) from refused


KINDS = (
    Kind(
        "picture",
        _("Insert a picture"),
        "image/png,image/jpeg,image/gif,image/webp",
        MOST_BYTES,
        _insert_picture,
    ),
    Kind(
        "sound",
        _("Insert a sound"),
        "audio/ogg,audio/mpeg,audio/mp4,.ogg,.oga,.opus,.mp3,.m4a",
        sounds.MOST_BYTES,
        _insert_sound,
    ),
)
