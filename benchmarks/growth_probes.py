"""What `growth` asks for: every address of the API, the desk and the admin that needs no more than a filled
database has (`walked`), and searches, filters and pages of lists, a line each (`PROBES`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

PAGE_SIZE = 50
NOT_WALKED = "log-", "matrix"  # whoever logs out is asked no more; a matrix is a file of all answers


@dataclass(frozen=True)
class Facts:
    """What addresses are made of, in one of the two databases."""

    pool: str
    question: int
    session: str  # one in the middle of the list
    running: str
    student: str
    student_pk: int
    exam: int
    last_page: int
    middle: str  # the place in the middle of the list of sessions, as `after` of an address has it
    named: Mapping[str, object]  # parameters of addresses, by their name


@dataclass(frozen=True)
class Probe:
    """One request. `caller`: an API client with every permission, or somebody with every right."""

    name: str
    address: Callable[[Facts], str]
    caller: Literal["client", "staff"] = "staff"
    body: Callable[[Facts], dict[str, Any]] | None = None  # JSON to post; none: it is a GET
    headers: tuple[tuple[str, str], ...] = ()


def api(name: str, address: Callable[[Facts], str]) -> Probe:
    return Probe(f"API: {name}", lambda facts: f"/api/{address(facts)}", "client")


def admin(name: str, address: Callable[[Facts], str]) -> Probe:
    return Probe(f"admin: {name}", lambda facts: f"/admin/{address(facts)}")


def desk(name: str, address: Callable[[Facts], str]) -> Probe:
    return Probe(f"desk: {name}", lambda facts: f"/desk/{address(facts)}")


PROBES = (
    api("sessions, first page", lambda _: "sessions"),
    api("sessions, last page by number", lambda f: f"sessions?page={f.last_page}"),
    api("sessions, middle page by number", lambda f: f"sessions?page={(f.last_page + 1) // 2}"),
    api("sessions, middle page by its place", lambda f: f"sessions?after={f.middle}.1"),
    api("sessions that were ended early", lambda _: "sessions?status=ended"),
    api("sessions of a pool", lambda f: f"sessions?pool={f.pool}"),
    api("sessions of a student", lambda f: f"sessions?student_id={f.student}"),
    api("answers of a session", lambda f: f"sessions/{f.session}/responses"),
    api("status of a running session", lambda f: f"test/status/{f.running}"),
    api("a student's proficiency", lambda f: f"student/{f.student}/proficiency"),
    api("a student's history", lambda f: f"student/{f.student}/history"),
    api("a student's progress", lambda f: f"student/{f.student}/progress"),
    api("pools", lambda _: "pools"),
    api("questions of a pool", lambda f: f"pools/{f.pool}/questions"),
    admin("front page", lambda _: ""),
    admin("sessions", lambda _: "sessions_app/testsession/"),
    admin("sessions, middle page by its place", lambda f: f"sessions_app/testsession/?after={f.middle}"),
    admin("sessions that were ended early", lambda _: "sessions_app/testsession/?status__exact=ended"),
    admin("sessions, by a student's id", lambda f: f"sessions_app/testsession/?q={f.student}"),
    admin("sessions, by an id that nobody has", lambda _: "sessions_app/testsession/?q=nobody"),
    admin("sessions, by a session's id", lambda f: f"sessions_app/testsession/?q={f.session}"),
    admin("a session with its answers", lambda f: f"sessions_app/testsession/{f.session}/change/"),
    admin("students", lambda _: "sessions_app/student/"),
    admin("students, by id", lambda f: f"sessions_app/student/?q={f.student}"),
    admin("students, by a name that all have", lambda _: "sessions_app/student/?q=Ada"),
    admin("a student", lambda f: f"sessions_app/student/{f.student_pk}/change/"),
    admin("a student's results", lambda f: f"sessions_app/student/{f.student_pk}/results/"),
    admin("proficiencies", lambda _: "sessions_app/studentproficiency/"),
    admin("proficiencies, by a student's id", lambda f: f"sessions_app/studentproficiency/?q={f.student}"),
    admin("named tests", lambda _: "sessions_app/namedtest/"),
    admin("a named test", lambda f: f"sessions_app/namedtest/{f.exam}/change/"),
    admin("questions", lambda _: "testing_engine/question/"),
    admin("live view", lambda _: "sessions_app/livesession/"),
    admin("live view, by a student's id", lambda f: f"sessions_app/livesession/?q={f.student}"),
    desk("entrance", lambda _: ""),
    desk("pools", lambda _: "questions/"),
    desk("questions of a pool", lambda f: f"questions/{f.pool}/"),
    desk("measure: pools", lambda _: "measure/"),
    desk("exposure of a pool", lambda f: f"measure/{f.pool}/exposure"),
    desk("results of a pool", lambda f: f"measure/{f.pool}/results"),
    desk("answers to a question", lambda f: f"measure/{f.pool}/items/{f.question}"),
    desk("table of a pool's questions", lambda f: f"questions/{f.pool}/table"),
    admin("a test's results", lambda f: f"sessions_app/namedtest/{f.exam}/results/"),
    desk("students of a test", lambda f: f"tests/{f.exam}/students"),
    desk("students of a test, by id", lambda f: f"tests/{f.exam}/students?search={f.student}"),
    desk("live view of a test", lambda f: f"tests/{f.exam}/live"),
    desk("a session's path", lambda f: f"measure/sessions/{f.session}"),
)


def walked() -> Iterator[Probe]:
    """Every other address: those that answer a GET without a question."""
    from django.contrib.admin import site

    from desk.urls import urlpatterns as of_desk
    from sessions_app.api.urls import urlpatterns as of_api

    for patterns, make in ((of_api, api), (of_desk, desk)):
        for pattern in patterns:
            route = str(pattern.pattern)
            if not any(word in route for word in NOT_WALKED):
                yield make(route, partial(_address, route))
    for model in site._registry:
        listed = f"{model._meta.app_label}/{model._meta.model_name}/"
        yield admin(listed, partial(_address, listed))


def _address(route: str, facts: Facts) -> str:
    """`KeyError` where the facts have no such parameter."""
    return re.sub("<[a-z]+:([a-z_]+)>", lambda found: str(facts.named[found[1]]), route)
