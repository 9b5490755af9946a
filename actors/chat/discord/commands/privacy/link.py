"""`link` and `unlink`: make a Discord member and a Plex account one viewer, or two again."""

import asyncio
import contextlib
import time
from typing import Annotated, Any

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.commands.privacy.account_link import (
    LinkButton,
    account_label,
    build_request,
    find_account,
    link_accounts,
    unlink_account,
)
from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient, UnansweredError
from actors.chat.discord.framework.autocompletion import CHOICE, MOST_CHOICES, actors_of, build_choice
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import ASK_ADMIN, RefusedError
from actors.chat.discord.framework.converters import MemberMention
from actors.chat.discord.framework.replies import (
    CommandContext,
    acknowledge_then,
    defer_privately,
    reply_privately,
    send_reply,
    viewer_id,
)
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from actors.media.pollers import poller_names
from messages import (
    PLEX_TV,
    AuditSubject,
    CheckPlexSignIn,
    FindAccounts,
    GetViewerAccount,
    LinkAccount,
    PlexSignedIn,
    PlexSignIn,
    StartPlexSignIn,
)
from wording.problems import translate_or
from wording.translation import N_, _

PLEX_TV_S = 30.0
"""Deadline of a question that plex.tv answers; real seconds."""
CHECK_S = 3.0
"""How often plex.tv is asked whether a code was entered (real seconds)."""
_ADMIN_WAY = N_("Without plex.tv: `/link` with the account's name asks an administrator.")
_newest_sign_in: dict[tuple[int, int], str] = {}
"""By Discord server and member: the newest sign-in; an older one of theirs is dropped."""


