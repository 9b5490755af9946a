"""Settings: every problem named at once with its cure, and no secret ever shown."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

import config
from actors.runtime.logs import SecretFilter
from persistence.database.engine import sqlite_file
from persistence.store import Store
from tests.unit.persistence.record_builders import RULES

GOOD = {
    "PLEX_URL": "http://127.0.0.1:32400/",
    "PLEX_TOKEN": "plex-secret",
    "DISCORD_TOKEN": "discord-secret",
    "DISCORD_GUILD_ID": "100000000000000001",
    "DISCORD_ANNOUNCE_CHANNEL_ID": "100000000000000002",
}


def problems(**changes: str) -> list[str]:
    """What load_settings finds wrong with GOOD, changed so."""
    with pytest.raises(config.SettingsError) as caught:
        config.load_settings({**GOOD, **changes})
    return [*caught.value.problems]


def test_a_language_needs_a_catalogue() -> None:
    """However it is written; the desktop's own LANGUAGE is ignored."""
    assert config.load_settings({**GOOD, "BOT_LANGUAGE": "DE"}).bot_language == "de"
    assert config.load_settings({**GOOD, "LANGUAGE": "fr_FR:fr"}).bot_language == "en"


def test_good_settings_have_the_defaults_of_the_contract() -> None:
    """What is not set has its documented default; the address loses its last slash."""
    settings = config.load_settings(GOOD)
    assert settings.plex_url == "http://127.0.0.1:32400"
    assert (settings.auto_save_interval_minutes, settings.plex_poll_seconds) == (5, 10)
    assert (settings.end_grace_seconds, settings.ghost_after_seconds, settings.ghost_end_seconds) == (
        30,
        60,
        300,
    )
    assert (settings.position_slack_seconds, settings.watched_percent, settings.min_watch_seconds) == (
        20,
        80,
        60,
    )
    assert (settings.resume_window_hours, settings.health_interval_seconds) == (24, 30)
    assert settings.tracked_types == ("movie", "episode")
    assert settings.data_dir == "data"


def test_everything_missing_is_listed_at_once() -> None:
    """One line for each needed setting."""
    with pytest.raises(config.SettingsError) as caught:
        config.load_settings({})
    assert [line.split()[0] for line in caught.value.problems] == list(GOOD)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("PLEX_URL", "plex.local:32400", "http://"),
        ("PLEX_URL", "http://host:99999", "port"),
        ("PLEX_URL", "http://user:pw@host", "alone"),
        ("PLEX_URL", "http://host:32400/?X-Plex-Token=abc", "without ? or #"),
        ("PLEX_URL", "http://host:32400/web", "without Plex Web's /web"),
        ("PLEX_URL", "http://host:32400/web/index.html", "without Plex Web's /web"),
        ("PLEX_SERVERS", '[{"url": "http://a/web/index.html#!/", "token": "t"}]', "without ? or #"),
        ("PLEX_TOKEN", "two words", "without spaces"),
        ("DISCORD_GUILD_ID", "my server", "digits"),
        ("DISCORD_GUILD_ID", str(2**63), "digits"),
        ("AUTO_SAVE_INTERVAL_MINUTES", "0", "from 0.001"),
        ("PLEX_POLL_SECONDS", "nan", "number"),
        ("PLEX_POLL_SECONDS", "often", "number"),
        ("WATCHED_PERCENT", "101", "100"),
        ("TRACKED_TYPES", "movie,song", "movie, episode, live"),
        ("TIMEZONE", "Mars/Olympus", "IANA"),
        ("TIMEZONE", "../../etc/passwd", "IANA"),
        ("BOT_LANGUAGE", "klingon", "one of de, en"),
        ("BOT_LANGUAGE", "../de", "one of de, en"),
        ("LOG_LEVEL", "chatty", "DEBUG"),
        ("LOG_FORMAT", "xml", "text, json"),
        ("BACKUP_KEEP", "0", "from 1"),
        ("DATABASE_URL", "mysql://host/db", "postgresql"),
        ("PLEX_SERVERS", '[{"url": "http://a"}]', "token"),
        ("PLEX_SERVERS", "http://a", "JSON list"),
        ("PLEX_SERVERS", "[]", "JSON list"),
        ("PLEX_SERVERS", "{}", "JSON list"),
        ("PLEX_SERVERS", "[" * 60_000, "nested"),
        ("PLEX_SERVERS", '[{"url": "http://a", "token": ' + "9" * 5000 + "}]", "line 1, token: this is no number"),
        ("PLEX_SERVERS", '[{"url": "http://a", "token": "a", "token": "b"}]', "line 1, token: a key is there twice"),
        ("DISCORD_GUILD_ID", "9" * 5000, "digits"),
        ("BACKUP_KEEP", "9" * 5000, "from 1"),
        ("PLEX_URL", "http://[::1", "an address like"),
        ("DATABASE_URL", "sqlite://", "a file"),
        ("DATABASE_URL", "postgresql+psycopg://u:pw@host:port/db", "a host and a port number"),
        ("DATABASE_URL", "postgresql+psycopg://u:p/w@host/db", "%2F"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@w@host/db", "%40"),
        ("DISCORD_GATEWAY_URL", "http://host", "ws"),
        ("GHOST_END_SECONDS", "30", "GHOST_AFTER_SECONDS"),
    ],
)
def test_a_wrong_value_names_itself_and_its_cure(name: str, value: str, cure: str) -> None:
    """The one problem names the variable and says what would be right."""
    (line,) = problems(**{name: value})
    assert name in line
    assert cure in line


