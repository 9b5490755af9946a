"""The doctor against a simulated Plex and a few answers of Discord: each fault named, with its cure."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import PlexServer, Settings
from diagnosis import permissions
from diagnosis.findings import Finding, render
from launcher.doctor.discord_rest import check_discord_by_rest
from launcher.doctor.machine import check_machine
from launcher.doctor.plex_servers import check_plex
from simulator.plex import MEMBER_TOKEN, ODDITIES, OLD_MEMBER_TOKEN, SimulatedPlex

ROOT = Path(__file__).resolve().parent.parent.parent.parent
GUILD, BOT, ROLE, TEXT, VOICE = "100", "200", "300", "400", "500"
ALL_NEEDED = sum(permissions.ANNOUNCEMENTS)


@contextlib.contextmanager
def discord_api(answers: dict[str, Any]) -> Iterator[str]:
    """An address that answers GET with what is given for each path (an int: that status; None: 404)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path, 404)
            if self.headers["Authorization"] != "Bot right-token":
                answer = 401
            self.send_response(answer if isinstance(answer, int) else 200)
            self.end_headers()
            self.wfile.write((answer if isinstance(answer, str) else json.dumps(answer)).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def everything() -> dict[str, Any]:
    """A server in which the bot may do all it has to."""
    return {
        "/users/@me": {"id": BOT, "username": "Usher"},
        "/oauth2/applications/@me": {"id": BOT, "flags": 1 << 19},
        f"/guilds/{GUILD}": {
            "id": GUILD, "name": "Film club", "owner_id": "1",
            "roles": [
                {"id": GUILD, "permissions": str(permissions.VIEW_CHANNEL)},
                {"id": ROLE, "permissions": str(permissions.INVITATION)},
            ],
        },
        f"/guilds/{GUILD}/members/{BOT}": {"roles": [ROLE]},
        f"/channels/{TEXT}": {"id": TEXT, "type": 0, "name": "films", "guild_id": GUILD},
        f"/channels/{VOICE}": {"id": VOICE, "type": 2, "name": "Cinema", "guild_id": GUILD},
    }  # fmt: skip


def ask_discord(answers: dict[str, Any], **changed: Any) -> list[Finding]:
    """Return what the doctor finds in a Discord with these answers."""
    with discord_api(answers) as url:
        values: dict[str, Any] = {
            "discord_token": "right-token", "discord_api_url": url, "discord_guild_id": int(GUILD),
            "discord_announce_channel_id": int(TEXT), "watch_party_voice_channel_id": int(VOICE), **changed,
        }  # fmt: skip
        return list(check_discord_by_rest(Settings(**values)))


def list_errors(findings: list[Finding]) -> list[str]:
    """Return the errors with their cures."""
    errors = (render(finding) for finding in findings if finding.severity == "error")
    return [f"{words.topic}: {words.text} -> {words.cure}" for words in errors]


def test_a_discord_in_order() -> None:
    """Bot, intent, server, both channels, nights: six good findings for a bot that was invited with Usher's link."""
    findings = ask_discord(everything())
    assert [finding.severity for finding in findings] == ["ok"] * 6


def nights(answers: dict[str, Any], **changed: Any) -> list[str]:
    """What is said of film nights."""
    found = [finding for finding in ask_discord(answers, **changed) if finding.topic == "nights"]
    assert {finding.severity for finding in found} <= {"note"}, "all else works without"
    return [f"{render(finding).text} -> {render(finding).cure}" for finding in found]


def test_permissions_for_film_nights_are_checked() -> None:
    """On the server; in the voice channel, if one is set; more on a stage."""
    answers = everything()
    answers[f"/guilds/{GUILD}"]["roles"][1]["permissions"] = str(ALL_NEEDED | 1 << 33 | 1 << 20 | 1 << 49)
    (server,) = nights(answers)
    assert "lacks: Create Events -> " in server and "Server Settings" in server
    answers = everything()
    answers[f"/channels/{VOICE}"]["permission_overwrites"] = [
        {"id": ROLE, "type": 0, "deny": str(1 << 20), "allow": "0"}
    ]
    (voice,) = nights(answers)
    assert "in #Cinema: the bot lacks: Connect -> " in voice and "channel's settings" in voice
    answers[f"/channels/{VOICE}"] |= {"type": 13, "permission_overwrites": []}
    (stage,) = nights(answers)
    assert "the bot lacks: Manage Channels, Mute Members, Move Members ->" in stage
    bare = everything()
    bare[f"/guilds/{GUILD}"]["roles"][1]["permissions"] = str(ALL_NEEDED)
    polls, _events = nights(bare, watch_party_voice_channel_id=0)
    assert "/vote cannot create polls" in polls and "lacks: Create Polls -> " in polls


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/users/@me", 401, "refuses the token"),
        ("/users/@me", "<html>", "unexpected answer"),
        ("/users/@me", 503, "status 503"),
        ("/oauth2/applications/@me", {"id": BOT, "flags": 0}, "Message Content is off"),
        (f"/guilds/{GUILD}", 404, "oauth2/authorize?client_id=200"),
        (f"/channels/{TEXT}", 404, "there is no channel 400 -> set DISCORD_ANNOUNCE_CHANNEL_ID"),
        (f"/channels/{TEXT}", 403, "may not see the channel"),
        (f"/channels/{TEXT}", {"type": 2, "name": "x", "guild_id": GUILD}, "not a text or announcement"),
        (f"/channels/{VOICE}", {"type": 0, "name": "x", "guild_id": GUILD}, "not a voice or stage channel"),
        (f"/channels/{VOICE}", {"type": 13, "name": "x", "guild_id": "9"}, "another Discord server"),
    ],
)  # fmt: skip
def test_each_fault_of_discord_has_its_own_finding(path: str, answer: Any, said: str) -> None:
    """With what to do."""
    answers = {**everything(), path: answer}
    found = list_errors(ask_discord(answers))
    assert len(found) == 1 and said in found[0]


