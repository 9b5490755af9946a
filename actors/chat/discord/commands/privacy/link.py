"""A Discord member and a Plex account are one viewer: `link` and `unlink`."""

import asyncio
import contextlib
import time
from typing import Annotated, Any

import discord
from discord import app_commands
from discord.ext import commands

from actors.chat.discord.commands.privacy.link_flow import find, linked, offered, request, unlinked
from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.core.hearsay import heard
from actors.chat.discord.framework.actor_client import SUGGEST_S, ActorClient, UnansweredError
from actors.chat.discord.framework.command import (
    CHOICE,
    MOST_CHOICES,
    Context,
    UsherCog,
    acknowledge_then,
    build_choice,
    command,
    describe,
    send_reply,
    viewer_id,
)
from actors.chat.discord.framework.command_errors import ASK_ADMIN, RefusedError
from actors.chat.discord.framework.media_servers import poller_names
from actors.chat.discord.framework.member_converter import MemberMention
from actors.chat.discord.framework.private_reply import defer_privately, reply_privately
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import (
    CheckPlexSignIn,
    FindAccounts,
    GetViewerAccount,
    LinkAccount,
    PlexSignedIn,
    PlexSignIn,
    StartPlexSignIn,
)
from wording.translation import _, later

PLEX_TV_S = 30.0
"""Deadline of a question that plex.tv answers."""
CHECK_S = 3.0
"""How often plex.tv is asked whether a code was typed in (real seconds)."""
_ADMIN_WAY = later("Without plex.tv: `/link` with the account's name asks an administrator.")