def test_several_wrong_values_are_all_listed() -> None:
    """A person mends them in one go."""
    assert len(problems(PLEX_URL="x", TIMEZONE="y", WATCHED_PERCENT="z")) == 3


def test_a_folder_may_be_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell expands what is written in a .env file; a folder called ~ would be made."""
    monkeypatch.setenv("HOME", "/home/iris")
    assert config.load_settings({**GOOD, "DATA_DIR": "~/usher"}).data_dir == "/home/iris/usher"
    assert config.load_settings({**GOOD, "DATA_DIR": "a~b"}).data_dir == "a~b"


def test_fractions_are_accepted() -> None:
    """Intervals take fractions."""
    settings = config.load_settings({**GOOD, "AUTO_SAVE_INTERVAL_MINUTES": "0.05", "PLEX_POLL_SECONDS": "0.25"})
    assert (settings.auto_save_interval_minutes, settings.plex_poll_seconds) == (0.05, 0.25)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """The .env file fills in what the environment does not say; an empty value is not set."""
    dotenv = tmp_path / ".env"
    dotenv.write_text('TIMEZONE="Europe/Berlin"\nPLEX_URL=http://from-file:1\nLOG_LEVEL=\n', encoding="utf-8")
    settings = config.load_settings(GOOD, dotenv)
    assert settings.timezone == "Europe/Berlin"
    assert settings.plex_url == "http://127.0.0.1:32400"
    assert settings.log_level == "INFO"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLEX_URL", "htp://anna:hunter2@host:32400"),
        ("PLEX_URL", "anna:hunter2@host:32400"),
        ("PLEX_URL", "http://anna:hunter2@host:32400"),
        ("DISCORD_API_URL", "ws://u:hun@ter2@host"),
        ("DISCORD_API_URL", "https://hunter2@host"),
    ],
)
def test_a_password_in_an_address_is_not_repeated(name: str, value: str) -> None:
    """Where the value is shown because it is wrong, or is right but for the password."""
    (line,) = problems(**{name: value})
    assert name in line and "***@host" in line and "ter2" not in line


def test_a_server_with_a_password_in_its_address_is_refused() -> None:
    """Nobody can look at it then, and show it."""
    listed = '[{"url": "http://anna:hunter2@host:32400", "token": "t1"}]'
    with pytest.raises(config.SettingsError, match=r"PLEX_SERVERS .* without a user name or a password") as caught:
        config.load_settings({**GOOD, "PLEX_SERVERS": listed})
    assert "hunter2" not in str(caught.value) and "hunter2" not in repr(caught.value.readable.servers)


def test_the_passwords_of_a_database_are_secrets() -> None:
    """As they are written, as they are meant, and behind the question mark."""
    settings = config.load_settings({**GOOD, "DATABASE_URL": "postgresql://u:pass%2Fword@h/d?password=hun%2Bter&a=b"})
    assert {"pass%2Fword", "pass/word", "hun+ter"} <= set(settings.secrets())


def test_a_password_that_is_also_a_name_hides_no_path(tmp_path: Path) -> None:
    """It is taken out where it stands as the password, and nowhere else."""
    url = "postgresql+psycopg://usher:usher@db.usher.lan/usher"
    settings = config.load_settings({**GOOD, "DATABASE_URL": url, "DATA_DIR": "/srv/usher"})
    mask = SecretFilter(settings.secrets()).mask
    assert mask("/srv/usher/usher.db cannot be written") == "/srv/usher/usher.db cannot be written"
    assert "usher:usher@" not in mask(f"connection to {url} failed, password=usher")
    assert "password=usher" not in mask(f"connection to {url} failed, password=usher")
    other = config.load_settings({**GOOD, "DATABASE_URL": "postgresql://usher:hunter22@h/usher"})
    assert "hunter22" not in SecretFilter(other.secrets()).mask("hunter22 is in here")


@pytest.mark.parametrize("name", ["what?", "b#c", "50%", "50%25", "a b", "ü&=;"])
def test_the_store_is_in_the_data_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    """None of its letters is taken for a part of an address."""
    folder = tmp_path / name / "data"
    settings = config.load_settings({**GOOD, "DATA_DIR": str(folder)})
    assert sqlite_file(settings.store_url) == folder / "usher.db"
    folder.mkdir(parents=True)
    Store(settings.store_url, folder, RULES, is_owner=True).close()
    assert (folder / "usher.db").is_file()
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    """Docker creates one if the file to be mounted does not exist."""
    (tmp_path / ".env").mkdir()
    with pytest.raises(config.SettingsError, match=r"\.env is a folder: take it away"):
        config.load_settings(GOOD, tmp_path / ".env")


@pytest.mark.parametrize("name", ["AUTO_SAVE_INTERVAL_MINUTES", "PLEX_POLL_SECONDS", "HEALTH_INTERVAL_SECONDS"])
def test_intervals_that_are_too_short_are_refused(name: str) -> None:
    """A machine that only polls and saves has no time for anything else."""
    assert name in problems(**{name: "0.0001"})[0]


def test_a_pipe_in_place_of_a_file_does_not_hang(tmp_path: Path) -> None:
    """A named pipe, for which nobody writes, is named as one: as the file .env and as the file of a secret."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(config.SettingsError, match="it is a named pipe"):
        config.load_settings(GOOD, pipe)
    with pytest.raises(config.SettingsError, match=r"FILE__PLEX_TOKEN names .* \(it is a named pipe\)"):
        config.load_settings({**{k: v for k, v in GOOD.items() if k != "PLEX_TOKEN"}, "FILE__PLEX_TOKEN": str(pipe)})


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """As Windows' editors write it; another encoding is named."""
    file = tmp_path / ".env"
    file.write_text("PLEX_TOKEN=of-the-file\n", encoding="utf-8-sig")
    rest = {k: v for k, v in GOOD.items() if k != "PLEX_TOKEN"}
    assert config.load_settings(rest, file).plex_token == "of-the-file"
    file.write_text("PLEX_TOKEN=of-the-file\n", encoding="utf-16")
    with pytest.raises(config.SettingsError, match="it is UTF-16, not UTF-8"):
        config.load_settings(rest, file)


