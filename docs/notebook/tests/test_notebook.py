"""The notebooks run from their first cell to their last, over HTTP, against the real service."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from celery.contrib.testing.worker import start_worker
from django.db import connection
from nbclient import NotebookClient
from pytest_django.live_server_helper import LiveServer

from adaptive.celery import app
from sessions_app import tasks
from sessions_app.models import Calibration, Simulation, TestSession
from sessions_app.tests.factories import make_token
from testing_engine.models import QuestionPool

FOLDER = Path(__file__).parent.parent
API, CALIBRATION = FOLDER / "test_api.ipynb", FOLDER / "calibration.ipynb"
SECONDS_A_CELL = 600  # of a busy machine

Execute = Callable[..., nbformat.NotebookNode]


@pytest.fixture
def execute(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Execute:
    """By a kernel of its own, started in the notebook's folder as Jupyter does; gives the notebook after it.

    `before`: what is called before a cell with this tag.
    """
    monkeypatch.setenv("BASE_URL", live_server.url)
    monkeypatch.setenv("API_TOKEN", make_token())
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))  # not this person's own history and start-up files
    monkeypatch.delenv("MPLBACKEND", raising=False)  # else the kernel does not draw into the notebook

    def executed(path: Path, before: dict[str, Callable[[], Any]] | None = None) -> nbformat.NotebookNode:
        def begin(cell: nbformat.NotebookNode, cell_index: int) -> None:
            for tag in cell.metadata.get("tags", ()):
                aside.submit(_and_close, (before or {})[tag]).result()

        notebook = nbformat.read(path, as_version=4)
        resources = {"metadata": {"path": str(path.parent)}}
        client = NotebookClient(notebook, timeout=SECONDS_A_CELL, resources=resources, on_cell_start=begin)
        with ThreadPoolExecutor(1) as aside:  # in the event loop of the client Django asks no database
            client.execute()
        return notebook

    return executed


def _and_close(call: Callable[[], Any]) -> None:
    call()
    connection.close()


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A real one, in a thread of its own."""
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=60):
        yield


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def figures_of(executed: nbformat.NotebookNode) -> int:
    """How many it drew. Every cell ran, and none complained."""
    cells = code_cells(executed)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [
        output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"
    ]
    return len([output for output in outputs if "image/png" in output.get("data", {})])


@pytest.mark.long
def test_the_api_from_the_outside(execute: Execute) -> None:
    assert figures_of(execute(API)) == 1
    statuses = TestSession.objects.order_by("started_at").values_list("status", flat=True)
    assert list(statuses) == ["completed", "ended"]


@pytest.mark.long
def test_from_answer_sheets_to_a_watched_pool(
    execute: Execute, worker: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    students = 150 if request.config.getoption("--deep") else 6
    monkeypatch.setenv("STUDENTS", str(students))
    executed = execute(CALIBRATION, {"watch": lambda: tasks.watch_pool(str(QuestionPool.objects.get().pk))})
    assert figures_of(executed) == 3
    published, again = Calibration.objects.order_by("created_at")
    assert (published.state, again.state, again.published_revision) == ("done", "done", None)
    assert Simulation.objects.filter(state="done").count() == 2
    assert TestSession.objects.filter(status="completed", revision__number=2).count() == students
    watched = next(cell for cell in code_cells(executed) if cell.metadata.get("tags") == ["watch"])
    assert "night of" in watched.outputs[0].text


@pytest.mark.parametrize("path", [API, CALIBRATION], ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert notebook.metadata.kernelspec.name == "python3"  # which every Jupyter has
