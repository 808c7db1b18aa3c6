"""JSON schemas as clients should see them: plain properties, no noise, no references, few tokens.

Making them from the models would add about 30 ms to each start of a server, so they are stored in
`schemas.json`. `make schemas` renews this file, and a test compares it with the models.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

Schema: TypeAlias = dict[str, Any]
_ANYTHING: Schema = {"anyOf": [{"type": name} for name in ("string", "object", "array", "number", "boolean")]}
_ONLY_FOR_INPUT = ("description", "additionalProperties", "format")
_ONLY_NEAR_THE_TOP = ("enum", "required")


def input_schema(model: type[BaseModel], *, last: tuple[str, ...] = ()) -> Schema:
    """Return the schema of `model`'s arguments, with the properties in `last` at the end.

    It is strict, with inlined references, and optional instead of nullable.
    """
    schema = kept.of(model)
    properties = cast("Schema", schema.get("properties", {}))
    ordered = {name: properties[name] for name in (*(name for name in properties if name not in last), *last)}
    return {"type": "object", **_without(schema, "description", "properties"), "properties": ordered}


def output_schema(model: type[BaseModel], *, depth: int = 9) -> Schema:
    """Return the schema of `model` serialized without None.

    Objects deeper than `depth` are left open (0: those of its fields). The schema forbids no additional
    properties, so that new fields break no client.
    """
    return _without(_open(kept.of(model), depth), "description")


class KeptSchemas:
    """Plain schemas by the full name of their model.

    They come from `file` if it has them. Otherwise they are made, and stored in `made`.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._kept: Mapping[str, Schema] | None = None if file else {}
        self.made: dict[str, Schema] = {}

    def of(self, model: type[BaseModel]) -> Schema:
        """Return the schema of `model`, which callers must not change."""
        name = full_name(model)
        if self._kept is None and self._file is not None:
            self._kept = cast("Mapping[str, Schema]", json.loads(self._file.read_text(encoding="utf-8")))
        if self._kept and (kept := self._kept.get(name)):
            return kept
        if name not in self.made:
            self.made[name] = _made(model)
        return self.made[name]


FILE = Path(__file__).with_name("schemas.json")
kept = KeptSchemas(FILE)


def full_name(model: type[BaseModel]) -> str:
    """Return the name under which a model's schema is stored."""
    return f"{model.__module__}.{model.__qualname__}"


def _made(model: type[BaseModel]) -> Schema:
    schema = model.model_json_schema(schema_generator=_Plain)
    return _inlined(_without(schema, "$defs"), cast("Mapping[str, Schema]", schema.get("$defs", {})))


class _Plain(GenerateJsonSchema):
    """Makes fields optional instead of nullable, and leaves out defaults.

    Descriptions contain the defaults, because some clients strip the keyword.
    """

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return super().field_is_required(field, total) and field["schema"]["type"] != "nullable"

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _inlined(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    if reference := node.get("$ref"):
        return _inlined({**definitions[reference.rpartition("/")[2]], **_without(node, "$ref")}, definitions)
    # Pydantic makes maxLength of max_length if the field also has a validator.
    if node.get("type") == "object" and "maxLength" in node:
        node = {**_without(node, "maxLength"), "maxProperties": node["maxLength"]}
    return {key: _child(key, value, definitions) for key, value in node.items() if key != "title"}


def _child(key: str, value: object, definitions: Mapping[str, Schema]) -> object:
    if key == "properties":
        properties = cast("dict[str, Schema]", value)
        return {name: _typed(_inlined(child, definitions)) for name, child in properties.items()}
    if key in ("anyOf", "prefixItems"):
        return [_inlined(child, definitions) for child in cast("list[Schema]", value)]
    return _inlined(cast("Schema", value), definitions) if isinstance(value, dict) else value


def _typed(node: Schema) -> Schema:
    return node if node.keys() & {"type", "anyOf", "enum", "const"} else {**_ANYTHING, **node}


def _open(node: Schema, depth: int, level: int = 0) -> Schema:
    if level > depth and node.get("type") == "object":
        return {"type": "object"}
    opened: Schema = {}
    for key, value in node.items():
        if key == "properties":
            opened[key] = {name: _open(child, depth, level + 1) for name, child in value.items()}
        elif key in ("anyOf", "prefixItems"):
            opened[key] = [_open(child, depth, level) for child in value]
        elif isinstance(value, dict):
            opened[key] = _open(cast("Schema", value), depth, level)
        elif key not in _ONLY_FOR_INPUT and (level <= 1 or key not in _ONLY_NEAR_THE_TOP):
            opened[key] = value
    return opened


def _without(node: Schema, *keys: str) -> Schema:
    return {key: value for key, value in node.items() if key not in keys}
