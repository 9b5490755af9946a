"""`privacy`: who sees a viewer."""

from typing import Annotated, Any

import discord

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
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply
from messages import GetViewerAccount, Privacy, SetPrivacy, ViewerAccount
from wording.privacy import PRIVACY_CHOICES
from wording.problems import translate_or
from wording.text import join_names
from wording.translation import N_, _

_STAYS = N_(
    "What was posted in the channel stays there, and who is in the voice channel sees you there. "
    "What you ask about yourself is shown where you ask."
)
_NOT_SAID: Any = None
"""Not `Privacy | None`: discord.py would take a word that is no choice for None."""


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
    """Show the choice, or make it."""
    await defer_privately(ctx)
    question = (
        GetViewerAccount(ctx.asker) if choice is _NOT_SAID else SetPrivacy(ctx.asker, ctx.author.display_name, choice)
    )
    person = await acknowledge_then(ctx, ctx.actors.ask(question))
    if person.problem:
        raise RefusedError(formatting.escape(translate_or(person.reason, person.problem), 300), _("Try again later."))
    try:
        await reply_privately(ctx, build_choices(person))
    except RefusedError:
        if choice is _NOT_SAID:
            raise
        done = _("Done. You don't accept direct messages from this server: `/privacy` shows it only to you.")
        await send_reply(ctx, Reply(embeds.build_embed(_("🔒 Who sees you"), done, colour=embeds.PURPLE)))


def build_choices(person: ViewerAccount) -> discord.Embed:
    """Build each choice in a line, the member's own marked."""
    lines = [
        f"{'✅' if choice == person.privacy else '▫️'} **{choice}** · {_(said)}"
        for choice, said in PRIVACY_CHOICES.items()
    ]
    lines.append(f"\n{_('Choose with {command}.').format(command='`/privacy`')}\n-# {_(_STAYS)}")
    fields = []
    if person.links:
        names = join_names([formatting.escape(link.plex_name, 60) for link in person.links])
        fields.append(Field(_("🔗 It holds for your Plex account, too"), names))
    return embeds.build_embed(_("🔒 Who sees you"), "\n".join(lines), colour=embeds.PURPLE, fields=fields)
