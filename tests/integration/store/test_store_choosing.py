"""Suggestions, votes and ratings: the persistence actor with a store on the disk."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from messages import (
    EraseViewer,
    FilmVote,
    GetMovieStats,
    GetMyData,
    GetSuggestions,
    Item,
    LinkAccount,
    RateFilm,
    RecordVotes,
    SaveNow,
    SetPrivacy,
    SuggestFilm,
    SuggestionsPage,
    UnlinkAccount,
    VoiceMember,
    WithdrawFilm,
)
from persistence.database.errors import ImportFault
from persistence.operations import legacy_import
from persistence.operations.erase import erase_viewer
from tests.integration.store.persistence_fixture import House
from tests.nights.evidence import load, sql
from tests.unit.persistence.record_builders import DAY, EVENING, FILM, RULES, open_store, record

ANA, BJOERN, CEM = "501", "502", "503"
NAMES = {ANA: "Ana", BJOERN: "Björn", CEM: "Cem"}
PLEX = "plex:srv:7"
BRAZIL = Item("srv", "200", "movie", "Brazil", 1985, guid="plex://movie/brazil")
MEMBERS = tuple(VoiceMember(who, name) for who, name in NAMES.items())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A persistence actor with an empty store."""
    made = House(tmp_path)
    made.clock.at_s = EVENING + DAY
    yield made
    made.close()


def suggest(house: House, who: str, film: Item | str = BRAZIL, limit: int = 5) -> Any:
    """Let a member suggest a film of the library, or a title."""
    title, year, item = (film, None, None) if isinstance(film, str) else (film.title, film.year, film)
    house.clock.at_s += 1
    return house.ask(SuggestFilm(who, NAMES[who], title, year, item, limit, 80.0))


def list_suggestions(house: House, **changes: Any) -> SuggestionsPage:
    """The list."""
    return house.ask(replace(GetSuggestions(80.0), **changes))


def counts(house: House, who: str) -> tuple[int, int]:
    """How often a member voted, and suggested a film, as the store has it."""
    rows = sql(house.folder, f"SELECT votes_cast, movies_requested FROM viewers WHERE viewer_id = '{who}'")  # noqa: S608  # a constant
    return (rows[0]["votes_cast"], rows[0]["movies_requested"]) if rows else (0, 0)


def test_a_film_is_on_the_list_once_and_the_most_wanted_comes_first(house: House) -> None:
    """Also where it is of another server, or was typed before it came into the library."""
    assert suggest(house, ANA, FILM).outcome == "added"
    assert suggest(house, ANA, "brazil").outcome == "added"
    seconded = suggest(house, BJOERN)
    assert seconded.outcome == "seconded" and seconded.film.item == BRAZIL and seconded.film.title == "Brazil"
    elsewhere = replace(BRAZIL, server_id="other", rating_key="7")
    assert suggest(house, CEM, elsewhere).outcome == "seconded"
    assert suggest(house, CEM, "BRAZIL").outcome == "wanted_already"
    page = list_suggestions(house, asker=CEM)
    assert [(film.title, film.wanted, film.names, film.is_mine) for film in page.films] == [
        ("Brazil", 3, ("Ana", "Björn", "Cem"), True),
        ("Alien", 1, ("Ana",), False),
    ]
    assert page.films[0].suggested_by == ANA
    assert [film.title for film in list_suggestions(house, asker=BJOERN, mine_only=True).films] == ["Brazil"]
    second = list_suggestions(house, limit=1, offset=1)
    assert second.total == 2 and [film.title for film in second.films] == ["Alien"]
    assert counts(house, ANA) == (0, 2) and counts(house, CEM) == (0, 1)


