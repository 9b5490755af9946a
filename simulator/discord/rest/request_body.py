"""Reads a request's body: its JSON, and the files of a multipart form."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from simulator.discord.model.guild import Payload
from simulator.discord.model.ids import snowflake
from simulator.discord.model.messages import Attachment
from simulator.discord.rest.errors import ApiError

BODY: web.RequestKey[Any] = web.RequestKey("body", object)
FILES: web.RequestKey[dict[int, Attachment]] = web.RequestKey("files", dict)
_FILE_FIELD = re.compile(r"files\[(\d+)\]")


async def read_body(request: web.Request) -> None:
    """Put the request's JSON (None if it has none) under BODY and its files, by their number, under FILES."""
    request[FILES] = {}
    request[BODY] = None
    if request.content_type == "multipart/form-data":
        await _read_form(request)
        return
    raw = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        request[BODY] = dict(parse_qsl(raw.decode()))
    elif raw:
        request[BODY] = _parse_json(raw)


async def _read_form(request: web.Request) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ApiError(400, 50109, "The request body contains invalid JSON.")
        content = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            request[BODY] = _parse_json(content)
            continue
        number = _FILE_FIELD.fullmatch(part.name or "")
        if number is None:
            raise ApiError(400, 50035, f"Invalid Form Body: a part is named {part.name!r}")
        kind = part.headers.get("Content-Type", "application/octet-stream")
        request[FILES][int(number[1])] = Attachment(snowflake(), part.filename or "file", content, kind)


def _parse_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError as error:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from error


def body_of(request: web.Request) -> Payload:
    """Return the request's JSON object."""
    found = request[BODY]
    if not isinstance(found, dict):
        raise ApiError(400, 50109, "The request body contains invalid JSON.")
    return found


def list_of(request: web.Request) -> list[Payload]:
    """Return the request's JSON list."""
    found = request[BODY]
    if not isinstance(found, list):
        raise ApiError(400, 50109, "The request body contains invalid JSON.")
    return found


def attachments_of(body: Payload, files: dict[int, Attachment], kept: list[Attachment]) -> list[Attachment]:
    """Return a message's files after a request: the new ones, and the old ones that it lists (without a list, all)."""
    listed = body.get("attachments")
    if listed is None:
        return [*kept, *(files[number] for number in sorted(files))]
    found: list[Attachment] = []
    for each in listed:
        old = next((one for one in kept if str(one.id) == str(each.get("id"))), None)
        if old is not None:
            found.append(old)
        elif int(each.get("id", -1)) in files:
            new = files[int(each["id"])]
            name = each.get("filename") or new.filename
            found.append(Attachment(new.id, name, new.content, new.content_type, each.get("description")))
        else:
            raise ApiError(400, 50035, f"Invalid Form Body: attachment {each.get('id')} came with no file")
    return found
