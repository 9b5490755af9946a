"""`run.py setup` at a pipe for a keyboard, between a simulated Plex, plex.tv and Discord."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from launcher.commands import setup
from launcher.setup.prompter import Prompter
from simulator.discord import SimulatedDiscord
from simulator.discord.model.permissions import EMBED_LINKS
from simulator.plex import SimulatedPlex
from simulator.plextv import TOKEN, SimulatedPlexTv


class Desk:
    """Everything that `setup` talks to when somebody installs Usher."""

    def __init__(self, folder: Path, plex: SimulatedPlex, discord: SimulatedDiscord, site: SimulatedPlexTv) -> None:
        self.env = folder / ".env"
        self.plex, self.discord, self.site = plex, discord, site
        self.shown = ""
        self.answers = 0

    def type(self, *answers: str, end: str = "") -> int:
        """Run it with these answers; return the exit status."""
        with create_pipe_input() as keyboard:
            keyboard.send_text("".join(f"{answer}\r" for answer in answers) + end)
            console = Console(file=io.StringIO(), width=200, markup=False)
            prompter = Prompter(console, source=keyboard, sink=DummyOutput())
            environ = {"DISCORD_API_URL": self.discord.api_url}
            status = setup.run_dialogue(prompter, console, self.env, environ, self.site.url)
        assert isinstance(console.file, io.StringIO)
        self.shown, self.answers = console.file.getvalue(), prompter.answers
        for secret in (self.plex.token, self.discord.token, TOKEN):
            assert secret not in self.shown
        return status

    @property
    def written(self) -> dict[str, str | None]:
        """Return the settings that the service would read."""
        return dotenv_values(self.env, interpolate=False)

    def list_expected(self) -> dict[str, str]:
        """Return all lines, for the club of the simulator."""
        return {
            "PLEX_URL": self.plex.url,
            "PLEX_TOKEN": self.plex.token,
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_GUILD_ID": str(self.discord.guild.id),
            "DISCORD_ANNOUNCE_CHANNEL_ID": str(self.discord.channel("film-club").id),
            "WATCH_PARTY_VOICE_CHANNEL_ID": str(self.discord.channel("Cinema").id),
            "WATCH_PARTY_PLEX_USER": "Berta",
            "TIMEZONE": "Europe/Berlin",
            "BOT_LANGUAGE": "de",
        }


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Everything answers."""
    monkeypatch.setattr("launcher.setup.plex._POLL_S", 0.02)
    monkeypatch.setattr("launcher.setup.discord._POLL_S", 0.02)
    with SimulatedPlex() as plex, SimulatedDiscord() as discord, SimulatedPlexTv(plex) as site:
        site.typed_in_after = 1
        yield Desk(tmp_path, plex, discord, site)


REST = ("1", "#film-club", "Cinema", "Berta", "Europe/Berlin", "de", "none")


def test_a_newcomer_signs_in_by_pin_and_is_done_in_nine_answers(desk: Desk) -> None:
    """The PIN is shown and waited for, the address that answers is found, all is written for this user alone."""
    begun = time.monotonic()
    assert desk.type("1", desk.discord.token, *REST) == 0, desk.shown
    assert time.monotonic() - begun < 30
    assert desk.written == desk.list_expected()
    assert desk.env.stat().st_mode & 0o777 == 0o600
    assert "ABCD" in desk.shown and "permissions=580550730501120" in desk.shown
    assert desk.answers == 9
    assert [path.name for path in desk.env.parent.iterdir()] == [".env"]


def test_a_pasted_token_is_tried_at_once_and_asked_again(desk: Desk) -> None:
    """A wrong token and a wrong address are each named before the next question."""
    pasted = ("2", "wrong", desk.plex.url, "2", desk.plex.token, "http://127.0.0.1:9", "ftp://x", desk.plex.url)
    assert desk.type(*pasted, "nonsense", desk.discord.token, *REST) == 0, desk.shown
    assert desk.written == desk.list_expected()
    assert desk.shown.count("refuses the token") == 2  # Plex's and Discord's
    assert "cannot be reached" in desk.shown and "it takes an address like" in desk.shown


