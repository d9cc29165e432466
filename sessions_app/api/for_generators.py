"""The last touch on the OpenAPI document: what generators of clients need (hook of drf-spectacular)."""

import json
from collections import defaultdict
from typing import Any

Schema = dict[str, Any]


def fit_for_generators(result: Schema, **_: Any) -> Schema:
    """Change the document in place."""
    components: dict[str, Schema] = result["components"]["schemas"]
    for component in components.values():
        for field in component.get("properties", {}).values():
            _say_default(field)
        if mapping := component.get("discriminator", {}).get("mapping"):
            _show_discriminator(components, component["discriminator"]["propertyName"], mapping)
    return result


def _say_default(field: Schema) -> None:
    """In words: from a `default` they conclude that a field is always there, in requests, too."""
    usual = field.pop("default", None)
    if usual in (None, "", []):
        return
    said = f"Left out: {usual if isinstance(usual, str) else json.dumps(usual)}."
    told = field.get("description", "")
    apart = "\n\n" if "\n" in told else " "  # behind a list of choices
    field["description"] = f"{told}{apart}{said}" if told else said


def _show_discriminator(components: dict[str, Schema], name: str, mapping: dict[str, str]) -> None:
    """Where it leads to one of several again, that is an object and says the field itself."""
    values = defaultdict(list)
    for value, reference in mapping.items():
        values[reference.rpartition("/")[2]].append(value)
    for each, its_values in values.items():
        if "oneOf" in components[each]:
            field = {"type": "string", "enum": its_values}
            components[each] |= {"type": "object", "properties": {name: field}, "required": [name]}
