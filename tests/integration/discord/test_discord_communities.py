"""One bot, two communities: each answers, announces and counts on its own server, in its own language."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.chat.discord.commands.privacy.forgetme import _PREFIX as FORGET
from messages import (
    ActiveWatches,
    Community,
    CommunityList,
    CommunityName,
    EraseViewer,
    GetHealth,
    GetSaveStatus,
    GetViewerAccount,
    GetViewerStats,
    HealthReport,
    ListActiveWatches,
    ListCommunities,
    Moment,
    NowPlaying,
    SaveStatus,
    ScreeningStarted,
    ViewerAccount,
    ViewerErased,
    ViewerProfile,
    VoicePresence,
)
from simulator.discord.model.messages import ChannelMessage
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until
from tests.integration.discord.further_guild import FurtherGuild, add_community
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the environment's community."""
    with open_stage(tmp_path) as made:
        yield made


@pytest.fixture
def further(stage: Stage) -> Iterator[FurtherGuild]:
    """A second server with a German community."""
    with add_community(stage, BOT_LANGUAGE="de") as made:
        yield made


@contextlib.contextmanager
def both(stage: Stage, further: FurtherGuild) -> Iterator[None]:
    """Both communities' actors live."""
    with stage.acting(), further.acting():
        yield


def text(message: ChannelMessage) -> str:
    """Everything that an answer says."""
    return "\n".join(f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.embeds)


def test_each_is_asked_and_answers_on_its_own_server(stage: Stage, further: FurtherGuild) -> None:
    """The same command at the same time: each community's own figures, in its own language."""
    profiles = {"a": samples.viewer(), "b": replace(samples.viewer(), total_movies=77)}
    stage.persistence.answers[GetViewerStats] = ViewerProfile(profiles["a"], (), ())
    further.persistence.answers[GetViewerStats] = ViewerProfile(profiles["b"], (), ())
    with both(stage, further):
        here, there = answer(stage, "Chiara", "!stats"), further.answer("Chiara", "!stats")
        assert "77" in str(there.embeds) and "77" not in str(here.embeds)
        assert "Filme" in str(there.embeds) and "Filme" not in str(here.embeds)
        shown = stage.discord.slash("Iris", "stats").wait_reply()
        assert "77" not in str(shown.embeds)
        shown = further.people.slash("Iris", "stats").wait_reply()
        assert "77" in str(shown.embeds)


def test_commands_are_described_in_each_server_s_language(stage: Stage, further: FurtherGuild) -> None:
    """A member reads in the list of / commands what the server speaks."""
    with both(stage, further):
        described = {
            guild: {command["name"]: command["description"] for command in stage.discord.world.commands[guild]}
            for guild in (stage.discord.guild.id, further.guild.id)
        }
        assert described[stage.discord.guild.id]["forgetme"] == "Delete my data"
        assert described[further.guild.id]["forgetme"] == "Meine Daten löschen"


def test_films_are_announced_and_shown_in_their_community_alone(stage: Stage, further: FurtherGuild) -> None:
    """The line below the bot's name is seen on every server: it names no film while several share the bot."""
    film = samples.screening()
    with stage.acting():
        stage.tracker.tell(NowPlaying(Moment(2.0, 2.0), (film,)))
        until(lambda: film.item.title in stage.discord.activity_name, "the film below the bot's name")
        with further.acting():
            until(lambda: not stage.discord.activity_name, "nothing below the bot's name")
            secret = replace(film, item=replace(film.item, title="Stalker"), screening_id="b1")
            further.tracker.tell(NowPlaying(Moment(3.0, 3.0), (secret,)))
            assert further.tracker.tell(ScreeningStarted(Moment(3.0, 3.0), secret)).wait(15)
            assert stage.tracker.tell(ScreeningStarted(Moment(3.0, 3.0), film)).wait(15)
            assert "Stalker" in str([post.embeds for post in further.posts()])
            assert "Stalker" not in str([post.embeds for post in stage.discord.messages(by_bot=True)])
            assert film.item.title not in str([post.embeds for post in further.posts()])
            assert not stage.discord.activity_name
        until(lambda: film.item.title in stage.discord.activity_name, "it is the only community again")