def test_a_secret_can_lie_in_a_file(tmp_path: Path) -> None:
    """FILE__NAME names a file with the value; one that cannot be read is a problem."""
    secret = tmp_path / "token"
    secret.write_text("from-file\n", encoding="utf-8")
    without = {k: v for k, v in GOOD.items() if k != "PLEX_TOKEN"}
    assert config.load_settings({**without, "FILE__PLEX_TOKEN": str(secret)}).plex_token == "from-file"
    (line,) = problems(PLEX_TOKEN="", FILE__PLEX_TOKEN=str(tmp_path / "none"))
    assert line.startswith("FILE__PLEX_TOKEN names") and "(No such file or directory): make it" in line


def test_more_servers_can_stand_without_plex_url() -> None:
    """PLEX_SERVERS alone is enough, and its order is kept."""
    listed = '[{"url": "http://a:1/", "token": "t1"}, {"url": "https://b", "token": "t2"}]'
    rest = {k: v for k, v in GOOD.items() if not k.startswith("PLEX")}
    servers = config.load_settings({**rest, "PLEX_SERVERS": listed}).servers
    assert servers == (config.PlexServer("http://a:1", "t1"), config.PlexServer("https://b", "t2"))


@pytest.mark.parametrize("name", ["PLEX_URL", "PLEX_TOKEN"])
def test_half_a_first_server_is_missing_its_other_half(name: str) -> None:
    """Beside PLEX_SERVERS both may be left out, not one of them: it would be asked without a token, or not at all."""
    (line,) = problems(**{name: "", "PLEX_SERVERS": '[{"url": "http://a:1", "token": "t"}]'})
    assert line.startswith(f"{name} is missing")