def test_a_permission_that_a_channel_denies_is_named() -> None:
    """The role's overwrite takes away Embed Links; the member's own gives it back."""
    answers = everything()
    denied = [{"id": ROLE, "type": 0, "deny": str(1 << 14), "allow": "0"}]
    answers[f"/channels/{TEXT}"]["permission_overwrites"] = denied
    assert "lacks: Embed Links" in list_errors(ask_discord(answers))[0]
    denied.append({"id": BOT, "type": 1, "deny": "0", "allow": str(1 << 14)})
    assert list_errors(ask_discord(answers)) == []


def test_a_role_to_ignore_that_is_not_there_is_named() -> None:
    """Each of them; one that is there is not."""
    found = list_errors(ask_discord(everything(), ignored_role_ids=(int(ROLE), 4242)))
    assert len(found) == 1 and "no role with the id 4242" in found[0] and "IGNORED_ROLE_IDS" in found[0]


def test_an_administrator_needs_no_other_permission() -> None:
    """No overwrite applies to an administrator."""
    answers = everything()
    answers[f"/guilds/{GUILD}"]["roles"][1]["permissions"] = str(permissions.ADMINISTRATOR)
    answers[f"/channels/{TEXT}"]["permission_overwrites"] = [
        {"id": GUILD, "type": 0, "deny": str(ALL_NEEDED), "allow": "0"}
    ]
    assert list_errors(ask_discord(answers)) == []


def test_an_unreachable_discord_is_no_refused_token() -> None:
    """A network fault has a finding of its own."""
    with discord_api({}) as url:
        gone = url
    found = list_errors(list(check_discord_by_rest(Settings(discord_token="right-token", discord_api_url=gone))))
    assert len(found) == 1 and "cannot be reached" in found[0]


def ask_plex(url: str, token: str, **changed: Any) -> list[Finding]:
    """What the doctor finds at a Plex server."""
    return list(check_plex(Settings(plex_url=url, plex_token=token, **changed)))


def test_a_plex_in_order_even_with_an_odd_session() -> None:
    """Reached, the owner's token, the host known."""
    with SimulatedPlex() as server:
        session = server.play("Anton", "Metropolis")
        server.distort(session, next(iter(ODDITIES)))
        findings = ask_plex(server.url, server.token, watch_party_plex_user="Berta")
        assert [finding.severity for finding in findings] == ["ok"]
        assert server.name in render(findings[0]).text


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("wrong", "refuses the token"),
        (MEMBER_TOKEN, "it is not the owner's"),
        (OLD_MEMBER_TOKEN, "it is not the owner's"),
        ("", "no token"),
    ],
)
def test_each_kind_of_wrong_token_has_its_own_finding(token: str, said: str) -> None:
    """Refused, not the owner's, not set."""
    with SimulatedPlex() as server:
        found = list_errors(ask_plex(server.url, token))
    assert len(found) == 1 and said in found[0] and (not token or token not in found[0])


def test_a_plex_out_of_reach_or_something_else() -> None:
    """Neither a closed port nor a web page is a refused token."""
    with SimulatedPlex() as server:
        url, token = server.url, server.token
        with server.with_fault("html"):
            assert "sent a web page instead of Plex's XML" in list_errors(ask_plex(url, token))[0]
    assert "cannot be reached" in list_errors(ask_plex(url, token))[0]


