"""`web`: a link that signs a member in to the web page, or a token for programs that read its JSON API."""

from typing import Annotated

import discord

from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.converters import ChoiceConverter
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, defer_privately, reply_privately
from actors.chat.discord.ui import embeds
from actors.sign_in_links import make_program_token, make_sign_in_link
from messages import OpenSignIn, StartSession
from wording.translation import N_, _

TOKEN = "token"  # noqa: S105  # a word that people type


@command(
    "web",
    N_("Open the web page, signed in as you"),
    group=CommandGroup.YOU,
    usage=N_("[token]"),
    cooldown=Cooldown(5, 60.0),
    parameters={"what": N_("token: for programs that read the JSON API as you")},
)
async def web(ctx: CommandContext, what: Annotated[str, ChoiceConverter(TOKEN)] = "") -> None:
    """Answer privately with a link that is valid once and for five minutes, or with a token for programs."""
    await defer_privately(ctx)
    settings = ctx.actors.settings
    if not settings.web_port:
        raise RefusedError(_("This server has no web page."), _("Whoever runs Usher can set WEB_PORT."))
    if settings.web_access == "local":
        raise RefusedError(
            _("The web page is only for the machine that Usher runs on, without sign-in."),
            _("Whoever runs Usher can set WEB_ACCESS=members."),
        )
    if what:
        await _give_token(ctx)
        return
    link = make_sign_in_link(settings.page_url)
    await acknowledge_then(ctx, ctx.actors.ask(OpenSignIn(link.token_hash, ctx.asker, ctx.author.display_name)))
    text = _(
        "Works once, within five minutes. Whoever opens it is signed in as you, so don't share it. You "
        "stay signed in for 30 days."
    )
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label=_("Open the web page"), url=link.address))
    await reply_privately(ctx, embeds.build_embed(_("🔑 Your sign-in link"), text), view=view)


async def _give_token(ctx: CommandContext) -> None:
    """Answer with a token that is valid for a year, or until its owner signs out everywhere."""
    token = make_program_token()
    asked = StartSession(token.token_hash, viewer_id=ctx.asker, username=ctx.author.display_name, is_token=True)
    await acknowledge_then(ctx, ctx.actors.ask(asked))
    text = _(
        "Programs that send it as `Authorization: Bearer` can read the JSON API as you, for a year. "
        "Whoever has it sees what you see, so don't share it. To revoke it, sign out everywhere on your "
        "page."
    )
    api = f"{ctx.actors.settings.page_url}/api/openapi.json"
    await reply_privately(ctx, embeds.build_embed(_("🔑 Your token"), f"```\n{token.secret}\n```\n{text}\n{api}"))
