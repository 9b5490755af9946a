"""Sharing a page by a link, and ending that."""

import secrets

from actors.web.action import ActionRequest, action
from actors.web.page import PageNotFoundError
from messages import EndShares, OpenShare, ShareKind

TOKEN_BYTES = 16
"""128 random bits."""
KINDS: tuple[ShareKind, ...] = ("year", "night", "badge")


@action("/me/share")
async def open_share(request: ActionRequest) -> str:
    """Share one of the member's own pages, and show it."""
    kind = next((each for each in KINDS if each == request.form.get("kind")), None)
    if kind is None:
        raise PageNotFoundError
    asked = OpenShare(
        secrets.token_urlsafe(TOKEN_BYTES), request.reader.asker, kind, request.form.get("subject", "")[:100]
    )
    share = (await request.ask(asked)).share
    if share is None:
        raise PageNotFoundError
    return f"/s/{share.token}"


@action("/me/share/end")
async def end_share(request: ActionRequest) -> str:
    """End one of the member's own shares."""
    await request.ask(EndShares(request.reader.asker, request.form.get("token", "")[:100] or "-"))
    return "/me?done=share"