async def suggest_accounts(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return Plex accounts that are not linked yet."""
    question = FindAccounts(current[:CHOICE], MOST_CHOICES, interaction.permissions.administrator)
    with contextlib.suppress(UnansweredError):
        answer = await actors_of(interaction).ask(question, SUGGEST_S)
        accounts = answer.accounts[:MOST_CHOICES]
        return [build_choice(account_label(account), f"{account.plex_id} {account.name}") for account in accounts]
    return []


async def suggest_links(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Return the member's own Plex accounts."""
    question = GetViewerAccount(str(interaction.user.id))
    with contextlib.suppress(UnansweredError):
        person = await actors_of(interaction).ask(question, SUGGEST_S)
        return [build_choice(link.plex_name, link.plex_id) for link in person.links[:MOST_CHOICES]]
    return []


@command(
    "link",
    N_("Link your Plex account: one viewer, one history"),
    group=CommandGroup.PRIVACY,
    usage=N_("[account] [@somebody]"),
    cooldown=Cooldown(4, 60.0),
    parameters={
        "account": N_("Name of the Plex account; leave out to sign in at plex.tv"),
        "member": N_("Whose it is; leave out for yourself (others: admins)"),
    },
    autocomplete={"account": suggest_accounts},
    buttons=(LinkButton,),
)
async def link(
    ctx: CommandContext, account: str = "", member: Annotated[discord.Member, MemberMention] | None = None
) -> None:
    """Link an account by a code at plex.tv, as an administrator, or by a request to one."""
    account, whose = await _read_account_and_member(ctx, account, member)
    if not account:
        if whose != ctx.author:
            raise RefusedError(_("Which Plex account?"), _("Write it like this: `!link Anton @somebody`"))
        await _sign_in(ctx)
    elif ctx.permissions.administrator:
        await send_reply(ctx, Reply(await acknowledge_then(ctx, _link_as_admin(ctx, account, whose))))
    else:
        wanted = await acknowledge_then(ctx, find_account(ctx.actors, account))
        await send_reply(ctx, *build_request(wanted, whose))


@command(
    "unlink",
    N_("Unlink your Plex account"),
    group=CommandGroup.PRIVACY,
    usage=N_("[account] [@somebody]"),
    parameters={
        "account": N_("Name of the Plex account; not needed if you have only one"),
        "member": N_("Whose it is; leave out for yourself (others: admins)"),
    },
    autocomplete={"account": suggest_links},
)
async def unlink(
    ctx: CommandContext, account: str = "", member: Annotated[discord.Member, MemberMention] | None = None
) -> None:
    """Unlink the member's own account; administrators may unlink anybody's."""
    account, whose = await _read_account_and_member(ctx, account, member)
    await defer_privately(ctx)
    embed = await acknowledge_then(ctx, _unlink(ctx, account, whose))
    await reply_privately(ctx, embed)  # it shows accounts, watches and badges


async def _unlink(ctx: CommandContext, account: str, whose: discord.Member | discord.User) -> discord.Embed:
    """Unlink an account; write to the audit log if an administrator does it for somebody else."""
    if whose == ctx.author:
        return await unlink_account(ctx.actors, account, ctx.asker, ctx.asker)
    subjects = AuditSubject(viewer_id(whose), str(whose)), AuditSubject("", account)
    async with ctx.actors.record_act(ctx.author, "unlink", *(each for each in subjects if each.name)):
        return await unlink_account(ctx.actors, account, viewer_id(whose), ctx.asker)


async def _link_as_admin(ctx: CommandContext, account: str, whose: discord.Member | discord.User) -> discord.Embed:
    wanted = await find_account(ctx.actors, account, with_hidden=True)
    question = LinkAccount(wanted.plex_id, wanted.name, viewer_id(whose), whose.display_name, ctx.asker)
    subjects = AuditSubject(viewer_id(whose), str(whose)), AuditSubject(wanted.plex_id, wanted.name)
    async with ctx.actors.record_act(ctx.author, "link", *subjects):
        return await link_accounts(ctx.actors, question)


async def _sign_in(ctx: CommandContext) -> None:
    """Show a code privately, and then the result."""
    await defer_privately(ctx)
    poller, code = await acknowledge_then(ctx, _start_sign_in(ctx.actors))
    until_s = ctx.actors.clock.now().wall_s + code.expires_s
    lines = [
        _("1. Open {address} and sign in to Plex.").format(address=code.address),
        _("2. Enter **{code}**. It expires {when}.").format(
            code=formatting.escape(code.code, 20), when=formatting.relative_time(until_s)
        ),
        _("Then I read your name and servers, and keep nothing else. Type in only a code you asked for."),
        f"-# {_(_ADMIN_WAY)}",
    ]
    message = await reply_privately(ctx, _build_card("\n".join(lines)))
    _newest_sign_in[_asker_key(ctx)] = code.sign_in_id
    embed = await _await_sign_in(ctx, poller, code)
    with contextlib.suppress(*API_ERRORS):  # it may be deleted by now; the link stays
        await message.edit(embed=embed, allowed_mentions=embeds.NOBODY)


def _asker_key(ctx: CommandContext) -> tuple[int, int]:
    return ctx.guild.id if ctx.guild is not None else 0, ctx.author.id


async def _await_sign_in(ctx: CommandContext, poller: str, code: PlexSignIn) -> discord.Embed:
    """Wait until the code is entered, expires or is replaced; link the account's ids."""
    signed = PlexSignedIn("waiting")
    end_s = time.monotonic() + code.expires_s
    while signed.state == "waiting":
        await asyncio.sleep(CHECK_S)
        if _newest_sign_in.get(_asker_key(ctx)) != code.sign_in_id:
            return _build_card(_("You have a newer code."))
        if time.monotonic() > end_s:
            signed = PlexSignedIn("expired")
            break
        with contextlib.suppress(UnansweredError):  # the poller restarts, and will not know the code
            signed = await ctx.actors.ask(CheckPlexSignIn(code.sign_in_id), PLEX_TV_S, target=poller)
    _newest_sign_in.pop(_asker_key(ctx), None)
    if signed.state != "signed_in":
        return _build_not_signed_in(signed)
    who = ctx.asker, ctx.author.display_name
    try:
        return await link_accounts(
            ctx.actors,
            *(LinkAccount(plex_id, signed.name, *who, PLEX_TV) for plex_id in signed.plex_ids),
            problem=formatting.escape(translate_or(signed.reason, signed.problem), 300) if signed.problem else "",
        )
    except (UnansweredError, RefusedError) as error:
        return embeds.build_problem(error.what, error.cure)


async def _read_account_and_member(
    ctx: CommandContext, account: str, member: discord.Member | None
) -> tuple[str, discord.Member | discord.User]:
    """Split the account and the member in a `!` command's words. Raises RefusedError for others' accounts."""
    if ctx.interaction is None:
        words = [word for word in (account, *ctx.view.read_rest().split()) if word]
        if words and member is None:
            with contextlib.suppress(commands.MemberNotFound):
                member = await MemberMention().convert(ctx, words[-1])
                words.pop()
        account = " ".join(words)
    whose = member or ctx.author
    if whose != ctx.author and not ctx.permissions.administrator:
        raise RefusedError(_("Only administrators of this server may do that for others."), _(ASK_ADMIN))
    return account.strip(), whose


async def _start_sign_in(actors: ActorClient) -> tuple[str, PlexSignIn]:
    """Return the name of the Plex poller that gave out a code, and the code. Raises RefusedError."""
    problem = ""
    for poller in poller_names(actors.settings):
        try:
            code = await actors.ask(StartPlexSignIn(), PLEX_TV_S, target=poller)
        except UnansweredError as error:
            problem = problem or error.what
            continue
        if code.code:
            return poller, code
        problem = translate_or(code.reason, code.problem)
    raise RefusedError(formatting.escape(problem, 300), _(_ADMIN_WAY))


def _build_not_signed_in(signed: PlexSignedIn) -> discord.Embed:
    if signed.state == "no_access":
        what = _("The Plex account {name} has access to none of this community's servers.").format(
            name=formatting.escape(signed.name, 60)
        )
        why = formatting.escape(translate_or(signed.reason, signed.problem), 300) if signed.problem else ""
        cure = _("Ask whoever runs the Plex server to share it with that account; then `/link` again.")
        return embeds.build_problem(f"{what} {why}".strip(), _("Try again later.") if why else cure)
    what = (
        formatting.escape(translate_or(signed.reason, signed.problem), 300)
        if signed.problem
        else _("The code expired.")
    )
    return embeds.build_problem(what, _("`/link` gives a new one."))


def _build_card(text: str) -> discord.Embed:
    return embeds.build_embed(_("🔗 Your Plex account"), text, colour=embeds.BLUE)
