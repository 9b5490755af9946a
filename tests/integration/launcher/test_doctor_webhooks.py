"""The doctor asks the receivers of webhooks whether they are there, and posts nothing."""

from __future__ import annotations

import socket

import pytest

from config import Settings
from diagnosis.findings import Finding, render
from launcher.doctor.webhooks import check_webhooks
from tests.integration.webhooks.webhook_receiver import open_receiver


def check(*urls: str) -> list[Finding]:
    """Return what is found of some addresses."""
    return list(check_webhooks(Settings(webhook_urls=urls)))


@pytest.mark.parametrize(
    ("status", "severity", "text"),
    [
        (204, "ok", "is there"),
        (405, "ok", "is there"),
        (401, "note", "wants to know who posts"),
        (404, "note", "answers HTTP 404"),
        (502, "note", "answers HTTP 502"),
        (308, "error", "with a redirect, which is not followed"),
    ],
)
def test_a_receiver_that_answers_is_judged_by_its_status(status: int, severity: str, text: str) -> None:
    """It gets no event: lights stay as they are, and nobody's phone rings."""
    with open_receiver(status, headers={"Location": "http://127.0.0.1:9/"}) as receiver:
        (finding,) = check(f"{receiver.url}/hook/geheim")
        assert (receiver.probes, receiver.requests) == (1, [])
    words = render(finding)
    assert finding.severity == severity and text in words.text
    assert "geheim" not in f"{words}" and (severity == "ok" or "WEBHOOK_URLS" in words.cure)


def test_an_unusable_receiver_is_an_error_with_its_cause() -> None:
    """Nobody listens there, or the address is not permitted; only the host is named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = check(f"http://127.0.0.1:{taken.getsockname()[1]}/geheim", "http://169.254.169.254/geheim")
    assert [finding.severity for finding in found] == ["error", "error"]
    texts = [render(finding).text for finding in found]
    assert "refused" in texts[0].lower() and "169.254.169.254 is not the address" in texts[1]
    assert "geheim" not in str(texts)


def test_without_addresses_nothing_is_asked() -> None:
    """Also where the settings are wrong, and hold none of their addresses."""
    assert check() == check("", "") == []
