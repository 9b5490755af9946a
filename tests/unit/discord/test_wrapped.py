"""`wrapped` in a simulated Discord: which year and whose, and what people read."""

import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from actors.chat.discord.commands.statistics.wrapped import default_year
from actors.chat.discord.ui import embeds
from charts.picture import AnyDrawing, WrappedCard
from messages import (
    BigNight,
    CommunityYear,
    GetCommunityYear,
    GetPoster,
    GetYear,
    LeaderboardRow,
    Poster,
    TitleCount,
    YearFigures,
    YearOfViewer,
)
from tests.unit.discord import samples

FULL = YearFigures(
    2025, 30, 4, 25, 200_000.0, 6, ("Drama", 12), ("1920s", 9), ("Fritz Lang", 4), ("2025-11", 40_000.0),
    ("2025-11-20", 20_000.0), ("Sátántangó (1994)", 26_340.0), ("Björn", 7), (("2025-11-20", 20_000.0),),
)  # fmt: skip
EMPTY = YearFigures(2025, 0, 0, 0, 0.0, 0)
fails = pytest.mark.simcord(check_errors=False)


def everybody(figures: YearFigures = FULL, name: str = "Ana") -> CommunityYear:
    """An answer of the store."""
    films = (TitleCount("Metropolis", 1927, 9, 4, 40_000.0),) * 5
    top = tuple(LeaderboardRow(n, str(n), name, 9_000.0) for n in range(1, 6))
    return CommunityYear(figures, 12, films, top, BigNight("Metropolis (1927)", samples.NOW.wall_s, 11))


async def test_a_viewers_year(room: Any, actors: Any) -> None:
    """One's own, of the usual year, with all its figures."""
    actors.answers[GetYear] = YearOfViewer("Ana", FULL, (samples.make_badge(),))
    await room.ana.send(room.channel, "!wrapped")
    asked = actors.questions(GetYear)[0]
    assert asked.viewer_id == str(room.ana.id)
    assert asked.year == default_year(datetime.datetime.now(datetime.UTC).date())
    said = room.text()
    for part in (
        "2025 · Ana", "30 films", "25 finished", "4 episodes", "6 days", "Drama · 12×", "1920s · 9×",
        "Fritz Lang · 4×", "November", "Thursday, 20 November", "Sátántangó (1994)", "Björn · 7 watch parties",
        "First Reel",
    ):  # fmt: skip
        assert part in said, part


@fails
async def test_refused_requests_do_not_count_for_the_cooldown(room: Any, actors: Any) -> None:
    """An invalid year costs nothing; the fourth card in ten seconds waits."""
    actors.answers[GetYear] = YearOfViewer("Ana", FULL, ())
    for said in ("!wrapped 1066", "!wrapped nonsense", *["!wrapped 2025"] * 4):
        await room.ana.send(room.channel, said)
    assert len(actors.questions(GetYear)) == 3
    assert "Slow down." in room.text()


@pytest.mark.parametrize("said", ["server 2024", "2024 server"])
async def test_the_servers_year(room: Any, actors: Any, said: str) -> None:
    """Everybody's, the words in either order."""
    actors.answers[GetCommunityYear] = everybody()
    await room.ana.send(room.channel, f"!wrapped {said}")
    assert actors.questions(GetCommunityYear)[0].year == 2024
    for part in ("everybody", "**30 films** · 25 finished", "Metropolis (1927)", "9×", "Biggest night", "11 viewers"):
        assert part in room.text()


@pytest.mark.parametrize(("titles", "said"), [(2, "**30 watches** · **2 films**"), (1, "· **1 film** · 25")])
async def test_films_that_were_watched_several_times_are_told_apart_from_watches(
    room: Any, actors: Any, titles: int, said: str
) -> None:
    """Nine people at two films are no nine films."""
    actors.answers[GetCommunityYear] = everybody(replace(FULL, titles=titles))
    actors.answers[GetYear] = YearOfViewer("Ana", replace(FULL, titles=titles), ())
    for command in ("!wrapped server", "!wrapped"):
        await room.ana.send(room.channel, command)
        assert said in room.text() and "30 films" not in room.text()


