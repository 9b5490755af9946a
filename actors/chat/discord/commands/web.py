"""`web`: a link that signs a member in to the web page."""

import discord

from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, defer_privately, reply_privately
from actors.chat.discord.ui import embeds
from actors.sign_in_links import make_sign_in_link
from messages import OpenSignIn
from wording.translation import N_, _


@command(
    "web",
    N_("Open the web page, signed in as you"),
    group=CommandGroup.YOU,
    cooldown=Cooldown(5, 60.0),
)
async def web(ctx: CommandContext) -> None:
    """Answer with a link for the asker alone: good once, for five minutes."""
    await defer_privately(ctx)
    settings = ctx.actors.settings
    if not settings.web_port:
        raise RefusedError(_("This server has no web page."), _("Whoever runs Usher can set WEB_PORT."))
    if settings.web_access == "local":
        raise RefusedError(
            _("The web page is for the machine that Usher runs on: nobody signs in there."),
            _("Whoever runs Usher can set WEB_ACCESS=members."),
        )
    link = make_sign_in_link(settings.page_url)
    await acknowledge_then(ctx, ctx.actors.ask(OpenSignIn(link.token_hash, ctx.asker, ctx.author.display_name)))
    text = _(
        "Good once, for five minutes. Whoever opens it is signed in as you, so don't pass it on. "
        "You stay signed in for 30 days."
    )
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label=_("Open the web page"), url=link.address))
    await reply_privately(ctx, embeds.build_embed(_("🔑 Your way to the web page"), text), view=view)