def test_suggestions_per_member_are_limited(house: House) -> None:
    """Films that left the list do not count, and wanting others' films is unlimited."""
    assert suggest(house, ANA, "One", 2).outcome == suggest(house, ANA, "Two", 2).outcome == "added"
    refused = suggest(house, ANA, "Three", 2)
    assert refused.outcome == "limit_reached" and refused.film is None
    suggest(house, BJOERN, "Three", 2)
    assert suggest(house, ANA, "Three", 2).outcome == "seconded"
    one = next(film for film in list_suggestions(house).films if film.title == "One")
    house.ask(WithdrawFilm(one.suggestion_id, ANA))
    assert suggest(house, ANA, "Four", 2).outcome == "added"
    assert counts(house, ANA) == (0, 3)


def test_a_suggestion_is_withdrawn_or_removed(house: House) -> None:
    """One's own wish alone goes; the film goes with the last, or whole where a manager removes it."""
    film = suggest(house, ANA).film
    suggest(house, BJOERN)
    kept = house.ask(WithdrawFilm(film.suggestion_id, ANA))
    assert (kept.title, kept.is_gone) == ("Brazil", False)
    assert list_suggestions(house).films[0].names == ("Björn",)
    assert house.ask(WithdrawFilm(film.suggestion_id, CEM)).title == ""
    assert house.ask(WithdrawFilm(film.suggestion_id, BJOERN)).is_gone
    assert list_suggestions(house).total == 0
    film = suggest(house, ANA).film
    suggest(house, BJOERN)
    assert house.ask(WithdrawFilm(film.suggestion_id, CEM, everybody=True)).is_gone
    assert list_suggestions(house).total == 0
    assert (
        house.ask(SuggestFilm(CEM, "Cem", "", None, None, 5, 80.0, suggestion_id=film.suggestion_id)).outcome == "gone"
    )
    assert sql(house.folder, "SELECT 1 FROM suggestion_wishes") == []


def test_the_list_says_which_of_those_present_have_seen_a_film(house: House) -> None:
    """Also in several parts, and while it runs; hidden viewers are not counted on either side."""
    suggest(house, CEM, FILM)
    assert [(film.seen, film.asked_of) for film in list_suggestions(house, members=MEMBERS).films] == [(0, 3)]
    half: dict[str, Any] = {"completed": False, "completion_percent": 50.0}
    house.finish(record("a", ANA, username="Ana"))
    house.finish(record("b1", BJOERN, spans=((0, 3_600_000),), **half))
    assert list_suggestions(house, members=MEMBERS).films[0].seen == 1
    house.finish(record("b2", BJOERN, started_at_s=EVENING + 9000, spans=((3_600_000, 7_200_000),), **half))
    assert [(film.seen, film.asked_of) for film in list_suggestions(house, members=MEMBERS).films] == [(2, 3)]
    assert [(film.seen, film.asked_of) for film in list_suggestions(house).films] == [(2, 3)], (
        "Cem is known by the suggestion"
    )
    house.report(record("r", CEM, started_at_s=EVENING + DAY - 7200))
    assert list_suggestions(house, members=MEMBERS).films[0].seen == 3
    house.ask(SetPrivacy(ANA, "Ana", "private"))
    assert [(film.seen, film.asked_of) for film in list_suggestions(house, members=MEMBERS).films] == [(2, 2)]


@pytest.mark.parametrize(
    ("minutes", "seen"),
    [
        (((0, 60), (60, 120)), 1),
        (((0, 60), (30, 90)), 0),
        (((0, 50), (60, 106)), 1),
        (((0, 90), (0, 90)), 0),
    ],
)
def test_what_was_watched_of_several_copies_of_a_film_counts_together(
    house: House, minutes: tuple[tuple[int, int], tuple[int, int]], seen: int
) -> None:
    """One half of each copy is the whole film; the same part twice is not; of 120 minutes, 96 are enough."""
    suggest(house, CEM, FILM.title)
    other = replace(FILM, server_id="other", rating_key="9", genres=("Drama",), year=FILM.year)
    for number, (item, (first, last)) in enumerate(zip((FILM, other), minutes, strict=True)):
        part: dict[str, Any] = {"completed": False, "completion_percent": (last - first) / 1.2}
        began_s = EVENING + number * 9000
        house.finish(
            record(
                f"b{number}", BJOERN, item=item, started_at_s=began_s, spans=((first * 60_000, last * 60_000),), **part
            )
        )
    assert len(sql(house.folder, "SELECT DISTINCT film_hash FROM watches")) == 2
    assert list_suggestions(house).films[0].seen == seen


