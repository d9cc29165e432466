"""A thread keeps its connection between requests of running tests, unless something is wrong with it."""

import time
from collections.abc import Iterator
from threading import Thread

import pytest
from django.db import Error, connection

from adaptive.postgresql import kept
from adaptive.tests.test_postgresql import pid, terminated
from sessions_app import outages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    connection.close()
    yield
    kept._give_back(connection)


def test_the_next_request_has_the_same() -> None:
    before, held = pid(), connection.connection
    kept.keep()
    kept.begin_with_kept()
    assert connection.connection is held
    assert pid() == before


def test_one_that_was_cut_is_another() -> None:
    before = pid()
    kept.keep()
    terminated(before)
    kept.begin_with_kept()
    assert pid() != before


def test_it_goes_back_where_something_was_wrong() -> None:
    with pytest.raises(Error), connection.cursor() as cursor:
        cursor.execute("SELECT nothing")
    kept.keep()
    assert connection.connection is None
    pid()
    connection.set_autocommit(False)
    kept.keep()
    assert connection.connection is None


@pytest.mark.parametrize("what", ["old", "left"])
def test_it_goes_back_in_time(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool then looks at its age, or at a server that only reads and was left."""
    pid()
    kept.keep()
    if what == "old":
        monkeypatch.setattr(kept, "KEPT_FOR", -1.0)
    else:
        monkeypatch.setattr(outages, "_left_at", time.monotonic())
    kept.begin_with_kept()
    assert connection.connection is None


def test_half_of_the_pool_is_for_others() -> None:
    room = kept._room(connection.pool)  # type: ignore[attr-defined]
    taken = 0
    while room.acquire(blocking=False):
        taken += 1
    try:
        assert taken == connection.pool.max_size // 2  # type: ignore[attr-defined]
        pid()
        kept.keep()
        assert connection.connection is None
    finally:
        room.release(taken)


def test_another_thread_has_another() -> None:
    pids = [pid()]
    kept.keep()

    def ask() -> None:
        pids.append(pid())
        connection.close()

    other = Thread(target=ask)
    other.start()
    other.join()
    assert len(set(pids)) == 2
