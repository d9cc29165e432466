"""OpenAPI schemas of the structs that replies are made of: types, nullability, descriptions, formats.

A field is required unless it may be unset. A union of structs becomes `oneOf`; where they are tagged, the tag
tells them apart. A struct's own docstring is its description.
"""

import inspect as python_inspect
from collections.abc import Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import append_meta, build_choice_field, build_object_type
from msgspec import NODEFAULT, Struct, inspect
from rest_framework.serializers import ChoiceField

Schema = dict[str, Any]

_PLAIN: dict[type[inspect.Type], Schema] = {
    inspect.AnyType: {},
    inspect.BoolType: {"type": "boolean"},
    inspect.IntType: {"type": "integer"},
    inspect.FloatType: {"type": "number", "format": "double"},
    inspect.StrType: {"type": "string"},
    inspect.UUIDType: {"type": "string", "format": "uuid"},
    inspect.DateType: {"type": "string", "format": "date"},
    inspect.DateTimeType: {"type": "string", "format": "date-time"},
}
_BOUNDS = {  # of numbers and texts
    "min_length": "minLength",
    "max_length": "maxLength",
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "pattern": "pattern",
}


class StructSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Lets `extend_schema` take a struct wherever it takes a serializer."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Any) -> str:
        name: str = self.target.__name__
        return name

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> Schema:
        return _Mapping(auto_schema, direction).of_struct(self.target)


def reference(auto_schema: AutoSchema, struct: type[Struct], direction: Any) -> Schema:
    """A reference to the component that describes the struct."""
    component = auto_schema.resolve_serializer(struct, direction)  # type: ignore[arg-type]  # see StructSchema
    found: Schema = component.ref
    return found


def plain_schema(struct: type[Struct]) -> Schema:
    """The schema of a struct that holds no other."""
    return _Mapping(None, "response").of_struct(struct)


class _Mapping:
    """From a type to its schema; a struct inside another is a component of its own."""

    def __init__(self, auto_schema: AutoSchema | None, direction: Any) -> None:
        self._auto_schema = auto_schema
        self._direction = direction

    def of_struct(self, struct: type[Struct]) -> Schema:
        found = inspect.type_info(struct)
        assert isinstance(found, inspect.StructType)
        properties = {field.encode_name: self.of(field.type) for field in found.fields}
        required = [field.encode_name for field in found.fields if not _may_be_unset(field)]
        if found.tag_field is not None:
            tag = build_choice_field(ChoiceField(choices=[found.tag]))
            properties = {found.tag_field: tag, **properties}
            required.append(found.tag_field)
        description = python_inspect.cleandoc(vars(struct).get("__doc__") or "")
        schema: Schema = build_object_type(
            properties=properties, required=sorted(required), description=description
        )
        return schema

    def of(self, kind: inspect.Type) -> Schema:
        """The schema of one type."""
        match kind:
            case inspect.Metadata():
                return self._of_metadata(kind)
            case inspect.UnionType(types=types):
                return self._of_union(types)
            case inspect.StructType(cls=struct):
                assert self._auto_schema is not None
                return reference(self._auto_schema, struct, self._direction)
            case inspect.LiteralType(values=values):
                choices: Schema = build_choice_field(ChoiceField(choices=list(values)))
                return choices
            case inspect.EnumType(cls=enum):
                return dict(build_choice_field(ChoiceField(choices=[each.value for each in enum])))
            case inspect.DictType(value_type=value):
                return {"type": "object", "additionalProperties": self.of(value)}
            case inspect.ListType() | inspect.VarTupleType() | inspect.CollectionType():
                items = self.of(kind.item_type)
                lengths = {"minItems": kind.min_length, "maxItems": kind.max_length}
                return {"type": "array", "items": items} | _given(lengths)
        schema = dict(_PLAIN[type(kind)])
        bounds = {word: getattr(kind, name, None) for name, word in _BOUNDS.items()}
        return schema | _given(bounds)

    def _of_metadata(self, kind: inspect.Metadata) -> Schema:
        said = dict(kind.extra_json_schema or {})
        if kind.extra is not None and "choices" in kind.extra:
            schema = build_choice_field(ChoiceField(choices=kind.extra["choices"]))
            if "description" in said:
                said["description"] += "\n\n" + schema["description"]
        else:
            schema = self.of(kind.type)
        described: Schema = append_meta(schema, said)
        return described

    def _of_union(self, types: Sequence[inspect.Type]) -> Schema:
        others = [self.of(kind) for kind in types if not isinstance(kind, inspect.NoneType)]
        schema: Schema = others[0] if len(others) == 1 else {"oneOf": others, **_discriminator(types)}
        if len(others) < len(types):
            schema = append_meta(schema, {"nullable": True})
        return schema


def _given(bounds: Schema) -> Schema:
    return {word: bound for word, bound in bounds.items() if bound is not None}


def _may_be_unset(field: inspect.Field) -> bool:
    has_default = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
    return not field.required and not has_default


def _discriminator(types: Sequence[inspect.Type]) -> Schema:
    names = {kind.tag_field for kind in types if isinstance(kind, inspect.StructType)}
    if len(names) != 1 or None in names:
        return {}
    tagged = [kind for kind in types if isinstance(kind, inspect.StructType)]
    mapping = {str(kind.tag): f"#/components/schemas/{kind.cls.__name__}" for kind in tagged}
    return {"discriminator": {"propertyName": names.pop(), "mapping": mapping}}
