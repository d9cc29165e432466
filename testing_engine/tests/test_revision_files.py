"""Files of revisions give what the rows give, and whatever is wrong with them costs time only."""

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from testing_engine import publication, revision_files
from testing_engine.content_lines import AT_A_TIME, ContentLines, hash_of_lines
from testing_engine.models import PoolRevision, Question, QuestionPool
from testing_engine.pools import QuestionDraft, archive_pool, publish_pool, revise_fields
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameterError
from testing_engine.psychometrics.tests.pools import random_item
from testing_engine.questions.answers import Answer
from testing_engine.questions.interactions import TextEntry
from testing_engine.questions.keys import Key, program_of_keys
from testing_engine.revision_columns import RevisionColumns
from testing_engine.revisions import FrozenRevision, forget_frozen, item_parameters, load_revision
from testing_engine.versions import add_question, archive_question, restore_question, revise_question
from testing_engine.warming import warm, warm_in_background

MODELS = ("3PL", "2PL", "GRM", "GPCM", "NRM")


@pytest.fixture
def folder(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    settings.REVISION_FILES = str(tmp_path / "revisions")

    def at_once(work: Callable[[], object], **_: object) -> None:
        work()

    # A test's own transaction is never committed.
    monkeypatch.setattr(transaction, "on_commit", at_once)
    yield tmp_path / "revisions"
    forget_frozen()


def drafts(count: int = 12, seed: int = 0) -> list[QuestionDraft]:
    rng = np.random.default_rng(seed)
    found = []
    for place in range(count):
        item = random_item(rng, MODELS[place % len(MODELS)])
        item = replace(item, area=f"area {place % 3}", enemy_groups=("e",) if place % 4 == 0 else ())
        scores = tuple(range(item.n_categories)) if item.n_categories > 2 else (0, 1, 0)
        options = tuple(f"option {each}" for each in range(len(scores)))
        fixed = (len(scores) - 1,) if place == 2 else ()
        found.append(
            QuestionDraft(f"q{place}", f"Ü {place}\nline", options, scores, item, fixed_options=fixed)
        )
    return found


def rows_of(pool: QuestionPool) -> list[Question]:
    pool.refresh_from_db()
    rows = Question.objects.filter(revisionquestion__revision=pool.current_revision)
    return list(rows.order_by("revisionquestion__position"))


def assert_same_bank(one: ItemBank, other: ItemBank) -> None:
    for name in ("slopes", "intercepts", "family_of", "row_of", "n_categories"):
        assert (getattr(one, name) == getattr(other, name)).all()
    theta = np.linspace(-4, 4, 9)[:, None]
    assert (one.log_probabilities(theta) == other.log_probabilities(theta)).all()
    assert one.attributes.area.names == other.attributes.area.names
    assert (one.attributes.area.codes == other.attributes.area.codes).all()
    assert (one.attributes.enemies.items == other.attributes.enemies.items).all()
    assert (one.attributes.states == other.attributes.states).all()


def assert_is_the_rows(pool: QuestionPool) -> FrozenRevision:
    """What a process reads is what the rows say, hash and seal too."""
    forget_frozen()
    rows = rows_of(pool)
    assert pool.current_revision is not None
    found = load_revision(pool.current_revision.pk)
    assert_same_bank(found.bank, ItemBank.from_parameters([item_parameters(row) for row in rows]))
    assert found.question_ids.tolist() == [row.pk for row in rows]
    assert found.external_ids == tuple(row.external_id for row in rows)
    assert found.option_scores == tuple(tuple(row.option_scores) for row in rows)
    assert found.fixed_options == tuple(tuple(row.fixed_options) for row in rows)
    assert set(found.with_interactions) == {
        place for place, row in enumerate(rows) if row.interactions is not None
    }
    hashed = publication.content_hash(map(publication.frozen_content, rows))
    assert pool.current_revision.content_hash == hashed
    assert pool.current_revision.question_count == len(rows)
    return found


@pytest.mark.django_db
def test_every_next_revision_is_what_its_rows_say(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publication, "MANY", 1)
    pool = publish_pool("pool", ["ability"], drafts())
    assert_is_the_rows(pool)
    steep = replace(drafts(20, seed=3)[17], external_id="q4")  # of other thresholds
    revise_question(pool, steep)
    assert_is_the_rows(pool)
    archive_question(pool, "q0")
    assert_is_the_rows(pool)
    add_question(pool, replace(drafts(1)[0], external_id="new"))
    assert_is_the_rows(pool)
    restore_question(pool, "q0")
    assert_is_the_rows(pool)
    pool.refresh_from_db()
    assert pool.current_revision is not None
    changes = {name: {"difficulty": 0.25} for name in ("q5", "q1", "not there")}
    revise_fields(pool, pool.current_revision.number, changes)
    found = assert_is_the_rows(pool)
    assert found.external_ids == (*(f"q{place}" for place in range(1, 12)), "new", "q0")
    assert len(list(folder.iterdir())) == 2 * 6  # columns and lines of each


@pytest.mark.django_db
def test_questions_with_interactions_are_made_when_asked_for(folder: Path) -> None:
    asked = (TextEntry(response="RESPONSE", prompt="2 + 2"),)
    key = program_of_keys(asked, {"RESPONSE": Key(texts={"4": 1.0})})
    typed = replace(drafts(1)[0], options=(), option_scores=(), interactions=asked, scoring=key)
    pool = publish_pool("pool", ["ability"], [*drafts(3)[1:], typed])
    found = assert_is_the_rows(pool)
    assert found.with_interactions[2].interactions == asked
    given: list[Answer | None] = [{"RESPONSE": "4"}, {"RESPONSE": "5"}, None]
    assert [found.score(2, answer) for answer in given] == [1, 0, 0]


@pytest.mark.django_db
def test_a_file_spares_the_rows(folder: Path, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    pool = publish_pool("pool", ["ability"], drafts())
    forget_frozen()
    with django_assert_num_queries(1):  # the revision's own row, which names the file
        load_revision(pool.current_revision_id or 0)
    for file in folder.iterdir():
        file.unlink()
    forget_frozen()
    with django_assert_num_queries(2):
        load_revision(pool.current_revision_id or 0)
    assert len(list(folder.iterdir())) == 1  # for the next to ask


def spoil(content: bytes) -> Iterator[bytes]:
    yield content[:-1]
    yield b""
    yield content[: revision_files.SIZE]
    middle = len(content) // 2
    yield content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    yield os.urandom(len(content))


@pytest.mark.django_db
def test_what_is_damaged_is_read_from_the_rows(folder: Path) -> None:
    pool = publish_pool("pool", ["ability"], drafts())
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for content in spoil(whole):
        file.write_bytes(content)
        assert_is_the_rows(pool)
        assert file.read_bytes() == whole  # and mended


@pytest.mark.django_db
def test_a_file_of_another_key_or_revision_counts_as_none(folder: Path, settings: LazySettings) -> None:
    pool, other = (publish_pool("pool", ["ability"], drafts(seed=seed)) for seed in (0, 1))
    first, second = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    second.write_bytes(first.read_bytes())  # one revision's file in the place of another's
    assert_is_the_rows(other)
    settings.SECRET_KEY = "another key, of which nobody here has heard"
    assert_is_the_rows(pool)


@pytest.mark.django_db
def test_a_full_disk_or_a_closed_folder_costs_time_only(
    folder: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        pool = publish_pool("pool", ["ability"], drafts())
    assert_is_the_rows(pool)
    assert not [file for file in folder.iterdir() if file.suffix == ".part"]
    settings.REVISION_FILES = str(folder / "a file" / "below")
    (folder / "a file").touch()
    assert_is_the_rows(pool)
    folder.chmod(0o777)  # where anybody may write, nothing is trusted, and nothing left
    settings.REVISION_FILES = str(folder)
    before = set(folder.iterdir())
    revise_question(pool, replace(drafts()[3], content="changed"))
    assert_is_the_rows(pool)
    assert set(folder.iterdir()) == before


def test_what_was_not_used_for_longest_makes_room(folder: Path, settings: LazySettings) -> None:
    settings.REVISION_FILES_MAX_BYTES = 350
    for number in range(3):
        revision_files.write(b"x" * 100, "kind", number)
        for file in folder.iterdir():
            os.utime(file, (file.stat().st_atime, file.stat().st_mtime - 10))
        assert revision_files.read("kind", 0) == (b"x" * 100)  # used all the time
    assert [revision_files.read("kind", number) is not None for number in range(3)] == [True, False, True]
    revision_files.write(b"x" * 400, "kind", 9)  # larger than all of the room
    assert revision_files.read("kind", 9) is None


def test_many_writers_at_once_leave_one_whole_file(folder: Path) -> None:
    bodies = [bytes([each]) * 100_000 for each in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda body: revision_files.write(body, "kind", 1), bodies * 4))
    assert revision_files.read("kind", 1) in bodies
    assert len(list(folder.iterdir())) == 1


def test_columns_go_to_bytes_and_back() -> None:
    questions = [
        Question(
            id=place + 1,
            external_id=f"q{place}",
            option_scores=[0, 1],
            concepts=[1.0, 0.5],
            thresholds=[0.5] * place,
            interactions=[{"type": "x", "n": 2**70}] if place == 1 else None,
        )
        for place in range(3)
    ]
    columns = RevisionColumns.of_questions(questions)
    back = RevisionColumns.of_bytes(columns.to_bytes())

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.shape, np.nan_to_num(value, nan=-9.0).tolist()
        return (plain(value.codes), value.values) if hasattr(value, "codes") else value

    for each in fields(RevisionColumns):
        assert plain(getattr(back, each.name)) == plain(getattr(columns, each.name))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"difficulty": float("nan")}, "difficulty"),
        ({"discrimination": -1.0}, "discrimination"),
        ({"model": "3PL", "guessing": 1.0}, "guessing"),
        ({"upper_asymptote": 0.0}, "upper"),
        ({"model": "1PL", "discrimination": 2.0}, "discrimination"),
        ({"model": "5PL"}, "model"),
        ({"state": "no state"}, "state"),
        ({"concepts": [0.0]}, "concepts"),
        ({"thresholds": [1.0]}, "thresholds"),
        ({"model": "GRM", "thresholds": [1.0, 0.0]}, "thresholds"),
        ({"category_slopes": [1.0, 2.0]}, "category_slopes"),
    ],
)
def test_rows_that_nobody_can_compute_with_are_refused(wrong: dict[str, Any], named: str) -> None:
    right = Question(id=1, external_id="right", option_scores=[0, 1], concepts=[1.0])
    RevisionColumns.of_questions([right]).check()
    questions = [
        right,
        Question(id=2, external_id="wrong", option_scores=[0, 1], **{"concepts": [1.0], **wrong}),
    ]
    with pytest.raises(ItemParameterError) as refused:
        RevisionColumns.of_questions(questions).check()
    assert refused.value.field == named


