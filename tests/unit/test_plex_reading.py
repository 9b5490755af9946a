"""What the session list says, element by element: every trap of its XML, through the real PlexAPI."""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import fromstring

import msgpack
import msgspec
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from plexapi.server import PlexServer

from actors.media.plex.session_parser import NUMBER_LIMIT, TEXT_LIMIT, ParsedSessions, key_of, read_sessions
from messages import Playback

ROOT = '<MediaContainer machineIdentifier="box" friendlyName="Box" version="1.41"/>'
FILM = {
    "type": "movie",
    "sessionKey": "7",
    "ratingKey": "42",
    "key": "/library/metadata/42",
    "title": "Metropolis",
    "year": "1927",
    "duration": "9180000",
    "viewOffset": "60000",
    "guid": "plex://movie/1",
    "librarySectionID": "1",
    "thumb": "/library/metadata/42/thumb/1",
}
USER = '<User id="4711" title="Anton"/>'
PLAYER = '<Player machineIdentifier="tv" state="playing" title="Living room" product="Plex for TV"/>'
MORE = '<Genre tag="Drama"/><Genre tag="Science Fiction"/><Director tag="Fritz Lang"/><Session id="s"/>'
connect: Any = PlexServer


class OneAnswer(requests.Session):
    """Answers who it is, and counts every request after that."""

    asked = 0

    def get(self, *_: Any, **__: Any) -> requests.Response:
        self.asked += 1
        answer = requests.Response()
        answer.status_code = 200
        answer._content = ROOT.encode()
        return answer


@pytest.fixture(scope="module")
def http() -> Iterator[OneAnswer]:
    """The only way out that PlexAPI has here."""
    with OneAnswer() as session:
        yield session


@pytest.fixture(scope="module")
def server(http: OneAnswer) -> Any:
    """A connected PlexServer."""
    return connect("http://plex.invalid:32400", "token", session=http)


def element(children: str = USER + PLAYER + MORE, tag: str = "Video", **changed: str | None) -> str:
    """One session; an attribute set to None is left out."""
    return element_of(changed, children, tag)


def element_of(changed: Mapping[str, str | None], children: str = USER + PLAYER + MORE, tag: str = "Video") -> str:
    """The same, with the attributes in a dict."""
    merged = {name: value for name, value in {**FILM, **changed}.items() if value is not None}
    attributes = " ".join(f'{name}="{value}"' for name, value in merged.items())
    return f"<{tag} {attributes}>{children}</{tag}>"


def read(server: Any, *elements: str) -> ParsedSessions:
    """Read a list of these sessions."""
    return read_sessions(fromstring(f"<MediaContainer>{''.join(elements)}</MediaContainer>"), server)  # noqa: S314  # ours


def only(server: Any, text: str) -> Playback:
    """The one playback of a list of one."""
    (playback,) = read(server, text).playbacks
    return playback


def test_a_film_is_read_whole(server: Any) -> None:
    """Every field of a film's session arrives."""
    playback = only(server, element())
    item = playback.item
    assert (playback.session_key, playback.account_id, playback.account_name) == ("7", "4711", "Anton")
    assert (playback.machine_id, playback.player, playback.state) == ("tv", "Living room", "playing")
    assert playback.position_ms == 60_000
    assert (item.server_id, item.rating_key, item.kind, item.title, item.year) == (
        *("box", "42", "movie", "Metropolis"),
        1927,
    )
    assert (item.duration_ms, item.genres, item.directors) == (
        *(9_180_000, ("Drama", "Science Fiction")),
        ("Fritz Lang",),
    )
    assert (item.guid, item.key, item.library_section_id) == ("plex://movie/1", "/library/metadata/42", 1)
    assert item.thumb == "/library/metadata/42/thumb/1"
    assert not item.live


def test_an_episode_carries_its_show(server: Any) -> None:
    """Series, season and number are there; its own title too."""
    item = only(
        server, element(type="episode", title="Pilot", grandparentTitle="The Show", parentIndex="2", index="3")
    ).item
    assert (item.show, item.season, item.episode, item.title) == ("The Show", 2, 3, "Pilot")


def test_a_session_without_a_user_is_nobodys(server: Any) -> None:
    """It is listed with an empty account: it may be the host of a party."""
    playback = only(server, element(PLAYER))
    assert (playback.account_id, playback.account_name) == ("", "")