def test_a_film_of_the_same_title_is_another(house: House) -> None:
    """A remake by its year, and two of one year by their guids."""
    suggest(house, ANA)
    assert suggest(house, ANA, replace(BRAZIL, rating_key="201", year=2020, guid="plex://movie/new")).outcome == "added"
    assert suggest(house, ANA, replace(BRAZIL, rating_key="202", guid="plex://movie/third")).outcome == "added"
    assert list_suggestions(house).total == 3


def test_nobody_hidden_is_named(house: House) -> None:
    """They count among those who want it, without name and id."""
    suggest(house, ANA)
    suggest(house, BJOERN)
    house.ask(SetPrivacy(ANA, "Ana", "private"))
    (film,) = list_suggestions(house).films
    assert (film.wanted, film.names, film.suggested_by) == (2, ("Björn",), "")
    assert list_suggestions(house, asker=ANA).films[0].is_mine


def test_nothing_is_stored_of_untracked_members(house: House) -> None:
    """No suggestion, no vote and no rating."""
    house.finish(record("a", ANA, party=True))
    house.ask(SetPrivacy(ANA, "Ana", "untracked"))
    assert suggest(house, ANA).outcome == "untracked"
    assert house.ask(RateFilm("s1", ANA, 5)).outcome == "untracked"
    tell_votes(house, ANA)
    for table in ("suggestions", "suggestion_wishes", "film_ratings", "poll_votes"):
        assert sql(house.folder, f"SELECT 1 FROM {table}") == []  # noqa: S608  # a constant


def test_a_film_finished_by_the_watch_party_leaves_the_list(house: House) -> None:
    """Not one that somebody saw alone, or that was interrupted."""
    suggest(house, ANA, FILM)
    suggest(house, ANA)
    house.finish(record("alone", BJOERN))
    house.finish(record("short", BJOERN, party=True, completed=False, completion_percent=20.0))
    assert list_suggestions(house).total == 2
    house.finish(record("night", BJOERN, party=True))
    assert [film.title for film in list_suggestions(house).films] == ["Brazil"]


def tell_votes(house: House, *who: str, poll: str = "900") -> None:
    """Discord says who voted in a poll; stored when this returns."""
    acknowledged: list[bool] = []
    votes = tuple(FilmVote(each, NAMES[each], ("Brazil",)) for each in who)
    house.discord.tell("persistence", RecordVotes(poll, votes, house.clock.at_s), lambda: acknowledged.append(True))
    house.until(lambda: acknowledged)


def test_a_vote_counts_once_however_often_it_is_told(house: House) -> None:
    """Once for each poll; told again with another id after a restart, it changes nothing. The copies say it too."""
    house.finish(record("a", ANA, username="Ana"))
    tell_votes(house, ANA, BJOERN)
    tell_votes(house, ANA, BJOERN, CEM)
    tell_votes(house, ANA, poll="901")
    assert [counts(house, who)[0] for who in NAMES] == [2, 1, 1]
    suggest(house, ANA)
    house.ask(SaveNow("test"))
    stats = load(house.folder, "user_stats.json")[ANA]
    assert (stats["votes_cast"], stats["movies_requested"]) == (2, 1)


