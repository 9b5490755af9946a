"""`/setup` and `/settings` in the simulated Discord: a server becomes a community, and chooses its settings."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.runtime.errors import Declined
from config import check_value
from messages import (
    CheckPlexSignIn,
    Community,
    CommunityList,
    ListCommunities,
    OwnedPlexServer,
    PlexSignedIn,
    PlexSignIn,
    Problem,
    RemoveCommunity,
    SaveCommunity,
    StartPlexSignIn,
)
from simulator.discord.model.guild import Payload
from simulator.discord.model.messages import ChannelMessage
from simulator.discord.user_actions import UserActions
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until

ANNOUNCE, VOICE = (
    "usher:setup:set:home:DISCORD_ANNOUNCE_CHANNEL_ID",
    "usher:setup:set:home:WATCH_PARTY_VOICE_CHANNEL_ID",
)
SIGN_IN = "0123456789abcdef0123456789abcdef"
ATTIC = OwnedPlexServer("attic-id", "Attic", "https://1-2-3-4.plex.direct:32400", "sealed:a")
CELLAR = OwnedPlexServer("cellar-id", "Cellar", "", "sealed:c", Problem.of("community.no_address"))


class Keeper:
    """The list of communities, as persistence keeps it."""

    def __init__(self) -> None:
        self.communities: dict[str, Community] = {}
        self.saved: list[SaveCommunity] = []

    def save(self, asked: SaveCommunity) -> CommunityList:
        """As persistence does."""
        self.saved.append(asked)
        for name, text in asked.settings.items():
            if text:
                check_value(name, text)
        known = self.communities.get(asked.guild_id)
        chosen = {**(known.settings if known else {}), **asked.settings}
        kept = {name: text for name, text in chosen.items() if text}
        self.communities[asked.guild_id] = Community(asked.guild_id, asked.name, kept)
        return self.list_all(asked)

    def remove(self, asked: RemoveCommunity) -> CommunityList:
        """As persistence does."""
        del self.communities[asked.guild_id]
        return self.list_all(asked)

    def list_all(self, _asked: object) -> CommunityList:
        """As persistence does."""
        return CommunityList(tuple(self.communities.values()))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the environment's community."""
    with open_stage(tmp_path) as made:
        yield made


@pytest.fixture
def keeper(stage: Stage) -> Keeper:
    """The environment's persistence keeps communities."""
    kept = Keeper()
    stage.persistence.answers |= {
        ListCommunities: kept.list_all, SaveCommunity: kept.save, RemoveCommunity: kept.remove,
    }  # fmt: skip
    return kept


@pytest.fixture
def people(stage: Stage) -> UserActions:
    """Who is on another server: Rosa owns it, Iris is an administrator, Chiara is a guest."""
    return stage.discord.at(stage.discord.add_guild("Sunday Matinee"))


def text(message: ChannelMessage) -> str:
    """Everything that a message says."""
    return "\n".join(f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.embeds)


def control(message: ChannelMessage, custom_id: str) -> Payload:
    """Return a menu or button."""
    return next(each for each in message.controls if each.get("custom_id") == custom_id)


def until_said(message: ChannelMessage, part: str) -> None:
    """Wait until a message says something."""
    until(lambda: part in text(message), part)


def until_offered(message: ChannelMessage, custom_id: str) -> None:
    """Wait until a message has a menu or button."""
    until(lambda: any(each.get("custom_id") == custom_id for each in message.controls), custom_id)


def open_page(stage: Stage, people: UserActions, command: str = "setup") -> ChannelMessage:
    """Iris opens it; the answer is hers alone."""
    until(lambda: "setup" in stage.discord.list_commands(people.guild.id), "setup is offered")
    shown = people.slash("Iris", command).wait_reply()
    assert shown.is_ephemeral
    return shown


def create_community(stage: Stage, people: UserActions) -> ChannelMessage:
    """Iris sets Usher up; the page with all steps."""
    shown = open_page(stage, people)
    people.click("Iris", shown, "Set it up here").wait_ack(5)
    until(lambda: "Announcements" in text(shown), "the page with the steps")
    return shown


