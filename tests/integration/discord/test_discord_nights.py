"""Film nights planned on Discord: begun and ended with their film, and what their record says."""

import datetime
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.chat.discord.features.film_night import scheduled_events
from actors.chat.discord.features.film_night.planned_night import BREAK_S
from messages import (
    SOMEBODY,
    Attendee,
    FilmsFound,
    FindFilms,
    ListUpcomingNights,
    PositionMs,
    RecordRsvps,
    Screening,
    ScreeningStarted,
)
from simulator.discord.faults import RestFault
from simulator.discord.model.guild import Member
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, until
from tests.integration.discord.planned_night import (
    ends,
    events,
    in_minutes,
    knowing_a_film,
    plan,
    plays,
    read_nights,
    screening,
)
from tests.unit.discord import samples

SCHEDULED, ACTIVE, COMPLETED, CANCELED = 1, 2, 3, 4


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and a Plex that knows one film."""
    with knowing_a_film(tmp_path) as made:
        yield made


def test_a_night_begins_and_ends_with_its_film_over_a_restart(stage: Stage) -> None:
    """What was planned yesterday begins today; another film does not begin it."""
    with stage.acting():
        made = plan(stage)
    shown = screening(stage)
    another = msgspec.structs.replace(shown.item, rating_key="999", title="Nosferatu")
    other = screening(stage, screening_id="another", item=another)
    with stage.acting():
        stage.tracker.tell(ScreeningStarted(samples.NOW, shown)).wait(WITHIN_S)
        plays(stage, other)
        plays(stage, msgspec.structs.replace(shown, party=False))
        assert made["status"] == SCHEDULED
        plays(stage, shown)
        until(lambda: events(stage)[0]["status"] == ACTIVE, "the event begins")
    with stage.acting():
        ends(stage, shown)
        until(lambda: events(stage)[0]["status"] == COMPLETED, "the event ends")


PLEX_GUID, OTHER_GUID = "plex://movie/5d776834", "plex://movie/5d7768ff"


@pytest.mark.parametrize(
    ("planned", "played", "begins"),
    [
        ({"guid": PLEX_GUID}, {"guid": PLEX_GUID, "title": "Metropolis: Final Cut", "year": 2001}, True),
        ({"guid": PLEX_GUID}, {"guid": PLEX_GUID, "server_id": "machine-b"}, True),
        ({"guid": PLEX_GUID}, {"guid": OTHER_GUID}, False),
        ({"guid": PLEX_GUID}, {"guid": "com.plexapp.agents.imdb://tt0017136?lang=de", "title": "METROPOLIS"}, True),
        ({}, {"server_id": "machine-b"}, True),
        ({"guid": "local://7"}, {"guid": "local://7", "server_id": "machine-b", "title": "Nosferatu"}, False),
        ({"guid": "local://7"}, {"guid": "local://8", "server_id": "machine-b"}, True),
        ({}, {"year": 2001}, False),
        ({"year": None}, {"year": None}, False),
        ({"guid": PLEX_GUID}, {"guid": PLEX_GUID, "kind": "clip"}, False),
    ],
)
def test_another_copy_of_the_film_begins_its_night(
    stage: Stage, planned: dict[str, Any], played: dict[str, Any], begins: bool
) -> None:
    """From another server, library or edition, over a restart; a film that only looks similar does not."""
    item = msgspec.structs.replace(samples.item(), **planned)
    stage.plex.answers[FindFilms] = FilmsFound((item,))
    copy = msgspec.structs.replace(item, **{"rating_key": "999", **played})
    with stage.acting():
        made = plan(stage)
    with stage.acting():
        plays(stage, screening(stage, screening_id="copy", item=copy))
        if not begins:
            plays(stage, screening(stage, item=item))
        begun = until(lambda: read_nights(stage)[0]["screening_id"], "the event begins")
    assert made["status"] == ACTIVE
    assert (begun == "copy") == begins


def broken_off(stage: Stage) -> None:
    """A night begins, and its film stops after ten minutes."""
    film = screening(stage, position_ms=PositionMs(600_000))
    plan(stage)
    plays(stage, film)
    until(lambda: events(stage)[0]["status"] == ACTIVE, "the event begins")
    ends(stage, film)
    until(lambda: read_nights(stage)[0]["left_s"], "the break is noted")


def test_a_night_waits_for_a_film_that_was_interrupted(stage: Stage) -> None:
    """An event that has ended cannot begin again: it waits, and ends with the film."""
    second = screening(stage, screening_id="second", session_key="2")
    with stage.acting():
        broken_off(stage)
        plays(stage)
        plays(stage, second)
        until(lambda: read_nights(stage)[0]["screening_id"] == "second", "the film goes on")
        assert events(stage)[0]["status"] == ACTIVE
        assert read_nights(stage)[0]["left_s"] == 0.0
        ends(stage, second)
        until(lambda: events(stage)[0]["status"] == COMPLETED, "the event ends")
    assert read_nights(stage) == []


def test_a_night_ends_if_its_film_is_not_resumed(stage: Stage) -> None:
    """After half an hour, also if that passes while the bot is away."""
    with stage.acting():
        broken_off(stage)
    ((event_id, night),) = stage.read_state("film_night").items()
    stage.remember("film_night", event_id, {**night, "left_s": night["left_s"] - BREAK_S})
    assert events(stage)[0]["status"] == ACTIVE
    with stage.acting():
        until(lambda: events(stage)[0]["status"] == COMPLETED, "the event ends")
        until(lambda: not read_nights(stage), "it is forgotten")


def move_event(stage: Stage, event: dict[str, Any], hours: float) -> None:
    """Somebody moves an event in Discord."""
    for part in ("start", "end"):
        was = datetime.datetime.fromisoformat(event[f"scheduled_{part}_time"])
        event[f"scheduled_{part}_time"] = (was + datetime.timedelta(hours=hours)).isoformat()


def test_a_night_that_was_moved_begins_at_its_new_time(stage: Stage) -> None:
    """Put off to tomorrow, today's film does not begin it; planned for tomorrow and moved to now, it does."""
    with stage.acting():
        made = plan(stage)
        move_event(stage, made, 24)
        plays(stage, screening(stage))
        until(lambda: read_nights(stage)[0]["starts_s"] > time.time() + 20 * 3600, "the new time is known")
        plays(stage, screening(stage))
        assert made["status"] == SCHEDULED
        move_event(stage, made, -24)
        plays(stage, screening(stage, screening_id="second"))
        until(lambda: made["status"] == ACTIVE, "the event begins")