def test_blank_values_count_as_not_set(tmp_path: Path) -> None:
    """A list of servers of blanks is none, and blanks hide no file with the value."""
    missing = [line.partition(" is ")[0] for line in problems(PLEX_URL=" ", PLEX_TOKEN="", PLEX_SERVERS="  ")]
    assert missing == ["PLEX_URL", "PLEX_TOKEN"]
    secret = tmp_path / "token"
    secret.write_text("from-file\n", encoding="utf-8")
    settings = config.load_settings({**GOOD, "PLEX_TOKEN": " ", "FILE__PLEX_TOKEN": str(secret)})
    assert settings.plex_token == "from-file"


def test_no_secret_is_shown() -> None:
    """Neither repr nor a problem shows a token or a password."""
    settings = config.load_settings({**GOOD, "DATABASE_URL": "postgresql://u:db-secret@h/d"})
    assert settings.secrets() == ("discord-secret", "db-secret", "plex-secret")
    assert not any(secret in repr(settings) for secret in settings.secrets())
    assert "sesame" not in problems(PLEX_TOKEN="open sesame")[0]


def test_settings_cross_a_process_boundary() -> None:
    """They survive the way through plain values that the boot of a process takes."""
    settings = config.load_settings({**GOOD, "EXCLUDED_PLEX_USERS": "a, b", "IGNORED_ROLE_IDS": "12, 34"})
    assert settings.ignored_role_ids == (12, 34)
    assert msgspec.convert(msgspec.to_builtins(settings), config.Settings) == settings


