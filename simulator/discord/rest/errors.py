"""The ways in which Discord says no."""

from __future__ import annotations

from simulator.discord.model.guild import Payload


class ApiError(Exception):
    """Discord refuses a request: HTTP status and body."""

    def __init__(self, status: int, code: int, message: str, errors: Payload | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.body: Payload = {"message": message, "code": code} | ({"errors": errors} if errors else {})


def unauthorized_error() -> ApiError:
    """The token is not one."""
    return ApiError(401, 0, "401: Unauthorized")


def no_access() -> ApiError:
    """The bot cannot see the channel."""
    return ApiError(403, 50001, "Missing Access")


def no_permission() -> ApiError:
    """The bot sees the channel and may not do this there."""
    return ApiError(403, 50013, "Missing Permissions")


def unknown_error(what: str) -> ApiError:
    """There is no such thing; `what` as Discord names it."""
    codes = {
        "Channel": 10003, "Guild": 10004, "Member": 10007, "Message": 10008, "User": 10013, "Webhook": 10015,
        "interaction": 10062, "application command": 10063, "Guild Scheduled Event": 10070,
    }  # fmt: skip
    return ApiError(404, codes.get(what, 0), f"Unknown {what}")


def invalid_form(problems: list[tuple[str, str, str]]) -> ApiError:
    """What was sent is refused: each problem is a dotted path, a code and a text."""
    errors: Payload = {}
    for path, code, text in problems:
        inner = errors
        for part in path.split("."):
            inner = inner.setdefault(part, {})
        inner.setdefault("_errors", []).append({"code": code, "message": text})
    return ApiError(400, 50035, "Invalid Form Body", errors)
