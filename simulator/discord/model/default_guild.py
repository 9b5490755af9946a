"""The film club that the simulated Discord begins with."""

from __future__ import annotations

from simulator.discord.model.guild import STAGE, TEXT, VOICE, Channel, Guild, Member, Role, User
from simulator.discord.model.ids import snowflake
from simulator.discord.model.permissions import ADMINISTRATOR, BOT_CAN, EVERYONE_CAN

CHANNELS = (("film-club", TEXT), ("off-topic", TEXT), ("Cinema", VOICE), ("Premieres", STAGE), ("AFK", VOICE))
PEOPLE = (
    ("iris", "Iris"),
    ("bjoern", "Björn"),
    ("chiara", "Chiara"),
    ("noodle", "Dr. *Noodle*"),
    ("uri", "אורי"),
    ("mei", "美美 🎬"),
)
"""Account name and shown name: umlauts, markdown, right-to-left letters, wide letters and emoji, as people have."""


def build_default_guild(bot: User, name: str = "Saturday Night Cinema") -> Guild:
    """Build a server with Rosa as its owner, Iris as an Administrator, five guests, the bot and another bot."""
    owner = User(snowflake(), "rosa", global_name="Rosa")
    guild = Guild(snowflake(), name, owner.id)
    admin = Role(snowflake(), "Usherettes", ADMINISTRATOR, 2, 0xE67E22)
    bots = Role(snowflake(), "Bots", BOT_CAN, 1)
    for role in (Role(guild.id, "@everyone", EVERYONE_CAN), bots, admin):
        guild.roles[role.id] = role
    for channel_name, kind in CHANNELS:
        channel = Channel(snowflake(), channel_name, kind, guild.id)
        guild.channels[channel.id] = channel
        guild.afk_channel = channel.id if channel_name == "AFK" else guild.afk_channel
    jukebox = User(snowflake(), "jukebox", bot=True)
    members = [Member(bot, [bots.id]), Member(owner), Member(jukebox, [bots.id])]
    members += [Member(User(snowflake(), account, global_name=shown)) for account, shown in PEOPLE]
    guild.members.update((member.id, member) for member in members)
    next(member for member in members if member.display_name == "Iris").roles.append(admin.id)
    return guild