def test_a_data_dir_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A folder is needed."""
    (tmp_path / "data").write_text("")
    assert "is a file" in problems(DATA_DIR=str(tmp_path / "data"))[0]


def test_quotes_that_an_env_file_kept_are_refused(tmp_path: Path) -> None:
    """`docker run --env-file` hands them on; a .env of our own loses them."""
    with pytest.raises(config.SettingsError) as refused:
        config.load_settings({"TIMEZONE": '"Europe/Berlin"', "DISCORD_TOKEN": "'secret-token'"}, for_service=False)
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "DISCORD_TOKEN is in quotes",
        "TIMEZONE is in quotes",
    ]
    assert "secret-token" not in str(refused.value)
    dotenv = tmp_path / ".env"
    dotenv.write_text('TIMEZONE="Europe/Berlin"\n')
    assert config.load_settings({}, dotenv, for_service=False).timezone == "Europe/Berlin"


def test_a_problem_knows_where_its_cure_begins(tmp_path: Path) -> None:
    """A value, or a reason, may have a colon of its own."""
    with pytest.raises(config.SettingsError) as caught:
        config.load_settings({"TIMEZONE": "a: b"}, for_service=False)
    (problem,) = caught.value.problems
    assert problem.what == "TIMEZONE is wrong ('a: b')" and problem.cure.startswith("it takes a time zone")
    assert problem == f"{problem.what}: {problem.cure}"


def test_webhooks_are_addresses_separated_by_spaces_and_a_key_in_base64() -> None:
    """Braces of ntfy's templates and a password are fine in them; nothing of a wrong one is shown."""
    urls = "http://ha.local:8123/api/webhook/x https://u:pass@ntfy.sh/t?tpl=1&t={{.title}}"
    settings = config.load_settings({**GOOD, "WEBHOOK_URLS": urls, "WEBHOOK_EVENTS": "film_ended, badge_earned"})
    assert len(settings.webhook_urls) == 2
    assert settings.webhook_events == ("film_ended", "badge_earned")
    assert "ntfy" not in repr(settings)
    line = "posting to /api/webhook/x, https://u:pass@ntfy.sh/t?tpl=1&t={{.title}} and pass failed"
    assert SecretFilter(settings.secrets()).mask(line) == "posting to ***, *** and *** failed"
    for wrong in ("ftp://ha.local/x", "ha.local/hidden-path", "http:///hidden-path", "https://ha.local/#hidden-path"):
        (problem,) = problems(WEBHOOK_URLS=wrong)
        assert problem.startswith("WEBHOOK_URLS")
        assert "hidden-path" not in problem
    (problem,) = problems(WEBHOOK_SECRET="my password")
    assert "openssl rand -base64 32" in problem
    assert "password" not in problem
    (problem,) = problems(WEBHOOK_EVENTS="film_paused")
    assert "film_started, film_ended, night_planned, badge_earned" in problem


def test_an_impossible_data_folder_is_a_problem_of_the_settings(tmp_path: Path) -> None:
    """A link to a disk that is not mounted, or to itself, a name or a path that is too long: no traceback."""
    (tmp_path / "usb").symlink_to("/mnt/not-mounted/usher")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for folder, said in (
        (tmp_path / "usb", "usb is a link to /mnt/not-mounted/usher: mount or make that"),
        (tmp_path / "usb" / "data", "usb is a link to /mnt/not-mounted/usher: mount or make that"),
        (tmp_path / "loop", "mount or make that"),
        (tmp_path / ("x" * 300), "is no path (File name too long)"),
        (tmp_path.joinpath(*["x" * 100] * 5), "bytes: name one of at most 450"),
    ):
        assert said in problems(DATA_DIR=str(folder))[0]
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert config.load_settings({**GOOD, "DATA_DIR": f"{tmp_path / 'link'}/"}).data_dir


def test_settings_are_not_called_missing_if_the_env_file_is_unreadable(tmp_path: Path) -> None:
    """Only the file is named; the environment's settings are still checked."""
    file = tmp_path / ".env"
    file.write_bytes("PLEX_URL=http://127.0.0.1:32400\r\n".encode("utf-16"))
    with pytest.raises(config.SettingsError) as wrong:
        config.load_settings({"PLEX_POLL_SECONDS": "soon"}, file)
    assert ["UTF-16" in wrong.value.problems[0], "PLEX_POLL_SECONDS" in wrong.value.problems[1]] == [True, True]
    assert len(wrong.value.problems) == 2


def test_windows_editors_may_write_the_env_file(tmp_path: Path) -> None:
    """A byte order mark, and CRLF at the ends of lines."""
    file = tmp_path / ".env"
    file.write_bytes(b"\xef\xbb\xbfPLEX_POLL_SECONDS=5\r\nTIMEZONE='Europe/Berlin'\r\n")
    found = config.load_settings({}, file, for_service=False)
    assert (found.plex_poll_seconds, found.timezone) == (5.0, "Europe/Berlin")
