"""The command line where one installation serves several communities: it names one, and touches no other."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest

from actors.media.sealing import TokenSealer, make_key
from config import PlexServer, Settings, write_servers
from diagnosis.findings import render
from launcher.commands.community_list import read_exported_communities
from launcher.commands.imports import _open_servers
from launcher.doctor.communities import check_communities
from messages import Community
from persistence.audit_log import AuditLog
from persistence.database.errors import ImportFault
from persistence.database.open_store import open_writer
from persistence.records.communities import write_community
from tests.integration.test_cli_store import usher
from tests.unit.persistence.record_builders import EVENING, finish, open_store, record

A, B = "100000000000000007", "100000000000000008"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder whose installation has its own community and two more, each with one watch."""
    data = tmp_path / "data"
    data.mkdir()
    base = Settings(data_dir=str(data))
    writer = open_writer(base.store_url, data / "backups")
    with writer.begin() as connection:
        write_community(connection, Community(A, "Film club", {"BOT_LANGUAGE": "de"}), EVENING)
        write_community(connection, Community(B, "Noir", {"TIMEZONE": "Asia/Tokyo"}), EVENING)
    writer.dispose()
    for name, place in (("own", data), (A, data / "communities" / A), (B, data / "communities" / B)):
        place.mkdir(parents=True, exist_ok=True)
        store = open_store(place)
        finish(store, record(f"w-{name}"))
        store.close()
    return tmp_path


def export_watches(folder: Path, *arguments: str) -> list[str]:
    """Return the ids of the watches that `export` writes."""
    target = Path(tempfile.mkdtemp(dir=folder))
    done = usher(folder, "export", str(target), *arguments)
    assert done.returncode == 0, done.stderr
    return [each["watch_id"] for each in json.loads((target / "watch_history.json").read_text())]


def test_the_communities_are_listed(folder: Path) -> None:
    """With their ids, their choices, and where their data are."""
    done = usher(folder, "communities", COLUMNS="200")
    assert done.returncode == 0, done.stderr
    lines = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()[1:]]
    assert lines == [
        [A, "Film club", "0", "de", "UTC", f"data/communities/{A}"],
        [B, "Noir", "0", "en", "Asia/Tokyo", f"data/communities/{B}"],
    ]


def test_a_command_is_about_one_community(folder: Path) -> None:
    """By its id or its name, in any case; without one, it is the environment's."""
    assert export_watches(folder) == ["w-own"]
    assert export_watches(folder, "--community", A) == [f"w-{A}"]
    assert export_watches(folder, "--community", "noir") == [f"w-{B}"]
    wrong = usher(folder, "export", "out", "--community", "Western")
    assert wrong.returncode == 1
    assert wrong.stderr == "There is no further community Western. 'python run.py communities' lists them.\n"


def test_a_community_is_backed_up_and_restored_alone(folder: Path) -> None:
    """Into its own folder; the others are as they were, and the audit log says whose it was."""
    made = usher(folder, "backup", "--community", A)
    assert made.returncode == 0, made.stderr
    (backup,) = (folder / "data" / "communities" / A / "backups").glob("usher-*.db")
    store = open_store(folder / "data" / "communities" / A)
    finish(store, record("later"))
    store.close()
    assert len(export_watches(folder, "--community", A)) == 2
    done = usher(folder, "restore", str(backup), "--community", A)
    assert done.returncode == 0, done.stderr
    assert export_watches(folder, "--community", A) == [f"w-{A}"]
    assert (export_watches(folder, "--community", B), export_watches(folder)) == ([f"w-{B}"], ["w-own"])
    acts = AuditLog(folder / "data" / "communities" / A).read(9, 0).entries
    assert [act.act for act in acts] == ["restore", "backup"]
    assert AuditLog(folder / "data").read(9, 0).total == 0, "the environment's !audit tells of no other community"
    assert (
        usher(folder, "summaries", "--community", A).stdout.strip() == "The summaries are what the records add up to."
    )


def test_a_community_is_served_no_longer_and_its_data_stay(folder: Path) -> None:
    """They can still be exported, by its id."""
    done = usher(folder, "communities", "remove", "Film club")
    assert (done.returncode, done.stdout) == (
        0,
        f"Discord server {A} is served no longer. Its data stay in data/communities/{A}.\n",
    ), done.stderr
    assert A not in usher(folder, "communities").stdout
    assert [
        (act.act, act.targets[0].id) for act in AuditLog(folder / "data" / "communities" / A).read(9, 0).entries
    ] == [("community remove", A)]
    assert usher(folder, "communities", "remove", A).returncode == 1
    assert export_watches(folder, "--community", A) == [f"w-{A}"]


