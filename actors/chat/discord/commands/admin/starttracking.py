"""`starttracking`: manual recovery, which starts watches for the members of the voice channel."""

import contextlib
import re
from typing import Any, Self

import discord
from discord import app_commands

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient, UnansweredError
from actors.chat.discord.framework.autocompletion import MOST_CHOICES, actors_of, build_choice
from actors.chat.discord.framework.command import ADMINISTRATOR, CommandGroup, command
from actors.chat.discord.framework.command_errors import ADMINS_ONLY, ASK_ADMIN, NO_CURE, RefusedError, report_errors
from actors.chat.discord.framework.pages import refuse
from actors.chat.discord.framework.replies import (
    CommandContext,
    acknowledge_then,
    reply_privately,
    send_reply,
    split_trailing_argument,
    viewer_id,
)
from actors.chat.discord.guild_features import features_of
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import AuditSubject, PositionMs, SessionChoice, StartTracking, TrackingOutcome, TrackingPlan
from wording.durations import format_position, parse_position
from wording.numbers import format_count
from wording.playback import player_state_icon
from wording.problems import translate_or
from wording.text import clean_line, display_name
from wording.titles import display_title, session_title
from wording.translation import N_, _

_OUTCOMES = {
    "started": N_("{name} ▶️ started"),
    "would_start": N_("{name} would start"),
    "already_watching": N_("{name} was being tracked already"),
    "not_in_channel": N_("{name} is not in the voice channel"),
    "not_tracked": N_("{name} chose not to be tracked"),
}


async def start_tracking(
    actors: ActorClient, wanted: str, at_ms: int | None, by: discord.Member | discord.User
) -> tuple[Reply, discord.Embed | None]:
    """Start tracking on the session that `wanted` means (its key, or part of its title or account).

    If several match, the reply asks which one with a menu. The embed is for `by` alone, if they are hidden from others.
    """
    plan = None
    key = wanted.strip()
    if key:
        plan = await actors.ask(StartTracking(simulate=True))
        matching = _matching(plan.sessions, key)
        if len(matching) != 1:
            return _ask_which(matching or plan.sessions, at_ms, key if not matching else ""), None
        key = matching[0].session_key
    position_ms = None if at_ms is None else PositionMs(at_ms)
    question = StartTracking(session_key=key, position_ms=position_ms, requested_by=str(by))
    plan = await actors.ask(question)
    if not plan.chosen and len(plan.sessions) > 1:
        return _ask_which(plan.sessions, at_ms, ""), None
    actors.tell_act(by, "starttracking", _list_subjects(plan), plan.problem or "done")
    own = next((done for done in plan.outcomes if done.hidden and done.user_id == viewer_id(by)), None)
    return Reply(_build_plan(plan, at_ms)), _build_own(own) if own is not None else None


def _list_subjects(plan: TrackingPlan) -> list[AuditSubject]:
    """Return the session, and the visible viewers for whom tracking was started."""
    titles = {session.session_key: session_title(session) for session in plan.sessions}
    started = [done for done in plan.outcomes if done.outcome == "started" and not done.hidden]
    session = [AuditSubject(plan.chosen, titles.get(plan.chosen, ""))] if plan.chosen else []
    return [*session, *(AuditSubject(done.user_id, done.name) for done in started)]


def _is_position(word: str) -> bool:
    """Tell whether a word is meant as a position, like "42:10" and even "99:99"; a number alone is a session's."""
    return re.match(r"\d*:", word) is not None


def _matching(sessions: tuple[SessionChoice, ...], wanted: str) -> tuple[SessionChoice, ...]:
    exact = tuple(session for session in sessions if session.session_key == wanted)
    part = wanted.casefold()
    if exact or wanted.isdecimal():  # a number is a session's key, which may have ended, or a whole title, like "1917"
        return exact or tuple(session for session in sessions if session.item.title == wanted)
    return tuple(
        session
        for session in sessions
        if part in display_title(session.item).casefold() or part in session.account_name.casefold()
    )


def _ask_which(sessions: tuple[SessionChoice, ...], at_ms: int | None, unknown: str) -> Reply:
    if not sessions:
        return Reply(
            embeds.build_problem(
                _("No film is playing on Plex right now."), _("Start one (or wait for the next poll), then try again.")
            )
        )
    lines = [
        f"`{formatting.escape_code(session.session_key, 20)}` {_session_line(session)}"
        for session in sessions[:MOST_CHOICES]
    ]
    text = _("Choose below, or write `!starttracking` with its number.")
    if unknown:
        text = _('No running session matches "{name}".').format(name=formatting.escape(unknown, 60)) + f"\n{text}"
    text += f"\n\n{embeds.join_lines_within(lines, 3500)}"
    menu = SessionMenu(at_ms, [(_session_label(session), session.session_key) for session in sessions[:MOST_CHOICES]])
    return Reply(embeds.build_embed(_("▶️ Which session?"), text, colour=embeds.BLUE), items=(menu,))


def _session_line(session: SessionChoice) -> str:
    where = formatting.escape_person(session.account_name, 40)
    if session.player:
        where = _("{name} on {player}").format(name=where, player=formatting.escape(session.player, 40))
    at = f"{player_state_icon(session.state)} {format_position(session.position_ms)}"
    return f"**{formatting.escape(session_title(session), 80)}** · {where} · {at}"


def _session_label(session: SessionChoice) -> str:
    return clean_line(f"{display_name(session.account_name)} · {session_title(session)}", 98)