def test_lines_in_pieces_have_the_hash_of_all() -> None:
    lines = [f"{place}\n".encode() for place in range(2 * AT_A_TIME + 7)]
    kept = ContentLines.of_bytes(ContentLines.of(lines).to_bytes())
    assert kept.hash() == hash_of_lines(lines)
    changed = kept.changed({3: b"three\n", AT_A_TIME: None}).extended([b"more\n"])
    expected = [*lines[:3], b"three\n", *lines[4:AT_A_TIME], *lines[AT_A_TIME + 1 :], b"more\n"]
    assert changed.hash() == hash_of_lines(expected)
    assert len(changed.counts) == 3
    assert changed.extended([b"x\n"] * AT_A_TIME).hash() == hash_of_lines([*expected, *[b"x\n"] * AT_A_TIME])


@pytest.mark.django_db
def test_threads_that_meet_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from testing_engine import revisions

    pool = publish_pool("pool", ["ability"], drafts(3))
    frozen, reads = load_revision(pool.current_revision_id or 0), []
    forget_frozen()

    def slow(revision_id: int) -> FrozenRevision:
        reads.append(revision_id)
        return frozen

    monkeypatch.setattr(revisions, "_read", slow)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: load_revision(7), range(32)))
    assert reads == [7]
    assert all(each is frozen for each in found)
    assert PoolRevision.objects.count() == 1


@pytest.mark.django_db
def test_pools_are_read_before_anybody_asks(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    archived, pool = publish_pool("old", ["ability"], drafts(2)), publish_pool("pool", ["ability"], drafts(3))
    archive_pool(archived, timezone.now())
    assert warm() == 1
    with django_assert_num_queries(0):
        load_revision(pool.current_revision_id or 0)


def test_a_process_starts_without_a_database(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "testing_engine.warming"):
        warm_in_background().join(60)  # the test has no database
    assert "pools are read when they are asked for" in caplog.text
