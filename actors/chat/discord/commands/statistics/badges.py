"""`badges`, `progress` and `allbadges`: earned badges, progress towards others, and all badges."""

import math

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.pages import unpack_arguments
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.framework.viewer_choice import pack_viewer, suggest_viewers
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply, Section
from messages import BadgeProgress, EarnedBadge, GetBadgeCatalogue, GetViewerStats, ViewerProfile
from wording.numbers import format_count, format_number
from wording.translation import N_, _, gettext_badge


async def build_badges(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of the badges that a viewer has."""
    who, name = unpack_arguments(arguments, 2)
    profile = await _ask_profile(actors, who)
    if profile.hidden or profile.figures_hidden:
        return embeds.private_notice(f"🏅 {formatting.escape(name, 60)}", name)
    name = profile.stats.username if profile.stats is not None else name
    if not profile.badges:
        text = _("No badges yet. `!progress` shows how close you are.")
        return Reply(embeds.build_embed(f"🏅 {formatting.escape(name, 60)}", text, colour=embeds.GREY))
    pages = embeds.split_pages([Section("", [_format_earned(badge) for badge in profile.badges])], lines=8)
    text, number = embeds.pick_page(pages, page)
    count = format_count("{count} badge", "{count} badges", len(profile.badges))
    heading = f"🏅 {formatting.escape(name, 60)} · {count}"
    return Reply(embeds.build_embed(heading, text), number, len(pages))


def _format_earned(badge: EarnedBadge) -> str:
    described = f"\n{formatting.escape(gettext_badge(badge.description), 150)}" if badge.description else ""
    earned = formatting.relative_time(badge.earned_at_s)
    name = formatting.escape(gettext_badge(badge.name), 60)
    return f"{badge.emoji} **{name}** · {_(badge.rarity)} · {earned}{described}"


async def build_progress(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of the badges still to be earned, the nearest first."""
    who, name = unpack_arguments(arguments, 2)
    profile = await _ask_profile(actors, who)
    if profile.hidden or profile.figures_hidden:
        return embeds.private_notice(f"🎯 {formatting.escape(name, 60)}", name)
    name = profile.stats.username if profile.stats is not None else name
    open_ones = sorted(
        (badge for badge in profile.progress if badge.earned_at_s is None), key=_progress_share, reverse=True
    )
    earned = len(profile.progress) - len(open_ones)
    held = _("{count} of {all} badges").format(count=earned, all=len(profile.progress))
    heading = f"🎯 {formatting.escape(name, 60)} · {held}"
    if not open_ones:
        text = (
            _("Every badge earned. Well watched!")
            if profile.progress
            else _("No badges are set up. An administrator can add them in badges.toml.")
        )
        return Reply(embeds.build_embed(heading, text))
    pages = embeds.split_pages([Section("", [_format_progress(badge) for badge in open_ones])], lines=8)
    text, number = embeds.pick_page(pages, page)
    return Reply(embeds.build_embed(heading, text, colour=embeds.BLUE), number, len(pages))


def _progress_share(badge: BadgeProgress) -> float:
    return min(1.0, badge.progress / badge.threshold) if badge.threshold > 0 else 0.0


def _format_progress(badge: BadgeProgress) -> str:
    # Round down, so that no figure seems to be reached: 5.97 hours of 6 are 5.9.
    figures = _("{count} of {all}").format(
        count=_format_figure(math.floor(badge.progress * 10) / 10),
        all=_format_figure(math.ceil(badge.threshold * 10) / 10),
    )
    name, description = (
        formatting.escape(gettext_badge(badge.name), 60),
        formatting.escape(gettext_badge(badge.description), 150),
    )
    return f"{badge.emoji} **{name}** · {description}\n{formatting.progress_bar(_progress_share(badge))} {figures}"


def _format_figure(value: float) -> str:
    return format_number(value, 0 if round(value, 1) == round(value) else 1)


async def build_catalogue(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of every badge, common ones first."""
    catalogue = await actors.ask(GetBadgeCatalogue())
    sections = []
    rarities = [*embeds.RARITY_ORDER, *{b.rarity for b in catalogue.badges if b.rarity not in embeds.RARITY_ORDER}]
    for rarity in rarities:
        lines = [_format_declared(badge) for badge in catalogue.badges if badge.rarity == rarity]
        if lines:
            sections.append(Section(f"__{formatting.escape(_(rarity).capitalize(), 20)}__", lines))
    pages = (
        embeds.split_pages(sections, lines=10)
        if sections
        else [_("No badges are set up. An administrator can add them in badges.toml.")]
    )
    text, number = embeds.pick_page(pages, page)
    return Reply(
        embeds.build_embed(_("🏅 All badges · {count}").format(count=len(catalogue.badges)), text), number, len(pages)
    )


def _format_declared(badge: BadgeProgress) -> str:
    held = f" · {_('earned by {count}').format(count=badge.holders)}" if badge.holders else ""
    return (
        f"{badge.emoji} **{formatting.escape(gettext_badge(badge.name), 60)}**{held}\n"
        f"{formatting.escape(gettext_badge(badge.description), 150)}"
    )


async def _ask_profile(actors: ActorClient, who: str) -> ViewerProfile:
    return await actors.ask(GetViewerStats(who, actors.asker))


@command(
    "badges",
    N_("The badges a viewer has earned"),
    group=CommandGroup.YOU,
    usage=N_("[@somebody or a name]"),
    parameters={"who": N_("Whose: a member, or a viewer's name; leave out for your own")},
    autocomplete={"who": suggest_viewers},
    page=build_badges,
)
async def badges(ctx: CommandContext, *, who: str = "") -> None:
    """Answer with a viewer's badges."""
    await show_page(ctx, await pack_viewer(ctx, who))


@command(
    "progress",
    N_("Progress towards each badge"),
    group=CommandGroup.YOU,
    usage=N_("[@somebody or a name]"),
    parameters={"who": N_("Whose: a member, or a viewer's name; leave out for your own")},
    autocomplete={"who": suggest_viewers},
    page=build_progress,
)
async def progress(ctx: CommandContext, *, who: str = "") -> None:
    """Answer with a viewer's progress towards the badges still to be earned."""
    await show_page(ctx, await pack_viewer(ctx, who))


@command(
    "allbadges", N_("All badges, and how many people have each"), group=CommandGroup.COMMUNITY, page=build_catalogue
)
async def allbadges(ctx: CommandContext) -> None:
    """Answer with every badge there is."""
    await show_page(ctx)
