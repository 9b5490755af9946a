"""`python run.py web-link`: prints a link that signs a member in to the web page of the running service."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from actors.sign_in_links import make_sign_in_link
from config import Settings
from launcher.audit import record_command
from launcher.commands.stderr import write_error
from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import GetMember, OpenSignIn
from wording.text import show_controls

MEMBER_S = 10.0
"""Timeout of the question whether somebody is a member, which Discord answers; seconds."""


def main(settings: Settings, user_id: str, console: Console) -> int:
    """Print a link for a member; `user_id` is empty for the owner of the Discord server. Return the exit status."""
    if refusal := _explain_refusal(settings):
        write_error(refusal)
        return 1
    data_dir = Path(settings.data_dir)
    link = make_sign_in_link(settings.page_url)
    try:
        with ServiceClient(data_dir) as service:
            member = service.ask(GetMember(user_id), MEMBER_S)
            if not member.viewer_id:
                write_error(f"{user_id} is no member of the Discord server: name the id of somebody who is.")
                return 1
            service.ask(OpenSignIn(link.token_hash, member.viewer_id, member.name))
    except NotReachedError as error:
        write_error(str(error))
        return 1
    record_command(data_dir, "web-link", member.viewer_id, "done")
    console.print(Text(link.address), soft_wrap=True)
    console.print(Text(show_controls(f"Signs in as {member.name} ({member.viewer_id}): good once, for five minutes.")))
    return 0


def _explain_refusal(settings: Settings) -> str:
    """Return why nobody can sign in; empty if it is possible."""
    if not settings.web_port:
        return "There is no web page: set WEB_PORT."
    if settings.web_access == "local":
        return "Nobody signs in to a page for this machine alone: set WEB_ACCESS=members."
    return ""
