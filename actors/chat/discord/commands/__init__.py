"""Every command, every page and every button there is. A new one gets its line here."""

from collections.abc import Mapping
from typing import Any

import discord

from actors.chat.discord.commands import activewatches
from actors.chat.discord.commands.activewatches import Watching
from actors.chat.discord.commands.admin import admin
from actors.chat.discord.commands.admin.admin import Running, SessionMenu
from actors.chat.discord.commands.admin.diagnose import Diagnosing
from actors.chat.discord.commands.admin.toproles import ApplyButton, Roles
from actors.chat.discord.commands.help import Helping
from actors.chat.discord.commands.night import Scheduling
from actors.chat.discord.commands.privacy.link import Linking
from actors.chat.discord.commands.privacy.link_flow import LinkButton
from actors.chat.discord.commands.privacy.mydata import ForgetButton, OwnData
from actors.chat.discord.commands.privacy.privacy import Privately
from actors.chat.discord.commands.statistics import moviestats, stats, whosaw, wrapped
from actors.chat.discord.commands.statistics.moviestats import Films
from actors.chat.discord.commands.statistics.stats import People
from actors.chat.discord.commands.statistics.whosaw import Nights
from actors.chat.discord.commands.statistics.wrapped import Wrapping
from actors.chat.discord.framework.command import UsherCog
from actors.chat.discord.framework.pages import PageBuilder, PageButton

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

PAGES: Mapping[str, PageBuilder] = {
    activewatches.ACTIVE: activewatches.active,
    activewatches.PLAYING: activewatches.playing,
    stats.STATS: stats.stats,
    stats.BADGES: stats.badges,
    stats.PROGRESS: stats.progress,
    stats.ALL_BADGES: stats.all_badges,
    stats.LEADERBOARD: stats.leaderboard,
    stats.TOP: stats.top,
    moviestats.MOVIE_STATS: moviestats.movie_stats,
    moviestats.HISTORY: moviestats.history,
    whosaw.WHO_SAW: whosaw.who_saw,
    wrapped.WRAPPED: wrapped.wrapped,
    admin.HEALTH: admin.health,
}
"""What a page of each name shows."""

ADMIN_PAGES = frozenset({admin.HEALTH})
"""Pages that only administrators may turn."""

ITEMS: tuple[type[discord.ui.DynamicItem[Any]], ...] = (PageButton, SessionMenu, ApplyButton, LinkButton, ForgetButton)
"""Buttons and menus that work on messages from before a restart."""
