"""`/setup` and `/settings` in one process, by the rules of a simulated Discord."""

from typing import Any

import discord
import pytest
from msgspec.structs import replace

from actors.chat.discord.commands.community.setting_table import SHOWN, list_settings
from config import DECLARED
from messages import Community, CommunityList, GetViewerAccount, ListCommunities, SaveCommunity, ViewerAccount

fails = pytest.mark.simcord(check_errors=False)
"""A test in which a command is refused: simcord would take the refusal for a bug."""
LONG = "*_`Ж🎬" * 20


def test_every_setting_of_a_community_has_a_name_and_a_hint() -> None:
    """So that /settings can offer a newly declared one."""
    assert set(SHOWN) == {name for name, setting in DECLARED.items() if setting.by_community}
    assert list_settings() == list(SHOWN)
    assert all(shown.hint for shown in SHOWN.values() if shown.kind == "text")


class FurtherServer:
    """A server beside the operator's, with a manager of it; persistence keeps what is chosen."""

    def __init__(self, room: Any, actors: Any) -> None:
        self.guild = room.env.create_guild()
        self.channel = self.guild.create_text_channel("cinema")
        manages = discord.Permissions(manage_guild=True, view_channel=True, send_messages=True)
        self.role = self.guild.create_role("Managers", permissions=manages)
        self.mia = self.guild.add_member(room.env.create_user("mia"), roles=[self.role])
        self.guest = self.guild.add_member(room.env.create_user("guest"))
        self.community: Community | None = None
        actors.answers[SaveCommunity] = self._save
        actors.answers[ListCommunities] = lambda _asked: self._list()

    def _save(self, asked: SaveCommunity) -> CommunityList:
        before = self.community.settings if self.community is not None else {}
        chosen = {name: text for name, text in {**before, **asked.settings}.items() if text}
        self.community = Community(asked.guild_id, asked.name, chosen)
        return self._list()

    def _list(self) -> CommunityList:
        return CommunityList((self.community,) if self.community is not None else ())


@pytest.fixture
def further(room: Any, actors: Any, actor_client: Any) -> FurtherServer:
    """The room is the operator's server."""
    actor_client.settings = replace(actor_client.settings, discord_guild_id=room.guild.id)
    return FurtherServer(room, actors)


async def test_a_server_is_set_up_and_changed(room: Any, further: FurtherServer) -> None:
    """Every message and form that is shown is one that Discord takes, with every setting chosen."""
    await room.env.settle()
    shown = await further.mia.slash(further.channel, "setup")
    assert shown.response.ephemeral
    await further.mia.click(shown.response, label="Set it up here")
    home = "usher:setup:set:home"
    await further.mia.select(shown.response, [further.channel], custom_id=f"{home}:DISCORD_ANNOUNCE_CHANNEL_ID")
    assert further.community is not None
    assert further.community.settings["DISCORD_ANNOUNCE_CHANNEL_ID"] == str(further.channel.id)
    form = await further.mia.click(shown.response, label="Time zone…")
    await further.mia.submit_modal(form, {"text": "Europe/Berlin"})
    assert further.community.settings["TIMEZONE"] == "Europe/Berlin"
    long = {"EXCLUDED_PLEX_USERS": ", ".join(f"{n}{LONG}" for n in range(60)), "WATCH_PARTY_PLEX_USER": LONG}
    further.community = replace(further.community, settings={**further.community.settings, **long})
    await further.mia.click(shown.response, label="All settings")
    assert "**Excluded Plex accounts**" in str(shown.response.embeds[0].description)


@fails
async def test_only_members_who_may_give_a_role_choose_it(room: Any, further: FurtherServer) -> None:
    """Usher gives it for them: to everybody at a button, to the top watchers, to themselves."""
    await room.env.settle()
    gives = discord.Permissions(manage_guild=True, manage_roles=True, view_channel=True, send_messages=True)
    high = further.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    manager = further.guild.create_role("Staff", permissions=gives)
    low = further.guild.create_role("Film nights")
    tom = further.guild.add_member(room.env.create_user("tom"), roles=[manager])
    for member, role, is_taken in (
        (further.mia, low, False), (tom, manager, False), (tom, high, False), (tom, low, True)
    ):  # fmt: skip
        shown = await member.slash(further.channel, "setup")
        if further.community is None:
            await member.click(shown.response, label="Set it up here")
        await member.click(shown.response, label="All settings")
        await member.select(shown.response, ["FILM_NIGHT_ROLE_ID"], custom_id="usher:setup:pick")
        await member.select(shown.response, [role], custom_id="usher:setup:set:list:FILM_NIGHT_ROLE_ID")
        assert further.community is not None
        assert further.community.settings.get("FILM_NIGHT_ROLE_ID") == (str(role.id) if is_taken else None)


@fails
async def test_members_who_do_not_manage_the_server_are_refused(room: Any, further: FurtherServer) -> None:
    """Discord does not offer them the command, and refuses what they send anyway."""
    await room.env.settle()
    assert {"setup", "settings"} <= set(further.mia.available_commands(further.channel))
    assert not {"setup", "settings"} & set(further.guest.available_commands(further.channel))
    await room.ana.send(room.channel, "!settings")
    assert "Only members with Manage Server" in room.text()


async def test_nothing_that_is_written_on_a_server_without_a_community_is_answered(
    room: Any, further: FurtherServer
) -> None:
    """It may be meant for another bot."""
    await further.mia.send(further.channel, "!help")
    await room.env.settle()
    assert [message.content for message in further.channel.history()] == ["!help"]


@fails
async def test_a_member_of_two_servers_slows_down_on_one_alone(room: Any, actors: Any) -> None:
    """What somebody does here takes nothing from them there."""
    actors.answers[GetViewerAccount] = ViewerAccount("1", "open", (), 0)
    other = room.env.create_guild()
    channel = other.create_text_channel("cinema")
    ana = other.add_member(room.ana.user)
    for _ in range(2):
        assert "Delete your data" in (await room.ana.slash(room.channel, "forgetme")).response.embeds[0].title
    slowed = await room.ana.slash(room.channel, "forgetme")
    assert "Slow down" in str(slowed.response.embeds[0].description)
    assert "Delete your data" in (await ana.slash(channel, "forgetme")).response.embeds[0].title