def test_each_tracker_gets_reports_of_its_own_channel(stage: Stage, further: FurtherGuild) -> None:
    """Not of the other community's."""
    further.people.join_voice("Chiara")
    stage.discord.join_voice("Iris")

    def list_members(peer: object) -> list[str]:
        reports = peer.list_heard(VoicePresence)  # type: ignore[attr-defined]
        return [member.name for member in reports[-1].members] if reports else []

    with both(stage, further):
        until(lambda: list_members(stage.tracker) == ["Iris"], "the environment's own")
        until(lambda: list_members(further.tracker) == ["Chiara"], "the further one's")


def test_removing_the_bot_from_one_server_leaves_the_other(stage: Stage, further: FurtherGuild) -> None:
    """Only that community's health row says so; invited again, it works."""
    with both(stage, further):
        further.people.take_server_away(removed=True)
        until(lambda: "is not in the server" in further.health(), "its health says so")
        assert stage.health() == ""
        stage.persistence.answers[GetViewerStats] = ViewerProfile(samples.viewer(), (), ())
        assert answer(stage, "Chiara", "!stats").embeds
        further.people.bring_server_back(invited=True)
        until(lambda: further.health() == "", "all is well again")
        until(lambda: "stats" in stage.discord.list_commands(further.guild.id), "its commands are there")


def test_an_outage_of_the_environments_server_leaves_the_other(stage: Stage, further: FurtherGuild) -> None:
    """The other way round."""
    further.persistence.answers[GetViewerStats] = ViewerProfile(samples.viewer(), (), ())
    with both(stage, further):
        stage.discord.take_server_away()
        stage.until_health("is unavailable")
        assert further.health() == ""
        assert further.answer("Chiara", "!stats").embeds
        stage.discord.bring_server_back()
        stage.until_well()


def test_a_server_without_a_community_is_offered_setup_alone(stage: Stage) -> None:
    """Other commands there are not answered: they may be meant for another bot."""
    other = stage.discord.at(stage.discord.add_guild("Strangers"))
    with stage.acting():
        until(lambda: stage.discord.list_commands(other.guild.id) == ["setup"], "setup alone")
        other.say("Chiara", "film-club", "!stats")
        assert answer(stage, "Chiara", "!help").embeds
        assert other.messages("film-club", by_bot=True) == []


def test_a_community_that_is_removed_is_served_no_longer(stage: Stage, further: FurtherGuild) -> None:
    """Its commands go, and its old buttons say what to do; the environment's stay. Until then it may start anew."""
    further.persistence.answers |= {
        GetViewerAccount: ViewerAccount("1", "open", (), 0),
        EraseViewer: ViewerErased(1, 0, 0),
    }
    with stage.acting():
        with further.acting():
            asked = further.people.slash("Chiara", "forgetme").wait_reply()
        pressed = further.people.click("Chiara", asked, "Meine Daten löschen").wait_reply()
        assert "startet auf diesem Server gerade" in text(pressed)
        until(lambda: stage.discord.list_commands(further.guild.id) == ["setup"], "setup alone")
        pressed = further.people.click("Chiara", asked, "Meine Daten löschen").wait_reply()
        assert "isn't set up" in text(pressed)
        assert "/setup" in text(pressed)
        assert "stats" in stage.discord.command_names
    assert not further.persistence.list_heard(EraseViewer)
    assert not stage.persistence.list_heard(EraseViewer)


