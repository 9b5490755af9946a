"""`mydata`: everything that is stored of a viewer, for the viewer alone."""

import asyncio
import gzip
import io

import discord

from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, defer_privately, reply_privately
from actors.chat.discord.ui import embeds
from messages import GetMyData
from wording.numbers import format_count
from wording.translation import N_, _

DATA_S = 60.0
"""Deadline of a question about all that is stored of somebody."""
FILE = 9_500_000
"""Bytes of a file: Discord takes 10 MB."""
MOST_PARTS = 50


@command(
    "mydata",
    N_("Download my data"),
    group=CommandGroup.PRIVACY,
    cooldown=Cooldown(2, 60.0),
)
async def mydata(ctx: CommandContext) -> None:
    """Answer with a JSON file; packed where it is large, in parts where it is larger still."""
    await defer_privately(ctx)
    content, watches = await acknowledge_then(ctx, fetch_data(ctx.actors, ctx.asker))
    if not content:
        await reply_privately(
            ctx, embeds.build_embed(_("📦 Your data"), _("Nothing is stored about you."), colour=embeds.GREY)
        )
        return
    files = await asyncio.to_thread(split_files, content)
    said = format_count("{count} watch", "{count} watches", watches)
    if len(files) > 1:
        said += "\n" + _("In {count} parts: put one after the other, then unpack with gzip.").format(count=len(files))
    for number, (name, part) in enumerate(files, 1):
        heading = _("📦 Your data") + (f" · {number}/{len(files)}" if len(files) > 1 else "")
        file = discord.File(io.BytesIO(part), name)
        await reply_privately(ctx, embeds.build_embed(heading, said, colour=embeds.BLUE), file=file, aside=number == 1)


async def fetch_data(actors: ActorClient, who: str) -> tuple[bytes, int]:
    """Return all that is stored of a viewer, and how many watches are in it. Raises UnansweredError."""
    parts: list[bytes] = []
    have, whole, watches = 0, 1, 0
    while have < whole:
        answer = await actors.ask(GetMyData(who, have), DATA_S)
        if (have and answer.total_bytes != whole) or (answer.total_bytes and not answer.content):
            raise UnansweredError(_("Your data changed while it was read."), _("Try again in a few seconds."))
        parts.append(answer.content)
        have, whole, watches = have + len(answer.content), answer.total_bytes, answer.watches
    return b"".join(parts), watches


def split_files(content: bytes) -> list[tuple[str, bytes]]:
    """Return names and contents of files that Discord takes: as it is, packed, or packed and in parts."""
    if len(content) <= FILE:
        return [("usher.json", content)]
    small = gzip.compress(content, mtime=0)
    if len(small) <= FILE:
        return [("usher.json.gz", small)]
    parts = [small[start : start + FILE] for start in range(0, len(small), FILE)]
    if len(parts) > MOST_PARTS:
        raise RefusedError(_("That's more than Discord accepts."), _("Ask an administrator for it."))
    return [(f"usher.json.gz.{number:02}", part) for number, part in enumerate(parts, 1)]
