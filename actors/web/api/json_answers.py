"""Answers of the actors as JSON: fields by name, viewers without ids; and the schema of the result."""

import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec.structs import replace

from actors.web.page import PageRequest
from messages import Item, LeaderboardRow, Moment, MovieStats, Screening, UpcomingNight, ViewerList
from viewers.slugs import make_viewer_slug

_OMITTED = frozenset({"channel_id", "guild_id", "player", "seen", "server_id", "session_key"})
"""Fields that reveal something about the servers, or have no use outside."""
_LEFT_OUT: dict[type[msgspec.Struct], tuple[str, ...]] = {MovieStats: ("recent", "running"), UpcomingNight: ("said",)}
"""Fields that no page shows."""
_ITEM_FIELDS = (
    "kind", "title", "year", "duration_ms", "genres", "directors", "show", "season", "episode", "live",
)  # fmt: skip
_OF_VIEWERS = frozenset({"viewer_id", "came", "said"})
"""Fields with viewer ids, which are replaced by short names."""
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def convert(value: Any, request: PageRequest) -> Any:
    """Return an answer as plain objects: structs as mappings of their fields, viewers by their short names.

    Hidden viewers of a screening are only counted: the minutes that somebody saw would reveal who it is.
    """
    if isinstance(value, Item):
        plain = {name: convert(getattr(value, name), request) for name in _ITEM_FIELDS}
        return plain | {"poster": request.poster(value) or None}
    if isinstance(value, UpcomingNight):
        plain = _convert_fields(value, request)
        return plain | {"rsvps": len(value.said)}
    if isinstance(value, Screening):
        shown = tuple(seat for seat in value.seats if seat.viewer_id)
        plain = _convert_fields(replace(value, seats=shown), request)
        return plain | {"hidden": len(value.seats) - len(shown)}
    if isinstance(value, Moment):
        return value.wall_s
    if isinstance(value, msgspec.Struct):
        return _convert_fields(value, request)
    if isinstance(value, Mapping):
        return {str(name): convert(each, request) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [convert(each, request) for each in value]
    return value


def describe_type(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of what `convert` returns for this type; add structs to `schemas`, by name."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, typing.NewType):
        return describe_type(kind.__supertype__, schemas)
    if origin in (Union, types.UnionType):
        return {"anyOf": [describe_type(each, schemas) for each in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": describe_type(arguments[0], schemas)}
    if origin is tuple:
        parts = [describe_type(each, schemas) for each in arguments]
        return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}
    if origin is dict:
        return {"type": "object", "additionalProperties": describe_type(arguments[1], schemas)}
    if kind is Moment:
        return {"type": "number"}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _describe_struct(kind, schemas)
    return {"type": _PLAIN[kind]}


def _convert_fields(value: msgspec.Struct, request: PageRequest) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name in value.__struct_fields__:
        field = getattr(value, name)
        if _is_left_out(type(value), name):
            continue
        if name == "viewer_id":
            plain["viewer"] = _name_viewer(field, request)
        elif name in _OF_VIEWERS:
            plain[name] = [_name_viewer(each, request) for each in field]
        elif name == "next_after" and isinstance(value, ViewerList):
            plain[name] = _name_viewer(field, request) or ""
        else:
            plain[name] = convert(field, request)
    if isinstance(value, LeaderboardRow) and not value.viewer_id:  # an equal figure elsewhere would reveal who it is
        plain["value"] = None
    return plain


def _is_left_out(kind: type[msgspec.Struct], field: str) -> bool:
    return field in _OMITTED or field in _LEFT_OUT.get(kind, ())


def _name_viewer(viewer_id: str, request: PageRequest) -> str | None:
    """Return the short name that a viewer has in addresses; None if the viewer may not be named."""
    return make_viewer_slug(request.key, viewer_id) if viewer_id else None


def _describe_struct(kind: type[msgspec.Struct], schemas: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in schemas:
        schemas[name] = {}  # a struct may contain others of its type
        hints = typing.get_type_hints(kind)
        fields: dict[str, Any] = {}
        for field in _ITEM_FIELDS if kind is Item else kind.__struct_fields__:
            if _is_left_out(kind, field):
                continue
            if field == "viewer_id":
                fields["viewer"] = {"type": ["string", "null"]}
            elif field in _OF_VIEWERS:
                fields[field] = {"type": "array", "items": {"type": "string"}}
            else:
                fields[field] = describe_type(hints[field], schemas)
        if kind is LeaderboardRow:
            fields["value"] = {"type": ["number", "null"]}
        if kind is Item:
            fields["poster"] = {"type": ["string", "null"]}
        if kind is UpcomingNight:
            fields["rsvps"] = {"type": "integer"}
        if kind is Screening:
            fields["hidden"] = {"type": "integer"}
        schemas[name] = {
            "type": "object",
            "properties": fields,
            "required": list(fields),
            "additionalProperties": False,
        }
    return {"$ref": f"#/components/schemas/{name}"}