def test_an_account_without_servers_is_asked_for_an_address(desk: Desk) -> None:
    """plex.tv lists none: setup asks for an address, and tries the account's token there."""
    desk.site.servers = False
    assert desk.type("1", desk.plex.url, "2", desk.plex.token, desk.plex.url, desk.discord.token, *REST) == 0
    assert "knows no server of this account" in desk.shown and desk.written == desk.list_expected()


def test_earlier_answers_are_defaults_and_other_lines_stay(desk: Desk) -> None:
    """Enter all the way keeps the file letter by letter; one new answer changes one line."""
    desk.type("1", desk.discord.token, *REST)
    desk.env.write_text("# mine\nLOG_LEVEL=DEBUG  # loud\n\n" + desk.env.read_text() + "export ODD='a b'\n")
    before = desk.env.read_text()
    assert desk.type(*[""] * 9) == 0, desk.shown
    assert desk.env.read_text() == before
    assert desk.type(*[""] * 5, "Dörte", "", "", "") == 0
    assert desk.env.read_text() == before.replace("=Berta", "='Dörte'")
    assert desk.written["WATCH_PARTY_PLEX_USER"] == "Dörte"


@pytest.mark.parametrize("end", ["\x03", "\x04"])
@pytest.mark.parametrize("answered", range(8))
def test_it_can_be_stopped_at_any_question(desk: Desk, answered: int, end: str) -> None:
    """Ctrl-C and Ctrl-D leave the old file as it was, and nothing beside it."""
    desk.env.write_text("PLEX_URL=http://old:32400\n")
    answers = ("1", desk.discord.token, *REST)[:answered]
    assert desk.type(*answers, end=end) == setup.STOPPED
    assert desk.env.read_text() == "PLEX_URL=http://old:32400\n"
    assert [path.name for path in desk.env.parent.iterdir()] == [".env"]


def test_a_missing_permission_is_named_before_anything_is_written(desk: Desk) -> None:
    """One can check again, or continue without it."""
    desk.discord.deny_permissions("film-club", EMBED_LINKS)
    assert desk.type("1", desk.discord.token, "1", "film-club", "Cinema", "", "s", *REST[3:]) == 0
    assert desk.shown.count("lacks: Embed Links") == 2 and desk.written == desk.list_expected()


def test_a_missing_message_content_intent_is_named(desk: Desk) -> None:
    """With where to switch it on; one can continue without it."""
    desk.discord.allow_message_content(False)
    assert desk.type("1", desk.discord.token, "n", *REST) == 0
    assert "Privileged Gateway Intents" in desk.shown


def test_choices_take_numbers_and_beginnings_of_names(desk: Desk) -> None:
    """A wrong number or an unknown time zone is asked again."""
    typed = ("1", "99", "film", "Cin", "ber", "Atlantis/Capital", "Europe/Berlin", "klingon", "DE", "no")
    assert desk.type("1", desk.discord.token, *typed) == 0, desk.shown
    assert desk.written == desk.list_expected()


def test_a_folder_that_cannot_be_written_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a disk that is full while writing: exit 1, the old file is whole, nothing is left beside it."""
    desk.env.write_text("LOG_LEVEL=INFO\n")

    def fail_full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("atomic_file.os.fsync", fail_full)
    assert desk.type("1", desk.discord.token, *REST) == 1
    assert "No space left" in desk.shown and desk.env.read_text() == "LOG_LEVEL=INFO\n"
    assert [path.name for path in desk.env.parent.iterdir()] == [".env"]


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 in words; no file is made."""

    def never() -> Any:
        raise AssertionError

    assert setup.main(never, Console(file=io.StringIO()), tmp_path / ".env") == 1
    assert ".env.example" in capsys.readouterr().err and list(tmp_path.iterdir()) == []