def test_a_button_in_a_direct_message_goes_to_its_community(stage: Stage, further: FurtherGuild) -> None:
    """Chiara of the further server is forgotten there, and nowhere else."""
    for peer in (stage.persistence, further.persistence):
        peer.answers |= {GetViewerAccount: ViewerAccount("1", "open", (), 0), EraseViewer: ViewerErased(1, 0, 0)}
    member = further.people.member("Chiara")
    with both(stage, further):
        further.people.say(member, "film-club", "!forgetme")
        asked = until(lambda: further.people.direct_messages(member), "the question")[0]
        assert asked.controls[0]["custom_id"] == f"{FORGET}{member.id}@{further.guild.id}"
        further.people.click(member, asked, "Meine Daten löschen").wait_ack(5)
        until(lambda: further.persistence.list_heard(EraseViewer), "it is forgotten")
        until(lambda: "Daten gelöscht" in text(asked), "and told, in the community's language")
        assert not stage.persistence.list_heard(EraseViewer)


def test_health_names_the_communities_to_the_operators_server_alone(stage: Stage, further: FurtherGuild) -> None:
    """A further server sees its own actors, and no errors of other communities' Plex servers."""
    rows = (
        samples.health("plex", state="degraded", last_error="Plex at attic.example does not answer"),
        samples.health(f"plex@{further.name}"),
        samples.health("plex@4711", state="degraded", last_error="Plex at cellar.example does not answer"),
    )
    names = (CommunityName(further.name, "Sunday Matinee"), CommunityName("4711", "Strangers"))
    stage.launcher.answers |= {
        GetHealth: HealthReport(samples.NOW, rows, 99, names),
        ListActiveWatches: ActiveWatches(samples.NOW, (), ()),
        GetSaveStatus: SaveStatus(None, 5.0),
    }
    for peer in (stage, further):
        peer.tracker.answers[ListActiveWatches] = ActiveWatches(samples.NOW, (), ())
        peer.persistence.answers[GetSaveStatus] = SaveStatus(None, 5.0)
    with both(stage, further):
        here, there = text(answer(stage, "Iris", "!health")), text(further.answer("Iris", "!health"))
        assert "plex · Sunday Matinee" in here and "plex · Strangers" in here
        assert "attic.example" in here and "cellar.example" not in here and "run.py health" in here
        assert "**plex**" in there and "Strangers" not in there and "example" not in there
        here, there = text(answer(stage, "Iris", "!diagnose")), text(further.answer("Iris", "!diagnose"))
        assert "Plex · Strangers" in here and "cellar.example" not in here
        assert "Strangers" not in there and "example" not in there


def test_a_fault_in_one_community_ends_its_actor_alone(stage: Stage, further: FurtherGuild) -> None:
    """The other is served on; the actor that takes its place has features of its own."""
    for peer in (stage.persistence, further.persistence):
        peer.answers[GetViewerStats] = ViewerProfile(samples.viewer(), (), ())
    with stage.acting():
        with further.acting():
            further.actor._on_broken(RuntimeError("a fault of ours"))
            assert further.actor.terminated.wait(WITHIN_S)
            assert isinstance(further.actor.crash, RuntimeError)
            assert answer(stage, "Chiara", "!stats").embeds
        with further.acting():
            assert further.answer("Chiara", "!stats").embeds
            assert further.health() == ""


def test_commands_stay_while_a_community_restarts(stage: Stage, further: FurtherGuild) -> None:
    """They are not removed from Discord and registered again at each restart and each choice."""
    listed = CommunityList((Community(further.name, "Sunday Matinee", {}),))
    stage.persistence.answers[ListCommunities] = listed
    upserts = f"/guilds/{further.guild.id}/commands"
    with both(stage, further):
        pass
    with stage.acting():
        hint = further.people.slash("Chiara", "stats").wait_reply()
        assert "just starting" in text(hint)
        with further.acting():
            further.persistence.answers[GetViewerStats] = ViewerProfile(samples.viewer(), (), ())
            assert further.answer("Chiara", "!stats").embeds
    assert stage.discord.recorder.count("PUT", upserts) == 1