class Linking(UsherCog):
    """Who is who."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._newest: dict[int, str] = {}
        """Each member's sign-in that is asked about."""

    @command("link", later("Link a Plex account to you: one viewer, one history"), usage=later("[account] [@somebody]"))
    @describe(
        account=later("Name of the Plex account; leave out to sign in at plex.tv"),
        member=later("Whose it is; leave out for yourself (others: admins)"),
    )
    @commands.cooldown(4, 60, commands.BucketType.user)
    async def link(
        self, ctx: Context, account: str = "", member: Annotated[discord.Member, MemberMention] | None = None
    ) -> None:
        """By a code at plex.tv, by an administrator, or by asking one."""
        account, whose = await _understood(ctx, account, member)
        if not account:
            if whose != ctx.author:
                raise RefusedError(_("Which Plex account?"), _("Write it like this: `!link Anton @somebody`"))
            await self._sign_in(ctx)
        elif ctx.permissions.administrator:
            await send_reply(
                ctx, Reply(await acknowledge_then(ctx, self._confirmed(account, whose, viewer_id(ctx.author))))
            )
        else:
            await send_reply(ctx, *request(await acknowledge_then(ctx, find(self.desk, account)), whose))

    @command("unlink", later("Take back that a Plex account is yours"), usage=later("[account] [@somebody]"))
    @describe(
        account=later("Name of the Plex account; leave out where you have one"),
        member=later("Whose it is; leave out for yourself (others: admins)"),
    )
    async def unlink(
        self, ctx: Context, account: str = "", member: Annotated[discord.Member, MemberMention] | None = None
    ) -> None:
        """One's own; administrators, anybody's."""
        account, whose = await _understood(ctx, account, member)
        await defer_privately(ctx)
        embed = await acknowledge_then(ctx, unlinked(self.desk, account, viewer_id(whose), viewer_id(ctx.author)))
        await reply_privately(ctx, embed)  # accounts, watches and badges are their own matter

    @link.autocomplete("account")
    async def accounts(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Plex accounts that are nobody's yet."""
        question = FindAccounts(current[:CHOICE], MOST_CHOICES, interaction.permissions.administrator)
        with contextlib.suppress(UnansweredError):
            found = await self.desk.ask(question, SUGGEST_S)
            return [build_choice(offered(one), f"{one.plex_id} {one.name}") for one in found.accounts[:MOST_CHOICES]]
        return []

    @unlink.autocomplete("account")
    async def links(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """The member's own."""
        question = GetViewerAccount(str(interaction.user.id))
        with contextlib.suppress(UnansweredError):
            found = await self.desk.ask(question, SUGGEST_S)
            return [build_choice(one.plex_name, one.plex_id) for one in found.links[:MOST_CHOICES]]
        return []

    async def _confirmed(self, account: str, whose: discord.Member | discord.User, by: str) -> discord.Embed:
        found = await find(self.desk, account, with_hidden=True)
        question = LinkAccount(found.plex_id, found.name, viewer_id(whose), whose.display_name, by)
        return await linked(self.desk, question)

    async def _sign_in(self, ctx: Context) -> None:
        """A code for the asker alone, and what becomes of it."""
        await defer_privately(ctx)
        poller, code = await acknowledge_then(ctx, _code(self.desk))
        until_s = self.desk.clock.now().wall_s + code.expires_s
        lines = [
            _("1. Open {address} and sign in to Plex.").format(address=code.address),
            _("2. Type in **{code}**; it ends {when}.").format(
                code=formatting.escape(code.code, 20), when=formatting.relative_time(until_s)
            ),
            _("Then I read your name and servers, and keep nothing else. Type in only a code you asked for."),
            f"-# {_(_ADMIN_WAY)}",
        ]
        message = await reply_privately(ctx, _card("\n".join(lines)))
        self._newest[ctx.author.id] = code.sign_in_id
        embed = await self._outcome(ctx, poller, code)
        with contextlib.suppress(*API_ERRORS):  # it may be deleted by now; what was done stays done
            await message.edit(embed=embed, allowed_mentions=embeds.NOBODY)

    async def _outcome(self, ctx: Context, poller: str, code: PlexSignIn) -> discord.Embed:
        """Wait until the code is typed in, or void, or another was asked for."""
        signed = PlexSignedIn("waiting")
        end_s = time.monotonic() + code.expires_s
        while signed.state == "waiting":
            await asyncio.sleep(CHECK_S)
            if self._newest.get(ctx.author.id) != code.sign_in_id:
                return _card(_("You have a newer code."))
            if time.monotonic() > end_s:
                signed = PlexSignedIn("expired")
                break
            with contextlib.suppress(UnansweredError):  # it restarts, and says then that it knows no such code
                signed = await self.desk.ask(CheckPlexSignIn(code.sign_in_id), target=poller)
        self._newest.pop(ctx.author.id, None)
        if signed.state != "signed_in":
            return _not_known(signed)
        who = viewer_id(ctx.author), ctx.author.display_name
        try:
            return await linked(
                self.desk,
                *(LinkAccount(plex_id, signed.name, *who, "plex.tv") for plex_id in signed.plex_ids),
                problem=formatting.escape(heard(signed.problem), 300) if signed.problem else "",
            )
        except (UnansweredError, RefusedError) as error:
            return embeds.build_problem(error.what, error.cure)


async def _understood(
    ctx: Context, account: str, member: discord.Member | None
) -> tuple[str, discord.Member | discord.User]:
    """Account and member, told apart where a `!` command says both in a row; RefusedError for others' accounts."""
    if ctx.interaction is None:
        said = [word for word in (account, *ctx.view.read_rest().split()) if word]
        if said and member is None:
            with contextlib.suppress(commands.MemberNotFound):
                member = await MemberMention().convert(ctx, said[-1])
                said.pop()
        account = " ".join(said)
    whose = member or ctx.author
    if whose != ctx.author and not ctx.permissions.administrator:
        raise RefusedError(_("Only administrators of this server may do that for others."), _(ASK_ADMIN))
    return account.strip(), whose


async def _code(desk: ActorClient) -> tuple[str, PlexSignIn]:
    """A code, and the poller that gave it out; RefusedError where none can."""
    problem = ""
    for poller in poller_names(desk.settings):
        try:
            code = await desk.ask(StartPlexSignIn(), target=poller)
        except UnansweredError as error:
            problem = problem or error.what
            continue
        if code.code:
            return poller, code
        problem = heard(code.problem)
    raise RefusedError(formatting.escape(problem, 300), _(_ADMIN_WAY))


def _not_known(signed: PlexSignedIn) -> discord.Embed:
    if signed.state == "no_access":
        what = _("The Plex account {name} can use no server of this community.").format(
            name=formatting.escape(signed.name, 60)
        )
        why = formatting.escape(heard(signed.problem), 300) if signed.problem else ""
        cure = _("Ask whoever runs the Plex server to share it with that account; then `/link` again.")
        return embeds.build_problem(f"{what} {why}".strip(), _("Try again later.") if why else cure)
    what = formatting.escape(heard(signed.problem), 300) if signed.problem else _("The code was not typed in in time.")
    return embeds.build_problem(what, _("`/link` gives a new one."))


def _card(text: str) -> discord.Embed:
    return embeds.build_embed(_("🔗 Your Plex account"), text, colour=embeds.BLUE)
