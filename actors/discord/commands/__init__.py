"""Every command, every page and every button there is. A new one gets its line here."""

from collections.abc import Mapping
from typing import Any

import discord

from actors.discord.commands import films, nights, people, running, watching, wrapping
from actors.discord.commands.base import UsherCog
from actors.discord.commands.diagnosing import Diagnosing
from actors.discord.commands.films import Films
from actors.discord.commands.helping import Helping
from actors.discord.commands.joining import LinkButton
from actors.discord.commands.linking import Linking
from actors.discord.commands.nights import Nights
from actors.discord.commands.owndata import ForgetButton, OwnData
from actors.discord.commands.people import People
from actors.discord.commands.privacy import Privately
from actors.discord.commands.roles import ApplyButton, Roles
from actors.discord.commands.running import Running, SessionMenu
from actors.discord.commands.scheduling import Scheduling
from actors.discord.commands.watching import Watching
from actors.discord.commands.wrapping import Wrapping
from actors.discord.pages import Maker, PageButton

COGS: tuple[type[UsherCog], ...] = (
    Watching,
    People,
    Films,
    Nights,
    Wrapping,
    Scheduling,
    Linking,
    Privately,
    OwnData,
    Running,
    Roles,
    Diagnosing,
    Helping,
)

PAGES: Mapping[str, Maker] = {
    watching.ACTIVE: watching.active,
    watching.PLAYING: watching.playing,
    people.STATS: people.stats,
    people.BADGES: people.badges,
    people.PROGRESS: people.progress,
    people.ALL_BADGES: people.all_badges,
    people.LEADERBOARD: people.leaderboard,
    people.TOP: people.top,
    films.MOVIE_STATS: films.movie_stats,
    films.HISTORY: films.history,
    nights.WHO_SAW: nights.who_saw,
    wrapping.WRAPPED: wrapping.wrapped,
    running.HEALTH: running.health,
}
"""What a page of each name shows."""

ADMIN_PAGES = frozenset({running.HEALTH})
"""Pages that only administrators may turn."""

ITEMS: tuple[type[discord.ui.DynamicItem[Any]], ...] = (PageButton, SessionMenu, ApplyButton, LinkButton, ForgetButton)
"""Buttons and menus that work on messages from before a restart."""
