"""Requests run in threads: none may change what all threads of the process share."""

import re
import threading
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from testing_engine import images, pixels
from testing_engine.pictures import canvas
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.pools import random_pool

ROOT = Path(__file__).resolve().parents[2]
PROCESS_WIDE = re.compile(
    r"catch_warnings|simplefilter|setlocale|setcontext|getcontext\(\)\.|localcontext|os\.environ\[[^]]+\] =|"
    r"os\.(chdir|umask|putenv)|setdefaulttimeout|setrecursionlimit|random\.seed|seterr\(|set_printoptions|"
    r"redirect_std|gc\.(disable|freeze)|signal\.signal|setswitchinterval"
)

# In processes that serve nobody: a worker of `verify_audit`, whose parent alone hears of Ctrl-C, and
# Celery's, before they take a task.
OF_ITS_OWN_PROCESS = {"adaptive/celery.py: gc.freeze", "sessions_app/review/processes.py: signal.signal"}


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows whenever somebody changes the filters of warnings for a while, whoever's code it is."""
    seen: list[str] = []
    enter = warnings.catch_warnings.__enter__

    def noticed(self: Any) -> Any:
        seen.append(threading.current_thread().name)
        return enter(self)

    monkeypatch.setattr(warnings.catch_warnings, "__enter__", noticed)
    return seen


def test_no_code_that_serves_changes_what_threads_share() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for package in ("adaptive", "desk", "student_page", "sessions_app", "testing_engine", "organisations")
        for path in (ROOT / package).rglob("*.py")
        if "tests" not in path.parts
        for hit in PROCESS_WIDE.finditer(path.read_text())
    }
    assert found == OF_ITS_OWN_PROCESS


def test_pictures_uploaded_at_once_leave_warnings_as_they_were(
    monkeypatch: pytest.MonkeyPatch, entered: list[str]
) -> None:
    """Two uploads that overlap: the second begins before the first ends, and ends after it."""
    file = BytesIO()
    Image.new("RGB", (9, 9), "red").save(file, "PNG")
    second_began, first_ended = threading.Event(), threading.Event()
    as_shown = pixels.as_shown

    def overlapping(picture: Any) -> Any:
        if threading.current_thread().name == "first":
            assert second_began.wait(60)
        else:
            second_began.set()
            assert first_ended.wait(60)
        return as_shown(picture)

    monkeypatch.setattr(images, "as_shown", overlapping)
    before = list(warnings.filters)
    made: list[Any] = []

    def upload() -> None:
        made.append(images._made_anew(file.getvalue()))

    first, second = threading.Thread(target=upload, name="first"), threading.Thread(target=upload)
    first.start()
    second.start()
    first.join()
    first_ended.set()
    second.join()
    assert len(made) == 2
    assert warnings.filters == before
    assert not entered


def step(rules: dict[str, Any], dimensions: int = 1) -> Callable[[], Any]:
    bank = random_pool(np.random.default_rng(3), 40, dimensions=dimensions)
    return lambda: next_step(TestSoFar(bank, CatRules.from_json(rules), None, 1, [3, 8, 21], [1, 0, 1]))


@pytest.mark.parametrize(
    "taken",
    [
        step({}),
        step({}, dimensions=3),
        step({"eligibility": [{"name": "shadow"}], "max_questions": 8}),
        step({"ability": {"name": "ML"}, "criterion": {"name": "MEI", "update": "MAP"}}),
        step({"criterion": {"name": "KLP"}, "prior": {"name": "Jeffreys"}, "stop": [{"name": "PSER"}]}),
    ],
)
def test_a_step_of_a_test_changes_no_filter(taken: Callable[[], Any], entered: list[str]) -> None:
    taken()
    assert not entered


def test_one_drawing_at_a_time() -> None:
    """The library that draws changes filters while it does."""
    drawing = threading.Lock()

    def draw(figure: Any) -> None:
        assert drawing.acquire(blocking=False), "two at once"
        axes = figure.add_subplot()
        axes.set_xticks([1, 2], labels=["a", "b"])
        drawing.release()

    failed: list[BaseException] = []

    def drawn() -> None:
        try:
            canvas.svg_of(draw, "x", "X", "An x.", 2.0)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=drawn) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_the_schema_is_made_once(client: Client, entered: list[str]) -> None:
    client.get("/api/schema")
    entered.clear()
    reply = client.get("/api/schema")
    assert reply.status_code == 200
    assert b"openapi: 3.1" in reply.content
    assert not entered
    assert (
        client.get("/api/schema", headers={"Accept": "application/json"}).json()["openapi"].startswith("3.1")
    )
