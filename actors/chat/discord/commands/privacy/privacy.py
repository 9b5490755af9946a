"""`privacy`: shows or changes who sees a member."""

from typing import Annotated, Any

import discord

from actors.chat.discord.commands.privacy.everywhere import (
    EverywhereButton,
    find_elsewhere,
    label_everywhere,
    name_server,
)
from actors.chat.discord.framework.actor_client import UnansweredError
from actors.chat.discord.framework.command import CommandGroup, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.converters import ChoiceConverter
from actors.chat.discord.framework.replies import (
    CommandContext,
    acknowledge_then,
    defer_privately,
    reply_privately,
    send_reply,
)
from actors.chat.discord.guild_features import GuildFeatures
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply
from messages import GetViewerAccount, Privacy, SetPrivacy, ViewerAccount
from wording.privacy import PRIVACY_CHOICES
from wording.problems import translate_or
from wording.text import join_names
from wording.translation import N_, _

_STAYS = N_(
    "What was posted stays, and people in the voice channel still see you there. Answers about yourself "
    "appear where you ask."
)
_NOT_SAID: Any = None
"""A default that is not `Privacy | None`: discord.py would turn a word that is not a choice into None."""


@command(
    "privacy",
    N_("Who sees what you watch"),
    group=CommandGroup.PRIVACY,
    usage=N_("[open|anonymous|private|untracked]"),
    parameters={"choice": N_("Leave out to see what it is now")},
)
async def privacy(
    ctx: CommandContext, choice: Annotated[Privacy, ChoiceConverter(*PRIVACY_CHOICES)] = _NOT_SAID
) -> None:
    """Show the member's choice, or change it."""
    await defer_privately(ctx)
    question = (
        GetViewerAccount(ctx.asker) if choice is _NOT_SAID else SetPrivacy(ctx.asker, ctx.author.display_name, choice)
    )
    person = await acknowledge_then(ctx, ctx.actors.ask(question))
    if person.problem:
        raise RefusedError(formatting.escape(translate_or(person.reason, person.problem), 300), _("Try again later."))
    embed, view = build_choices(person), None
    if choice is not _NOT_SAID and (elsewhere := await find_elsewhere(ctx.bot, ctx.features, ctx.asker)):
        view = discord.ui.View(timeout=None)
        label = label_everywhere(len(elsewhere) + 1)
        view.add_item(EverywhereButton("privacy", choice, ctx.author.id, ctx.features.community_id, label))
    try:
        await reply_privately(ctx, embed, view=view)
    except RefusedError:
        if choice is _NOT_SAID:
            raise
        done = _("Done. You don't accept direct messages from this server: `/privacy` shows it only to you.")
        await send_reply(ctx, Reply(embeds.build_embed(_("🔒 Who sees you"), done, colour=embeds.PURPLE)))


async def _choose_everywhere(
    interaction: discord.Interaction[Any], who: str, where: list[GuildFeatures], choice: str
) -> None:
    """Set a choice on every server; say on which ones it succeeded."""
    if choice not in PRIVACY_CHOICES:
        raise RefusedError(_("That isn't an option."), _("Use the command again."))
    lines = []
    user = interaction.user
    own_name, elsewhere_name = user.display_name, user.global_name or user.name  # a nickname belongs to one server
    for features in where:
        name = name_server(interaction.client, features)
        try:
            question = SetPrivacy(who, own_name if features is where[0] else elsewhere_name, choice)
            person = await features.actors.ask(question)
        except UnansweredError as error:
            lines.append(f"⚠️ {name}: {error.what} {error.cure}")
            continue
        if person.problem:
            lines.append(f"⚠️ {name}: {formatting.escape(translate_or(person.reason, person.problem), 300)}")
        else:
            lines.append(f"✅ {name}: **{person.privacy}**")
    embed = embeds.build_embed(_("🔒 Who sees you"), "\n".join(lines), colour=embeds.PURPLE)
    await interaction.edit_original_response(embed=embed, view=None, allowed_mentions=embeds.NOBODY)


EverywhereButton.acts["privacy"] = _choose_everywhere


def build_choices(person: ViewerAccount) -> discord.Embed:
    """Build the list of choices, one in a line, with the member's own marked."""
    lines = [
        f"{'✅' if choice == person.privacy else '▫️'} **{choice}** · {_(said)}"
        for choice, said in PRIVACY_CHOICES.items()
    ]
    lines.append(f"\n{_('Choose with {command}.').format(command='`/privacy`')}\n-# {_(_STAYS)}")
    fields = []
    if person.links:
        names = join_names([formatting.escape(link.plex_name, 60) for link in person.links])
        fields.append(Field(_("🔗 This also applies to your Plex account"), names))
    return embeds.build_embed(_("🔒 Who sees you"), "\n".join(lines), colour=embeds.PURPLE, fields=fields)
