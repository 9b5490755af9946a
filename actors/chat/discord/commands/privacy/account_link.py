"""Does the work of `link` and `unlink`: finds an account, links or unlinks it, and shows the figures before and after.

A member's request to link is a message whose buttons contain all that is needed, so that they work after a restart.
"""

import contextlib
import re
from typing import Any, Literal, NamedTuple, NoReturn, Self

import discord

from actors.chat.discord.core.api_errors import API_ERRORS
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.command_errors import ADMINS_ONLY, ASK_ADMIN, NO_CURE, RefusedError, report_errors
from actors.chat.discord.framework.pages import CUSTOM_ID, refuse
from actors.chat.discord.guild_features import features_of
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Reply
from messages import (
    PLEX_TV,
    AccountSummary,
    AuditSubject,
    FindAccounts,
    GetViewerAccount,
    GetViewerStats,
    LinkAccount,
    LinkedAccount,
    UnlinkAccount,
    ViewerAccount,
)
from messages.ids import is_plex_account
from wording.numbers import format_count, format_number
from wording.problems import translate_or
from wording.text import clean_line, join_names, utf16_length
from wording.translation import _

JOIN_S = 30.0
"""Deadline of a question that merges or separates two histories; real seconds."""
_PREFIX = "usher:link:"
_LOOKED_AT = 100


class LinkFigures(NamedTuple):
    """A viewer's figures."""

    watches: int
    badges: int


async def find_account(actors: ActorClient, said: str, *, with_hidden: bool = False) -> AccountSummary:
    """Return the account of that name, or that autocompletion chose. Raises RefusedError if there are none or several.

    `with_hidden`: find private accounts too, for an administrator; for others they do not exist.
    """
    plex_id, name = said.split(" ", 1) if is_plex_account(said) and " " in said else ("", said)
    question = FindAccounts(name.strip(), _LOOKED_AT, with_hidden)
    accounts = (await actors.ask(question)).accounts
    fit = [account for account in accounts if account.plex_id == plex_id] if plex_id else list(accounts)
    exact = [account for account in fit if account.name.casefold() == name.strip().casefold()]
    if len(exact or fit) == 1:
        return (exact or fit)[0]
    shown = formatting.escape(name, 60)
    if fit:
        names = await _describe_publicly(actors, name.strip(), exact or fit, with_hidden)
        raise RefusedError(
            _("Several Plex accounts are called like {name}: {names}.").format(name=shown, names=names),
            _("Use `/link` and choose one of those that it offers."),
        )
    raise RefusedError(
        _("There's no unlinked Plex account called {name} that has watched anything.").format(name=shown),
        _("If it's linked already, use `!unlink` first. If it's yours, `/link` alone lets you sign in at plex.tv."),
    )


async def _describe_publicly(actors: ActorClient, part: str, accounts: list[AccountSummary], with_hidden: bool) -> str:
    """Return accounts in words for the channel: hidden ones are only counted.

    For an administrator the choices of `/link`, which nobody else sees, name them too.
    """
    shown = {account.plex_id for account in accounts}
    if with_hidden:
        answer = await actors.ask(FindAccounts(part, _LOOKED_AT, with_hidden=False))
        shown = {account.plex_id for account in answer.accounts}
    names = [describe_account(account) for account in accounts if account.plex_id in shown]
    if hidden := len(accounts) - len(names):  # first, for a long list of names is cut at its end
        names.insert(0, format_count("{count} hidden account", "{count} hidden accounts", hidden))
    return join_names(names)


def describe_account(account: AccountSummary) -> str:
    """Return an account in words, escaped."""
    return f"{formatting.escape(account.name, 60)} ({_count_watches(account)})"


def account_label(account: AccountSummary) -> str:
    """Return an account for a list of choices, in which Discord renders no Markdown."""
    return f"{clean_line(account.name, 60)} ({_count_watches(account)})"


def _count_watches(account: AccountSummary) -> str:
    return format_count("{count} watch", "{count} watches", account.watches)


