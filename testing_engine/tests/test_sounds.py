"""Sounds in questions: what is taken, where it is served, and how it travels."""

import base64
import hashlib
import struct
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client

from testing_engine import sounds
from testing_engine.exporting import contents_of
from testing_engine.importing import import_pool
from testing_engine.interchange.exported import ADDRESS
from testing_engine.interchange.imported import Upload
from testing_engine.interchange.json_writing import write_json
from testing_engine.interchange.qti.package_writing import write_qti
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import PoolRevision, Question, QuestionSound
from testing_engine.pools import current_questions, publish_pool
from testing_engine.rendering import content_html
from testing_engine.sound_files import NoSound, sound_in
from testing_engine.sounds import SoundRefused, address_of, store_sound


def mp3(frames: int = 40) -> bytes:
    """Silence: MPEG 1 layer III, 128 kbit/s at 44.1 kHz, a frame each 26 ms."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def page(serial: int, place: int, *packets: bytes, kind: int = 0) -> bytes:
    """A page of Ogg with short packets; its checksum is left at 0."""
    head = b"OggS" + struct.pack("<BBqIII", 0, kind, place, serial, 0, 0)
    return head + bytes([len(packets), *map(len, packets)]) + b"".join(packets)


def ogg(seconds: float = 1.0) -> bytes:
    opened = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 4) + b"mute" + struct.pack("<I", 0)
    silence = page(7, round(seconds * 48_000) + 312, *[b"\xf8\xff\xfe"] * 50, kind=4)
    return page(7, 0, opened, kind=2) + page(7, 0, tags) + silence


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def m4a(seconds: int = 2, kind: bytes = b"soun", codec: bytes = b"mp4a") -> bytes:
    head = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, seconds * 1000) + bytes(80))
    handler = box(b"hdlr", bytes(8) + kind + bytes(13))
    samples = box(b"stsd", struct.pack(">II", 0, 1) + box(codec, bytes(28)))
    media = box(b"mdia", handler + box(b"minf", box(b"stbl", samples)))
    return (
        box(b"ftyp", b"M4A \0\0\0\0M4A ") + box(b"moov", head + box(b"trak", media)) + box(b"mdat", bytes(9))
    )


@pytest.mark.parametrize(
    ("made", "suffix", "media_type", "seconds"),
    [(mp3, "mp3", "audio/mpeg", 1.04), (ogg, "ogg", "audio/ogg", 1.0), (m4a, "m4a", "audio/mp4", 2.0)],
)
def test_it_serves_what_was_stored_whole_and_in_parts(
    client: Client, db: None, made: Callable[[], bytes], suffix: str, media_type: str, seconds: float
) -> None:
    content = made()
    sound = store_sound(content)
    assert store_sound(content) == sound
    assert sound.milliseconds / 1000 == pytest.approx(seconds, abs=0.01)
    address = address_of(sound)
    assert address == f"/sounds/{hashlib.sha256(content).hexdigest()}.{suffix}"
    whole = client.get(address)
    assert (whole.status_code, whole.content, whole["Content-Type"]) == (200, content, media_type)
    assert (whole["Accept-Ranges"], whole["X-Content-Type-Options"]) == ("bytes", "nosniff")
    assert whole["Cache-Control"] == "public, max-age=31536000, immutable"
    last = len(content) - 1
    for asked, first, until in (
        ("0-1", 0, 1),
        ("5-", 5, last),
        ("-4", last - 3, last),
        ("2-99999999", 2, last),
    ):
        part = client.get(address, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, content[first : until + 1])
        assert part["Content-Range"] == f"bytes {first}-{until}/{len(content)}"
    beyond = client.get(address, headers={"Range": f"bytes={last + 1}-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(content)}")
    for odd in ("bytes=0-1,3-4", "bytes=-", "bytes=4-2", "lines=1-2"):
        assert client.get(address, headers={"Range": odd}).content == content
    assert client.get(address.replace(suffix, "mp3" if suffix != "mp3" else "ogg")).status_code == 404
    assert client.post(address).status_code == 405


def test_who_recorded_it_is_nobodys_business(db: None) -> None:
    tag = b"ID3\x04\0\0" + bytes([0, 0, 1, 0]) + b"Anna".ljust(128, b"\0")
    sound = store_sound(tag + mp3() + b"TAG" + bytes(125))
    assert bytes(sound.content) == mp3()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no Ogg, MP3 or M4A"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no Ogg, MP3 or M4A"),
        (b"\x89PNG\r\n\x1a\n" + mp3(), "no Ogg, MP3 or M4A"),
        (mp3() + b"<script>alert(1)</script>", "no frame begins at byte"),
        (mp3()[:-20] + b"<script>alert(1)</script>" * 2, "no frame begins at byte"),
        (ogg() + b"<script>", "no page of Ogg"),
        (ogg()[:-3], "too early"),
        (ogg() + page(8, 0, b"theora"), "more than one stream"),
        (ogg().replace(b"OpusHead", b"\x80theora_"), "Vorbis and Opus"),
        (ogg(0), "empty"),
        (ogg(sounds.MOST_SECONDS + 1), "longer than 15 minutes"),
        (m4a() + b"<script>", "does not fit"),
        (m4a(kind=b"vide"), "sound alone"),
        (m4a(codec=b"alac"), "sound alone"),
        (m4a(0), "how long"),
        (m4a()[:60], "does not fit"),
        (bytes(sounds.MOST_BYTES + 1), "larger than 10 MiB"),
    ],
)
def test_what_is_no_sound_is_refused(db: None, content: bytes, why: str) -> None:
    with pytest.raises(SoundRefused, match=why):
        store_sound(content)
    assert not QuestionSound.objects.exists()


def test_a_file_of_tags_alone_costs_little() -> None:
    """A million of them in 10 MiB: each may be looked at, none may copy the rest."""
    count = sounds.MOST_BYTES // 10
    with pytest.raises(NoSound, match="no Ogg, MP3 or M4A"):
        sound_in(b"ID3\x04\0\0\0\0\0\0" * count)


def test_it_never_changes(db: None) -> None:
    sound = store_sound(mp3())
    with pytest.raises(IntegrityError), transaction.atomic():
        QuestionSound.objects.filter(pk=sound.pk).update(milliseconds=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        sound.delete()


def test_a_question_plays_it_and_nothing_else() -> None:
    address = f"/sounds/{'a' * 64}.mp3"
    shown = content_html(f"![A *bird*]({address}?plays=2)")
    assert f'src="{address}"' in shown
    assert 'data-plays="2"' in shown
    assert 'aria-label="A *bird*"' in shown
    for other in ("/sounds/a.mp3", "https://x.org/a.mp3", f"{address}?plays=0", f"{address}?plays=2&x"):
        assert "<audio" not in content_html(f"![bird]({other})")


def test_it_is_uploaded_in_the_admin(admin_client: Client, admin_user: User) -> None:
    file = SimpleUploadedFile("bird.mp3", mp3())
    assert admin_client.post("/admin/testing_engine/questionsound/add/", {"file": file}).status_code == 302
    listed = admin_client.get("/admin/testing_engine/questionsound/").content.decode()
    assert address_of(QuestionSound.objects.get()) in listed
    wrong = SimpleUploadedFile("bird.mp3", b"no bird")
    refused = admin_client.post("/admin/testing_engine/questionsound/add/", {"file": wrong})
    assert "no Ogg, MP3 or M4A" in refused.content.decode()


def test_it_travels_in_exports_of_both_kinds(db: None) -> None:
    bird, cat = (address_of(store_sound(made())) for made in (ogg, mp3))
    heard = f"Listen: ![A bird]({bird}?plays=2) ![A cat]({cat})"
    row = {"id": "q1", "content": heard, "options": ["a", "b"], "correct_answer": "a", "concepts": [1]}
    draft = parse_pool({"concept_names": ["All"], "questions": [row]})
    contents = contents_of(PoolRevision.objects.get(pool=publish_pool("Heard", ("All",), draft.questions)))
    assert len(contents.media) == 2
    for written in (write_json(contents), write_qti(contents)):
        report = import_pool(Upload("heard.zip", written.content))
        assert report.pool is not None, report.questions
        (question,) = current_questions(report.pool)
        assert ADDRESS.findall(question.content) == ADDRESS.findall(heard)
        assert content_html(question.content) == content_html(heard)
    assert Question.objects.count() == 3


def test_it_comes_in_from_moodle(db: None) -> None:
    encoded = base64.b64encode(mp3()).decode()
    text = '<p>Hear <audio controls="true"><source src="@@PLUGINFILE@@/a.mp3">a.mp3</audio> this.</p>'
    document = (
        '<quiz><question type="truefalse"><name><text>q</text></name><questiontext format="html">'
        f'<text><![CDATA[{text}]]></text><file name="a.mp3" path="/" encoding="base64">{encoded}</file>'
        "</questiontext>"
        '<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer>'
        "</question></quiz>"
    )
    report = import_pool(Upload("quiz.xml", document.encode()))
    assert report.pool is not None, report.questions
    (question,) = current_questions(report.pool)
    assert question.content == f"Hear ![Sound]({address_of(QuestionSound.objects.get())}) this."