def _build_plan(plan: TrackingPlan, at_ms: int | None) -> discord.Embed:
    chosen = next((session for session in plan.sessions if session.session_key == plan.chosen), None)
    if plan.problem and not plan.outcomes:
        return embeds.build_problem(formatting.escape(translate_or(plan.reason, plan.problem), 900), NO_CURE)
    lines = [_session_line(chosen)] if chosen is not None else []
    if at_ms is not None:
        lines.append(_("Joined at {position}").format(position=format_position(at_ms)))
    seen = [done for done in plan.outcomes if not done.hidden]
    people, hidden = [_describe_outcome(done) for done in seen], len(plan.outcomes) - len(seen)
    started = sum(done.outcome == "started" for done in seen)
    if hidden:  # the same words for tracked and untracked hidden viewers
        people.append(
            format_count(
                "🙈 {count} person here keeps what they watch private",
                "🙈 {count} people here keep what they watch private",
                hidden,
            )
        )
    lines += ["", embeds.join_lines_within(people, 3000) if people else _("Nobody is in the voice channel.")]
    if plan.problem:
        lines.append(f"⚠️ {formatting.escape(translate_or(plan.reason, plan.problem), 500)}")
    heading = _("👌 Done") if hidden else _("👌 Nothing to start")
    if started:
        heading = format_count(
            "▶️ Tracking started for {count} person", "▶️ Tracking started for {count} people", started
        )
    return embeds.build_embed(heading, "\n".join(lines), colour=embeds.GREEN if started else embeds.GREY)


def _describe_outcome(done: TrackingOutcome) -> str:
    name = formatting.escape(done.name, 40) if done.name else f"`{formatting.escape_code(done.user_id, 20)}`"
    return _(_OUTCOMES[done.outcome]).format(name=f"**{name}**")


def _build_own(done: TrackingOutcome) -> discord.Embed:
    """Return the embed that tells one person about their own watches."""
    lines = [_describe_outcome(done)]
    if done.outcome == "not_tracked":
        lines.append(_("To be tracked again, choose another with {command}.").format(command="`/privacy`"))
    return embeds.build_embed(_("🙈 Only for you"), "\n".join(lines), colour=embeds.PURPLE)


def _build_view(reply: Reply) -> discord.ui.View | None:
    if not reply.items:
        return None
    view = discord.ui.View(timeout=None)
    for item in reply.items:
        view.add_item(item)
    return view


class SessionMenu(
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=r"usher:start:(?P<position>\d*)"
):
    """Asks which session to track; its custom id contains the position, so that it survives a restart."""

    def __init__(self, at_ms: int | None, sessions: list[tuple[str, str]]) -> None:
        self._at_ms = at_ms
        options = [discord.SelectOption(label=label, value=key) for label, key in sessions]
        super().__init__(
            discord.ui.Select(
                custom_id=f"usher:start:{'' if at_ms is None else at_ms}",
                placeholder=_("Which film?"),
                options=options,
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the menu from its custom id; the choice comes with the interaction."""
        menu = cls(int(match["position"]) if match["position"] else None, [("-", "-")])
        menu.item = item  # type: ignore[assignment]  # discord.py passes the real select as a plain Item
        return menu

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Start tracking on the chosen session."""
        if not interaction.permissions.administrator:
            await refuse(interaction, _(ADMINS_ONLY), _(ASK_ADMIN))
            return
        await interaction.response.defer()
        actors = features_of(interaction).actors
        async with report_errors(interaction):
            reply, own = await start_tracking(actors, self.item.values[0], self._at_ms, interaction.user)
            await interaction.edit_original_response(
                embed=reply.embed, view=_build_view(reply), allowed_mentions=embeds.NOBODY
            )
            if own is not None:
                await interaction.followup.send(embed=own, ephemeral=True)


async def suggest_sessions(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return the sessions that run now."""
    question = StartTracking(simulate=True)
    try:
        plan = await actors_of(interaction).ask(question, SUGGEST_S)
    except UnansweredError:
        return []
    return [
        build_choice(_session_label(session), session.session_key)
        for session in plan.sessions
        if current.lower() in _session_label(session).lower()
    ][:MOST_CHOICES]


@command(
    "starttracking",
    N_("Start tracking everyone in the voice channel (admins)"),
    group=CommandGroup.ADMINS,
    usage=N_("[session or title] [position]"),
    permission=ADMINISTRATOR,
    parameters={
        "session": N_("Which running session; leave out if only one film plays"),
        "position": N_("Where the film was when they joined, like 42:10; leave out for right now"),
    },
    autocomplete={"session": suggest_sessions},
    buttons=(SessionMenu,),
)
async def starttracking(ctx: CommandContext, session: str = "", position: str = "") -> None:
    """Start watches for the voice channel's members."""
    session, position = split_trailing_argument(ctx, session, position, _is_position)
    if numbers := re.fullmatch(r"(\d+) (\d+)", session):
        session, position = numbers.groups()  # `!starttracking 7 42`: session 7, from minute 42
    at_ms = parse_position(position) if position else None
    if position and at_ms is None:
        raise RefusedError(
            _("{text} isn't a position.").format(text=formatting.escape(position, 40)),
            _("Write it like 42:10 or 1:02:03, or 42 for minutes."),
        )
    reply, own = await acknowledge_then(ctx, start_tracking(ctx.actors, session, at_ms, ctx.author))
    await send_reply(ctx, reply, _build_view(reply))
    if own is not None:
        with contextlib.suppress(RefusedError, *API_ERRORS):  # the answer was sent; this only adds to it
            await reply_privately(ctx, own, aside=False)
