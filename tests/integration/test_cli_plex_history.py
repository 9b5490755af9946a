"""`run.py import --from-plex`: the server's own history, by the real command line, from a simulated server."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher.commands import plex_history
from messages import Item
from persistence.json_files.files import ALL
from simulator.plex import OWNER, SimulatedPlex
from tests.integration.test_cli_store import usher
from tests.nights.evidence import load, sql
from tests.unit.persistence.record_builders import finish, open_store, record

NIGHT = datetime.datetime(2026, 10, 2, 20, 0, tzinfo=datetime.UTC).timestamp()
DAY = 86_400.0


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server."""
    with SimulatedPlex() as server:
        yield server


def bring(plex: SimulatedPlex, folder: Path, excluded: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command."""
    settings = {"PLEX_URL": plex.url, "PLEX_TOKEN": plex.token, "EXCLUDED_PLEX_USERS": excluded}
    return usher(folder, "import", "--from-plex", **settings)  # type: ignore[arg-type]


def watches(folder: Path) -> list[dict[str, Any]]:
    """Return the records, the oldest first."""
    return [dict(row) for row in sql(folder / "data", "SELECT * FROM watches ORDER BY ended_at_s, watch_id")]


def test_plays_become_watches_of_their_accounts_once(plex: SimulatedPlex, tmp_path: Path) -> None:
    """In pages; with what the library knows of the film, and without what Plex cannot know. Again: nothing changes."""
    film = plex.library["Metropolis"]
    for day in range(3):
        plex.add_history("Cem", film, viewed_at_s=NIGHT + day * DAY)
    plex.add_history("Cem", film, viewed_at_s=NIGHT + 20)  # twice, as real servers do
    plex.add_history(OWNER, "Big Buck Bunny", viewed_at_s=NIGHT)
    done = bring(plex, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Read 5 plays that the Plex server" in done.stdout
    assert "4 watches and 2 viewers" in done.stdout
    assert "1 row of what was recorded at that time already, or that are there twice" in done.stdout
    rows = [row for row in watches(tmp_path) if row["title"] == "Metropolis"]
    assert [row["ended_at_s"] for row in rows] == [NIGHT + day * DAY for day in range(3)]
    first = rows[0]
    assert (first["source"], first["end_reason"], first["spans"], first["sittings"]) == (
        "import", "from_history", "[]", "[]",
    )  # fmt: skip
    assert first["completion_percent"] == 90.0
    assert first["playing_s"] == pytest.approx(0.9 * (film.duration_ms or 0) / 1000)
    assert (first["completed"], first["brief"], first["year"]) == (1, 0, 1927)
    assert first["viewer_id"].startswith(f"plex:{plex.machine_id}:")
    stats = {
        entry["username"]: entry["completed_movies"] for entry in load(tmp_path / "data", "user_stats.json").values()
    }
    assert stats[OWNER.name] == 1
    before = {name: (tmp_path / "data" / name).read_bytes() for name in ALL}
    again = bring(plex, tmp_path)
    assert "All of it was in" in again.stdout
    assert {name: (tmp_path / "data" / name).read_bytes() for name in ALL} == before


def test_a_film_that_has_gone_from_the_library_is_a_film_seen_without_time(plex: SimulatedPlex, tmp_path: Path) -> None:
    """Plex has forgotten its length; Usher makes none up."""
    plex.add_history("Cem", "Metropolis", viewed_at_s=NIGHT)
    plex.remove_item("Metropolis")
    assert bring(plex, tmp_path).returncode == 0
    (row,) = watches(tmp_path)
    assert (row["title"], row["year"], row["playing_s"], row["completion_percent"]) == ("Metropolis", 1927, 0, None)
    assert (row["completed"], row["brief"]) == (1, 0)
    (entry,) = load(tmp_path / "data", "user_stats.json").values()
    assert (entry["total_movies"], entry["completed_movies"]) == (1, 1)


def test_watches_recorded_by_usher_are_not_imported_again(plex: SimulatedPlex, tmp_path: Path) -> None:
    """The record with its spans is worth more; the same film on another day is another watch."""
    film = plex.library["Metropolis"]
    item = Item(
        plex.machine_id, film.rating_key, "movie", "Metropolis", 1927, guid=film.guid, duration_ms=film.duration_ms,  # type: ignore[arg-type]
    )  # fmt: skip
    store = open_store(tmp_path / "data")
    own = {"started_at_s": NIGHT - 7200, "ended_at_s": NIGHT + 600, "source": "plex"}
    finish(store, record("own", f"plex:{plex.machine_id}:{OWNER.id}", item, **own))
    store.close()
    for viewed_at_s in (NIGHT, NIGHT + DAY):
        plex.add_history(OWNER, film, viewed_at_s=viewed_at_s)
    done = bring(plex, tmp_path)
    assert "1 watch and 0 viewers" in done.stdout, done.stdout + done.stderr
    assert len(watches(tmp_path)) == 2


def test_untracked_and_excluded_plays_are_left_out(plex: SimulatedPlex, tmp_path: Path) -> None:
    """Each is counted."""
    plex.add_history("Cem", "Metropolis", viewed_at_s=NIGHT)
    track = next(item for item in plex.library if item.kind == "track")
    plex.add_history(OWNER, track, viewed_at_s=NIGHT)
    done = bring(plex, tmp_path, excluded="cem")
    assert "1 row of accounts in EXCLUDED_PLEX_USERS" in done.stdout
    assert "1 row of types that are not in TRACKED_TYPES" in done.stdout
    assert watches(tmp_path) == []


@pytest.mark.parametrize("fault", ["html", "truncated"])
def test_a_server_that_breaks_off_changes_nothing(plex: SimulatedPlex, tmp_path: Path, fault: str) -> None:
    """All of it is read before the store is touched; the cause is named, the token is not."""
    plex.add_history("Cem", "Metropolis", viewed_at_s=NIGHT)
    plex.set_fault(fault, paths=("/library/metadata",))  # type: ignore[arg-type]
    done = bring(plex, tmp_path)
    assert done.returncode == 1
    assert "Nothing was changed." in done.stderr
    assert plex.token not in done.stderr
    assert not (tmp_path / "data" / "usher.db").exists()


def test_without_a_server_or_with_a_wrong_token_it_says_so(plex: SimulatedPlex, tmp_path: Path) -> None:
    """And that one of the two ways must be named."""
    assert "set PLEX_URL and PLEX_TOKEN" in usher(tmp_path, "import", "--from-plex").stderr
    refused = usher(tmp_path, "import", "--from-plex", PLEX_URL=plex.url, PLEX_TOKEN="wr0ng-t0ken")
    assert refused.returncode == 1
    assert "PLEX_TOKEN" in refused.stderr
    assert usher(tmp_path, "import").returncode == 2


def test_every_page_is_read(plex: SimulatedPlex, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order of time, also if the last page is full; progress ends at the total."""
    from config import PlexServer
    from launcher.doctor.plex_servers import connect

    monkeypatch.setattr(plex_history, "ROWS_A_REQUEST", 4)
    for day in range(12):
        plex.add_history("Cem", "Metropolis", viewed_at_s=NIGHT + day * DAY)
    told: list[tuple[str, int, int]] = []
    server = connect(PlexServer(plex.url, plex.token))
    found = plex_history.read_play_history(server, plex.url, lambda *said: told.append(said))
    assert [play.viewed_at_s for play in found.plays] == [NIGHT + day * DAY for day in range(12)]
    assert [said for said in told if said[0] == "plays"][:3] == [("plays", 4, 12), ("plays", 8, 12), ("plays", 12, 12)]
