"""The webhooks actor and real receivers on loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.webhooks import waiting_file
from actors.webhooks.actor import KEEP_EVERY_S
from messages import Moment, ScreeningEnded, ScreeningStarted
from tests.integration.webhooks.webhook_receiver import KEY, open_receiver, open_stage, serve_on
from tests.unit.webhooks import notices
from tests.unit.webhooks.notices import AWARDED, CEM, OVER, PLANNED, STARTED, hide


def now_over(clock_s: float) -> ScreeningEnded:
    """Return the end of the film as of now: an old one is not told."""
    return replace(OVER, at=Moment(clock_s, 0.0))


def now_started(clock_s: float) -> ScreeningStarted:
    """Return the start of the film as of now."""
    return replace(STARTED, at=Moment(clock_s, 0.0))


def test_each_event_is_posted_once_signed_and_in_order(tmp_path: Path) -> None:
    """It is acknowledged as soon as the actor has it."""
    with open_receiver() as receiver, open_stage(tmp_path, f"{receiver.url}/hook/x", webhook_secret=KEY) as stage:
        now_s = stage.clock.now().wall_s
        badge = replace(AWARDED.badges[0], earned_at_s=now_s)
        told = (now_started(now_s), now_over(now_s), replace(PLANNED, at_s=now_s), replace(AWARDED, badges=(badge,)))
        for notice in told:
            stage.tell(notice)
        stage.work_until(lambda: len(stage.acknowledged) == 4)
    events = [document["event"] for document in receiver.documents()]
    assert events == ["film_started", "film_ended", "night_planned", "badge_earned"]
    for (path, headers, body), document in zip(receiver.requests, receiver.documents(), strict=True):
        assert path == "/hook/x"
        assert headers["content-type"] == "application/json; charset=utf-8"
        assert headers["webhook-id"] == document["id"]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_a_failing_receiver_gets_events_later_and_delays_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Health names only its host; the rest of the address is in neither health nor log."""
    caplog.set_level("INFO", "webhooks")
    with (
        open_receiver(500, 503) as failing,
        open_receiver() as healthy,
        open_stage(tmp_path, f"{failing.url}/hook/geheim?auth=geheim", f"{healthy.url}/other") as stage,
    ):
        stage.tell(now_over(stage.clock.now().wall_s))
        stage.work_until(lambda: len(healthy.requests) == 1 and len(failing.requests) == 1)
        host = failing.url.removeprefix("http://")
        stage.work_until(lambda: host in stage.actor._health.degraded)
        assert "HTTP 500" in stage.actor._health.degraded
        assert not stage.acknowledged
        stage.work_until(lambda: len(stage.acknowledged) == 1)
        stage.work_until(lambda: not stage.actor._health.degraded)
    assert [document["id"] for document in failing.documents()] == [healthy.documents()[0]["id"]] * 3
    assert "takes events again" in caplog.text
    assert "geheim" not in caplog.text


def test_a_viewer_who_hides_while_an_event_waits_is_not_named(tmp_path: Path) -> None:
    """Usher checks who may be named right before each attempt."""
    with open_receiver(503) as receiver, open_stage(tmp_path, receiver.url) as stage:
        stage.tell(now_over(stage.clock.now().wall_s))
        stage.work_until(lambda: len(receiver.requests) == 1)
        stage.viewers = hide(CEM)
        stage.work_until(lambda: len(stage.acknowledged) == 1)
    first, second = receiver.documents()
    assert [viewer["name"] for viewer in first["screening"]["viewers"]] == ["Iris", "Cem"]
    assert [viewer["name"] for viewer in second["screening"]["viewers"]] == ["Iris"]


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """Somebody else's address never gets what is posted."""
    with (
        open_receiver() as other,
        open_receiver(307, headers={"Location": f"{other.url}/stolen"}) as receiver,
        open_stage(tmp_path, receiver.url) as stage,
    ):
        stage.tell(now_over(stage.clock.now().wall_s))
        stage.work_until(lambda: len(stage.acknowledged) == 1)
        assert len(receiver.requests) == 2
        assert not other.requests


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://169.254.169.254/latest", "169.254.169.254 is not the address of one machine in your network"),
        ("http://93.184.216.34/hook", "93.184.216.34 is outside your network, where only https may be used"),
        ("http://[ff02::1]/hook", "ff02::1 is not the address of one machine in your network"),
    ],
)
def test_an_address_that_is_not_permitted_is_not_connected_to(tmp_path: Path, url: str, cause: str) -> None:
    """Health says which and why."""
    with open_stage(tmp_path, url) as stage:
        stage.tell(now_over(stage.clock.now().wall_s))
        stage.work_until(lambda: cause in stage.actor._health.degraded)


