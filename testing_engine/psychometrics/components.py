"""Rules as data: named frozen dataclasses that read, write and describe themselves as JSON.

A kind of rule (criterion, strategy, stop, …) is a subclass of `Component` marked `kind`; a rule of that
kind is a frozen dataclass below it that gives its name: `class Urry(Criterion, name="bOpt")`. That alone
makes it part of the JSON format and its schema. In JSON it is an object: its name, and the fields that
differ from the defaults.
"""

import dataclasses
import math
import types
from dataclasses import dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import IntArray

DEEPEST = 20  # parts of a JSON pointer; rules within rules within rules need six
Problems = list[tuple[str, str]]
T = TypeVar("T")


class RulesError(ValueError):
    """`problems`: everything that is wrong, as (JSON pointer, message)."""

    def __init__(self, problems: Problems) -> None:
        super().__init__("; ".join(f"{pointer or '/'}: {message}" for pointer, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class Within:
    """Limits of a number, or of how many entries a list may have; `above` is exclusive."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def problem(self, value: float) -> str | None:
        if self.least is not None and value < self.least:
            return f"must be at least {self.least:g}"
        if self.most is not None and value > self.most:
            return f"must be at most {self.most:g}"
        if self.above is not None and value <= self.above:
            return f"must be above {self.above:g}"
        if self.below is not None and value >= self.below:
            return f"must be below {self.below:g}"
        return None

    def schema(self) -> dict[str, float]:
        limits = {
            "minimum": self.least,
            "maximum": self.most,
            "exclusiveMinimum": self.above,
            "exclusiveMaximum": self.below,
        }
        return {key: limit for key, limit in limits.items() if limit is not None}


Positive = Annotated[float, Within(above=0)]
Probability = Annotated[float, Within(above=0, below=1)]
# Abilities are logits; farther out nothing is measured, and grids over such ranges would fill the memory.
Ability = Annotated[float, Within(least=-20, most=20)]
Count = Annotated[int, Within(least=1, most=10_000)]
MOST_RULES = 20  # in one list that gives no limit of its own: a rule costs time at every step
MOST_OBJECTS = 300  # in all of the rules
FIRST_EDITION, SECOND_EDITION, THIRD_EDITION = 1, 2, 3
EDITION = 4  # of the engine's methods; what is new in each: docs/ENGINE.md


@dataclass(frozen=True)
class Component:
    """Base of every rule."""

    name: ClassVar[str]
    registry: ClassVar[dict[str, type[Any]]]

    def __init_subclass__(cls, name: str | None = None, kind: bool = False) -> None:
        super().__init_subclass__()
        if kind:
            cls.registry = {}
        if name is not None:
            cls.name = name
            cls.registry[name] = cls

    def problems(self, bank: ItemBank) -> Problems:
        """Why this rule cannot work with a pool: (JSON pointer below the rule, message)."""
        return []

    def restricted(self, places: IntArray) -> Self:
        """The same rule for a part of the pool, its questions `places`. Whoever counts questions, or has a
        number for each, picks out theirs."""
        return self

    def work(self, bank: ItemBank, grid: int, answers: int) -> float:
        """What the rule costs at one answer, about, in evaluations of an answer's probability (some 10 ns).

        `grid`: nodes that the rules' prior is integrated on; `answers`: how many there may be. What takes
        less than a millisecond with any pool says 0.
        """
        return 0.0


def _json_fields(value: Any) -> list["dataclasses.Field[Any]"]:
    """The fields that a dataclass, or one of its instances, has in JSON."""
    return [field for field in dataclasses.fields(value) if field.metadata.get("json", True)]


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def decode(cls: type[T], value: object, pointer: str, problems: Problems) -> T | None:
    """A component or other dataclass from its JSON; what is wrong is added to `problems`."""
    if not isinstance(value, dict):
        problems.append((pointer, "must be an object"))
        return None
    if pointer.count("/") > DEEPEST:
        problems.append((pointer, "is nested too deeply"))
        return None
    given = dict(value)
    target: type[T] = cls
    if issubclass(cls, Component):
        name = given.pop("name", None)
        if not isinstance(name, str) or name not in cls.registry:
            problems.append((f"{pointer}/name", f"must be one of {', '.join(sorted(cls.registry))}"))
            return None
        target = cls.registry[name]
    before = len(problems)
    hints = _hints(target)  # type: ignore[arg-type]  # a class is hashable
    arguments = {}
    for field in _json_fields(target):
        if field.name in given:
            place = f"{pointer}/{field.name}"
            arguments[field.name] = _decode_value(hints[field.name], given.pop(field.name), place, problems)
        elif field.default is dataclasses.MISSING:
            problems.append((f"{pointer}/{field.name}", "is required"))
    problems.extend((f"{pointer}/{_escaped(key)}", "is not known here") for key in given)
    if len(problems) > before:
        return None
    try:
        return target(**arguments)
    except RulesError as error:
        problems.extend((pointer + place, message) for place, message in error.problems)
        return None


def count_objects(value: object) -> int:
    """Objects in a JSON value, itself included."""
    waiting, count = [value], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            count += 1
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
    return count


def encode(value: object) -> Any:
    """The JSON of a component or of what its fields hold; minimal, so equal rules have equal JSON."""
    if dataclasses.is_dataclass(value):
        named = {"name": value.name} if isinstance(value, Component) else {}
        changed = (field for field in _json_fields(value) if getattr(value, field.name) != field.default)
        return named | {field.name: encode(getattr(value, field.name)) for field in changed}
    return [encode(entry) for entry in value] if isinstance(value, tuple) else value


def schema_of(cls: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """JSON schema (2020-12) of a dataclass; kinds of components are collected in `definitions`."""
    if issubclass(cls, Component) and "name" not in cls.__dict__:
        if cls.__name__ not in definitions:
            definitions[cls.__name__] = {}  # first, because rules may contain rules of their own kind
            rules = [schema_of(rule, definitions) for rule in cls.registry.values()]
            nothing: dict[str, Any] = {"not": {}}
            definitions[cls.__name__].update({"oneOf": rules} if rules else nothing)
        return {"$ref": f"#/$defs/{cls.__name__}"}
    hints = get_type_hints(cls, include_extras=True)
    fields = _json_fields(cls)
    properties = {field.name: _value_schema(hints[field.name], definitions) for field in fields}
    for field in fields:
        if field.default is not dataclasses.MISSING:
            properties[field.name] |= {"default": encode(field.default)}
    required = [field.name for field in fields if field.default is dataclasses.MISSING]
    if issubclass(cls, Component):
        properties, required = {"name": {"const": cls.name}} | properties, ["name", *required]
    described = {"description": cls.__doc__.strip().split("\n\n")[0]} if cls.__doc__ else {}
    schema = {"type": "object", **described, "properties": properties, "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def _decode_value(
    hint: Any, value: Any, pointer: str, problems: Problems, most_rules: int = MOST_RULES
) -> Any:
    if get_origin(hint) is Annotated:
        base, *limits = get_args(hint)
        most = next((int(limit.most) for limit in limits if limit.most is not None), MOST_RULES)
        decoded = _decode_value(base, value, pointer, problems, most)
        size = len(decoded) if isinstance(decoded, tuple) else decoded
        messages = (limit.problem(size) for limit in limits) if size is not None else ()
        problems.extend((pointer, message) for message in messages if message)
        return decoded
    if get_origin(hint) in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (option for option in get_args(hint) if option is not type(None))
        return _decode_value(hint, value, pointer, problems)
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            problems.append((pointer, "must be a list"))
            return None
        entry = get_args(hint)[0]
        if dataclasses.is_dataclass(entry) and len(value) > most_rules:
            problems.append((pointer, f"must have at most {most_rules} entries"))
            return None
        return tuple(_decode_value(entry, part, f"{pointer}/{i}", problems) for i, part in enumerate(value))
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            problems.append((pointer, f"must be one of {', '.join(map(str, get_args(hint)))}"))
        return value
    if dataclasses.is_dataclass(hint):
        return decode(hint, value, pointer, problems)  # type: ignore[arg-type]
    return _decode_scalar(hint, value, pointer, problems)


def _decode_scalar(hint: Any, value: Any, pointer: str, problems: Problems) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)
    if hint is float and number:
        return float(value)
    if hint is int and number and value == int(value):
        return int(value)
    if hint in (bool, str) and isinstance(value, hint):
        return value
    words = {float: "a finite number", int: "a whole number", bool: "true or false", str: "a text"}
    problems.append((pointer, f"must be {words[hint]}"))
    return None


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def _value_schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if get_origin(hint) is Annotated:
        base, *limits = get_args(hint)
        schema = _value_schema(base, definitions)
        for limit in limits:
            renamed = {"minimum": "minItems", "maximum": "maxItems"} if schema.get("type") == "array" else {}
            schema |= {renamed.get(key, key): bound for key, bound in limit.schema().items()}
        return schema
    if get_origin(hint) in (Union, types.UnionType):
        return {"anyOf": [_value_schema(option, definitions) for option in get_args(hint)]}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _value_schema(get_args(hint)[0], definitions)}
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if dataclasses.is_dataclass(hint):
        return dict(schema_of(hint, definitions))  # type: ignore[arg-type]
    words = {float: "number", int: "integer", bool: "boolean", str: "string", type(None): "null"}
    return {"type": words[hint]}


def _escaped(key: object) -> str:
    """A key as a JSON pointer token (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")