def test_a_host_that_plex_does_not_know_is_named() -> None:
    """With the names that it could be."""
    with SimulatedPlex() as server:
        found = list_errors(ask_plex(server.url, server.token, watch_party_plex_user="Zoe"))
        assert not list_errors(ask_plex(server.url, server.token, watch_party_plex_user="bERTA")), (
            "as the tracker knows it"
        )
        assert not list_errors(ask_plex(server.url, server.token, watch_party_plex_user="1"))
    assert "Anton, Berta" in found[0]


def test_an_excluded_account_that_does_not_exist_is_noted(tmp_path: Path) -> None:
    """By name in any case, or by id; it does no harm."""
    with SimulatedPlex() as server:
        found = ask_plex(server.url, server.token, excluded_plex_users=("ANTON", "Zoe", "1"))
    notes = [render(each).text for each in found if each.severity == "note" and each.topic == "excluded"]
    assert notes == ["no account named 'Zoe' on the Plex servers"] and not list_errors(found)


def test_missing_accounts_are_only_noted_if_all_servers_answer() -> None:
    """A server that is away may have the host or the excluded account."""
    with SimulatedPlex() as server, SimulatedPlex() as gone:
        more = (PlexServer(gone.url, gone.token),)
        names = {"watch_party_plex_user": "Zoe", "excluded_plex_users": ("Zoe",), "plex_servers": more}
        assert {finding.topic for finding in ask_plex(server.url, server.token, **names)} >= {"excluded"}
        gone_url = gone.url
        gone.stop()
        found = ask_plex(server.url, server.token, **names)
    assert not [each for each in found if "Zoe" in render(each).text]
    assert len(list_errors(found)) == 1 and gone_url.removeprefix("http://") in list_errors(found)[0]


TOP = {"id": "301", "name": "Top", "position": 1, "permissions": "0"}


def test_a_fault_of_a_further_server_names_plex_servers() -> None:
    """Not PLEX_URL or PLEX_TOKEN, which have nothing to do with it."""
    with SimulatedPlex() as first, SimulatedPlex() as second:
        for token, said in (("wrong", "into PLEX_SERVERS"), (OLD_MEMBER_TOKEN, "PLEX_SERVERS")):
            settings = Settings(
                plex_url=first.url, plex_token=first.token, plex_servers=(PlexServer(second.url, token),)
            )
            (found,) = (each for each in check_plex(settings) if each.severity == "error")
            assert said in render(found).cure
            assert "PLEX_TOKEN" not in render(found).cure


@pytest.mark.parametrize(
    ("role", "extra", "said"),
    [
        (TOP, permissions.MANAGE_ROLES, ""),
        ({**TOP, "position": 5}, permissions.MANAGE_ROLES, "not below the bot's own"),
        (TOP, 0, "lacks: Manage Roles"),
        ({**TOP, "managed": True}, permissions.MANAGE_ROLES, "nobody can give"),
        ({**TOP, "id": "302"}, permissions.MANAGE_ROLES, "no role with the id 301"),
    ],
)
@pytest.mark.parametrize("setting", ["top_watchers_role_id", "film_night_role_id"])
def test_a_role_that_the_bot_is_to_give(role: dict[str, Any], extra: int, said: str, setting: str) -> None:
    """Whether it is there, and the bot may give it."""
    answers = everything()
    mine = {"id": ROLE, "position": 2, "permissions": str(permissions.INVITATION | extra)}
    answers[f"/guilds/{GUILD}"]["roles"][1:] = [mine, role]
    found = list_errors(ask_discord(answers, **{setting: 301}))
    assert len(found) == bool(said) and all(said in each for each in found)


def test_a_new_machine_is_in_order_and_stays_untouched(tmp_path: Path) -> None:
    """The doctor creates neither folder nor store."""
    findings = list(check_machine(Settings(data_dir=str(tmp_path / "new" / "data"))))
    assert list_errors(findings) == []
    assert list(tmp_path.iterdir()) == []


def test_an_env_file_that_others_can_read_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds tokens: the mode and the command that mends it; nothing once it is private."""
    monkeypatch.chdir(tmp_path)
    env = tmp_path / ".env"
    env.write_text("PLEX_TOKEN=x\n")
    env.chmod(0o644)
    settings = Settings(data_dir=str(tmp_path))
    (noted,) = [each for each in check_machine(settings) if each.topic == "settings"]
    assert noted.severity == "note" and "mode 644" in render(noted).text and f"chmod 600 {env}" in render(noted).cure
    env.chmod(0o600)
    assert [each for each in check_machine(settings) if each.topic == "settings"] == []
