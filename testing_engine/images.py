"""Pictures in questions: checked, made anew and stored under the hash of what they are.

A picture never changes, so a question that shows it never does either: an edited picture is another one, with
another address.
"""

import hashlib
import io
from collections.abc import Iterable

from PIL import Image, UnidentifiedImageError

from testing_engine.media_addresses import missing
from testing_engine.models import QuestionImage
from testing_engine.pixels import ColoursUnknown, as_shown, check_png_colours, holds_pixels_alone
from testing_engine.sentences import Said, say

MOST_BYTES = 2 * 1024 * 1024
MOST_BYTES_KEPT = 64 * 1024 * 1024  # as large as pixels made anew can be
MOST_PIXELS = 4096  # a side
PHOTOGRAPHS = ("JPEG", "MPO")
READ = ("PNG", "JPEG", "GIF", "WEBP")  # whatever its name says; no SVG, which can hold scripts
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}


class ImageRefused(Said):
    """No picture that students could be shown; the message says why."""


def store_image(uploaded: bytes) -> QuestionImage:
    """The picture as a row, new or found. Safe to repeat. Raises `ImageRefused`."""
    if len(uploaded) > MOST_BYTES:
        raise ImageRefused(say("The picture is larger than {most} MiB.", most=MOST_BYTES // 1024**2))
    content, media_type, (width, height) = _made_anew(uploaded)
    image, _ = QuestionImage.objects.get_or_create(
        sha256=hashlib.sha256(content).hexdigest(),
        defaults={"content": content, "media_type": media_type, "width": width, "height": height},
    )
    return image


def keep_image(content: bytes, address: str) -> QuestionImage:
    """A picture that a service like this one made, stored byte for byte under its own address, as texts name
    it; new or found. Raises `ImageRefused` where it is not what the address says, or more than a picture.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    if address != f"/images/{sha256}.{address.rpartition('.')[2]}":
        raise ImageRefused(say("Its content is not the one that its address stands for."))
    if (found := QuestionImage.objects.filter(pk=sha256).first()) is not None:
        return found
    if len(content) > MOST_BYTES_KEPT:
        raise ImageRefused(
            say(
                "The picture is larger than {most} MiB.",
                most=MOST_BYTES_KEPT // 1024**2,
            )
        )
    _, media_type, (width, height) = _made_anew(content)
    if SUFFIXES[media_type] != address.rpartition(".")[2] or not holds_pixels_alone(content):
        raise ImageRefused(say("The picture was not made by a service like this one."))
    return QuestionImage.objects.get_or_create(
        sha256=sha256,
        defaults={"content": content, "media_type": media_type, "width": width, "height": height},
    )[0]


def address_of(image: QuestionImage) -> str:
    """Where students' browsers find it, on this host: unguessable, but open to whoever knows it."""
    return f"/images/{image.sha256}.{SUFFIXES[image.media_type]}"


def missing_images(addresses: Iterable[str]) -> set[str]:
    """Those below /images/ at which there is no picture."""
    below = {address for address in addresses if address.startswith("/images/")}
    return missing(below, QuestionImage, address_of)


def _made_anew(uploaded: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """(content, media type, size): the pixels alone, without what was written beside them."""
    try:
        # The size stands in the file's first bytes, so a bomb is refused before it unpacks. Pillow's own
        # warnings are left alone: to make errors of them would change the filters of every thread of the
        # process.
        with Image.open(io.BytesIO(uploaded), formats=READ) as opened:
            if max(opened.size) > MOST_PIXELS:
                raise ImageRefused(
                    say("The picture is wider or higher than {most} pixels.", most=MOST_PIXELS)
                )
            # Phones put a second, smaller picture into a JPEG (MPO): the first is the photograph.
            if opened.format not in PHOTOGRAPHS and getattr(opened, "n_frames", 1) > 1:
                raise ImageRefused(say("The picture moves; students need time to look."))
            check_png_colours(uploaded)
            kind = "JPEG" if opened.format in PHOTOGRAPHS else "PNG"
            pixels = as_shown(opened)
    except ImageRefused:
        raise
    except ColoursUnknown as error:
        raise ImageRefused(
            say("The picture's colours are wide or HDR. Save it with sRGB colours.")
        ) from error
    except UnidentifiedImageError as error:
        raise ImageRefused(say("This is no PNG, JPEG, GIF or WebP picture.")) from error
    except Exception as error:  # Pillow refuses broken files in many ways
        raise ImageRefused(say("The picture is broken.")) from error
    pixels.info.clear()
    pixels = pixels if kind == "JPEG" else pixels.convert("RGBA")
    made = io.BytesIO()
    if kind == "JPEG":
        pixels.save(made, "JPEG", quality=90, optimize=True)
    else:
        pixels.save(made, "PNG", optimize=True)
    return made.getvalue(), f"image/{kind.lower()}", pixels.size
