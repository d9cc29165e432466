"""How a line of the log looks: JSON in production, readable in development; web, worker and beat alike.

No student's id or name, no answer, token or key may get into a line. So what libraries log below INFO is left
out, and so are their messages that hold an address, and what follows a message's first line. In production an
exception is told by its type and place, because its message may quote a row. docs/OPERATIONS.md lists the
fields.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from sessions_app import log_fields

OURS = ("adaptive", "sessions_app", "testing_engine")
# They name the address of a request, which holds student ids; `adaptive.request_log` has one line for each.
SILENT = ("django.request", "django.security", "django.server", "celery.app.trace")
# Their messages say which part does not answer, and quote no row.
OUTAGES = {"OperationalError", "InterfaceError", "RedisError", "OSError", "ImproperlyConfigured"}


def logging_config(environment: str, level: str) -> dict[str, Any]:
    """For `dictConfig`; sets up structlog, too. `level` is our own loggers': libraries begin at INFO."""
    is_readable = environment in {"development", "test"}
    fields: list[Processor] = [
        log_fields.merge,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        full_exception if is_readable else harmless_exception,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *fields,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # who configures again is heard; it costs 1 µs
    )
    known = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": Line,
                "foreign_pre_chain": [*fields, first_line],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _readable() if is_readable else as_json,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": max(known, logging.INFO)},
        "loggers": {
            "django": {"handlers": [], "level": "INFO"},  # Django's defaults have handlers of their own
            **{name: {"handlers": [], "level": "CRITICAL", "propagate": True} for name in SILENT},
            **{name: {"level": known} for name in OURS},
        },
    }


class Fields(dict[str, Any]):
    """Of a line that is complete but for its form."""


class Line(structlog.stdlib.ProcessorFormatter):
    """A line from what was logged by any logger, or told by `tell`."""

    def format(self, record: logging.LogRecord) -> str:
        if type(record.msg) is not Fields:
            return super().format(record)
        return str(self.processors[-1](None, "info", dict(record.msg)))


def tell(logger: logging.Logger, event: str, **fields: Any) -> None:
    """Log what `structlog.get_logger(logger.name).info(event, **fields)` would, the same to the byte.

    For the one line that every request has: the way through structlog takes four times as long.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    told = Fields(fields, event=event)
    log_fields.merge(None, "info", told)
    told["logger"], told["level"] = logger.name, "info"
    told["time"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    logger.handle(logging.LogRecord(logger.name, logging.INFO, __file__, 0, told, None, None))


def first_line(_: Any, __: str, event: EventDict) -> EventDict:
    """Of what libraries say: below it they quote (Celery a task's arguments, PostgreSQL a row)."""
    event["event"] = str(event["event"]).strip().partition("\n")[0]
    return event


def as_json(_: Any, __: str, event: EventDict) -> str:
    """The last processor: one line of JSON, the fields in the order they came."""
    return msgspec.json.encode(event, enc_hook=str).decode()


def full_exception(_: Any, __: str, event: EventDict) -> EventDict:
    """The stack trace as Python prints it, for the developer's own screen."""
    error = _exception_of(event)
    if error is not None:
        event["exception"] = "".join(traceback.format_exception(error)).rstrip()
    return event


def harmless_exception(_: Any, __: str, event: EventDict) -> EventDict:
    """The stack trace without what the exceptions say, unless they tell of an outage."""
    error = _exception_of(event)
    if error is not None:
        event["exception"] = "\n".join(_told(each) for each in _chain(error))
    return event


def _exception_of(event: EventDict) -> BaseException | None:
    found = event.pop("exc_info", None)
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple):
        return found[1] if isinstance(found[1], BaseException) else None
    return sys.exception() if found else None


def _chain(error: BaseException) -> list[BaseException]:
    """The first cause first, as Python prints them."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return chain[::-1]


def _told(error: BaseException) -> str:
    kind = type(error)
    said = f"{kind.__module__}.{kind.__qualname__}"
    if OUTAGES & {each.__name__ for each in kind.__mro__}:
        said += f": {next(iter(str(error).splitlines()), '')}"
    if sqlstate := getattr(error, "sqlstate", None):
        constraint = getattr(getattr(error, "diag", None), "constraint_name", None)
        said += f" (SQLSTATE {sqlstate}{f', {constraint}' if constraint else ''})"
    return "".join(traceback.format_tb(error.__traceback__)) + said


def _readable() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )
