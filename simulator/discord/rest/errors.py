"""The errors with which Discord refuses a request."""

from __future__ import annotations

from simulator.discord.model.guild import Payload


class ApiError(Exception):
    """Refuses a request: with an HTTP status and a body."""

    def __init__(self, status: int, code: int, message: str, errors: Payload | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.body: Payload = {"message": message, "code": code} | ({"errors": errors} if errors else {})


def unauthorized_error() -> ApiError:
    """Return the error for an invalid token."""
    return ApiError(401, 0, "401: Unauthorized")


def no_access() -> ApiError:
    """Return the error for a channel that the bot cannot see."""
    return ApiError(403, 50001, "Missing Access")


def no_permission() -> ApiError:
    """Return the error for a channel that the bot sees, but in which it lacks a permission."""
    return ApiError(403, 50013, "Missing Permissions")


def unknown_error(what: str) -> ApiError:
    """Return the error for something that does not exist; `what` is Discord's name for it."""
    codes = {
        "Channel": 10003, "Guild": 10004, "Member": 10007, "Message": 10008, "User": 10013, "Webhook": 10015,
        "interaction": 10062, "application command": 10063, "Guild Scheduled Event": 10070,
    }  # fmt: skip
    return ApiError(404, codes.get(what, 0), f"Unknown {what}")


def invalid_form(problems: list[tuple[str, str, str]]) -> ApiError:
    """Return the error for an invalid body: each problem is a dotted path, a code and a text."""
    errors: Payload = {}
    for path, code, text in problems:
        inner = errors
        for part in path.split("."):
            inner = inner.setdefault(part, {})
        inner.setdefault("_errors", []).append({"code": code, "message": text})
    return ApiError(400, 50035, "Invalid Form Body", errors)
