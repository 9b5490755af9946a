"""`suggest` and `suggestions` in a simulated Discord: what is asked of the store, and what people read."""

from typing import Any

import pytest
from msgspec.structs import replace

from actors.chat.discord.ui import embeds, suggestion_lines
from messages import (
    FilmsFound,
    FilmSuggested,
    FilmWithdrawn,
    FindFilms,
    GetPoster,
    GetSuggestions,
    Item,
    Poster,
    StartTracking,
    SuggestedFilm,
    SuggestFilm,
    SuggestionsPage,
    TrackingPlan,
    VoiceMember,
    WithdrawFilm,
)
from tests.unit.discord import samples

fails = pytest.mark.simcord(check_errors=False)
"""A test in which a command is refused: simcord would take the refusal for a bug."""
METROPOLIS = replace(samples.item(), thumb="/thumb")
REMAKE = replace(METROPOLIS, rating_key="12", year=2001)
ID = "0123456789abcdef"


def suggest_film(item: Item | None = METROPOLIS, **changes: Any) -> SuggestedFilm:
    """A film on the list."""
    plain: dict[str, Any] = {
        "suggestion_id": ID, "title": item.title if item else "Greed", "year": item.year if item else None,
        "item": item, "suggested_by": "1", "suggested_at_s": samples.NOW.wall_s, "wanted": 1, "names": ("Ana",),
        "is_mine": True, "seen": 0, "asked_of": 3,
    }  # fmt: skip
    return SuggestedFilm(**{**plain, **changes})


@pytest.fixture
def library(actors: Any) -> None:
    """A Plex with two films of one name, a poster, three members in the voice channel, and a store that takes all."""
    films = (METROPOLIS, REMAKE, samples.item("Brazil", year=1985))
    actors.answers[FindFilms] = lambda asked: FilmsFound(
        tuple(film for film in films if asked.words.casefold() in film.title.casefold())
    )
    actors.answers[GetPoster] = Poster(problem="no poster")
    members = tuple(VoiceMember(str(n), name) for n, name in enumerate(("Ana", "Björn", "Cem")))
    actors.answers[StartTracking] = TrackingPlan((), members, "", ())
    actors.answers[SuggestFilm] = lambda asked: FilmSuggested(
        "added", suggest_film(asked.item, title=asked.title or "Metropolis")
    )


@pytest.mark.usefixtures("library")
async def test_a_film_of_the_library_is_suggested_by_its_name(room: Any, actors: Any) -> None:
    """With its year where there are several; who is in the channel is asked after."""
    await room.ana.send(room.channel, "!suggest metropolis (2001)")
    (asked,) = actors.questions(SuggestFilm)
    assert (asked.item, asked.username, asked.limit) == (REMAKE, "ana", 5)
    assert [member.name for member in asked.members] == ["Ana", "Björn", "Cem"]
    assert "Added to the list." in room.text() and "nobody here has seen it" in room.text()


@pytest.mark.usefixtures("library")
async def test_an_unclear_title_is_asked_back(room: Any, actors: Any) -> None:
    """Several films of that name, or none: buttons offer the choices; nothing is suggested before."""
    await room.ana.send(room.channel, "!suggest Metropolis")
    assert "Several films" in room.text() and not actors.questions(SuggestFilm)
    offer = room.channel.last_message
    await room.boss.click(offer, label="Metropolis (2001)")
    assert actors.questions(SuggestFilm)[-1].item == REMAKE
    assert actors.questions(SuggestFilm)[-1].username == "boss", "whoever presses suggests"
    await room.ana.send(room.channel, "!suggest metro")
    assert 'No film is called "metro"' in room.text() and len(actors.questions(SuggestFilm)) == 1
    await room.ana.click(room.channel.last_message, label="None of these: not in the library")
    assert (actors.questions(SuggestFilm)[-1].title, actors.questions(SuggestFilm)[-1].item) == ("metro", None)


@pytest.mark.usefixtures("library")
async def test_a_film_that_plex_does_not_have(room: Any, actors: Any) -> None:
    """Suggested as it was typed, and marked."""
    await room.ana.send(room.channel, "!suggest Greed (1924)")
    asked = actors.questions(SuggestFilm)[0]
    assert (asked.title, asked.year, asked.item) == ("Greed", 1924, None)
    assert "not in the library" in room.text()


@fails
async def test_a_refused_suggestion_says_why(room: Any, actors: Any) -> None:
    """No title, Plex away, too many, or an untracked member."""
    await room.ana.send(room.channel, "!suggest")
    assert "Which film?" in room.text()
    await room.ana.send(room.channel, "!suggest Brazil")
    assert "couldn't look up Brazil" in room.text() and not actors.questions(SuggestFilm)
    actors.answers[FindFilms] = FilmsFound()
    actors.answers[SuggestFilm] = FilmSuggested("limit_reached", None)
    await room.ana.send(room.channel, "!suggest Brazil")
    assert "You've suggested 5 films already." in room.text()
    actors.answers[SuggestFilm] = FilmSuggested("untracked", None)
    await room.ana.send(room.channel, "!suggest Brazil")
    assert "!privacy open" in room.text()


