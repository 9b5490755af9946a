"""The real PlexAPI and its AlertListener against the simulated Plex server: what a client can see."""

import datetime
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests
from plexapi.alert import AlertListener
from plexapi.exceptions import NotFound
from plexapi.server import PlexServer

from simulator.plex import (
    BROWSER,
    NOBODY,
    PHONE,
    TELEVISION,
    Player,
    SimulatedPlex,
)

Connect: Any = PlexServer
"""PlexAPI has no types of its own, so nothing is known about its objects."""
START_S = 1_800_000_000.0
SESSIONS = "/status/sessions"


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        return self.now_s


def until(condition: Callable[[], object], what: str, within_s: float = 5.0) -> None:
    """Wait for the condition, or fail saying what did not happen."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.005)


@pytest.fixture
def clock() -> Clock:
    """The server's clock."""
    return Clock()


@pytest.fixture
def plex(clock: Clock) -> Iterator[SimulatedPlex]:
    """A running server."""
    with SimulatedPlex(now=clock) as server:
        yield server


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """The connections of one test."""
    with closing(requests.Session()) as session:
        yield session


@pytest.fixture
def client(plex: SimulatedPlex, http: requests.Session) -> Any:
    """PlexAPI, connected with the owner's token."""
    return Connect(plex.url, plex.token, session=http, timeout=5)


@contextmanager
def listening(plex: SimulatedPlex, client: Any) -> Iterator[list[dict[str, Any]]]:
    """The alerts that a real AlertListener hears inside the block."""
    alerts: list[dict[str, Any]] = []
    # websocket-client leaves its socket open when the other side ends; one of our own can be closed.
    with socket.create_connection(("127.0.0.1", plex.port), timeout=5) as connection:
        listener: Any = AlertListener(client, alerts.append, ws_socket=connection)
        listener.start()
        until(lambda: plex.listener_count == 1, "the listener connects")
        yield alerts
        # From this side: AlertListener.stop() can leave its thread in a select for ten more seconds.
        plex.close_listeners()
        listener.join(5)
        assert not listener.is_alive()


@pytest.fixture
def alerts(plex: SimulatedPlex, client: Any) -> Iterator[list[dict[str, Any]]]:
    """The alerts that a real AlertListener has heard."""
    with listening(plex, client) as alerts:
        yield alerts


