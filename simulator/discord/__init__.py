"""A Discord server on loopback that the real discord.py logs in to: REST, gateway, faults, and people who use it."""

from simulator.discord.model.command_input import CommandNotOffered
from simulator.discord.model.guild import STAGE, TEXT, VOICE, Channel, Guild, Member
from simulator.discord.model.messages import ChannelMessage, Interaction
from simulator.discord.server import BOT_TOKEN, SimulatedDiscord

__all__ = [
    "BOT_TOKEN",
    "STAGE",
    "TEXT",
    "VOICE",
    "Channel",
    "ChannelMessage",
    "CommandNotOffered",
    "Guild",
    "Interaction",
    "Member",
    "SimulatedDiscord",
]
