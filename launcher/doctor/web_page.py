"""Checks the web page: whether Usher can listen, whether its public address answers, and how members sign in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import requests

import config
from diagnosis.findings import Finding, error, note, ok
from launcher.connection.run_state import read_running_state
from launcher.doctor.discord_rest import ApiStatusError, DiscordApi
from setting_checks import is_loopback

DEFAULT_PORT = 8765
ANSWER_S = 5.0


def check_web_page(settings: config.Settings) -> Iterator[Finding]:
    """Check the page; yields nothing if there is none."""
    if not settings.web_port:
        return
    yield _check_port(settings)
    if settings.web_url:
        yield _check_address(settings.web_url)
    parts = urlsplit(settings.page_url)
    if settings.web_access == "local":
        if not is_loopback(parts.hostname or "") and not settings.web_trusted_proxies:
            yield note("page", "page.local_address", address=settings.page_url, setting="WEB_ACCESS")
        return
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        yield note("page", "page.not_https", setting="WEB_URL")
    if bool(settings.discord_client_id) != bool(settings.discord_client_secret):
        yield error("page", "page.half_oauth", id="DISCORD_CLIENT_ID", secret="DISCORD_CLIENT_SECRET")  # noqa: S106
    elif settings.discord_client_id:
        yield from _check_application(settings)


def explain_busy_port(host: str, port: int) -> str:
    """Return why Usher cannot listen at this address; empty if it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family):
            return ""
    except OSError as failure:
        return failure.strerror or type(failure).__name__


def _check_port(settings: config.Settings) -> Finding:
    where = f"{settings.web_bind}:{settings.web_port}"
    if read_running_state(Path(settings.data_dir).absolute()) is None:
        busy = explain_busy_port(settings.web_bind, settings.web_port)
        if busy:
            return error("page", "page.cannot_listen", address=where, error=busy, setting="WEB_PORT")
        return ok("page", "page.free", address=where)
    host = "127.0.0.1" if settings.web_bind in ("0.0.0.0", "localhost") else settings.web_bind  # noqa: S104
    host = "[::1]" if host == "::" else f"[{host}]" if ":" in host else host
    problem = _ask_health(f"http://{host}:{settings.web_port}")
    if problem:
        return error("page", "page.silent", address=where, error=problem)
    return ok("page", "page.answers", address=where)


def _check_address(url: str) -> Finding:
    problem = _ask_health(url)
    if problem:
        return note("page", "page.unreachable", address=url, error=problem, setting="WEB_URL")
    return ok("page", "page.answers", address=url)


def _ask_health(base: str) -> str:
    """Request the page's health; return what is wrong, or an empty text if it answers as Usher's page does."""
    try:
        answer = requests.get(f"{base}/health", timeout=ANSWER_S, allow_redirects=False)
    except requests.exceptions.RequestException as failure:
        return type(failure).__name__
    is_ours = answer.headers.get("Cross-Origin-Opener-Policy") == "same-origin"
    return "" if is_ours and answer.status_code in (200, 503) else f"HTTP {answer.status_code}"


def _check_application(settings: config.Settings) -> Iterator[Finding]:
    """Check whether the client id is that of the bot's application; yields nothing if Discord does not answer."""
    try:
        known = str(DiscordApi(settings).get("/oauth2/applications/@me")["id"])
    except (ApiStatusError, requests.exceptions.RequestException, KeyError, TypeError, ValueError):
        return  # the checks of Discord report it
    if known != str(settings.discord_client_id):
        yield error("page", "page.other_application", setting="DISCORD_CLIENT_ID", id=known)
    else:
        yield ok("page", "page.oauth", address=f"{settings.page_url}/sign-in/discord")