def test_the_nearer_of_two_nights_of_a_film_begins(stage: Stage) -> None:
    """A matinee that nobody came to, and the evening."""
    with stage.acting():
        matinee = plan(stage, f"!night metropolis {in_minutes(stage, 150)}")
        plan(stage)
        (evening,) = (event for event in events(stage) if event is not matinee)
        plays(stage, screening(stage))
        until(lambda: evening["status"] == ACTIVE, "the nearer begins")
        assert matinee["status"] == SCHEDULED


def test_other_events_of_the_same_film_that_evening_are_cancelled(stage: Stage) -> None:
    """The film begins the nearest of three; tomorrow's stays. The record counts interest in all of them."""
    with stage.acting():
        evening = plan(stage)
        for minutes in (50, 24 * 60, 51):
            plan(stage, f"!night metropolis {in_minutes(stage, minutes)}")
        _, later, tomorrow, afternoon = events(stage)
        move_event(stage, afternoon, -4)
        stage.discord.press_interested("Chiara", evening["id"])
        stage.discord.press_interested("Björn", later["id"])
        stage.discord.faults.add(RestFault(503, f"/scheduled-events/{later['id']}", "PATCH", times=2))
        fields = show(stage, screening(stage, seats=seats(stage, "Chiara", "Björn")))
        said = until(lambda: fields().get("📅 RSVPs · 2", ""), "who had said so")
        assert "2 showed up" in said
        assert [event["status"] for event in (later, tomorrow, afternoon)] == [CANCELED, SCHEDULED, CANCELED]
        assert [night["event_id"] for night in read_nights(stage)] == [int(tomorrow["id"])]


def test_a_night_planned_during_the_film_does_not_begin_with_it(stage: Stage) -> None:
    """The film has its event: the next one is for another showing, however near."""
    with stage.acting():
        first = plan(stage)
        shown = screening(stage)
        plays(stage, shown)
        until(lambda: first["status"] == ACTIVE, "the event begins")
        plan(stage, f"!night metropolis {in_minutes(stage, 25)}")
        (second,) = (event for event in events(stage) if event is not first)
        plays(stage, shown)
        ends(stage, shown)
        until(lambda: first["status"] == COMPLETED, "the event ends")
        assert second["status"] == SCHEDULED
        plays(stage, screening(stage, screening_id="second"))
        until(lambda: second["status"] == ACTIVE, "the next showing")


