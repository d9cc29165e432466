"""JSON or a form with a file in, within a size, and nothing that PostgreSQL cannot keep."""

import codecs
import json
import math
from collections.abc import Collection, Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from sessions_app.api.errors import InvalidBody, Problem, pointer_part
from testing_engine.interchange.json_objects import RepeatedFieldError, once, repeated_fields

TWICE = "Is given more than once."


class StrictJsonParser(BaseParser):
    """Strict JSON: no NaN, no infinities, no bodies that are too large or nested too deep.

    The body is taken for JSON whatever its content type says, and an empty body is an empty object: the
    original service's own examples send both.
    """

    media_type = "*/*"
    max_bytes_setting = "DATA_UPLOAD_MAX_MEMORY_SIZE"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = getattr(settings, self.max_bytes_setting)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise Problem(413, "body_too_large", f"The body is larger than {limit} bytes.")
        if len(body) < _announced(parser_context):
            raise Problem(400, "incomplete_body", "The body is shorter than its Content-Length says.")
        if not body.strip():
            return {}
        try:
            text = codecs.decode(body, "utf-8")
            data = _STRICT.decode(text)
        except UnicodeDecodeError as error:
            raise ParseError("Malformed JSON: the body is not UTF-8.") from error
        except RepeatedFieldError as error:
            raise InvalidBody([(place, TWICE) for place in repeated_fields(text)]) from error
        except RecursionError as error:
            raise ParseError("Malformed JSON: nested too deep.") from error
        except ValueError as error:
            raise ParseError(f"Malformed JSON: {error}") from error
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data


class PoolUploadParser(StrictJsonParser):
    """The same, for bodies the size of a question pool."""

    max_bytes_setting = "POOL_UPLOAD_MAX_BYTES"


class ResponseTextParser(StrictJsonParser):
    """The same, for bodies the size of a file of answers."""

    max_bytes_setting = "IMPORT_MAX_BYTES"


def _announced(parser_context: Mapping[str, Any] | None) -> int:
    """What the client said that it sends; a part of that may look whole, or like nothing at all."""
    request = (parser_context or {}).get("request")
    length = "" if request is None else request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdigit() else 0


ROOM_FOR_FIELDS = 64 * 1024  # bytes of a form beside its file
LISTS = ("concept_names", "group", "missing")  # fields that may come several times


class ImportParser(MultiPartParser):
    """A form with a file of questions. The size is known before anything is read."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = settings.IMPORT_MAX_BYTES
        announced = _announced(parser_context)
        if announced > limit + ROOM_FOR_FIELDS:
            raise Problem(413, "body_too_large", f"The file is larger than {limit} bytes.")
        counted = _Counted(stream)
        parsed = super().parse(counted, media_type, parser_context)  # type: ignore[arg-type]  # only read
        if counted.count < announced:  # half a table would look like a whole one
            raise Problem(400, "incomplete_body", "The body is shorter than its Content-Length says.")
        check_given_once(parsed.data, but=LISTS)
        check_given_once(parsed.files)
        return parsed


def check_given_once(fields: MultiValueDict[str, Any], but: Collection[str] = ()) -> None:
    """Of a field of a form or a query that comes twice, Django would take the last. Raises `InvalidBody`."""
    twice = [name for name, values in fields.lists() if len(values) > 1 and name not in but]
    if twice:
        raise InvalidBody([(f"/{pointer_part(name)}", TWICE) for name in twice])


class _Counted:
    """A stream that knows how many bytes were read."""

    def __init__(self, stream: IO[Any]) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        read: bytes = self._stream.read(size)
        self.count += len(read)
        return read


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # JSON can spell 1e999
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


_STRICT = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=once)