def test_a_key_is_made_and_none_is_there_before_the_first_start(tmp_path: Path) -> None:
    """A new key each time; neither makes a folder."""
    first, second = (usher(tmp_path, "communities", "key").stdout for _ in range(2))
    assert first != second
    assert usher(tmp_path, "communities", USHER_KEYS=f"{first.strip()},{second.strip()}").returncode == 0
    assert not (tmp_path / "data").exists()


def test_the_list_goes_along_with_the_environments_data(folder: Path, tmp_path: Path) -> None:
    """`export` writes it, with its tokens sealed; `import` adds those that are not there, and nothing twice."""
    assert usher(folder, "export", "out").returncode == 0
    assert usher(folder, "export", "theirs", "--community", A).returncode == 0
    assert not (folder / "theirs" / "communities.json").exists()
    listed = json.loads((folder / "out" / "communities.json").read_text())
    assert [each["guild_id"] for each in listed] == [A, B]
    new = tmp_path / "new"
    new.mkdir()
    done = usher(new, "import", str(folder / "out"))
    assert "Served from the next start on: 2 further Discord servers." in done.stdout, done.stderr
    assert B in usher(new, "communities").stdout
    again = usher(new, "import", str(folder / "out"))
    assert again.returncode == 0 and "Served from" not in again.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"guild_id": "../x"}, "is not the id of a Discord server"),
        ({"settings": {"DATA_DIR": "/etc"}}, "can't choose DATA_DIR"),
        ({"settings": {"PLEX_SERVERS": '[{"url": "http://10.0.0.1:1", "token": "x"}]'}}, "signing in at plex.tv"),
        ({"more": 1}, "unknown field"),
    ],
)
def test_a_list_that_is_wrong_is_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    """Before anything is changed: somebody may have written in it."""
    entry = {"guild_id": A, "name": "Film club", "settings": {"BOT_LANGUAGE": "de"}}
    file = tmp_path / "communities.json"
    file.write_text(json.dumps([entry]))
    assert len(read_exported_communities(tmp_path, Settings())) == 1
    file.write_text(json.dumps([entry | change]))
    with pytest.raises(ImportFault, match=said) as caught:
        read_exported_communities(tmp_path, Settings())
    assert str(file) in str(caught.value) and "Nothing was changed." in str(caught.value)


def test_check_names_the_community_that_cannot_be_served(folder: Path) -> None:
    """Its store is damaged, or no key opens a token of it; where all is well, one line says so."""
    data = folder / "data"
    settings = Settings(data_dir=str(data), usher_keys=(make_key(),))
    assert [render(found).text for found in check_communities(settings)] == ["2 can be served"]
    sealed = TokenSealer([make_key()]).seal("token", A, "srv")
    servers = write_servers([PlexServer("https://plex.example:32400", sealed, "Den", "srv")])
    writer = open_writer(settings.store_url, data / "backups")
    with writer.begin() as connection:
        write_community(connection, Community(A, "Film club", {"PLEX_SERVERS": servers}), EVENING)
    writer.dispose()
    (data / "communities" / B / "usher.db").write_bytes(b"no store at all, but of some length")
    first, second = (render(found) for found in check_communities(settings))
    assert first.text.startswith("Film club: No key in USHER_KEYS decrypts the token")
    assert second.text.startswith("Noir: The store ") and "damaged" in second.text and second.cure
    assert list(check_communities(Settings(data_dir=str(folder / "nowhere")))) == []


def test_import_from_plex_opens_the_tokens_of_the_community() -> None:
    """The operator has the keys in the environment; without the right one nothing is asked."""
    key = make_key()
    sealed = TokenSealer([key]).seal("token", A, "srv")
    chosen = {"PLEX_SERVERS": write_servers([PlexServer("https://plex.example:32400", sealed, "Den", "srv")])}
    own = Settings(usher_keys=(key,), plex_url="http://10.0.0.1:32400", plex_token="ours").for_community(A, chosen)
    assert [(server.url, server.token) for server in _open_servers(own)] == [("https://plex.example:32400", "token")]
    with pytest.raises(ImportFault, match=r"USHER_KEYS.*Nothing was changed"):
        _open_servers(Settings(usher_keys=(make_key(),)).for_community(A, chosen))
