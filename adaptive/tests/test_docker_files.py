"""docker/ and docs/OPERATIONS.md: no Docker engine is at hand, so what can be tried without one is."""

import json
import os
import re
import runpy
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import httpx
import psutil
import psycopg
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from embedded.processes import free_port, running, wait_until

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker" / "compose.yaml"
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
OPERATIONS = (ROOT / "docs" / "OPERATIONS.md").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"migrate", "web", "worker", "beat"}
CONTAINER_ONLY = {
    "PORT",
    "WEB_CONCURRENCY",
    "GUNICORN_CMD_ARGS",
    "PROMETHEUS_MULTIPROC_DIR",
}  # docker/gunicorn.conf.py and gunicorn itself
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "WEB_PORT", "ADAPTIVE_VERSION"}
DIGEST = "@sha256:[0-9a-f]{64}"
HOST = "tests.example.org"
PATIENCE = 60  # seconds; the machine may be busy


@pytest.fixture
def settings_defaults(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every variable that adaptive/settings.py reads, with its default in production."""
    seen: dict[str, Any] = {}
    read = environ.Env.get_value

    def recorded(env: environ.Env, var: str, *args: Any, **kwargs: Any) -> Any:
        seen[var] = kwargs.get("default")
        monkeypatch.delenv(var, raising=False)
        return read(env, var, *args, **kwargs)

    monkeypatch.setattr(environ.Env, "get_value", recorded)
    runpy.run_path(str(ROOT / "adaptive" / "settings.py"))
    return seen


# --- The Dockerfile -----------------------------------------------------------------------------------


def copied_paths() -> list[str]:
    """What .dockerignore lets in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*", "everything stays out unless it is named"
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def test_it_lints_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    run = subprocess.run([hadolint, ROOT / "docker" / "Dockerfile"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_it_runs_as_an_ordinary_user_and_in_exec_form() -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert re.search(r'^CMD \["gunicorn", ', DOCKERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in DOCKERFILE
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+" + DIGEST, image)


def test_it_leaves_no_secret_in_a_layer() -> None:
    assert not re.search(r"^(ENV|ARG).*(SECRET|PASSWORD|TOKEN)", DOCKERFILE, re.MULTILINE)
    assert {path.split("/")[0] for path in copied_paths()} == {
        "requirements", "manage.py", "adaptive", "sessions_app", "student_page", "desk", "testing_engine",
        "organisations", "docker",
    }  # fmt: skip
    assert {path for path in copied_paths() if path.startswith("docker")} == {
        "docker/gunicorn.conf.py",
        "docker/healthcheck.py",
    }


def test_it_imports_only_what_base_txt_installs() -> None:
    """The image has nothing else: no stubs, no test library, no embedded server."""
    lines = [
        line.split("#")[0].strip() for line in (ROOT / "requirements" / "base.txt").read_text().splitlines()
    ]
    waiting = [Requirement(line) for line in lines if line and not line.startswith("-")]
    installed: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        needed = [Requirement(text) for text in requires(name) or []]
        fresh = [
            r for r in needed if not r.marker or any(r.marker.evaluate({"extra": extra}) for extra in extras)
        ]
        waiting += [r for r in fresh if canonicalize_name(r.name) not in installed]
        installed.add(name)
    providers = packages_distributions()
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for package in ("adaptive", "sessions_app", "testing_engine", "desk", "organisations", "student_page")
        for path in (ROOT / package).rglob("*.py")
        if "tests" not in path.parts and path.name != "conftest.py"
        for module in re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.MULTILINE)
        if module in providers and not {canonicalize_name(name) for name in providers[module]} & installed
    }
    assert not missing


# --- compose.yaml -------------------------------------------------------------------------------------


def test_it_is_a_valid_compose_file() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [str(checker), "--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_it_hardens_and_watches_every_service() -> None:
    assert set(SERVICES) == OURS | {"postgres", "valkey"}
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert "test" in service["healthcheck"] or name == "migrate", name
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
        assert re.search(rf":(\d[\w.-]*{DIGEST}|\$\{{ADAPTIVE_VERSION:-local\}})$", service["image"]), name


def test_it_publishes_the_web_port_alone_and_only_to_this_machine() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"web"}
    (port,) = SERVICES["web"]["ports"]
    assert port == "127.0.0.1:${WEB_PORT:-5300}:5300"
    assert COMPOSE["networks"]["backend"]["internal"] is True
    assert {name for name, service in SERVICES.items() if service["networks"] != ["backend"]} == {"web"}


def test_it_starts_in_an_order_that_works() -> None:
    assert SERVICES["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in OURS - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_it_holds_no_secret() -> None:
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items() if "environment" in service else ():
            if re.search("SECRET|PASSWORD", variable):
                assert re.fullmatch(rf"\$\{{{variable}:\?[^}}]+\}}", value), f"{name}: {variable}"
            assert not re.search(r"//[^@$]*:[^@$]+@", str(value)), f"{name}: {variable}"
    assert not re.search(r"^[A-Z_]*(SECRET|PASSWORD)\w*=.+", example_text(), re.MULTILINE)


def example_text() -> str:
    return (ROOT / "docker" / ".env.example").read_text()


def test_it_sets_only_variables_that_exist(settings_defaults: dict[str, Any]) -> None:
    known = set(settings_defaults) | CONTAINER_ONLY
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= known, name
    interpolated = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE_FILE.read_text()))
    assert interpolated <= known | COMPOSE_ONLY
    assert set(re.findall(r"^#? ?([A-Z_]+)=", example_text(), re.MULTILINE)) <= known | COMPOSE_ONLY


def test_it_sets_every_variable_that_has_no_working_default(settings_defaults: dict[str, Any]) -> None:
    needed = {"SECRET_KEY", "AUDIT_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "ADAPTIVE_ENVIRONMENT"}
    assert needed <= set(settings_defaults)
    for name in OURS:
        assert needed <= set(SERVICES[name]["environment"]), name
    required = set(re.findall(r"\$\{(\w+):\?", COMPOSE_FILE.read_text()))
    assert set(re.findall(r"^([A-Z_]+)=$", example_text(), re.MULTILINE)) == required


def test_it_separates_the_queue_from_the_hot_state() -> None:
    environment = SERVICES["web"]["environment"]
    assert environment["REDIS_URL"] != environment["CELERY_BROKER_URL"]
    command = SERVICES["valkey"]["command"]
    assert command[command.index("--maxmemory-policy") + 1].startswith("volatile-")


# --- docs/OPERATIONS.md -------------------------------------------------------------------------------


def shown(default: Any) -> str:
    """A default as OPERATIONS.md writes it: as one would write it in the environment."""
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case None | "" | []:
            return "–"
        case float() | int():
            return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
        case str() if default == str(ROOT / "static"):
            return "`static` beside manage.py"
    return f"`{default}`"


def test_it_documents_every_variable_with_its_default(settings_defaults: dict[str, Any]) -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", OPERATIONS, re.MULTILINE))
    assert set(rows) >= CONTAINER_ONLY | COMPOSE_ONLY
    documented = {name: rows[name] for name in set(rows) - CONTAINER_ONLY - COMPOSE_ONLY}
    expected = {name: shown(default) for name, default in settings_defaults.items()}
    expected["CELERY_BROKER_URL"] = "`REDIS_URL`"
    assert documented == expected


# --- As in the container: the image's files, production settings, gunicorn -----------------------------


@dataclass
class Container:
    """What the image holds, as a folder, and the environment that it runs with."""

    app: Path
    environment: dict[str, str]

    def with_environment(self, **variables: str) -> "Container":
        return Container(self.app, {**self.environment, **variables})

    @property
    def log(self) -> str:
        return (self.app / "log").read_text()

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=self.app, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def serving(self) -> Iterator[httpx.Client]:
        """gunicorn on a port of its own, and a client of it."""
        command = [sys.executable, "-m", "gunicorn", "--config", "docker/gunicorn.conf.py", "adaptive.wsgi"]
        port = free_port()
        environment = {**self.environment, "PORT": str(port)}
        headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
        address = f"http://127.0.0.1:{port}"
        with (
            (self.app / "log").open("w") as log,
            running(command, cwd=self.app, env=environment, stdout=log, stderr=log) as process,
            httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=PATIENCE) as client,
        ):
            assert wait_until(lambda: is_served(client), process), self.log
            yield client


def is_served(client: httpx.Client) -> bool:
    try:
        client.get("/health")
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    app = tmp_path_factory.mktemp("app")
    for path in copied_paths():
        target = app / path
        target.parent.mkdir(exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("tests", ".env"))
        else:
            shutil.copy(ROOT / path, target)
    container = Container(
        app,
        {
            "PATH": os.environ["PATH"],
            "WEB_CONCURRENCY": "1",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "AUDIT_KEY": secrets.token_urlsafe(64),
            "ALLOWED_HOSTS": f"{HOST},localhost",
            "BEHIND_TLS_PROXY": "true",
            "DATABASE_URL": os.environ["DATABASE_URL"],
            "REDIS_URL": os.environ["REDIS_URL"],
        },
    )
    container.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    return container


def test_it_passes_the_deployment_checks_before_there_is_a_table(container: Container) -> None:
    """The first `migrate` runs the checks on an empty database, so no check may need a table."""
    address = urlsplit(container.environment["DATABASE_URL"])
    with psycopg.connect(address.geturl(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS without_a_table")
        connection.execute("CREATE DATABASE without_a_table TEMPLATE template0")
    empty = container.with_environment(DATABASE_URL=address._replace(path="/without_a_table").geturl())
    said = empty.run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert "no issues" in said


def test_it_refuses_to_start_with_the_key_of_the_build(container: Container) -> None:
    (key,) = re.findall(r"SECRET_KEY=(\S+)", DOCKERFILE)
    weak = container.with_environment(SECRET_KEY=key)
    with pytest.raises(AssertionError, match=r"adaptive\.E001"), weak.serving():
        pass


def test_it_serves_as_in_production(container: Container) -> None:
    with container.serving() as client:
        looks_healthy = container.with_environment(PORT=str(client.base_url.port))
        assert client.get("/health").json()["database"] == {"status": "up"}
        assert '"database": {"status": "up"}' in looks_healthy.run("docker/healthcheck.py")
        assert client.get("/api/pools").status_code == 401
        assert client.get("/api/pools", headers={"X-Forwarded-Proto": "http"}).status_code == 301
        assert client.get("/health", headers={"X-Forwarded-Proto": "http"}).status_code == 200
        assert client.get("/health", headers={"Host": "elsewhere.example"}).status_code == 400
        for page in ("/desk/log-in", "/api/docs"):
            files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get(page).text))
            assert files, page
            for file in files:
                answer = client.get(file)
                assert answer.status_code == 200, file
                assert "immutable" in answer.headers["Cache-Control"], file


def test_it_counts_over_all_workers_and_keeps_what_a_dead_one_counted(container: Container) -> None:
    watched = container.with_environment(METRICS_TOKEN="t" * 40, WEB_CONCURRENCY="2")
    with watched.serving() as client:
        asked = {"Authorization": f"Bearer {'t' * 40}", "Connection": "close"}

        def counted() -> float:
            told = client.get("/metrics", headers=asked).text
            (number,) = re.findall(r'adaptive_requests_total\{.*"api/pools",status="401"\} (\S+)', told)
            return float(number)

        for _ in range(30):
            client.get("/api/pools", headers={"Connection": "close"})
        assert counted() == 30
        (master,) = (p for p in psutil.Process().children() if "adaptive.wsgi" in p.cmdline())
        (folder,) = Path("/dev/shm").glob(f"adaptive-metrics-{master.pid}-*")  # noqa: S108
        first, *_ = master.children()
        first.kill()
        first.wait(PATIENCE)
        assert counted() == 30
    assert not folder.exists()


def test_it_logs_lines_of_json_without_addresses(container: Container) -> None:
    with container.serving() as client:
        client.get("/api/student/ada-4711/history?who=ada-4711", headers={"X-Request-ID": "of-the-proxy-1"})
        with socket.create_connection(("127.0.0.1", client.base_url.port)) as bare:
            bare.sendall(b"GET /api/student/ada-4711/history ADA/4711\r\n\r\n")
            bare.recv(1000)
    lines = [json.loads(line) for line in container.log.splitlines()]
    assert {line["logger"] for line in lines} == {"adaptive.request_log", "gunicorn.error"}
    (line,) = (line for line in lines if line.get("request_id") == "of-the-proxy-1")
    assert (line["route"], line["status"]) == ("api/student/<id:student_id>/history", 401)
    assert any(line["event"] == "Invalid request: InvalidHTTPVersion" for line in lines)
    assert "4711" not in container.log