def test_a_server_is_set_up_step_by_step(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """Channels, language and zone; each choice is kept at once, and shown."""
    with stage.acting():
        shown = create_community(stage, people)
        assert keeper.communities[str(people.guild.id)].name == "Sunday Matinee"
        assert "Still to do: Announcements, Plex servers." in text(shown)
        assert "Party host**: *optional" in text(shown)
        for custom_id, channel in ((ANNOUNCE, "film-club"), (VOICE, "Cinema")):
            chosen = people.channel(channel).id
            people.click("Iris", shown, custom_id, values=[chosen]).wait_ack(5)
            until_said(shown, f"<#{chosen}>")
            assert control(shown, custom_id)["default_values"][0]["id"] == chosen
        form = people.click("Iris", shown, "Time zone…")
        form.wait_ack(5)
        people.submit(form, {"text": "Europe/Berlin"}).wait_ack(5)
        until(lambda: "Europe/Berlin (" in text(shown), "the zone, and what time it is there")
        people.click("Iris", shown, "usher:setup:set:home:BOT_LANGUAGE", values=["de"]).wait_ack(5)
        until(lambda: "Ankündigungen" in text(shown), "the page in German")
        # No actor of this community runs here: German is spoken all the same, also to who is refused.
        people.click("Iris", shown, ANNOUNCE, values=[people.channel("film-club").id]).wait_ack(5)
        until_said(shown, f"<#{people.channel('film-club').id}>")
        hint = people.click("Chiara", shown, "Alle Einstellungen").wait_reply()
        assert "Server verwalten" in text(hint)
        community = keeper.communities[str(people.guild.id)]
        assert community.settings == {
            "BOT_LANGUAGE": "de",
            "DISCORD_ANNOUNCE_CHANNEL_ID": str(people.channel("film-club").id),
            "TIMEZONE": "Europe/Berlin",
            "WATCH_PARTY_VOICE_CHANNEL_ID": str(people.channel("Cinema").id),
        }
        iris = people.member("Iris")
        assert {asked.requested_by for asked in keeper.saved} == {f"{iris.user.name} ({iris.id})"}


def test_an_unknown_time_zone_is_refused_with_suggestions(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """Nothing is saved."""
    with stage.acting():
        shown = create_community(stage, people)
        form = people.click("Iris", shown, "Time zone…")
        form.wait_ack(5)
        sent = people.submit(form, {"text": "Atlantis"})
        refusal = until(lambda: sent.followups, "a refusal")[0]
        assert refusal.is_ephemeral
        assert "“Atlantis”" in text(refusal) and "Europe/Berlin" in text(refusal)
        assert "TIMEZONE" not in keeper.communities[str(people.guild.id)].settings


@pytest.mark.parametrize("name", ["DISCORD_ANNOUNCE_CHANNEL_ID", "FILM_NIGHT_ROLE_ID", "PLEX_SERVERS", "DATABASE_URL"])
def test_a_form_changes_only_what_is_typed(stage: Stage, keeper: Keeper, people: UserActions, name: str) -> None:
    """A client can send a form back for another setting than it was shown for: a channel of another server's, a role
    that whoever sends it may not give, an address of the network."""
    server = '[{"url": "http://10.0.0.1", "token": "sealed:x", "server_id": "1"}]'
    with stage.acting():
        shown = create_community(stage, people)
        form = people.click("Iris", shown, "Time zone…")
        form.wait_ack(5)
        assert form.modal is not None
        form.modal["custom_id"] = f"usher:setup:form:home:{name}"
        elsewhere = str(stage.discord.channel("film-club").id)
        sent = people.submit(form, {"text": server if name == "PLEX_SERVERS" else elsewhere})
        refusal = until(lambda: sent.followups, "a refusal")[0]
        assert "can't be" in text(refusal)
        assert name not in keeper.communities[str(people.guild.id)].settings


def test_menus_and_forms_outlive_a_restart(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """Everything that is needed to handle them is in their ids."""
    with stage.acting():
        shown = create_community(stage, people)
        form = people.click("Iris", shown, "Time zone…")
        form.wait_ack(5)
    with stage.acting():
        people.submit(form, {"text": "Europe/Berlin"}).wait_ack(5)
        until(lambda: "Europe/Berlin" in text(shown), "the zone")
        chosen = people.channel("film-club").id
        people.click("Iris", shown, ANNOUNCE, values=[chosen]).wait_ack(5)
        until(lambda: f"<#{chosen}>" in text(shown), "the channel is shown")


def test_plex_is_connected_by_a_sign_in(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """A code, then the servers; the tokens stay sealed, and one without an address cannot be chosen."""
    states = [PlexSignedIn("waiting"), PlexSignedIn("signed_in", name="rosa", servers=(ATTIC, CELLAR))]
    stage.plex.answers |= {
        StartPlexSignIn: PlexSignIn(SIGN_IN, "ABCD", "https://plex.tv/link", 900.0),
        CheckPlexSignIn: lambda _asked: states[0] if len(states) == 1 else states.pop(0),
    }
    with stage.acting():
        shown = create_community(stage, people)
        people.click("Iris", shown, "Connect Plex").wait_ack(5)
        until(lambda: "ABCD" in text(shown), "the code")
        assert stage.plex.list_heard(StartPlexSignIn) == [StartPlexSignIn(str(people.guild.id))]
        until(lambda: "Attic" in text(shown), "the servers")
        menu = control(shown, f"usher:setup:servers:{SIGN_IN}")
        assert [option["value"] for option in menu["options"]] == ["attic-id"]
        assert "plex.tv knows no address" in text(shown)
        people.click("Iris", shown, menu["custom_id"], values=["attic-id"]).wait_ack(5)
        until(lambda: "Plex servers**: Attic" in text(shown), "it is connected")
        assert json.loads(keeper.communities[str(people.guild.id)].settings["PLEX_SERVERS"]) == [
            {"url": ATTIC.url, "token": "sealed:a", "name": "Attic", "server_id": "attic-id"}
        ]


def test_a_sign_in_that_is_gone_after_a_restart_says_so(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """The button of the old code tells how to get a new one."""
    stage.plex.answers |= {
        StartPlexSignIn: PlexSignIn(SIGN_IN, "ABCD", "https://plex.tv/link", 900.0),
        CheckPlexSignIn: PlexSignedIn("waiting"),
    }
    with stage.acting():
        shown = create_community(stage, people)
        people.click("Iris", shown, "Connect Plex").wait_ack(5)
        until(lambda: "ABCD" in text(shown), "the code")
    stage.plex.answers[CheckPlexSignIn] = PlexSignedIn("expired")
    with stage.acting():
        pressed = people.click("Iris", shown, "I've signed in")
        refusal = until(lambda: pressed.followups, "a word")[0]
        assert "expired" in text(refusal) and "Connect Plex" in text(refusal)


def test_only_members_who_manage_the_server_may_use_it(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """Neither the command (if a server's settings offer it to others) nor its buttons."""
    with stage.acting():
        shown = create_community(stage, people)
        asked = people.slash("Chiara", "setup", hidden_too=True).wait_reply()
        assert "Only members with Manage Server" in text(asked)
        for press in ("All settings", "Stop Usher here…", "Time zone…"):
            assert "Only members with Manage Server" in text(people.click("Chiara", shown, press).wait_reply())
        assert len(keeper.saved) == 1


def test_without_keys_it_says_what_the_operator_has_to_do(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """Persistence gives the reason."""

    def decline(_asked: SaveCommunity) -> CommunityList:
        raise Declined(Problem.of("community.no_keys"))

    stage.persistence.answers[SaveCommunity] = decline
    with stage.acting():
        shown = open_page(stage, people)
        pressed = people.click("Iris", shown, "Set it up here")
        refusal = until(lambda: pressed.followups, "a refusal")[0]
        assert "USHER_KEYS" in text(refusal).replace("\\", "")


def test_usher_is_stopped_on_a_server(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """After one more question."""
    with stage.acting():
        shown = create_community(stage, people)
        people.click("Iris", shown, "Stop Usher here…").wait_ack(5)
        until(lambda: "Stop Usher here?" in text(shown), "the question")
        people.click("Iris", shown, "Stop it").wait_ack(5)
        until(lambda: "no longer set up" in text(shown), "it is done")
        assert keeper.communities == {}
        assert shown.controls == []


def test_every_setting_can_be_changed(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """By menus of roles, channels and words, or by a form; and be taken back."""
    with stage.acting():
        shown = create_community(stage, people)
        people.click("Iris", shown, "All settings").wait_ack(5)
        until(lambda: "⚙️ Settings" in text(shown), "the settings")
        pick = control(shown, "usher:setup:pick")
        for option in pick["options"]:
            name = option["value"]
            if name == "PLEX_SERVERS":
                continue
            opening = people.click("Iris", shown, "usher:setup:pick", values=[name])
            opening.wait_ack(5)
            if opening.modal is not None:
                people.submit(opening, {"text": _choose_text(name)}).wait_ack(5)
                until(lambda: any(asked.settings.get(name) for asked in keeper.saved), f"{name} is saved")  # noqa: B023
            else:
                custom_id = f"usher:setup:set:list:{name}"
                until_offered(shown, custom_id)
                people.click(
                    "Iris", shown, custom_id, values=[_choose_option(people, control(shown, custom_id))]
                ).wait_ack(5)
            until_offered(shown, "usher:setup:pick")
            assert name in keeper.communities[str(people.guild.id)].settings
        community = keeper.communities[str(people.guild.id)]
        assert len(community.settings) == len(pick["options"]) - 1
        people.click("Iris", shown, "usher:setup:pick", values=["FILM_NIGHT_ROLE_ID"]).wait_ack(5)
        until_offered(shown, "usher:setup:set:list:FILM_NIGHT_ROLE_ID")
        people.click("Iris", shown, "Use the default").wait_ack(5)
        until_offered(shown, "usher:setup:pick")
        assert "FILM_NIGHT_ROLE_ID" not in keeper.communities[str(people.guild.id)].settings


def _choose_text(name: str) -> str:
    return {
        "TIMEZONE": "Europe/Paris", "WATCH_PARTY_PLEX_USER": "rosa", "EXCLUDED_PLEX_USERS": "a, b",
        "WATCHED_PERCENT": "90", "MIN_WATCH_SECONDS": "30", "RESUME_WINDOW_HOURS": "48",
        "TOP_WATCHERS": "5", "SUGGESTIONS_PER_MEMBER": "3",
        "WEEKLY_DIGEST": "sunday 18:00",
    }[name]  # fmt: skip


def _choose_option(people: UserActions, menu: Payload) -> str | int:
    if menu["type"] == 8:
        return next(each.id for each in people.guild.channels.values() if each.kind in menu["channel_types"])
    if menu["type"] == 6:
        return next(role.id for role in people.guild.roles.values() if role.name == "Bots")
    value: Any = next(option["value"] for option in menu["options"] if option["value"] != "de")
    return str(value)


def test_the_environments_own_server_shows_its_settings(stage: Stage, keeper: Keeper) -> None:
    """They are the operator's: nothing can be changed there."""
    with stage.acting():
        shown = stage.discord.slash("Iris", "settings").wait_reply()
        assert shown.is_ephemeral and shown.controls == []
        assert f"<#{stage.discord.channel('film-club').id}>" in text(shown)
        assert ".env" in str(shown.embeds)
        asked = stage.discord.slash("Iris", "setup").wait_reply()
        assert "`/settings`" in text(asked) and asked.controls == []
        assert "only you see" in text(answer(stage, "Iris", "!setup"))


def test_another_command_is_answered_by_a_hint(stage: Stage, keeper: Keeper, people: UserActions) -> None:
    """A / command of a removed community: Discord offers it until it is told."""
    with stage.acting():
        until(lambda: stage.discord.list_commands(people.guild.id) == ["setup"], "setup alone")
        stage.discord.world.commands[people.guild.id] += stage.discord.world.commands[stage.discord.guild.id]
        hint = people.slash("Chiara", "stats").wait_reply()
        assert hint.is_ephemeral and "`/setup`" in text(hint)
        assert people.autocomplete("Chiara", "whosaw", "title", "a") == []
