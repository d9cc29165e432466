"""Colours of an uploaded picture: what students see is what its author saw."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from testing_engine.images import ImageRefused, _made_anew

# Display P3: primaries as XYZ under D50 (SMPTE EG 432-1, adapted by Bradford), as its ICC profile has them.
P3 = np.array([[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])
SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])


def stored(file: bytes) -> Image.Image:
    content, _, _ = _made_anew(file)
    return Image.open(io.BytesIO(content))


def written(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(values: np.ndarray, colour_type: int, *before: bytes) -> bytes:
    """A PNG of sixteen bits: `values` has the shape (height, width, channels)."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    body = (chunk(b"IHDR", header), *before, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def profile(matrix: np.ndarray, gamma: float = 2.2) -> bytes:
    """A profile of three primaries and one gamma (ICC.1:2001-04, version 2.4)."""

    def xyz(values: Any) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(81)
    tags = {b"desc": name, b"cprt": b"text\0\0\0\0test\0\0\0\0", b"wtpt": xyz((0.9642, 1, 0.8249))}
    tags |= {b"%cXYZ" % letter: xyz(column) for letter, column in zip(b"rgb", matrix.T, strict=True)}
    tags |= {b"%cTRC" % letter: curve for letter in b"rgb"}
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += tag + struct.pack(">II", at + len(body), len(content))
        body += padded
    header = struct.pack(">I4sI4s4s4s", at + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body


def in_srgb(colour: tuple[int, int, int], matrix: np.ndarray, gamma: float = 2.2) -> np.ndarray:
    """The definition: light of the primaries, the same light of sRGB's, written with sRGB's curve."""
    light = np.linalg.solve(SRGB, matrix @ (np.array(colour) / 255) ** gamma).clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


# --- Sixteen bits ---------------------------------------------------------------------------------------


def ramp(channels: int) -> np.ndarray:
    return np.repeat(np.arange(256)[None, :, None] * 257, channels, axis=2).repeat(2, axis=0)


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_become_eight(colour_type: int, channels: int) -> None:
    pixels = np.asarray(stored(png(ramp(channels), colour_type)))
    assert np.abs(pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1
    alpha = np.arange(256) if colour_type in (4, 6) else np.full(256, 255)
    assert np.abs(pixels[0, :, 3].astype(int) - alpha).max() <= 1


def test_a_transparent_grey_of_sixteen_bits_stays_transparent() -> None:
    pixels = np.asarray(stored(png(ramp(1), 0, chunk(b"tRNS", struct.pack(">H", 100 * 257)))))
    assert [int(pixels[0, x, 3]) for x in (99, 100, 101)] == [255, 0, 255]


# --- Profiles -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("colour", [(200, 100, 50), (90, 160, 120), (128, 128, 128)])
def test_wide_colours_are_converted(kind: str, colour: tuple[int, int, int]) -> None:
    options: dict[str, Any] = {"icc_profile": profile(P3)}
    if kind != "PNG":
        options |= {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0}
    shown = stored(written(Image.new("RGB", (16, 16), colour), kind, **options))
    found = np.array(shown.convert("RGB").getpixel((5, 5)))
    assert np.abs(found - in_srgb(colour, P3)).max() <= 3
    assert "icc_profile" not in shown.info


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "L"])
def test_every_kind_of_pixels_is_converted(mode: str) -> None:
    """A profile with another gamma: a middle grey becomes lighter, black and what is transparent stay."""
    image = Image.new("RGBA", (8, 8), (128, 128, 128, 77)).convert(mode)
    found = stored(written(image, "PNG", icc_profile=profile(SRGB, gamma=1.0))).getpixel((0, 0))
    assert isinstance(found, tuple)
    assert np.abs(np.array(found[:3]) - in_srgb((128,) * 3, SRGB, gamma=1.0)).max() <= 2
    assert found[3] == (77 if "A" in mode else found[3])


def test_a_broken_profile_says_nothing() -> None:
    file = written(Image.new("RGB", (8, 8), (1, 2, 3)), "PNG", icc_profile=b"no profile at all" * 20)
    assert stored(file).getpixel((0, 0)) == (1, 2, 3, 255)


def test_srgb_stays_bit_for_bit() -> None:
    pixels = np.arange(256 * 3, dtype=np.uint8).reshape(16, 16, 3)
    for options in ({}, {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}):
        found = np.asarray(stored(written(Image.fromarray(pixels), "PNG", **options)))[:, :, :3]
        assert np.abs(found.astype(int) - pixels).max() <= (1 if options else 0)


def test_a_gamma_is_applied_unless_it_is_the_usual_one() -> None:
    grey = np.full((2, 2, 1), 128 * 257)
    linear, usual = (png(grey, 0, chunk(b"gAMA", struct.pack(">I", n))) for n in (100_000, 45_455))
    assert np.asarray(stored(linear))[0, 0, 0] == pytest.approx(188, abs=1)
    assert np.asarray(stored(usual))[0, 0, 0] == 128


def test_colours_beyond_srgb_without_a_profile_are_refused() -> None:
    display_p3, srgb = (chunk(b"cICP", bytes((primaries, 13, 0, 1))) for primaries in (12, 1))
    with pytest.raises(ImageRefused, match="sRGB"):
        stored(png(ramp(3), 2, display_p3))
    assert stored(png(ramp(3), 2, srgb)).size == (256, 2)


# --- Photographs ----------------------------------------------------------------------------------------


def test_a_photograph_with_a_second_picture_inside_is_taken() -> None:
    first, second = Image.new("RGB", (32, 20), "red"), Image.new("RGB", (8, 5), "blue")
    file = written(first, "MPO", save_all=True, append_images=[second])
    content, media_type, size = _made_anew(file)
    assert (media_type, size) == ("image/jpeg", (32, 20))
    red, green, blue = np.asarray(Image.open(io.BytesIO(content)))[10, 16]
    assert red > 200
    assert max(green, blue) < 50


def test_a_photograph_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert stored(written(Image.new("RGB", (30, 20)), "JPEG", exif=exif)).size == (20, 30)


def test_printers_colours_are_shown() -> None:
    found = stored(written(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")).getpixel((0, 0))
    assert isinstance(found, tuple)
    assert found[0] > 200
    assert max(found[1:]) < 60
