"""The notebook runs from its first cell to its last, over HTTP, against the real service."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from pytest_django.live_server_helper import LiveServer

from sessions_app.models import TestSession
from sessions_app.tests.factories import make_token

NOTEBOOK = Path(__file__).parent.parent / "test_api.ipynb"
SECONDS_A_CELL = 30


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture
def executed(
    notebook: nbformat.NotebookNode,
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> nbformat.NotebookNode:
    """Executed by a kernel of its own, started in the notebook's folder as Jupyter does."""
    monkeypatch.setenv("BASE_URL", live_server.url)
    monkeypatch.setenv("API_TOKEN", make_token())
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))  # not this person's own history and start-up files
    monkeypatch.delenv("MPLBACKEND", raising=False)  # else the kernel does not draw into the notebook
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    NotebookClient(notebook, timeout=SECONDS_A_CELL, resources=resources).execute()
    return notebook


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_runs_every_cell_and_draws_the_plot(executed: nbformat.NotebookNode) -> None:
    cells = code_cells(executed)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [
        output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"
    ]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(figures) == 1
    statuses = TestSession.objects.order_by("started_at").values_list("status", flat=True)
    assert list(statuses) == ["completed", "ended"]


def test_it_is_kept_without_outputs(notebook: nbformat.NotebookNode) -> None:
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_it_asks_for_the_kernel_that_every_jupyter_has(notebook: nbformat.NotebookNode) -> None:
    assert notebook.metadata.kernelspec.name == "python3"
def test_dump(executed):
    import sys; sys.path.insert(0,"/tmp/nb")
    from dump import dump
    dump(executed)