def test_a_port_where_nobody_listens_is_named_by_its_cause(tmp_path: Path) -> None:
    """And persistence that does not answer: nothing is posted then."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hook"
        with open_stage(tmp_path, url) as stage:
            stage.tell(now_over(stage.clock.now().wall_s))
            stage.work_until(lambda: "refused" in stage.actor._health.degraded.lower())
            assert not stage.acknowledged


def test_events_that_are_not_chosen_are_acknowledged_and_not_posted(tmp_path: Path) -> None:
    """WEBHOOK_EVENTS."""
    with open_receiver() as receiver, open_stage(tmp_path, receiver.url, webhook_events=("film_ended",)) as stage:
        now_s = stage.clock.now().wall_s
        stage.tell(now_started(now_s))
        stage.tell(now_over(now_s))
        stage.work_until(lambda: len(stage.acknowledged) == 2)
    assert [document["event"] for document in receiver.documents()] == ["film_ended"]


def test_an_event_of_hidden_viewers_alone_is_acknowledged_and_not_posted(tmp_path: Path) -> None:
    """It waits for nothing."""
    alone = notices.screening(notices.BOTH[1], host="Cem", party=False)
    with open_receiver() as receiver, open_stage(tmp_path, receiver.url) as stage:
        stage.viewers = hide(CEM)
        stage.tell(replace(now_over(stage.clock.now().wall_s), screening=alone))
        stage.work_until(lambda: len(stage.acknowledged) == 1)
    assert not receiver.requests


def test_events_waiting_at_a_stop_are_posted_after_the_next_start(tmp_path: Path) -> None:
    """Once and in order; a viewer who hid meanwhile is not named, and the file has no address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hook/geheim"
        with open_receiver() as healthy, open_stage(tmp_path, url, f"{healthy.url}/geheim") as stage:
            now_s = stage.clock.now().wall_s
            told = [replace(now_over(now_s), at=Moment(now_s - number, 0.0)) for number in range(3)]
            for notice in told:
                stage.tell(notice)
            stage.work_until(lambda: len(healthy.requests) == 3 and "refused" in stage.actor._health.degraded.lower())
            ids = [document["id"] for document in healthy.documents()]
            stage.restart()
            file = tmp_path / waiting_file.NAME
            assert file.stat().st_mode & 0o777 == 0o600 and b"geheim" not in file.read_bytes()
            assert not stage.acknowledged
            stage.tell(told[1])  # its sender has been started again, too, and tells it anew
            stage.viewers = hide(CEM)
            taken.listen()
            with serve_on(taken) as back:
                stage.work_until(lambda: len(back.requests) == 3 and len(stage.acknowledged) == 1)
                stage.work_until(lambda: not file.exists(), 2 * KEEP_EVERY_S)
            assert [document["id"] for document in back.documents()] == ids
            assert "Cem" not in str(back.documents()) and len(healthy.requests) == 4


@pytest.mark.parametrize(
    "content", [b"", b"\xc1", b"\x91\x92\xa1a\xa1b", b"\x80", b"\x91" * 3000, b"\x91\x92\xa1a\x91\xa4pong"]
)
def test_an_unreadable_file_of_waiting_events_is_one_log_line(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a file, another program's, or of another version; the actor starts."""
    (tmp_path / waiting_file.NAME).write_bytes(content)
    with open_receiver() as receiver, open_stage(tmp_path, receiver.url) as stage:
        stage.tell(now_over(stage.clock.now().wall_s))
        stage.work_until(lambda: len(stage.acknowledged) == 1)
    assert len([record for record in caplog.records if "cannot be read" in record.getMessage()]) <= 1
    assert not [record for record in caplog.records if record.exc_info]


def test_events_for_a_removed_receiver_are_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With a log line; those for the others are posted."""
    with open_receiver(*[503] * 50) as gone, open_receiver() as other, open_stage(tmp_path, gone.url) as stage:
        stage.tell(now_over(stage.clock.now().wall_s))
        stage.work_until(lambda: bool(gone.requests))
        stage.restart(other.url)
        stage.work_until(lambda: "not in WEBHOOK_URLS any more" in caplog.text)
    assert not other.requests