@pytest.mark.parametrize("raw", ["", "x", "-5", "99999999999999999999999"])
def test_an_unusable_account_id_is_nobodys(server: Any, raw: str) -> None:
    """PlexAPI's NaN, and numbers that no account has, are no account."""
    assert only(server, element(f'<User id="{raw}" title="Anton"/>' + PLAYER)).account_id == ""


def test_account_0_is_somebody(server: Any) -> None:
    """The local account has an id, though no name."""
    playback = only(server, element('<User id="0" title=""/>' + PLAYER))
    assert (playback.account_id, playback.account_name) == ("0", "")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"sessionKey": None}, "#2"),
        ({"sessionKey": ""}, "#2"),
        ({"sessionKey": "abc"}, "#2"),
        ({"ratingKey": ""}, "7"),
        ({"ratingKey": "abc"}, "7"),
        ({"type": "hologram"}, "7"),
        ({"type": None}, "7"),
        ({"live": "perhaps"}, "7"),
    ],
)
def test_a_broken_element_is_named_and_costs_no_other(server: Any, changed: dict[str, str | None], place: str) -> None:
    """Its neighbours are read; it is listed by its key, or by its place."""
    reading = read(server, element(sessionKey="1"), element_of(changed), element(sessionKey="3"))
    assert [playback.session_key for playback in reading.playbacks] == ["1", "3"]
    assert reading.unreadable == (place,)


@pytest.mark.parametrize(
    ("raw", "position"), [(None, 0), ("", None), ("x", None), ("-3", 0), ("9" * 30, None), ("1e3", None)]
)
def test_odd_positions(server: Any, raw: str | None, position: int | None) -> None:
    """Missing is the beginning, unreadable is unknown, and nothing is before the beginning."""
    assert only(server, element(viewOffset=raw)).position_ms == position


@pytest.mark.parametrize("raw", [None, "", "0", "x", "-5", "9" * 30])
def test_odd_lengths_are_unknown(server: Any, raw: str | None) -> None:
    """A film whose length is not known yet has none."""
    assert only(server, element(duration=raw)).item.duration_ms is None


def test_the_version_that_plays_gives_the_length(server: Any) -> None:
    """Of a short and a long cut the selected one counts."""
    cuts = '<Media id="1" duration="100"/><Media id="2" duration="200" selected="1"/>'
    assert only(server, element(USER + PLAYER + cuts)).item.duration_ms == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "clip", "ratingKey": None, "duration": None, "viewOffset": None},
        {"type": "episode", "live": "1", "key": "/livetv/sessions/9", "ratingKey": None},
        {"type": "episode", "key": "/livetv/sessions/9"},
    ],
)
def test_live_tv_has_no_position_and_no_length(server: Any, changed: dict[str, str | None]) -> None:
    """However it is told, live TV is live."""
    playback = only(server, element_of(changed))
    assert playback.item.live
    assert (playback.position_ms, playback.item.duration_ms) == (None, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (element(type="clip", guid="analyzed.prerolls://1", librarySectionID="-3"), "clip"),
        (element(type="track", tag="Track"), "track"),
        (element(type="photo", tag="Photo"), "photo"),
    ],
)
def test_other_kinds_of_playback_are_distinguished(server: Any, text: str, kind: str) -> None:
    """Prerolls, music and photos are playbacks of their kind: the tracker knows what counts."""
    playback = only(server, text)
    assert playback.item.kind == kind
    assert not playback.item.live


def test_a_preroll_keeps_its_section(server: Any) -> None:
    """Negative sections are how extras are known."""
    item = only(server, element(type="clip", subtype="trailer", librarySectionID="-2")).item
    assert (item.library_section_id, item.subtype) == (-2, "trailer")


@pytest.mark.parametrize("state", ["playing", "paused", "buffering", "error", "stopped"])
def test_states(server: Any, state: str) -> None:
    """Every state that players have."""
    assert only(server, element(USER + f'<Player state="{state}"/>')).state == state


@pytest.mark.parametrize("children", [USER, USER + "<Player/>", USER + '<Player state="dancing"/>'])
def test_an_unknown_state_is_unknown(server: Any, children: str) -> None:
    """A player that says nothing, or something new, is not taken to be playing."""
    assert only(server, element(children)).state == "unknown"


