"""The XML, the posters and the library of the simulated server."""

import struct
import zlib
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest

from simulator.plex.documents import library_xml, sessions_xml
from simulator.plex.documents.poster import HEIGHT, WIDTH, draw_poster
from simulator.plex.faults import ODDITIES
from simulator.plex.world.default_library import FILMS, SERIES, build_default_library
from simulator.plex.world.library import MOVIES, LibraryItem
from simulator.plex.world.sessions import NOBODY, OWNER, TELEVISION, Player, PlayingSession
from simulator.plex.world.world import PlexWorld

LIBRARY = build_default_library()


def of(item: str | LibraryItem, **details: object) -> PlayingSession:
    """A session of the item, at position 5 s."""
    film = item if isinstance(item, LibraryItem) else LIBRARY[item]
    one = PlayingSession("000001", "7", OWNER, film, TELEVISION, "playing", 0.0, 0.0, 5_000)
    return replace(one, **details)  # type: ignore[arg-type]  # replace checks the names at run time


def test_library_is_believable() -> None:
    """Some thirty films with year, genres, directors and length; two series; keys and titles found."""
    films = LIBRARY.in_section(MOVIES)
    assert len(films) == len(FILMS) >= 30
    assert all(f.year and f.genres and f.directors and f.duration_ms for f in films)
    assert len({f.rating_key for f in films}) == len(films)
    assert len(SERIES) == 2
    assert LIBRARY[LIBRARY["Amélie"].rating_key].title == "Amélie"


def test_new_film_gets_a_free_key() -> None:
    """Keys of films added later never collide."""
    library = build_default_library()
    film = library.add_movie("Our Night", minutes=90.5, year=2026)
    assert film.rating_key not in LIBRARY.items
    assert (film.duration_ms, library["Our Night"]) == (5_430_000, film)


def test_each_server_has_its_own_library() -> None:
    """What is added to one server's library is not in another's."""
    other = build_default_library()
    other.add_movie("Only here", minutes=1)
    assert not LIBRARY.search("only here")


def test_search_never_finds_live_tv_or_prerolls() -> None:
    """Titles are searched in whatever case, in the real sections alone."""
    assert [i.title for i in LIBRARY.search("METRO")] == ["Metropolis"]
    assert LIBRARY.search("feature presentation") == []


def test_live_tv_has_neither_position_nor_length() -> None:
    """A live clip has no ratingKey, duration or viewOffset."""
    element = sessions_xml.session(of("Evening News"), 100.0)
    assert not {"ratingKey", "duration", "viewOffset"} & set(element.attrib)
    assert (element.get("type"), element.get("live")) == ("clip", "1")


def test_only_the_second_version_is_selected() -> None:
    """Whoever takes the first Media instead of the selected one takes the wrong one."""
    media = sessions_xml.session(of("Metropolis"), 0.0).findall("Media")
    assert [m.get("selected") for m in media] == [None, "1"]
    assert [m.find("Part").get("selected") for m in media] == [None, "1"]  # type: ignore[union-attr]  # it has one


def test_account_zero_has_an_empty_name() -> None:
    """Local sessions name nobody."""
    user = sessions_xml.session(of("Metropolis", account=NOBODY), 0.0).find("User")
    assert user is not None
    assert (user.get("id"), user.get("title")) == ("0", "")


def test_transcode_is_there_only_while_transcoding() -> None:
    """A transcode session names its own position in per cent."""
    assert sessions_xml.session(of("Metropolis"), 0.0).find("TranscodeSession") is None
    found = sessions_xml.session(of("Metropolis", transcoding=True), 0.0).find("TranscodeSession")
    assert found is not None
    assert found.get("progress") == "0.1"


@pytest.mark.parametrize("oddity", ODDITIES)
def test_every_oddity_changes_the_element_and_heals(oddity: str) -> None:
    """Each named oddity makes one element differ, and none leaves a trace once it is over."""
    world = PlexWorld(notify=lambda _alert: None)
    one = world.play(1, "Where Is Everybody?", TELEVISION, 0.0, at_ms=0, key=None, state="playing")
    good = library_xml.encode(sessions_xml.session(one, 0.0))
    odd = library_xml.encode(sessions_xml.session(world.distort(one, oddity, {}, ()), 0.0))
    healed = library_xml.encode(sessions_xml.session(world.distort(one, None, {}, ()), 0.0))
    assert odd != good
    assert healed == good


def test_titles_survive_the_xml() -> None:
    """Every title, markup and accents included, comes back as it was."""
    hard = LibraryItem("1", "movie", 'A & B <c> "d" ’é\u4e2d', MOVIES)
    encoded = library_xml.encode(library_xml.container([library_xml.metadata(hard)]))
    assert fromstring(encoded)[0].get("title") == hard.title  # noqa: S314 - our own document


def test_device_names_can_break_the_xml() -> None:
    """A player's name can hold a control character, which goes out raw as a real server sends it."""
    player = Player("m", "Den\x04")
    assert b"Den\x04" in library_xml.encode(sessions_xml.session(of("Metropolis", player=player), 0.0))


def test_poster_is_a_whole_png() -> None:
    """Header, checksums and pixel data fit; two films look different."""
    data = draw_poster("1001")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, pixels = 8, b""
    names = []
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        name, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        (check,) = struct.unpack(">I", data[place + 8 + length : place + 12 + length])
        assert check == zlib.crc32(name + body)
        names.append(name)
        pixels += zlib.decompress(body) if name == b"IDAT" else b""
        place += 12 + length
    assert names == [b"IHDR", b"IDAT", b"IEND"]
    assert len(pixels) == HEIGHT * (1 + 3 * WIDTH)
    assert draw_poster("1002") != data