def test_only_those_who_were_there_rate_and_once(house: House) -> None:
    """A second rating replaces the first; the average is shown from two on, only for the film of that year."""
    house.finish(record("a", ANA, party=True))
    house.finish(record("b", BJOERN, party=True))
    house.finish(record("c", CEM, party=True, brief=True))
    assert house.ask(RateFilm("s1", CEM, 5)).outcome == "not_there"
    assert house.ask(RateFilm("other", ANA, 5)).outcome == "not_there"
    first = house.ask(RateFilm("s1", ANA, 2))
    assert (first.outcome, first.title, first.before) == ("rated", "Alien", 0)
    assert house.ask(RateFilm("s1", ANA, 5)).before == 2
    assert house.ask(GetMovieStats("alien")).most_watched[0].rating is None, "one is nobody's mean"
    house.ask(RateFilm("s1", BJOERN, 4))
    (film,) = house.ask(GetMovieStats("alien")).most_watched
    assert (film.rating, film.ratings) == (4.5, 2)
    house.ask(SetPrivacy(ANA, "Ana", "private"))
    (film,) = house.ask(GetMovieStats("alien")).most_watched
    assert (film.viewers, film.rating, film.ratings) == (1, None, 0), "two ratings of one viewer would tell of another"
    house.ask(SetPrivacy(ANA, "Ana", "open"))
    remake = replace(FILM, rating_key="300", year=2024)
    house.finish(record("r", ANA, remake, party=True, screening_id="s2", started_at_s=EVENING + DAY))
    house.finish(record("r2", BJOERN, remake, party=True, screening_id="s2", started_at_s=EVENING + DAY))
    assert {film.year: film.ratings for film in house.ask(GetMovieStats("alien")).most_watched} == {1979: 2, 2024: 0}


def test_a_linked_member_rates_what_the_account_saw(house: House) -> None:
    """The rating is the member's, and stays so when the link is taken back; so do the counts."""
    house.finish(record("p", PLEX, username="annaplex", source="plex", screening_id="s7"))
    assert house.ask(RateFilm("s7", ANA, 3)).outcome == "not_there"
    house.ask(LinkAccount(PLEX, "annaplex", ANA, "Ana", "1"))
    assert house.ask(RateFilm("s7", ANA, 3)).outcome == "rated"
    suggest(house, ANA)
    tell_votes(house, ANA)
    house.ask(UnlinkAccount(PLEX, ANA, "1"))
    assert counts(house, ANA) == (1, 1) and counts(house, PLEX) == (0, 0)
    assert list_suggestions(house).films[0].names == ("Ana",)
    assert [row["viewer_id"] for row in sql(house.folder, "SELECT viewer_id FROM film_ratings")] == [ANA]


def test_my_data_has_it_and_forgetting_removes_it(house: House) -> None:
    """One's own and nobody else's; a film that others want stays. What a poll tells late is not stored either."""
    house.finish(record("a", ANA, party=True))
    suggest(house, ANA)
    suggest(house, BJOERN)
    suggest(house, ANA, "Only Ana's")
    tell_votes(house, ANA, BJOERN)
    house.ask(RateFilm("s1", ANA, 4))
    document = json.loads(house.ask(GetMyData(ANA)).content)
    assert [film["title"] for film in document["suggestions"]] == ["Brazil", "Only Ana's"]
    assert [(vote["poll_id"], vote["films"]) for vote in document["votes"]] == [("900", ["Brazil"])]
    assert [(rating["title"], rating["rating"]) for rating in document["ratings"]] == [("Alien", 4)]
    assert "Björn" not in json.dumps(document, ensure_ascii=False)
    house.ask(EraseViewer(ANA))
    tell_votes(house, ANA, poll="901")
    assert house.ask(GetMyData(ANA)).total_bytes == 0
    (film,) = list_suggestions(house).films
    assert (film.title, film.names) == ("Brazil", ("Björn",))
    for table in ("suggestion_wishes", "film_ratings", "poll_votes", "viewers"):
        assert sql(house.folder, f"SELECT 1 FROM {table} WHERE viewer_id = '{ANA}'") == []  # noqa: S608  # a constant


def test_suggestions_and_votes_survive_a_restart(house: House) -> None:
    """They are in the store, not in memory."""
    suggest(house, ANA)
    house.stop()
    house.start()
    assert list_suggestions(house).films[0].title == "Brazil"


