"""Pictures in questions: what is taken, what becomes of it, and where it is served."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image

from testing_engine.images import MOST_BYTES, MOST_PIXELS, ImageRefused, address_of, store_image
from testing_engine.models import QuestionImage
from testing_engine.rendering import content_html


def picture(
    kind: str = "PNG", size: tuple[int, int] = (30, 20), colour: str = "red", **options: Any
) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "media_type", "suffix"),
    [
        ("PNG", "image/png", "png"),
        ("GIF", "image/png", "png"),
        ("WEBP", "image/png", "png"),
        ("JPEG", "image/jpeg", "jpg"),
    ],
)
def test_it_serves_what_was_stored(client: Client, db: None, kind: str, media_type: str, suffix: str) -> None:
    image = store_image(picture(kind))
    reply = client.get(address_of(image))
    assert address_of(image) == f"/images/{hashlib.sha256(reply.content).hexdigest()}.{suffix}"
    assert reply["Content-Type"] == media_type
    assert reply["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert not reply.cookies
    with Image.open(io.BytesIO(reply.content)) as shown:
        assert shown.size == (image.width, image.height) == (30, 20)


def test_a_question_can_show_it(db: None) -> None:
    address = address_of(store_image(picture()))
    assert f'<img src="{address}" alt="a red box">' in content_html(f"![a red box]({address})")


def test_it_keeps_the_pixels_alone(db: None) -> None:
    """Where a photograph was taken is nobody's business."""
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    stored = bytes(store_image(picture("JPEG", exif=exif)).content)
    assert b"taken at home" not in stored
    trailing = store_image(picture() + b"<script>alert(1)</script>")
    assert b"script" not in bytes(trailing.content)


def test_the_same_picture_is_stored_once(db: None) -> None:
    assert store_image(picture()) == store_image(picture())
    store_image(picture(colour="blue"))
    assert QuestionImage.objects.count() == 2


def moving() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: b"", "no PNG"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG"),
        (lambda: picture("BMP"), "no PNG"),
        (lambda: picture()[:50], "broken"),
        (lambda: picture(size=(MOST_PIXELS + 1, 1)), "wider"),
        (lambda: b"\x89PNG" + bytes(MOST_BYTES), "larger"),
        (moving, "moves"),
    ],
)
def test_it_refuses_what_it_cannot_show(db: None, make: Callable[[], bytes], why: str) -> None:
    with pytest.raises(ImageRefused, match=why):
        store_image(make())
    assert not QuestionImage.objects.exists()


@pytest.mark.parametrize("change", ["update", "delete"])
def test_it_never_changes(db: None, change: str) -> None:
    store_image(picture())
    rows = QuestionImage.objects.all()
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        rows.update(media_type="image/gif") if change == "update" else rows.delete()


@pytest.mark.parametrize("name", ["0" * 64 + ".png", "x.png", "0" * 63 + ".png", "../admin"])
def test_there_is_nothing_at_another_address(client: Client, db: None, name: str) -> None:
    assert client.get(f"/images/{name}").status_code == 404
    image = store_image(picture())
    assert client.get(address_of(image).replace(".png", ".jpg")).status_code == 404


def test_the_admin_takes_pictures(client: Client, db: None) -> None:
    client.force_login(User.objects.create_superuser("root"))
    address = "/admin/testing_engine/questionimage/add/"
    assert client.get(address).status_code == 200
    for _ in range(2):  # once more is no error
        reply = client.post(address, {"file": SimpleUploadedFile("a.png", picture())})
        assert reply.status_code == 302
    image = QuestionImage.objects.get()
    listed = client.get("/admin/testing_engine/questionimage/").content.decode()
    assert f"![what it shows]({address_of(image)})" in listed
    assert client.get(f"/admin/testing_engine/questionimage/{image.pk}/change/").status_code == 200
    refused = client.post(address, {"file": SimpleUploadedFile("a.png", b"<svg/>")})
    assert "no PNG, JPEG" in refused.content.decode()
    assert QuestionImage.objects.count() == 1
