"""Planning a film night on Discord: what is understood, what is planned, and what is answered otherwise."""

import base64
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from messages import FilmsFound, FindFilms
from tests.integration.discord.discord_stage import Stage, answer, until
from tests.integration.discord.planned_night import PICTURE, events, in_minutes, knowing_a_film, plan, read_nights
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


def test_unclear_or_unauthorised_nights_are_not_planned(stage: Stage) -> None:
    """Each refusal says what to do, and no event is made."""
    with stage.acting():
        assert "No film night is planned" in answer(stage, "Chiara", "!night").embeds[0]["description"]
        denied = answer(stage, "Chiara", "!night metropolis tomorrow 20:30")
        assert "Manage Events" in denied.embeds[0]["description"]
        vague = answer(stage, "Iris", "!night metropolis someday")
        assert "friday 20:30" in vague.embeds[0]["description"]
        past = answer(stage, "Iris", "!night metropolis <t:1577909400:F>")
        assert "is in the past" in past.embeds[0]["description"] and not past.components
        stage.plex.answers[FindFilms] = FilmsFound()
        unknown = answer(stage, "Iris", "!night nosuchfilm tomorrow 20:30")
        assert "nosuchfilm" in unknown.embeds[0]["description"]
        stage.plex.answers[FindFilms] = FilmsFound(problem="Plex at plex:32400 refuses connections")
        away = answer(stage, "Iris", "!night metropolis tomorrow 20:30")
        assert "refuses connections" in away.embeds[0]["description"]
    assert events(stage) == []


@pytest.mark.parametrize(
    ("said", "known", "title", "weekday"),
    [
        ("!night black sunday 20:30", ("Black Sunday", "Blackboard"), "Black Sunday", None),
        ("!night black sunday 20:30", ("Black",), "Black", 6),
        ('!night "Black Sunday" 20:30', ("Black", "Black Sunday"), "Black Sunday", None),
        ("!night Schindler’s List 20:30", ("Schindler's List",), "Schindler's List", None),
        ("!night amelie 20:30", ("Amélie",), "Amélie", None),
        ("!night apollo 13 20:30", ("Apollo 13",), "Apollo 13", None),
    ],
)
def test_a_day_that_is_part_of_a_title_is_not_the_time(
    stage: Stage, said: str, known: tuple[str, ...], title: str, weekday: int | None
) -> None:
    """Plex has a film of exactly that name, or the title is in quotation marks."""
    know_films(stage, *known)
    with stage.acting():
        made = plan(stage, said)
    assert made["name"] == f"🎬 {title}"
    if weekday is not None:
        assert read_start(stage, made).weekday() == weekday


def read_start(stage: Stage, event: dict[str, Any]) -> datetime.datetime:
    """When an event begins, by the clocks of the community."""
    return datetime.datetime.fromisoformat(event["scheduled_start_time"]).astimezone(stage.zone)


def know_films(stage: Stage, *names: str, year: int | None = None) -> None:
    """Have Plex find films whose title and the words have a word in common, as its search does."""
    films = [samples.item(name, year=year) for name in names]
    films = [msgspec.structs.replace(film, rating_key=str(n)) for n, film in enumerate(films, 50)]

    def search(asked: FindFilms) -> FilmsFound:
        words = set(fold(asked.words).split())
        return FilmsFound(tuple(film for film in films if words & set(fold(film.title).split())))

    stage.plex.answers[FindFilms] = search


def fold(text: str) -> str:
    """Without accents and apostrophes, in lower case."""
    return text.casefold().replace("é", "e").replace("’", "'").replace("'", "")


def buttons(said: Any) -> list[dict[str, Any]]:
    """Return the buttons below a message."""
    return [button for row in said.components for button in row["components"]]


@pytest.mark.parametrize(
    ("said", "question", "labels"),
    [
        ("!night metropolis someday please", "I didn't understand that time.", 0),
        ("!night metropolis 2099-12-24 8pm please", "I didn't understand “please”.\nDid you mean this?", 1),
        ('!night "Metropolis" 2099-12-24 8pm all of you', "I didn't understand “all of you”.", 1),
        ("!night metropolis tomorrow at 8 please", "I didn't understand “please”.\nMorning or evening?", 2),
        ("!night metropolis smurfday tomorrow 20:30 please", "Did you mean this?", 1),
        ("!night metropolis tomorrow at 8", "Morning or evening?", 2),
        ("!night metropolis tomorrow", "What time?", 4),
        ("!night metropolis next friday 20:30", "Which day?", 2),
        ("!night metropolis yesterday 20:30", "is in the past. The next time?", 1),
        ("!night metropolis smurfday tomorrow 20:30", 'No film on Plex is called "metropolis smurfday".', 1),
        ("!night black sunday 20:30", "Which film?", 2),
        ("!night metropolis 1/2 20:30", "Which day?", 2),
    ],
)
def test_an_ambiguous_night_is_asked_back(stage: Stage, said: str, question: str, labels: int) -> None:
    """With a button for each reading; nothing is planned on a guess. On a Friday or in May some would be clear."""
    stage.begins_s = datetime.datetime(2026, 11, 24, 14, 30, tzinfo=stage.zone).timestamp()
    know_films(stage, "Metropolis", "Black", "Black Sunday")
    with stage.acting():
        asked = answer(stage, "Iris", said)
        assert question in asked.embeds[0]["description"]
        found = [button["label"] for button in buttons(asked)]
        assert len(found) == labels == len(set(found))
    assert not events(stage)


