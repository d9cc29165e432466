"""An opened picture → its pixels as students' screens should show them: upright, sRGB, eight bits a channel.

What a file says of its colours beside the pixels (a profile, a gamma, sixteen bits) is applied here, as it is
dropped afterwards. Pure: no database, no settings.
"""

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

_SRGB = ImageCms.createProfile("sRGB")
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
_USUAL_GAMMA = 1 / 2.2
# PNG's cICP: (primaries, transfer) that are sRGB, or so near that browsers show it alike (ITU-T H.273).
_SRGB_CODES = {(1, 1), (1, 13)}


class ColoursUnknown(ValueError):
    """The picture's colours are said in a way that cannot be turned into sRGB here."""


def as_shown(opened: Image.Image) -> Image.Image:
    """RGB, or RGBA where something is transparent. Raises `ColoursUnknown`."""
    profile, gamma = opened.info.get("icc_profile"), opened.info.get("gamma")
    is_srgb = "srgb" in opened.info
    colour, alpha = _in_eight_bits(ImageOps.exif_transpose(opened))
    if profile:
        colour = _by_profile(colour, profile)
    elif gamma and not is_srgb and abs(gamma - _USUAL_GAMMA) > 0.01 and colour.mode in ("L", "RGB"):
        colour = colour.point(_from_gamma(gamma) * len(colour.getbands()))
    shown = colour.convert("RGB")
    if alpha is not None:
        shown.putalpha(alpha)
    return shown


def check_png_colours(content: bytes) -> None:
    """Raises `ColoursUnknown` for a PNG in wide or HDR colours that no profile describes (chunk cICP)."""
    head = content[: content.find(b"IDAT")] if content.startswith(b"\x89PNG") else b""
    at = head.find(b"cICP")
    if at >= 0 and tuple(head[at + 4 : at + 6]) not in _SRGB_CODES:
        raise ColoursUnknown


def holds_pixels_alone(content: bytes) -> bool:
    """Whether a PNG or JPEG has nothing beside its pixels, and nothing behind them: as they are made here."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _chunks_of_png(content) <= {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
    return content[:2] == b"\xff\xd8" and content[-2:] == b"\xff\xd9" and _is_bare_jpeg(content)


def _chunks_of_png(content: bytes) -> set[bytes]:
    found, at = set[bytes](), 8
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        found.add(content[at + 4 : at + 8])
        at += 12 + length
    return found if at == len(content) else {b"broken"}


_JPEG_TABLES = {0xDB, 0xC0, 0xC1, 0xC2, 0xC4, 0xDD}  # quantisation, frames, Huffman, restart interval


def _is_bare_jpeg(content: bytes) -> bool:
    """Segments of the codec's own and JFIF's header; scans without another marker in them."""
    at = 2
    while at + 4 <= len(content):
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at] != 0xFF or length < 2:
            return False
        if marker == 0xDA:
            at = _end_of_scan(content, at + 2 + length)
            if content[at : at + 2] == b"\xff\xd9":
                return at + 2 == len(content)
            continue
        is_header = marker == 0xE0 and content[at + 4 : at + 9] == b"JFIF\0" and length == 16
        if marker not in _JPEG_TABLES and not is_header:
            return False
        at += 2 + length
    return False


def _end_of_scan(content: bytes, at: int) -> int:
    """The next marker that is neither a stuffed byte nor a restart."""
    while (at := content.find(b"\xff", at)) >= 0:
        if at + 1 < len(content) and content[at + 1] != 0 and not 0xD0 <= content[at + 1] <= 0xD7:
            return at
        at += 2
    return len(content)


def _in_eight_bits(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(L, RGB or CMYK; transparency as L, if there is any)."""
    transparent = image.info.get("transparency")
    if image.mode.startswith("I"):  # sixteen bits of grey, which Pillow would cut at 255
        values = np.asarray(image).astype(np.int64)
        grey = Image.fromarray(np.rint(values.clip(0, 65535) / 257).astype(np.uint8))
        if transparent is None:
            return grey, None
        return grey, Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    if image.mode == "RGB" and isinstance(transparent, tuple) and max(transparent) > 255:
        image.info["transparency"] = tuple(value >> 8 for value in transparent)  # as the pixels were
    if image.mode in ("RGBA", "LA", "PA") or transparent is not None:
        whole = image.convert("RGBA")
        alpha = whole.getchannel("A")
        if image.mode == "LA":
            return image.getchannel("L"), alpha
        return (image.convert("L") if image.mode == "L" else whole.convert("RGB")), alpha
    if image.mode in _SPACES:
        return image, None
    return image.convert("L" if image.mode == "1" else "RGB"), None


def _by_profile(colour: Image.Image, profile: bytes) -> Image.Image:
    """In sRGB. A profile that is broken, or of other channels, says nothing: browsers take it so too."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if space == "RGB" and colour.mode == "L":
            colour = colour.convert("RGB")
        if space != _SPACES[colour.mode]:
            return colour
        converted = ImageCms.profileToProfile(colour, source, _SRGB, outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        return colour
    return converted if converted is not None else colour


def _from_gamma(gamma: float) -> list[int]:
    """A table of 256 values: stored value^(1/gamma) is the light, which sRGB then writes in its own way."""
    light = (np.arange(256) / 255) ** (1 / gamma)
    written = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return [int(value) for value in np.rint(255 * written)]
