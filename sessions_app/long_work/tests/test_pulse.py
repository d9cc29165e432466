"""A sign of life beside work that tells nothing."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import OperationalError

from sessions_app.long_work import pulse

PATIENCE = 60  # seconds; nothing here takes so long


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY", 0.001)


def until_the(many: int, then: Callable[[int], int]) -> tuple[Callable[[datetime], int], threading.Event]:
    """What is called at each beat, with its number, and what is set at the beat of this number."""
    beats, reached = [], threading.Event()

    def write(now: datetime) -> int:
        beats.append(now)
        if len(beats) == many:
            reached.set()
        return then(len(beats))

    return write, reached


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_it_goes_on_while_the_work_does_and_no_longer() -> None:
    write, reached = until_the(3, lambda number: 1)
    with pulse.felt(write):
        assert reached.wait(PATIENCE)
        assert "pulse" in threads()
    assert "pulse" not in threads()


def test_work_that_breaks_off_has_none() -> None:
    with pytest.raises(ValueError, match="broke"), pulse.felt(lambda now: 1):
        raise ValueError("broke")
    assert "pulse" not in threads()


def test_a_database_that_is_away_for_a_while_does_not_end_it() -> None:
    def away(number: int) -> int:
        if number == 1:
            raise OperationalError
        return 1

    write, reached = until_the(3, away)
    with pulse.felt(write):
        assert reached.wait(PATIENCE)


def test_nobody_tells_of_what_is_anothers() -> None:
    write, reached = until_the(1, lambda number: 0)
    with pulse.felt(write):
        assert reached.wait(PATIENCE)
        for thread in threading.enumerate():
            if thread.name == "pulse":
                thread.join(PATIENCE)
        assert "pulse" not in threads()