def test_a_player_without_a_title_has_its_product(server: Any) -> None:
    """Something to show for the device."""
    assert only(server, element(USER + '<Player product="Plex Web" state="playing"/>')).player == "Plex Web"


def test_two_users_on_one_film_are_two(server: Any) -> None:
    """PlexAPI's objects compare equal there; ours do not."""
    other = element('<User id="1" title="Rosa"/>' + PLAYER + MORE, sessionKey="8")
    first, second = read(server, element(), other).playbacks
    assert first != second
    assert first.item == second.item


def test_a_session_without_guids_is_read(server: Any) -> None:
    """They may be missing."""
    assert only(server, element(guid=None)).item.guid == ""


def test_a_thumb_elsewhere_is_left_out(server: Any) -> None:
    """An address could carry a token to Discord; a path cannot."""
    assert only(server, element(thumb="https://elsewhere.invalid/x?X-Plex-Token=t")).item.thumb == ""


def test_reading_sends_no_further_request(server: Any, http: OneAnswer) -> None:
    """Not one of these elements, with everything missing, causes a second request."""
    bare = [element_of({name: None for name in FILM if name not in ("type", "sessionKey", "ratingKey")}, "")]
    episode = element(type="episode", grandparentTitle=None, parentIndex=None, index=None)
    before = http.asked
    assert len(read(server, *bare, episode, element(PLAYER)).playbacks) == 3
    assert http.asked == before


def test_texts_are_cut(server: Any) -> None:
    """A title of megabytes does not make a message that cannot be sent."""
    tags = "".join(f'<Genre tag="{number}"/>' for number in range(500))
    playback = only(server, element(USER + PLAYER + tags, title="x" * 10**6))
    assert len(playback.item.title) == TEXT_LIMIT
    assert len(playback.item.genres) == 20


@given(raw=st.one_of(st.none(), st.text(), st.integers(), st.integers(0, 10**18).map(str)))
def test_a_key_is_digits_or_nothing(raw: object) -> None:
    """Whatever an alert calls a session key, it ends as a plain number or as none."""
    key = key_of(raw)
    assert key == "" or (key.isascii() and key.isdigit())


ODD = st.one_of(st.none(), st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=25))


@given(changed=st.dictionaries(st.sampled_from([*FILM, "live", "index", "parentIndex", "subtype"]), ODD))
def test_any_attributes_read_to_something_that_can_be_sent(server: Any, changed: dict[str, str | None]) -> None:
    """Whatever stands in the attributes: read or named, never an exception, and always a message."""
    escaped = {
        name: value and value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        for name, value in changed.items()
    }
    reading = read(server, element_of(escaped))
    assert len(reading.playbacks) + len(reading.unreadable) == 1
    for playback in reading.playbacks:
        assert playback.position_ms is None or 0 <= playback.position_ms <= NUMBER_LIMIT
        assert msgspec.convert(msgpack.unpackb(msgpack.packb(msgspec.to_builtins(playback))), Playback) == playback


@pytest.mark.parametrize(("year", "read_as"), [("9999", 9999), ("10000", None), ("3000000000", None), ("0", 0)])
def test_an_impossible_year_is_left_out(server: Any, year: str, read_as: int | None) -> None:
    """PostgreSQL cannot store the largest of them."""
    assert only(server, element(year=year)).item.year == read_as


def test_texts_have_no_letters_that_a_store_cannot_hold(server: Any) -> None:
    """No NUL and no half letters, which no XML document has either: whatever reads it one day, they stop here."""
    odd = fromstring(element())  # noqa: S314  # ours
    odd.set("title", "Metro\0polis \ud83c\x07 🎬")
    for tag in (*odd.iter("User"), *odd.iter("Player")):
        tag.set("title", "An\0ton\udfff")
    for tag in odd.iter("Genre"):
        tag.set("tag", "Dra\0ma")
    (playback,) = read_sessions([odd], server).playbacks
    assert (playback.item.title, playback.account_name, playback.player) == ("Metropolis \x07 🎬", "Anton", "Anton")
    assert playback.item.genres == ("Drama", "Drama")