def test_a_button_plans_its_reading_of_the_night(stage: Stage) -> None:
    """Only for members who may plan; others are told why nothing happens."""
    know_films(stage, "Metropolis")
    with stage.acting():
        asked = answer(stage, "Iris", "!night metropolis tomorrow at 8")
        _morning, evening = (button["custom_id"] for button in buttons(asked))
        refused = stage.discord.click("Chiara", asked, evening).wait_reply()
        assert "Manage Events" in refused.embeds[0]["description"] and not events(stage)
        planned = stage.discord.click("Iris", asked, evening).wait_reply()
        made = until(lambda: events(stage), "it is planned")[0]
        until(lambda: not planned.components, "the question makes way")
    assert made["name"] == "🎬 Metropolis"
    assert f"{read_start(stage, made):%H:%M}" == "20:00"


def test_a_question_is_answered_after_a_restart(stage: Stage) -> None:
    """What its buttons mean is in the store."""
    know_films(stage, "Metropolis")
    with stage.acting():
        asked = answer(stage, "Iris", "!night metropolis tomorrow at 8")
    with stage.acting():
        until(lambda: stage.read_state("night_questions"), "it is remembered")
        stage.discord.click("Iris", asked, buttons(asked)[1]["custom_id"])
        until(lambda: events(stage), "it is planned")


def test_times_are_suggested_while_typing(stage: Stage) -> None:
    """What is chosen is an unambiguous time."""
    know_films(stage, "Metropolis")
    with stage.acting():
        offered = stage.discord.autocomplete("Iris", "night", "when", "tomorrow at 8")
        assert [each["name"][-5:] for each in offered] == ["08:00", "20:00"]
        stage.discord.slash("Iris", "night", {"title": "Metropolis", "when": offered[1]["value"]})
        made = until(lambda: events(stage), "it is planned")[0]
    assert f"{read_start(stage, made):%H:%M}" == "20:00"


@pytest.mark.parametrize("number", [0, 1])
def test_a_title_cut_to_fit_a_choice_finds_its_film(stage: Stage, number: int) -> None:
    """Two long titles that are equal as far as a choice reaches; Plex finds whole words. The year is shown."""
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
        said = {"title": offered[number]["value"], "when": in_minutes(stage, 30)}
        stage.discord.slash("Iris", "night", said)
        until(lambda: events(stage), "it is planned")
        (night,) = until(lambda: read_nights(stage), "it is remembered")
    assert night["rating_key"] == films[number].rating_key


def test_nights_that_discord_would_refuse_are_answered(stage: Stage) -> None:
    """A time in thousands of years; a longer name is cut to what an event may have."""
    with stage.acting():
        assert "five years" in answer(stage, "Iris", "!night metropolis 9999-12-30 20:30").embeds[0]["description"]
        title = "שלום עולם " * 20
        stage.plex.answers[FindFilms] = FilmsFound((samples.item(title),))
        assert len(plan(stage, f'!night "{title}" {in_minutes(stage, 20)}')["name"]) <= 100
        know_films(stage, "Metropolis")
        away = stage.discord.faults.refuse_requests(
            30038, "Maximum number of guild scheduled events reached", 400, "/scheduled-events"
        )
        refused = answer(stage, "Iris", "!night metropolis tomorrow 20:30")
        stage.discord.faults.heal(away)
    assert "End or delete some of them first." in refused.embeds[0]["description"]


def test_an_hour_in_a_title_is_not_the_time(stage: Stage) -> None:
    """High Noon needs a time, as every film does."""
    know_films(stage, "High Noon", "High")
    with stage.acting():
        assert "When should it begin?" in answer(stage, "Iris", "!night high noon").embeds[0]["description"]
        made = plan(stage, "!night high noon tonight midnight")
    assert made["name"] == "🎬 High Noon"
    assert f"{read_start(stage, made):%H:%M}" == "00:00"
