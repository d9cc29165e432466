"""What the live view tells of a test, and which of it is news to a page that shows some tests already.

A row has a version: a digest of all that it tells but its clocks, which the page lets run by itself. The page
says which versions it has; what has another one goes out: a few cells, or a whole row where the page has none
or the status is another one, with which colours and menus change.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sessions_app.administration.live import milliseconds, span
from sessions_app.models import LiveSession
from sessions_app.sitting.thousandths import told


@dataclass(frozen=True)
class News:
    """`cells`: of rows that are there, by their key and by column. `rows`: those that go out whole."""

    cells: dict[str, dict[str, str]]
    rows: list[LiveSession]


def news_of(sessions: Sequence[LiveSession], known: Mapping[str, object], now: datetime) -> News:
    """What a page that knows these versions, by the sessions' keys, does not show yet."""
    cells, rows = {}, []
    for session in sessions:
        key, version = str(session.pk), version_of(session)
        has = str(known.get(key, ""))
        if not has.startswith(f"{session.status}-"):
            rows.append(session)
        elif has != version:
            cells[key] = {name: str(tell(session, now)) for name, tell in CELLS.items()}
    return News(cells, rows)


def version_of(session: LiveSession) -> str:
    """Equal for as long as the row tells the same. Begins with the status."""
    told_of = (
        session.student.external_id,
        session.questions_answered,
        session.theta,
        session.standard_error,
        session.last_activity,
    )
    return f"{session.status}-{blake2b(repr(told_of).encode(), digest_size=8).hexdigest()}"


def question(session: LiveSession, now: datetime) -> SafeString:
    most = session.plan.rules.get("max_questions", 20)
    text = f"{session.questions_answered + 1} of at most {most}"
    return format_html(
        '<span data-key="{}" data-version="{}">{}</span>', session.pk, version_of(session), text
    )


def ability(session: LiveSession, now: datetime) -> SafeString:
    rows = zip(session.plan.concept_names, session.theta, session.standard_error, strict=True)
    return format_html_join(
        "", "<div>{}: {} ± {}</div>", ((name, told(theta), f"{error:.2f}") for name, theta, error in rows)
    )


def idle(session: LiveSession, now: datetime) -> SafeString:
    since = session.last_activity
    return format_html('<span data-since="{}">{}</span>', milliseconds(since), span(now - since))


CELLS: dict[str, Callable[[LiveSession, datetime], str]] = {
    "question": question,
    "ability": ability,
    "idle": idle,
}