async def test_somebody_elses_year(room: Any, actors: Any) -> None:
    """A mention and a year, in either order."""
    actors.answers[GetYear] = YearOfViewer("", EMPTY, ())
    await room.ana.send(room.channel, f"!wrapped 2024 <@{room.boss.id}>")
    await room.ana.send(room.channel, f"!wrapped <@{room.boss.id}> 2024")
    asked = [(question.viewer_id, question.year) for question in actors.questions(GetYear)]
    assert asked == [(str(room.boss.id), 2024)] * 2
    assert "Nothing watched in 2025" in room.text()


@fails
async def test_an_invalid_year_is_refused_with_an_example(room: Any, actors: Any) -> None:
    """The store is not asked."""
    await room.ana.send(room.channel, "!wrapped 12345678")
    assert "I can't look back at 12345678." in room.text()
    await room.ana.send(room.channel, "!wrapped lately")
    assert "Nobody here is called lately." in room.text()
    assert not actors.questions(GetYear)


async def test_wrapped_as_slash_command(room: Any, actors: Any) -> None:
    """The same with /."""
    actors.answers[GetCommunityYear] = everybody()
    await room.ana.slash(room.channel, "wrapped", year=2024, whole="server")
    assert actors.questions(GetCommunityYear)[0].year == 2024


async def test_the_longest_names_stay_within_the_limits(room: Any, actors: Any) -> None:
    """Names and titles of any length, and more badges than fit."""
    long = "*" * 300
    figures = YearFigures(
        2025, 9, 9, 9, 9e6, 9, (long, 1), (long, 1), (long, 1), None, None, (long, 1.0), (long, 1), FULL.days
    )
    actors.answers[GetYear] = YearOfViewer(long, figures, (samples.make_badge(long),) * 60)
    actors.answers[GetCommunityYear] = everybody(figures, long)
    for command in ("!wrapped", "!wrapped server"):
        await room.ana.send(room.channel, command)
        assert embeds.count_units(room.embed()) <= embeds.MOST_IN_MESSAGE
        assert len(room.embed().fields) >= 6


def test_the_year_in_january_is_the_one_before() -> None:
    """What has just ended is what people want to look back at."""
    assert default_year(datetime.date(2027, 1, 31)) == 2026
    assert default_year(datetime.date(2027, 2, 1)) == 2027


class _Renderer:
    """Takes down what is to be drawn, and draws a byte."""

    def __init__(self) -> None:
        self.drawn: list[AnyDrawing] = []

    async def draw(self, drawing: AnyDrawing) -> bytes:
        self.drawn.append(drawing)
        return b"png"


@pytest.mark.parametrize("said", ["!wrapped 2025", "!wrapped 2025 server"])
async def test_the_card_has_the_posters_of_its_films(
    room: Any, actors: Any, actor_client: Any, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """They are fetched when the words are there already; a film that no server has keeps its frame."""
    renderer = _Renderer()
    monkeypatch.setattr(actor_client, "chart_renderer", renderer)
    item = samples.item("Metropolis")
    films = tuple(TitleCount(title, 1927, 9, 4, 40_000.0) for title in ("Metropolis", "M", "Gone", "Fourth"))
    posters = (item, replace(item, thumb="/m"), None, item)
    actors.answers[GetYear] = YearOfViewer("Ana", FULL, (samples.make_badge(),), films=films, posters=posters)
    actors.answers[GetCommunityYear] = replace(everybody(), films=films, posters=posters)
    actors.answers[GetPoster] = lambda asked: Poster(asked.thumb.encode(), "png")
    await room.ana.send(room.channel, said)
    (card,) = renderer.drawn
    assert isinstance(card, WrappedCard)
    assert [film.poster for film in card.films] == [item.thumb.encode(), b"/m", b""]
    message = room.channel.last_message
    assert [each.filename for each in message.attachments] == ["wrapped-2025.png"]
    assert message.embeds[0].image.url.endswith("wrapped-2025.png")
    assert "Longest streak" in str(message.embeds[0].to_dict()), "the words stay beside it"


async def test_a_year_that_is_private_has_no_card(
    room: Any, actors: Any, actor_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is drawn or fetched."""
    renderer = _Renderer()
    monkeypatch.setattr(actor_client, "chart_renderer", renderer)
    actors.answers[GetYear] = YearOfViewer("Ana", EMPTY, (), hidden=True)
    await room.ana.send(room.channel, "!wrapped 2025")
    assert renderer.drawn == [] and actors.questions(GetPoster) == []