def test_beginning_a_night_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord fails for longer than all attempts of one request take; the film is still playing."""
    monkeypatch.setattr(scheduled_events, "_TRIES", 1)
    with stage.acting():
        made = plan(stage)
        away = stage.discord.faults.fail_requests(503, "/scheduled-events/")
        plays(stage, screening(stage))
        until(lambda: "do it by hand" in caplog.text, "it gives up", 30)
        stage.discord.faults.heal(away)
        plays(stage, screening(stage))
        until(lambda: made["status"] == ACTIVE, "the event begins")


def test_a_night_begins_late_if_discord_was_away(stage: Stage) -> None:
    """However long: the film is in the record, and its event begins as soon as there is a connection."""
    with stage.acting():
        plan(stage)
    away = stage.discord.faults.fail_requests(503)
    with stage.acting(wait=False):
        until(lambda: stage.discord.recorder.count("GET", "/users/@me") > 1, "it tries to log in")
        plays(stage, screening(stage))
        assert events(stage)[0]["status"] == SCHEDULED
        stage.discord.faults.heal(away)
        until(lambda: events(stage)[0]["status"] == ACTIVE, "the event begins")


def test_a_night_that_was_called_off_is_forgotten(stage: Stage) -> None:
    """Its film begins all the same, and nothing else is asked of Discord for it."""
    with stage.acting():
        plan(stage)
        stage.discord.guild.events.clear()
        plays(stage, screening(stage))
        asked = until(lambda: stage.discord.recorder.count("GET", "/scheduled-events/"), "it is looked for")
        plays(stage, screening(stage, screening_id="again"))
        assert stage.discord.recorder.count("GET", "/scheduled-events/") == asked
    assert not stage.read_state("film_night")


def seats(stage: Stage, *names: str, **changes: Any) -> tuple[Attendee, ...]:
    """Members of the server who watched."""
    return tuple(samples.seat(name, viewer_id=str(stage.discord.member(name).id), **changes) for name in names)


def show(stage: Stage, shown: Screening) -> Callable[[], dict[str, str]]:
    """Let the night's film begin and end; return the record's fields by name."""
    before = len(stage.discord.messages("film-club", by_bot=True))
    stage.tracker.tell(ScreeningStarted(samples.NOW, msgspec.structs.replace(shown, party=False))).wait(WITHIN_S)
    plays(stage, shown)
    until(lambda: events(stage)[0]["status"] == ACTIVE, "the event begins")
    card = stage.discord.messages("film-club", by_bot=True)[before]
    ends(stage, shown)
    until(lambda: events(stage)[0]["status"] == COMPLETED, "the event ends")
    return lambda: {each["name"]: each["value"] for each in card.embeds[0].get("fields", [])}


def test_the_record_compares_who_came_with_who_was_interested(stage: Stage) -> None:
    """More were interested than Discord lists at once; brief visits do not count; nobody is mentioned."""
    crowd = [stage.discord.add_member(f"Guest {number}") for number in range(120)]
    private = samples.seat(SOMEBODY, viewer_id="")
    with stage.acting():
        made = plan(stage)
        those: list[Member | str | int] = ["Chiara", "Dr. *Noodle*", "Iris", "אורי", *crowd, stage.discord.world.bot.id]
        for who in those:
            stage.discord.press_interested(who, made["id"])
        stage.discord.press_interested("אורי", made["id"], pressed=False)
        came = seats(stage, "Chiara", "Dr. *Noodle*", "Björn", crowd[-1].display_name)
        host = samples.seat("Rosa", viewer_id="plex:machine-a:1")
        shown = screening(stage, seats=(*came, *seats(stage, "Iris", brief=True), private, host))
        fields = show(stage, shown)
        said = until(lambda: fields().get("📅 RSVPs · 123", ""), "who had said so")
    assert said == "3 showed up · 1 walk-in · 1 hidden member\nChiara, Dr. \\*Noodle\\* and Guest 119"
    assert "<@" not in said


def test_the_record_works_without_interested_members(stage: Stage) -> None:
    """If there are none, or Discord does not say: the event ends anyway."""
    shown = screening(stage, seats=seats(stage, "Chiara"))
    with stage.acting():
        made = plan(stage)
        assert not show(stage, shown)()
        assert stage.discord.recorder.count("GET", f"{made['id']}/users") == 1
        stage.discord.guild.events.clear()
        made = plan(stage)
        stage.discord.press_interested("Chiara", made["id"])
        stage.discord.faults.refuse_requests(50013, "Missing Permissions", path=f"{made['id']}/users")
        assert not show(stage, screening(stage, screening_id="second", seats=shown.seats))()
        assert stage.discord.recorder.count("GET", f"{made['id']}/users") == 1


def test_the_page_is_told_of_nights_and_interested_members(stage: Stage) -> None:
    """Before and during the film; when it is over, the store is told who was interested."""
    with stage.acting():
        made = plan(stage)
        for who in ("Chiara", "Björn"):
            stage.discord.press_interested(who, made["id"])
        said = tuple(sorted((str(stage.discord.member(who).id) for who in ("Chiara", "Björn")), key=int))
        (night,) = stage.tracker.ask(ListUpcomingNights()).nights
        assert night.item is not None
        assert (night.item.title, night.said, night.screening_id) == ("Metropolis", said, "")
        assert night.item.duration_ms == samples.screening().item.duration_ms
        assert night.url.endswith(made["id"])
        shown = screening(stage, seats=seats(stage, "Chiara"))
        plays(stage, shown)
        until(lambda: made["status"] == ACTIVE, "the event begins")
        (night,) = stage.tracker.ask(ListUpcomingNights()).nights
        assert night.screening_id == shown.screening_id
        ends(stage, shown)
        until(lambda: stage.persistence.list_heard(RecordRsvps), "the store is told")
        (told,) = stage.persistence.list_heard(RecordRsvps)
        assert (told.screening_id, told.viewer_ids) == (shown.screening_id, said)
        assert stage.tracker.ask(ListUpcomingNights()).nights == ()