async def link_accounts(actors: ActorClient, *questions: LinkAccount, problem: str = "") -> discord.Embed:
    """Link a member's account on one or several servers; return what was linked, and what failed.

    `problem`: why a server could not be asked whether it knows the account. Raises RefusedError or UnansweredError if
    nothing was linked.
    """
    who = questions[0].viewer_id
    before: LinkFigures | None = await _ask_figures(actors, who)
    done: dict[str, ViewerAccount] = {}
    undone: dict[str, RefusedError | UnansweredError] = {}
    for question in questions:
        try:
            person = await actors.ask(question, JOIN_S)
            _raise_problem(person)
            done[question.plex_id] = person
        except (RefusedError, UnansweredError) as error:
            undone[question.plex_id] = error
    if not done:
        raise next(iter(undone.values()))
    plex_id, person = list(done.items())[-1]
    account = formatting.escape(_name_of(person, plex_id) or questions[0].plex_name, 60)
    said = [
        _("**{name}** and the Plex account **{account}** are one viewer now.").format(
            name=formatting.escape(questions[0].username, 60), account=account
        ),
        *(_describe_failure(plex_id, error) for plex_id, error in undone.items()),
        *(["⚠️ " + _("Not every Plex server could be asked: {reason}").format(reason=problem)] if problem else []),
    ]
    if undone or problem:
        said.append(_("Fix that, then run `/link` again for the rest. Existing links stay."))
    after = None
    with contextlib.suppress(UnansweredError):  # what was linked must be shown anyway
        after = await _ask_figures(actors, who)
    return _build_outcome(
        "\n".join(said), before if _may_show_figures(person, questions[0].confirmed_by) else None, after
    )


def _describe_failure(plex_id: str, error: RefusedError | UnansweredError) -> str:
    """Return the server whose account could not be linked, and why."""
    server = formatting.escape(plex_id.split(":")[1], 60)
    why = f"{error.what} {error.cure}".strip()
    return "⚠️ " + _("Not linked on the Plex server {server}: {reason}").format(server=server, reason=why)


async def unlink_account(actors: ActorClient, account: str, who: str, asker: str) -> discord.Embed:
    """Remove a member's link (the only one, if no account is named); return what was done. Raises RefusedError."""
    person = await actors.ask(GetViewerAccount(who))
    link = _choose_link(person.links, account.strip())
    before = await _ask_figures(actors, who) if _may_show_figures(person, asker) else None
    question = UnlinkAccount(link.plex_id, who, asker)
    _raise_problem(await actors.ask(question, JOIN_S))
    said = _(
        "**{name}** and the Plex account **{account}** are two viewers again, each with their own history."
    ).format(name=formatting.escape(link.username, 60), account=formatting.escape(link.plex_name, 60))
    return _build_outcome(said, before, await _ask_figures(actors, who))


def _choose_link(links: tuple[LinkedAccount, ...], account: str) -> LinkedAccount:
    fit = [link for link in links if not account or account.casefold() in (link.plex_id, link.plex_name.casefold())]
    if len(fit) == 1 or (fit and account):
        return fit[0]
    if not links:
        raise RefusedError(_("No Plex account is linked."), _("`/link` links one."))
    names = join_names([formatting.escape(link.plex_name, 60) for link in links])
    raise RefusedError(_("Which Plex account?"), _("Name one of them: {names}.").format(names=names))


def _name_of(person: ViewerAccount, plex_id: str) -> str:
    return next((link.plex_name for link in person.links if link.plex_id == plex_id), "")


def _raise_problem(person: ViewerAccount) -> None:
    if person.problem:
        raise RefusedError(formatting.escape(translate_or(person.reason, person.problem), 300), NO_CURE)


async def _ask_figures(actors: ActorClient, who: str) -> LinkFigures:
    profile = await actors.ask(GetViewerStats(who, who))
    person = await actors.ask(GetViewerAccount(who))
    return LinkFigures(person.watches, len(profile.badges))


def _may_show_figures(person: ViewerAccount, asker: str) -> bool:
    """Tell whether a member's figures may be shown publicly."""
    return asker in (person.viewer_id, PLEX_TV) or person.privacy in ("open", "anonymous")


def _build_outcome(said: str, before: LinkFigures | None, after: LinkFigures | None) -> discord.Embed:
    """Return what was done, with the figures before and after if they are known and may be shown."""
    if before is None or after is None:
        return embeds.build_embed(_("🔗 Plex and Discord"), said, colour=embeds.GREEN)
    lines = [
        said,
        _("Watches: {before} → {after}").format(
            before=format_number(before.watches), after=format_number(after.watches)
        ),
        _("Badges: {before} → {after}").format(before=format_number(before.badges), after=format_number(after.badges)),
    ]
    return embeds.build_embed(_("🔗 Plex and Discord"), "\n".join(lines), colour=embeds.GREEN)


