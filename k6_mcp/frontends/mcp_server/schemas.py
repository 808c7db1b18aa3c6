"""JSON schemas as clients should see them: plain properties, no noise, no references, few tokens."""

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from pydantic import BaseModel

Schema: TypeAlias = dict[str, Any]
_NOISE = ("title", "default")  # defaults are said in the descriptions: some clients strip the keyword
_ONLY_FOR_INPUT = ("description", "additionalProperties", "format")
_ONLY_NEAR_THE_TOP = ("enum", "required")


def input_schema(model: type[BaseModel], *, last: tuple[str, ...] = ()) -> Schema:
    """Return the schema of `model`'s arguments: strict, references inlined, optional instead of nullable; `last` come last."""
    schema = _plain(model.model_json_schema())
    properties = cast("Schema", schema.get("properties", {}))
    ordered = {name: properties[name] for name in (*(name for name in properties if name not in last), *last)}
    return {"type": "object", **_without(schema, "description", "properties"), "properties": ordered}


def output_schema(model: type[BaseModel], *, depth: int = 9) -> Schema:
    """Return the schema of `model` serialised without None, objects deeper than `depth` left open (0: those of its fields).

    Nothing is closed by it, so that a later field breaks no client.
    """
    return _without(_open(_plain(model.model_json_schema()), depth), "description")


def _plain(schema: Schema) -> Schema:
    definitions = cast("Mapping[str, Schema]", schema.get("$defs", {}))
    return _inlined(_without(schema, "$defs"), definitions)


def _inlined(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    if reference := node.get("$ref"):
        return _inlined({**definitions[reference.rpartition("/")[2]], **_without(node, "$ref")}, definitions)
    if "anyOf" in node:
        kept = [variant for variant in node["anyOf"] if not _is_null(variant)]
        if len(kept) == 1:
            return _inlined({**kept[0], **_without(node, "anyOf")}, definitions)
        node = {**node, "anyOf": kept}
    if node.get("type") == "object" and "maxLength" in node:  # what pydantic makes of max_length beside a validator
        node = {**_without(node, "maxLength"), "maxProperties": node["maxLength"]}
    if "required" in node:
        properties = cast("Schema", node["properties"])
        node = {**node, "required": [name for name in node["required"] if not _is_nullable(properties[name])]}
    return {key: _child(key, value, definitions) for key, value in node.items() if key not in _NOISE and value != []}


def _child(key: str, value: object, definitions: Mapping[str, Schema]) -> object:
    if key == "properties":
        return {name: _inlined(child, definitions) for name, child in cast("dict[str, Schema]", value).items()}
    if key in ("anyOf", "prefixItems"):
        return [_inlined(child, definitions) for child in cast("list[Schema]", value)]
    return _inlined(cast("Schema", value), definitions) if isinstance(value, dict) else value


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


def _is_null(node: Schema) -> bool:
    return node.get("type") == "null"


def _is_nullable(node: Schema) -> bool:
    return any(_is_null(variant) for variant in node.get("anyOf", ()))


def _without(node: Schema, *keys: str) -> Schema:
    return {key: value for key, value in node.items() if key not in keys}
