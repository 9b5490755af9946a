"""What is posted: as docs/webhooks.md shows it, and nothing about hidden viewers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actors.webhooks.payload import Notice, build_payload, make_event
from actors.webhooks.signing import sign
from messages import LinkedAccount, Moment, ScreeningEnded, VisibleViewers
from tests.unit.webhooks import notices
from tests.unit.webhooks.notices import AWARDED, BEGAN, BOTH, CEM, ENDED, EVERYBODY, IRIS, OVER, PLANNED, STARTED, hide
from wording.translation import use_language

BERLIN = ZoneInfo("Europe/Berlin")
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def read_blocks(language: str) -> list[str]:
    """Return the fenced blocks of the page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def build(notice: Notice, viewers: VisibleViewers = EVERYBODY) -> dict[str, Any] | None:
    """Return what is posted of a notice."""
    return build_payload(make_event(notice), viewers, BERLIN)


@pytest.mark.parametrize("number", range(4), ids=["film_started", "film_ended", "night_planned", "badge_earned"])
def test_the_page_shows_what_is_posted(number: int) -> None:
    """Each example is what the evening of the tests gives, to the last field."""
    assert json.loads(read_blocks("json")[number]) == build(notices.EVENTS[number])


def test_the_receiver_of_the_page_takes_what_is_signed_and_nothing_else() -> None:
    """The Python of the page is run."""
    scope: dict[str, Any] = {}
    exec(read_blocks("python")[0], scope)  # noqa: S102  # our own page
    check = scope["is_from_usher"]
    key, body = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD", b'{"event": "film_started"}'
    headers = sign(key, "film_started-1", 1_764_000_000, body)
    assert check(key, headers, body, 1_764_000_010)
    assert check(f"whsec_{key}", headers, body, 1_764_000_010)
    assert not check(key, headers, body + b" ", 1_764_000_010)
    assert not check(key[::-1], headers, body, 1_764_000_010)
    assert not check(key, headers, body, 1_764_000_301)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of their libraries' own tests."""
    headers = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert "webhook-signature" not in sign("", "id", 1, b"{}")


def names(payload: dict[str, Any] | None) -> list[str]:
    """Return who is named as a viewer."""
    assert payload is not None
    return [viewer["name"] for viewer in payload["screening"]["viewers"]]


@pytest.mark.parametrize("choice", ["private", "untracked"])
def test_a_hidden_viewer_is_neither_named_nor_counted(choice: Any) -> None:
    """Also where the event was told before the choice was made."""
    payload = build(OVER, hide(CEM, choice))
    assert names(payload) == ["Iris"]
    assert payload is not None
    assert payload["body"] == "Film ended · 1 viewer"
    assert "Cem" not in json.dumps(payload)
    assert build(AWARDED, hide(CEM, choice)) is None


def test_a_hidden_host_is_nobody_and_the_account_of_a_hidden_member_is_hidden_too() -> None:
    """Their own seat says who the host is."""
    payload = build(OVER, hide(IRIS))
    assert payload is not None
    assert payload["screening"]["host"] is None
    assert "Iris" not in json.dumps(payload)
    seats = (replace(BOTH[0], viewer_id="plex:srv:1"), BOTH[1])
    told = ScreeningEnded(Moment(ENDED, 0.0), notices.screening(*seats))
    linked = hide(IRIS, "private", LinkedAccount("plex:srv:1", "Iris", IRIS, "Iris"))
    assert "Iris" not in json.dumps(build(told, linked))


def test_a_film_that_only_hidden_viewers_see_is_not_told() -> None:
    """Its title would say what they watch."""
    alone = notices.screening(BOTH[0], party=False)
    assert build(replace(STARTED, screening=alone), hide(IRIS)) is None
    assert build(replace(OVER, screening=alone), hide(IRIS)) is None
    assert build(replace(OVER, screening=alone)) is not None


def test_a_seat_without_an_id_stays_unnamed() -> None:
    """It is a hidden viewer's, whatever the directory says by now."""
    unnamed = replace(BOTH[1], viewer_id="", username="Somebody")
    assert names(build(replace(OVER, screening=notices.screening(BOTH[0], unnamed)))) == ["Iris"]


def test_what_was_said_of_the_forgotten_is_not_told_and_what_is_said_later_is() -> None:
    """Somebody who comes back after !forgetme is a viewer like any other."""
    assert names(build(OVER, VisibleViewers((), (), ((CEM, ENDED + 60),)))) == ["Iris"]
    assert build(AWARDED, VisibleViewers((), (), ((CEM, ENDED + 60),))) is None
    assert names(build(OVER, VisibleViewers((), (), ((CEM, BEGAN - 3600),)))) == ["Iris", "Cem"]


def test_nobody_is_listed_who_was_there_for_a_moment() -> None:
    """Brief watches count nowhere."""
    brief = notices.seat(CEM, "Cem", ENDED - 30, 0.3, brief=True)
    assert names(build(replace(OVER, screening=notices.screening(BOTH[0], brief)))) == ["Iris"]


def test_no_id_of_a_person_and_no_player_is_posted() -> None:
    """Neither Discord's nor Plex's, and players are called after people."""
    everything = json.dumps([build(notice) for notice in notices.EVENTS])
    for secret in (IRIS, CEM, "plex:srv", "TV"):
        assert secret not in everything


def test_an_event_keeps_its_id_and_another_has_another() -> None:
    """Receivers know a repeat by it; a film that goes on after its end ends again."""
    ids = {make_event(notice).event_id for notice in notices.EVENTS}
    assert len(ids) == 4
    assert make_event(OVER).event_id == make_event(OVER).event_id
    later = replace(OVER, at=Moment(ENDED + 600, 0.0))
    chosen_later = replace(PLANNED, item=None)
    assert make_event(later).event_id not in ids
    assert make_event(chosen_later).event_id not in ids


def test_an_open_night_has_no_film_and_texts_are_in_the_language_of_the_bot() -> None:
    """BOT_LANGUAGE is for title and body alone."""
    with use_language("de"):
        payload = build(replace(PLANNED, item=None))
    assert payload is not None
    assert payload["film"] is None
    assert payload["event"] == "night_planned"
    assert payload["title"] == "Filmabend"
    assert payload["body"] == "Filmabend · Freitag, 27. November, 20:30"


def test_a_server_s_own_emoji_is_not_posted_in_the_text() -> None:
    """Only Discord can show it; programs get it as it is."""
    badge = replace(AWARDED.badges[0], emoji="<:reel:123>")
    payload = build(replace(AWARDED, badges=(badge,)))
    assert payload is not None
    assert payload["body"] == "Badge earned: Film Fan"
    assert payload["badges"][0]["emoji"] == "<:reel:123>"