def test_the_same_on_postgresql(url: str, tmp_path: Path) -> None:
    """Suggested, voted for, seen together, rated, and forgotten."""
    house = House(tmp_path, database_url=url)
    house.clock.at_s = EVENING + DAY
    suggest(house, ANA, FILM)
    suggest(house, BJOERN, "alien")
    tell_votes(house, ANA, BJOERN)
    assert [(film.wanted, film.seen) for film in list_suggestions(house).films] == [(2, 0)]
    for who in (ANA, BJOERN):
        house.finish(record(who, who, party=True))
        house.ask(RateFilm("s1", who, 4 if who == ANA else 5))
    assert list_suggestions(house).total == 0
    (film,) = house.ask(GetMovieStats("alien")).most_watched
    assert (film.rating, film.ratings) == (4.5, 2)
    house.ask(EraseViewer(ANA))
    assert house.ask(GetMyData(ANA)).total_bytes == 0
    assert house.ask(GetMovieStats("alien")).most_watched[0].ratings == 0
    house.close()


def test_an_export_is_brought_in_again_once(house: House, tmp_path: Path) -> None:
    """Into another store: list, wishes, ratings and votes; a second time nothing; of who was forgotten nothing."""
    house.finish(record("a", ANA, username="Ana", party=True))
    suggest(house, ANA)
    suggest(house, BJOERN)
    suggest(house, BJOERN, "Greed")
    tell_votes(house, ANA, BJOERN)
    house.ask(RateFilm("s1", ANA, 4))
    house.stop()
    with contextlib.closing(open_store(house.folder)) as store:
        written = legacy_import.export(store, tmp_path / "out")
    assert [file.name for file in written][-1] == "film_choices.json"
    files = legacy_import.read_legacy_files(tmp_path / "out", RULES)
    with contextlib.closing(open_store(tmp_path / "new")) as other:
        first = legacy_import.import_legacy_files(other, files, EVENING + 2 * DAY)
        assert (first.choices, first.watches) == (2 + 3 + 1 + 2, 1)
        assert legacy_import.import_legacy_files(other, files, EVENING + 2 * DAY).choices == 0
    tables = ("suggestions", "suggestion_wishes", "film_ratings", "poll_votes")
    for table in tables:
        query = f"SELECT * FROM {table} ORDER BY 1, 2, 3"  # noqa: S608  # a constant
        assert sql(tmp_path / "new", query) == sql(house.folder, query)
    (row,) = sql(tmp_path / "new", f"SELECT votes_cast, movies_requested FROM viewers WHERE viewer_id = '{ANA}'")  # noqa: S608  # a constant
    assert (row["votes_cast"], row["movies_requested"]) == (1, 1)
    with contextlib.closing(open_store(tmp_path / "without")) as third:
        with third.change(EVENING + 3 * DAY) as change:
            erase_viewer(change, BJOERN, EVENING + 3 * DAY)
        legacy_import.import_legacy_files(third, files, EVENING + 4 * DAY)
    wishes = sql(tmp_path / "without", "SELECT viewer_id FROM suggestion_wishes")
    assert [row["viewer_id"] for row in wishes] == [ANA]
    assert len(sql(tmp_path / "without", "SELECT 1 FROM suggestions")) == 1, "what nobody wants is not on the list"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('{"ratings": [{"film_id": "a", "viewer_id": "1", "title": "x", "rating": 6, "screening_id": "s"}]}', "rating"),
        ('{"votes": [{"poll_id": "1", "viewer_id": "1", "films": ["x"], "poll_ended": "soon"}]}', "poll_ended"),
        ("[]", "film_choices.json"),
    ],
)
def test_an_export_that_was_changed_wrongly_is_refused(tmp_path: Path, content: str, named: str) -> None:
    """By file and field, before anything is changed."""
    (tmp_path / "watch_history.json").write_text("[]")
    (tmp_path / "film_choices.json").write_text(content)
    with pytest.raises(ImportFault, match=named):
        legacy_import.read_legacy_files(tmp_path, RULES)
