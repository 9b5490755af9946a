"""Checks whether each webhook receiver can be reached and accepts posts. Nothing is posted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http import HTTPStatus

import config
from actors.webhooks.http_post import ProbeResult, WebhookClient
from diagnosis.findings import Finding, error, note, ok

_TAKES_POST_ALONE = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
_WANTS_CREDENTIALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)


def check_webhooks(settings: config.Settings) -> Iterator[Finding]:
    """Request each receiver by HEAD, as the service posts: through its proxy, and only to permitted hosts."""
    urls = [url for url in settings.webhook_urls if url]  # invalid settings have no address here
    if urls:
        yield from asyncio.run(_ask_all(urls))


async def _ask_all(urls: list[str]) -> list[Finding]:
    clients = [WebhookClient(url) for url in urls]
    try:
        results = await asyncio.gather(*(client.probe() for client in clients))
    finally:
        await asyncio.gather(*(client.close() for client in clients))
    return [_judge(client.name, result) for client, result in zip(clients, results, strict=True)]


def _judge(name: str, result: ProbeResult) -> Finding:
    if result.failure is not None:
        return error("webhooks", "webhook.silent", name=name, reason=result.failure, setting="WEBHOOK_URLS")
    if result.status in _WANTS_CREDENTIALS:
        return note("webhooks", "webhook.credentials", name=name, status=result.status, setting="WEBHOOK_URLS")
    if result.status >= HTTPStatus.BAD_REQUEST and result.status not in _TAKES_POST_ALONE:
        return note("webhooks", "webhook.status", name=name, status=result.status, setting="WEBHOOK_URLS")
    return ok("webhooks", "webhook.ok", name=name)