def build_request(account: AccountSummary, member: discord.Member | discord.User) -> tuple[Reply, discord.ui.View]:
    """Return a member's request to the administrators. Raises RefusedError if it is too long for its buttons' ids."""
    if utf16_length(f"{_PREFIX}yes:{member.id}:{account.plex_id}") > CUSTOM_ID:
        raise RefusedError(
            _("You can't request this Plex account."),
            _("An administrator can link it: `/link`"),
        )
    text = _("{member} says that the Plex account **{account}** is theirs.").format(
        member=describe_member(member), account=describe_account(account)
    )
    hint = _("An administrator has to confirm it. Then both count as one viewer with one history.")
    view = discord.ui.View(timeout=None)
    view.add_item(LinkButton("yes", member.id, account.plex_id))
    view.add_item(LinkButton("no", member.id, account.plex_id))
    return Reply(embeds.build_embed(_("🔗 One viewer?"), f"{text}\n{hint}", colour=embeds.BLUE)), view


def describe_member(member: discord.Member | discord.User) -> str:
    """Return who a member is, whatever their nickname: mention, user name, and the account's age."""
    return _("{mention} (**{name}**, user name `{username}`, on Discord since {date}, {ago})").format(
        mention=member.mention,
        name=formatting.escape(member.display_name, 60),
        username=formatting.escape_code(member.name, 40),
        date=formatting.date_only(member.created_at.timestamp()),
        ago=formatting.relative_time(member.created_at.timestamp()),
    )


class LinkButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=re.compile(r"usher:link:(?P<choice>yes|no):(?P<member>\d{1,20}):(?P<account>plex:.+)"),
):
    """Confirms or refuses a member's request; the member may withdraw it."""

    def __init__(self, choice: Literal["yes", "no"], member: int, plex_id: str) -> None:
        self._choice, self._member, self._plex_id = choice, member, plex_id
        is_yes = choice == "yes"
        super().__init__(
            discord.ui.Button(
                label=_("Confirm") if is_yes else _("Refuse or withdraw"),
                style=discord.ButtonStyle.success if is_yes else discord.ButtonStyle.secondary,
                custom_id=f"{_PREFIX}{choice}:{member}:{plex_id}",
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str], /) -> Self:
        """Return the button from its custom id."""
        return cls("yes" if match["choice"] == "yes" else "no", int(match["member"]), match["account"])

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Act for administrators only, or for a member who withdraws; acknowledge first."""
        admin = interaction.permissions.administrator
        if interaction.guild is None or not (admin or (self._choice == "no" and interaction.user.id == self._member)):
            await refuse(interaction, _(ADMINS_ONLY), _(ASK_ADMIN))
            return
        await interaction.response.defer()
        async with report_errors(interaction):
            embed = await self._decide(interaction, interaction.guild)
            await interaction.edit_original_response(embed=embed, view=None, allowed_mentions=embeds.NOBODY)

    async def _decide(self, interaction: discord.Interaction[Any], guild: discord.Guild) -> discord.Embed:
        actors = features_of(interaction).actors
        account = AuditSubject(self._plex_id, "")
        if self._choice == "no":
            if interaction.user.id != self._member:
                async with actors.record_act(
                    interaction.user, "refuse_link", AuditSubject(str(self._member), ""), account
                ):
                    pass
            said = _("Not linked.")
            return embeds.build_embed(_("🔗 Plex and Discord"), said, colour=embeds.GREY)
        try:
            member = guild.get_member(self._member) or await guild.fetch_member(self._member)
        except API_ERRORS as error:
            _refuse_gone(error)
        by, whose = str(interaction.user.id), AuditSubject(str(member.id), str(member))
        async with actors.record_act(interaction.user, "link", whose, account):
            done = await link_accounts(actors, LinkAccount(self._plex_id, "", str(member.id), member.display_name, by))
        done.description = f"{describe_member(member)}\n{done.description}"
        return done


def _refuse_gone(error: Exception) -> NoReturn:
    raise RefusedError(
        _("I can't find that member. Did they leave?"), _("If not, try again; otherwise refuse it.")
    ) from error