def playing(alerts: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    """Session key, state and position of the playing alerts."""
    told = [a["PlaySessionStateNotification"][0] for a in alerts if a["type"] == "playing"]
    return [(one["sessionKey"], one["state"], one["viewOffset"]) for one in told]


def test_connecting_costs_one_request_and_names_the_server(plex: SimulatedPlex, client: Any) -> None:
    """GET / carries all that PlexServer needs, with booleans in both spellings."""
    assert (client.machineIdentifier, client.friendlyName) == (plex.machine_id, plex.name)
    assert client.version.startswith("1.")
    assert client.myPlex is True
    assert client.allowMediaDeletion is True
    assert [(r.method, r.path) for r in plex.requests] == [("GET", "/")]
    assert plex.requests[0].token == plex.token


def test_every_kind_of_session_comes_back_right(plex: SimulatedPlex, client: Any) -> None:
    """Title, viewer, player, state and position of each kind, in one request."""
    plex.play("Anton", "Amélie", BROWSER, at_ms=61_000)
    plex.pause(plex.play("Dörte", "Where Is Everybody?", TELEVISION, at_ms=5_999))
    plex.buffer(plex.play("Berta", "The Entertainer", PHONE))
    plex.fail(plex.play(1, "Metropolis - Trailer", PHONE))
    plex.play(NOBODY, "The audience, row three")
    plex.forget_requests()
    found = [
        (type(s).__name__, s.sessionKey, s.title, s._userId, s._username, s.player.state, s.player.title)
        for s in client.sessions()
    ]
    assert found == [
        ("MovieSession", 1, "Amélie", 4711, "Anton", "playing", "Firefox"),
        ("EpisodeSession", 2, "Where Is Everybody?", 4714, "Dörte", "paused", "Living room TV"),
        ("TrackSession", 3, "The Entertainer", 4712, "Berta", "buffering", "Berta's phone"),
        ("ClipSession", 4, "Metropolis - Trailer", 1, "Rosa", "error", "Berta's phone"),
        ("PhotoSession", 5, "The audience, row three", 0, "", "playing", "Living room TV"),
    ]
    asked = plex.requests
    assert [one.path for one in asked] == [SESSIONS]
    assert asked[0].headers["X-Plex-Container-Start"] == "0"
    assert asked[0].headers["X-Plex-Container-Size"] == "100"


def test_session_carries_its_whole_item(plex: SimulatedPlex, client: Any) -> None:
    """Genres, directors, ids, media, the selected version, transcode: all without a second request."""
    plex.play("Cem", "The General", PHONE, at_ms=78_000, transcoding=True)
    (session,) = client.sessions()
    asked = len(plex.requests)
    assert [g.tag for g in session.genres] == ["Comedy", "Action", "War"]
    assert [d.tag for d in session.directors] == ["Buster Keaton", "Clyde Bruckman"]
    assert (session.year, session.duration, session.viewOffset) == (1926, 78 * 60_000, 78_000)
    assert session.guid.startswith("plex://movie/")
    assert [g.id.split(":")[0] for g in session.guids] == ["imdb", "tmdb"]
    assert [m.selected for m in session.media] == [None, True]
    assert [p.selected for m in session.media for p in m.parts] == [None, True]
    assert (session.session.location, session.session.bandwidth) == ("cellular", 9410)
    assert (session.player.machineIdentifier, session.player.local) == (PHONE.machine_id, False)
    assert (session.player.address, session.player.product) == ("127.0.0.1", "Plex for iOS")
    assert session.player.userID == "4713"
    assert session.transcodeSession.videoDecision == "transcode"
    assert session.transcodeSession.progress == pytest.approx(1.7)
    assert len(plex.requests) == asked


def test_episode_names_its_show(plex: SimulatedPlex, client: Any) -> None:
    """Show, season and number are in the session; without parents PlexAPI asks for the show."""
    session = plex.play("Emil", "One for the Angels")
    (episode,) = client.sessions()
    assert (episode.grandparentTitle, episode.parentIndex, episode.index) == ("The Twilight Zone", 1, 2)
    assert episode.parentRatingKey == 2002
    assert [one.path for one in plex.requests] == ["/", SESSIONS]
    plex.distort(session, "no_parents")
    (orphan,) = client.sessions()
    assert orphan.parentRatingKey == 2002
    assert plex.requests[-1].path == "/library/metadata/2001/children"


def test_live_tv(plex: SimulatedPlex, client: Any) -> None:
    """A live clip has no key, length or position; a live episode plays from /livetv; programmes change."""
    plex.play("Anton", "Evening News")
    club = plex.play("Berta", "The Late Film Club")
    clip, episode = client.sessions()
    assert (clip.type, clip.ratingKey, clip.duration, clip.viewOffset) == ("clip", None, None, 0)
    assert (episode.type, episode.live, episode.key) == ("episode", True, "/livetv/sessions/club")
    plex.change_programme(club, "The Midnight Show", "tv.plex.xmltv://programme/3")
    later = client.sessions()[1]
    assert (later.sessionKey, later.title) == (2, "The Midnight Show")
    assert later.guid == "tv.plex.xmltv://programme/3"


@pytest.mark.parametrize(
    ("title", "kind", "subtype", "guid", "section"),
    [
        ("Feature Presentation", "clip", None, "analyzed.prerolls://", -3),
        ("Metropolis - Trailer", "clip", "trailer", "file://", -2),
        ("Holiday video", "movie", "clip", "com.plexapp.agents.none://", None),
        ("Theme", "track", None, "library://", None),
    ],
)
def test_other_items_are_no_films(
    plex: SimulatedPlex,
    client: Any,
    title: str,
    kind: str,
    subtype: str | None,
    guid: str,
    section: int | None,
) -> None:
    """Prerolls, extras, other videos and theme music are recognised by type, subtype, guid and section."""
    plex.play(1, title)
    (session,) = client.sessions()
    assert (session.type, session._data.get("subtype")) == (kind, subtype)
    assert session.guid.startswith(guid)
    assert session.librarySectionID == section


def test_position_moves_with_the_clock_in_the_clients_steps(plex: SimulatedPlex, client: Any, clock: Clock) -> None:
    """Ten, twenty and one second steps, repeated in between."""
    for player in (TELEVISION, PHONE, BROWSER):
        plex.play("Anton", "Alien", player)
    seen = []
    for step in (9.9, 0.1, 9.9, 0.1):
        clock.now_s += step
        seen.append([s.viewOffset // 1000 for s in client.sessions()])
    assert [[s[0], s[1]] for s in seen] == [[0, 0], [10, 0], [10, 0], [20, 20]]
    assert [s[2] for s in seen] == [9, 10, 19, 20]


def test_two_viewers_of_one_film_compare_equal(plex: SimulatedPlex, client: Any) -> None:
    """PlexAPI's equality ignores the session."""
    plex.play("Anton", "Alien")
    plex.play("Berta", "Alien", PHONE)
    first, second = client.sessions()
    assert first == second
    assert first._username != second._username


def test_session_ids_can_collide(plex: SimulatedPlex, client: Any) -> None:
    """Two devices can name the same Session.id, and one client can hold two sessions."""
    plex.play("Anton", "Alien", TELEVISION, session_id="same")
    plex.play("Berta", "M", PHONE, session_id="same")
    plex.play("Berta", "Sintel", PHONE)
    found = client.sessions()
    assert [s.session.id for s in found[:2]] == ["same", "same"]
    assert found[1].player.machineIdentifier == found[2].player.machineIdentifier


@pytest.mark.parametrize("count", [99, 100, 150])
def test_all_sessions_come_in_one_request(plex: SimulatedPlex, client: Any, count: int) -> None:
    """Around and above PlexAPI's page of a hundred, one poll is one request."""
    for _ in range(count):
        plex.play("Anton", "Alien")
    assert len(client.sessions()) == count
    assert len(plex.requests_for(SESSIONS)) == 1


def test_restart_gives_keys_to_other_viewers(plex: SimulatedPlex, client: Any) -> None:
    """450 becomes 1, and may be somebody else."""
    plex.play("Anton", "Alien", session_key=450)
    plex.play("Berta", "M", PHONE, session_key=451)
    assert [(s.sessionKey, s._username) for s in client.sessions()] == [(450, "Anton"), (451, "Berta")]
    plex.restart(reverse=True)
    assert [(s.sessionKey, s._username) for s in client.sessions()] == [(1, "Berta"), (2, "Anton")]
    plex.restart(keep_sessions=False)
    assert client.sessions() == []


def test_reloading_a_vanished_session_keeps_the_old_data(plex: SimulatedPlex, client: Any) -> None:
    """reload() of what is gone asks again and silently changes nothing."""
    one = plex.play("Anton", "Alien", at_ms=7_000)
    (session,) = client.sessions()
    plex.vanish(one)
    assert session.reload().viewOffset == 7_000
    assert len(plex.requests_for(SESSIONS)) == 2


def test_history_is_paged_filtered_and_sorted(
    plex: SimulatedPlex, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """250 rows come in three pages, newest first; each filter narrows them."""
    monkeypatch.setattr("plexapi.utils.DATETIME_TIMEZONE", None)  # a poller sets it for its whole process
    for minute in range(250):
        plex.add_history("Anton" if minute % 2 else "Berta", "M", BROWSER, viewed_at_s=START_S - 60 * minute)
    plex.add_history("Anton", "Where Is Everybody?", PHONE, viewed_at_s=START_S - 30)
    rows = client.history()
    assert len(rows) == 251
    assert len(plex.requests_for("/status/sessions/history/all")) == 3
    assert [r.viewedAt for r in rows] == sorted((r.viewedAt for r in rows), reverse=True)
    since = datetime.datetime.fromtimestamp(START_S - 60, datetime.UTC)
    assert [(r.title, r.accountID, r.deviceID) for r in client.history(mindate=since)] == [
        ("M", 4712, 3),
        ("Where Is Everybody?", 4711, 2),
        ("M", 4711, 3),
    ]
    assert len(client.history(accountID=4711)) == 126
    assert [r.type for r in client.history(ratingKey=2003)] == ["episode"]
    assert [r.title for r in client.history(librarySectionID=2)] == ["Where Is Everybody?"]
    assert len(client.history(maxresults=7)) == 7
    assert rows[0].viewedAt.tzinfo is None, "naive local time unless PlexAPI's timezone is set"


def test_watching_to_the_end_writes_history(plex: SimulatedPlex, client: Any, clock: Clock) -> None:
    """The film ends by itself: session gone, one row with the second it ended, no length in it."""
    plex.play("Cem", "Sintel", PHONE)
    clock.now_s += 15 * 60 + 42
    assert client.sessions() == []
    (row,) = client.history()
    assert (row.title, row.ratingKey, row.accountID, row.duration) == ("Sintel", 1031, 4713, None)
    assert row.viewedAt.timestamp() == START_S + 900
    plex.remove_item("Sintel")
    (orphan,) = client.history()
    assert (orphan.key, orphan.ratingKey, orphan.title) == ("", None, "Sintel")


def test_accounts_and_devices(plex: SimulatedPlex, client: Any) -> None:
    """Account 1 is the owner, account 0 has no name; a player is a device once it has played."""
    plex.play("Anton", "Alien", Player("kitchen", "Kitchen radio"))
    accounts = {a.id: a.name for a in client.systemAccounts()}
    assert (accounts[0], accounts[1], accounts[4714]) == ("", "Rosa", "Dörte")
    assert client.systemDevices()[-1].clientIdentifier == "kitchen"


def test_library_search_and_posters(plex: SimulatedPlex, client: Any, http: requests.Session) -> None:
    """Sections, all, search, hubs, seasons, one item and its picture."""
    assert [s.title for s in client.library.sections()] == ["Movies", "TV Shows", "Music", "Photos"]
    movies = client.library.section("Movies")
    assert len(movies.all()) == len(plex.library.in_section(1))
    assert movies.get("M*A*S*H").year == 1970
    assert [m.title for m in movies.search(title="metro")] == ["Metropolis"]
    assert [(m.type, m.title) for m in client.search("night")] == [("movie", "Night of the Living Dead")]
    show = client.library.section("TV Shows").get("Sherlock Holmes")
    assert [e.seasonEpisode for e in show.episodes()] == ["s01e01", "s01e02", "s01e03"]
    assert show.season(1).episodes()[0].title == "The Case of the Cunningham Heritage"
    film = client.fetchItem(1005)
    assert (film.title, film.ratingKey) == ("Metropolis", 1005)
    picture = http.get(film.thumbUrl, timeout=5)
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    with pytest.raises(NotFound):
        client.fetchItem(4040)


def test_alerts_follow_what_the_viewer_does(
    plex: SimulatedPlex, client: Any, clock: Clock, alerts: list[dict[str, Any]]
) -> None:
    """Start, report, seek, pause, resume, buffer, stop: each is heard, with its position."""
    one = plex.play("Anton", "Alien", TELEVISION)
    clock.now_s += 12.5
    assert client.sessions()[0].viewOffset == 10_000
    plex.seek(one, 1_800_000)
    clock.now_s += 1.5
    plex.pause(one)
    plex.resume(one)
    plex.buffer(one, claiming_ms=6_900_000)
    plex.send_unrelated_alerts()
    plex.stop_session(one, alert_key=90)
    until(lambda: len(playing(alerts)) == 7, "all alerts arrive")
    assert playing(alerts) == [
        ("1", "playing", 0),
        ("1", "playing", 10_000),
        ("1", "playing", 1_800_000),
        ("1", "paused", 1_801_000),
        ("1", "playing", 1_801_000),
        ("1", "buffering", 6_900_000),
        ("90", "stopped", 6_900_000),
    ]
    assert {a["type"] for a in alerts} >= {"timeline", "activity", "status"}
    assert all(a["size"] == 1 for a in alerts)


def test_silent_ends_and_false_alerts(plex: SimulatedPlex, alerts: list[dict[str, Any]]) -> None:
    """A vanished or frozen session says nothing; an alert can be untrue."""
    plex.vanish(plex.play("Anton", "Alien"))
    plex.freeze(plex.play("Berta", "M"))
    plex.alert("2", "stopped")
    until(lambda: len(alerts) == 3, "the alerts arrive")
    assert playing(alerts) == [("1", "playing", 0), ("2", "playing", 0), ("2", "stopped", 0)]
    assert [s.key for s in plex.sessions] == ["2"]


def test_reports_come_by_themselves() -> None:
    """At sixty times real speed a client's ten seconds are a sixth of a real one."""
    began = time.monotonic()
    fast = SimulatedPlex(now=lambda: START_S + 60 * (time.monotonic() - began), speed=60)
    with fast as plex, closing(requests.Session()) as http:
        client = Connect(plex.url, plex.token, session=http, timeout=5)
        with listening(plex, client) as alerts:
            plex.play("Anton", "Alien")
            until(lambda: len(alerts) >= 4, "three reports without anybody asking", 3)
    assert [at for _, _, at in playing(alerts)][:4] == [0, 10_000, 20_000, 30_000]
