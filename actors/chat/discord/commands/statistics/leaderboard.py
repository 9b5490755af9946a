"""`leaderboard` and `topwatchers`: rankings of viewers."""

from typing import Annotated

from actors.chat.discord.features.top_roles import TOP_DAYS
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.converters import ChoiceConverter
from actors.chat.discord.framework.pages import PageSlice, read_slice
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import GetLeaderboard, Leaderboard, LeaderboardKind
from wording.leaderboards import format_ranked_value
from wording.translation import N_, _

ROWS = 10
_PLACES = {1: "🥇", 2: "🥈", 3: "🥉"}
_BOARDS: dict[LeaderboardKind, str] = {
    "movies": N_("🎬 Most films"),
    "time": N_("⏱️ Most time"),
    "streak": N_("🔥 Longest streaks"),
    "badges": N_("🏅 Most badges"),
}


async def build_leaderboard(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of a leaderboard; `arguments` says what it ranks by."""
    kind: LeaderboardKind = next((board for board in _BOARDS if board == arguments), "movies")
    return _build_board(await _ask_slice(actors, kind, page, None), _(_BOARDS[kind]))


async def build_top_watchers(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of those who watched most in the last TOP_DAYS days."""
    ranked = await _ask_slice(actors, "time", page, actors.clock.now().wall_s - TOP_DAYS * 86_400)
    return _build_board(ranked, _("🍿 Top watchers of the last {days} days").format(days=TOP_DAYS))


async def _ask_slice(
    actors: ActorClient, kind: LeaderboardKind, page: int, since_s: float | None
) -> PageSlice[Leaderboard]:
    async def read(offset: int) -> Leaderboard:
        return await actors.ask(GetLeaderboard(kind, since_s, ROWS, offset))

    return await read_slice(read, lambda part: part.total, page, ROWS)


def _build_board(ranked: PageSlice[Leaderboard], heading: str) -> Reply:
    board, page, pages = ranked
    if not board.rows:
        text = _("Nobody yet. Watch something!")
        return Reply(embeds.build_embed(heading, text, colour=embeds.GREY), page, pages)
    lines = [
        f"{_PLACES.get(row.rank, f'**{row.rank}.**')} "
        f"{formatting.ranked_person(row, format_ranked_value(board.kind, row.value))}"
        for row in board.rows
    ]
    return Reply(embeds.build_embed(heading, "\n".join(lines)), page, pages)


@command(
    "leaderboard",
    N_("Leaderboard"),
    group=CommandGroup.COMMUNITY,
    usage="[movies|time|streak|badges]",
    parameters={"by": N_("What to rank by")},
    page=build_leaderboard,
)
async def leaderboard(
    ctx: CommandContext, by: Annotated[LeaderboardKind, ChoiceConverter(*_BOARDS)] = "movies"
) -> None:
    """Answer with a ranking of viewers."""
    await show_page(ctx, by)


@command(
    "topwatchers", N_("Who watched most in the last 30 days"), group=CommandGroup.COMMUNITY, page=build_top_watchers
)
async def topwatchers(ctx: CommandContext) -> None:
    """Answer with those who watched most recently."""
    await show_page(ctx)