@pytest.mark.usefixtures("library")
async def test_others_want_it_too_or_take_it_back(room: Any, actors: Any) -> None:
    """By the buttons below the answer, each told alone."""
    await room.ana.send(room.channel, "!suggest Brazil")
    message = room.channel.last_message
    actors.answers[SuggestFilm] = FilmSuggested("seconded", suggest_film(wanted=2, names=("Ana", "boss")))
    said = await room.boss.click(message, label="I want it too")
    assert actors.questions(SuggestFilm)[-1].suggestion_id == ID
    assert said.response.ephemeral and "2 want it" in said.response.embeds[0].description
    actors.answers[WithdrawFilm] = FilmWithdrawn("Brazil", is_gone=False)
    said = await room.boss.click(message, label="Remove")
    assert actors.questions(WithdrawFilm)[-1] == WithdrawFilm(ID, str(room.boss.id))
    assert "Others still want it" in said.response.embeds[0].description


async def test_the_list_says_who_wants_what_and_who_has_seen_it(room: Any, actors: Any) -> None:
    """The most wanted first; hidden viewers are counted among those who want it, and named nowhere."""
    films = (
        suggest_film(wanted=4, names=("Ana", "Björn"), seen=2, asked_of=6),
        suggest_film(None, suggestion_id="f" * 16, seen=3, title="**Greed**"),
    )
    actors.answers[GetSuggestions] = SuggestionsPage(films, 2)
    await room.ana.send(room.channel, "!suggestions")
    text = room.text()
    assert "1. **Metropolis (1927)** · 4 want it · 2 of 6 here have seen it" in text
    assert "Ana, Björn and 2 more" in text
    assert r"\*\*Greed\*\*" in text and "everybody here has seen it · not in the library" in text
    assert "2 films" in text
    actors.answers[SuggestFilm] = FilmSuggested("wanted_already", films[0])
    said = await room.ana.select(room.channel.last_message, [ID])
    assert "You want that one already." in said.response.embeds[0].description


@pytest.mark.parametrize(
    ("named", "wanted", "text"),
    [
        (6, 6, "Ana 0, Ana 1, Ana 2, Ana 3, Ana 4 and Ana 5"),
        (5, 8, "Ana 0, Ana 1, Ana 2, Ana 3, Ana 4 and 3 more"),
        (7, 12, "Ana 0, Ana 1, Ana 2, Ana 3, Ana 4 and 7 more"),
        (250, 250, "Ana 0, Ana 1, Ana 2, Ana 3, Ana 4 and 245 more"),
        (0, 2, ""),
    ],
)
def test_whoever_is_not_named_is_counted(named: int, wanted: int, text: str) -> None:
    """Hidden viewers and those for whom there is no room are one number."""
    film = suggest_film(names=tuple(f"Ana {n}" for n in range(named)), wanted=wanted)
    assert suggestion_lines.format_names(film) == text


async def test_taking_back_offers_ones_own_or_all(room: Any, actors: Any) -> None:
    """All of them with Manage Events alone; then the whole suggestion goes."""
    actors.answers[GetSuggestions] = SuggestionsPage((suggest_film(),), 1)
    actors.answers[WithdrawFilm] = FilmWithdrawn("Metropolis", is_gone=True)
    await room.ana.send(room.channel, "!suggestions")
    listed = room.channel.last_message
    for member, may_remove in ((room.ana, False), (room.boss, True)):
        menu = await member.click(listed, label="Remove…")
        assert actors.questions(GetSuggestions)[-1].mine_only != may_remove
        said = await member.select(menu.response, [ID])
        assert actors.questions(WithdrawFilm)[-1] == WithdrawFilm(ID, str(member.id), may_remove)
        assert said is not None
    actors.answers[GetSuggestions] = SuggestionsPage((), 0)
    none = await room.ana.click(listed, label="Remove…")
    assert "You have no film on the list." in none.response.embeds[0].title


async def test_an_empty_list_says_how_to_fill_it(room: Any, actors: Any) -> None:
    """By the command."""
    actors.answers[GetSuggestions] = SuggestionsPage((), 0)
    await room.ana.send(room.channel, "!suggestions")
    assert "`!suggest Metropolis`" in room.text()


async def test_the_longest_list_fits(room: Any, actors: Any) -> None:
    """Forty films of the longest titles and names, on pages within Discord's limits."""

    def page(asked: GetSuggestions) -> SuggestionsPage:
        films = tuple(
            suggest_film(title="*" * 300, suggestion_id=f"{n:016x}", names=("_" * 40,) * 30, wanted=40)
            for n in range(asked.offset, min(40, asked.offset + asked.limit))
        )
        return SuggestionsPage(films, 40)

    actors.answers[GetSuggestions] = page
    await room.ana.send(room.channel, "!suggestions")
    assert embeds.count_units(room.embed()) <= embeds.MOST_IN_MESSAGE
    assert "8. " in room.text() and "1 of 5" in str(room.channel.last_message.components)
