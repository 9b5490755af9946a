"""Planning a film night on Discord: what is understood, what is made of it, and what is said where it is not."""

import base64
import datetime
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from messages import FilmsFound, FindFilms
from tests.integration.discord.discord_stage import Stage, answer, until
from tests.integration.discord.planned_night import PICTURE, events, in_minutes, kept, knowing_a_film, plan
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and a Plex that knows one film."""
    with knowing_a_film(tmp_path) as made:
        yield made


def test_a_night_is_planned_with_poster_place_and_length(stage: Stage) -> None:
    """By whoever may manage events; the reply links to it."""
    item = samples.screening().item
    assert item.duration_ms is not None
    with stage.acting():
        made = plan(stage)
        assert item.title in made["name"]
        assert made["channel_id"] == str(stage.discord.channel("Cinema").id)
        sent = next(
            each for each in stage.discord.recorder.requests if each["method"] == "POST" and each["body"].get("image")
        )
        assert base64.b64decode(sent["body"]["image"].partition(",")[2]) == PICTURE
        start, end = (datetime.datetime.fromisoformat(made[f"scheduled_{part}_time"]) for part in ("start", "end"))
        assert (end - start).total_seconds() == item.duration_ms / 1000 + 900
        listed = answer(stage, "Chiara", "!night").embeds[0]["description"]
        assert item.title in listed
        assert made["id"] in listed


def test_only_who_may_plans_and_what_is_not_understood_is_said(stage: Stage) -> None:
    """A cure in each refusal, and no event."""
    with stage.acting():
        assert "No film night is planned" in answer(stage, "Chiara", "!night").embeds[0]["description"]
        denied = answer(stage, "Chiara", "!night dune tomorrow 20:30")
        assert "Manage Events" in denied.embeds[0]["description"]
        vague = answer(stage, "Iris", "!night dune someday")
        assert "friday 20:30" in vague.embeds[0]["description"]
        for day in ("2020-01-01", "yesterday"):
            past = answer(stage, "Iris", f"!night dune {day} 20:30")
            assert "is in the past" in past.embeds[0]["description"]
        stage.plex.answers[FindFilms] = FilmsFound()
        unknown = answer(stage, "Iris", "!night nosuchfilm tomorrow 20:30")
        assert "nosuchfilm" in unknown.embeds[0]["description"]
        stage.plex.answers[FindFilms] = FilmsFound(problem="Plex at plex:32400 refuses connections")
        away = answer(stage, "Iris", "!night dune tomorrow 20:30")
        assert "refuses connections" in away.embeds[0]["description"]
    assert events(stage) == []


@pytest.mark.parametrize(
    ("said", "known", "title", "weekday"),
    [
        ("!night black sunday 20:30", ("Black Sunday", "Black"), "Black Sunday", None),
        ("!night black sunday 20:30", ("Black",), "Black", 6),
        ('!night "Black Sunday" 20:30', ("Black", "Black Sunday"), "Black Sunday", None),
        ("!night Schindler’s List 20:30", ("Schindler's List",), "Schindler's List", None),
    ],
)
def test_a_day_in_a_title_is_told_from_the_time(
    stage: Stage, said: str, known: tuple[str, ...], title: str, weekday: int | None
) -> None:
    """Plex has a film of the longer name, or the title is quoted: then the day is part of it."""
    films = {name.casefold(): samples.item(name, year=None) for name in known}

    def search(asked: FindFilms) -> FilmsFound:
        return FilmsFound(tuple(film for name, film in films.items() if asked.words.casefold() in name))

    stage.plex.answers[FindFilms] = search
    with stage.acting():
        made = plan(stage, said)
    assert made["name"] == f"🎬 {title}"
    if weekday is not None:
        assert datetime.datetime.fromisoformat(made["scheduled_start_time"]).weekday() == weekday


@pytest.mark.parametrize("number", [0, 1])
def test_a_choice_that_is_cut_finds_its_film(stage: Stage, number: int) -> None:
    """Two titles longer than a choice may be, alike as far as it goes; Plex finds whole words. The year is shown."""
    long = "The Amazing and Entirely True Story of a Projectionist Who Would Not Go Home until the Last Reel Was Over "
    films = tuple(
        msgspec.structs.replace(samples.item(f"{long}{part}", year=year), rating_key=key)
        for part, key, year in (("Once", "501", 1961), ("Again", "502", 1962))
    )

    def search(asked: FindFilms) -> FilmsFound:
        typed = asked.words.lower().split()
        return FilmsFound(tuple(film for film in films if set(typed) <= set(film.title.lower().split())))

    stage.plex.answers[FindFilms] = search
    with stage.acting():
        offered = stage.discord.autocomplete("Iris", "night", "title", "amazing")
        assert [each["name"][-7:] for each in offered] == [" (1961)", " (1962)"]
        assert all(len(each["name"]) <= 100 and len(each["value"]) <= 100 for each in offered)
        said = {"title": offered[number]["value"], "when": in_minutes(30)}
        stage.discord.slash("Iris", "night", said)
        until(lambda: events(stage), "it is planned")
        (night,) = until(lambda: kept(stage), "it is remembered")
    assert night["rating_key"] == films[number].rating_key


def test_what_discord_would_refuse_is_said(stage: Stage) -> None:
    """A time in thousands of years, and a name that is cut to what an event may have."""
    with stage.acting():
        assert "five years" in answer(stage, "Iris", "!night dune 9999-12-31 23:59").embeds[0]["description"]
        stage.plex.answers[FindFilms] = FilmsFound((samples.item("שלום עולם " * 20),))
        assert len(plan(stage)["name"]) <= 100
        away = stage.discord.faults.refuse_requests(
            30038, "Maximum number of guild scheduled events reached", 400, "/scheduled-events"
        )
        refused = answer(stage, "Iris", "!night dune tomorrow 20:30")
        stage.discord.faults.heal(away)
    assert "End or delete some of them first." in refused.embeds[0]["description"]


def test_a_title_that_names_an_hour_says_no_time(stage: Stage) -> None:
    """High Noon needs its time, as every film does; an hour that may be either of two is asked after."""
    films = {name.casefold(): samples.item(name, year=None) for name in ("High Noon", "High")}
    stage.plex.answers[FindFilms] = lambda asked: FilmsFound(
        tuple(film for name, film in films.items() if asked.words.casefold() in name)
    )
    with stage.acting():
        assert "When should it begin?" in answer(stage, "Iris", "!night high noon").embeds[0]["description"]
        asked = answer(stage, "Iris", "!night high noon friday at 8").embeds[0]["description"]
        assert "Morning or evening: 8:00 or 20:00?" in asked
        assert not events(stage)
        made = plan(stage, "!night high noon tomorrow midnight")
    assert made["name"] == "🎬 High Noon"
    assert made["scheduled_start_time"][11:16] == "00:00"
