"""`/api/openapi.json`: the description of the API (OpenAPI 3.1)."""

import re
from typing import Any

import msgspec

from actors.web.api import endpoints  # noqa: F401  # importing it declares the endpoints
from actors.web.api.endpoint import ENDPOINTS, JSON, PREFIX, TEXTS, ApiAddress, Parameter, TextAddress
from actors.web.api.json_answers import describe_type
from actors.web.document import Document, document
from actors.web.page import PageRequest
from actors.web.readers import Access
from version import VERSION

LONGEST = 200
_ERRORS = {
    "401": "Sign in first, or send a token: Authorization: Bearer ...",
    "404": "This address does not exist, or this reader may not see it.",
    "503": "A part of Usher does not answer at the moment.",
}


@document("api/openapi.json", "/api/openapi.json", access=Access.EVERYBODY)
async def make_description(_request: PageRequest) -> Document:
    """Make the description."""
    return Document(msgspec.json.encode(describe_api()).decode(), JSON)


def describe_api() -> dict[str, Any]:
    """Return the description of every endpoint."""
    schemas: dict[str, Any] = {
        "Error": {
            "type": "object",
            "properties": {"error": {"type": "string"}},
            "required": ["error"],
            "additionalProperties": False,
        }
    }
    paths: dict[str, Any] = {path: {"get": _describe_endpoint(each, schemas)} for path, each in ENDPOINTS.items()}
    paths |= {each.path: _describe_text(each) for each in TEXTS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Usher",
            "version": VERSION,
            "description": "The pages' data as JSON. Times are seconds since 1970, UTC; positions in a film are "
            "milliseconds. Hidden viewers of a screening are counted there, but not named.",
        },
        "servers": [{"url": PREFIX}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _describe_endpoint(declared: ApiAddress, schemas: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": declared.about, "content": {JSON: {"schema": describe_type(declared.answer, schemas)}}}
    error = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
    return {
        **_describe_operation(declared),
        "responses": {"200": answer} | {status: {"description": about, **error} for status, about in _ERRORS.items()},
    }


def _describe_text(declared: TextAddress) -> dict[str, Any]:
    """Return the description of an address whose answer has no schema."""
    answer = {"description": declared.about, "content": {declared.content_type: {"schema": {"type": "string"}}}}
    errors = {status: {"description": about} for status, about in _ERRORS.items() if status != "404"}
    operation = {**_describe_operation(declared), "responses": {"200": answer} | errors}
    return {"servers": [{"url": declared.server}], "get": operation}


def _describe_operation(declared: ApiAddress | TextAddress) -> dict[str, Any]:
    return {
        "operationId": re.sub(r"[^A-Za-z]+", "_", declared.path).strip("_"),
        "summary": declared.about,
        "parameters": [_describe_parameter(each) for each in declared.parameters],
    }


def _describe_parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": LONGEST}
    if parameter.pattern:
        schema["pattern"] = parameter.pattern
    if parameter.choices:
        schema = {"enum": list(parameter.choices)}
    if parameter.in_path and not parameter.pattern:
        schema["minLength"] = 1
    return {
        "name": parameter.name,
        "in": "path" if parameter.in_path else "query",
        "required": parameter.in_path,
        "description": parameter.about,
        "schema": schema,
    }
