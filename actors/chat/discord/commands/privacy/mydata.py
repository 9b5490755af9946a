"""`mydata`: everything that is stored about a viewer, for the viewer alone."""

import asyncio
import io
import zoneinfo
from typing import Any

import discord
import msgspec

from actors.chat.discord.commands.privacy.everywhere import (
    EverywhereButton,
    find_elsewhere,
    label_everywhere,
    name_server,
)
from actors.chat.discord.commands.privacy.film_lists import ExportedData, build_film_lists
from actors.chat.discord.framework.actor_client import ActorClient, UnansweredError
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.media_servers import find_external_ids
from actors.chat.discord.framework.replies import CommandContext, acknowledge_then, defer_privately, reply_privately
from actors.chat.discord.guild_features import GuildFeatures
from actors.chat.discord.ui import embeds
from messages import GetMyData
from wording.numbers import format_count
from wording.translation import N_, _, ngettext

DATA_S = 60.0
"""Deadline of a question for all data about a member; real seconds."""
FILE = 9_500_000
"""Bytes of a file at most: Discord accepts 10 MB."""
MOST_PARTS = 50


@command(
    "mydata",
    N_("Download my data"),
    group=CommandGroup.PRIVACY,
    cooldown=Cooldown(2, 60.0),
)
async def mydata(ctx: CommandContext) -> None:
    """Answer with a JSON file (compressed if it is large, in parts if it is larger still), and lists of films."""
    await defer_privately(ctx)
    content, watches = await acknowledge_then(ctx, fetch_data(ctx.actors, ctx.asker))
    if not content:
        await reply_privately(
            ctx, embeds.build_embed(_("📦 Your data"), _("Nothing is stored about you."), colour=embeds.GREY)
        )
        await _offer_everywhere(ctx)
        return
    files = await asyncio.to_thread(split_files, content)
    said = format_count("{count} watch", "{count} watches", watches)
    if len(files) > 1:
        said += "\n" + _("In {count} parts: join them in order, then unpack with gzip.").format(count=len(files))
    for number, (name, part) in enumerate(files, 1):
        heading = _("📦 Your data") + (f" · {number}/{len(files)}" if len(files) > 1 else "")
        file = discord.File(io.BytesIO(part), name)
        await reply_privately(
            ctx, embeds.build_embed(heading, said, colour=embeds.BLUE), files=[file], aside=number == 1
        )
    await _send_film_lists(ctx, content)
    await _offer_everywhere(ctx)


async def _offer_everywhere(ctx: CommandContext) -> None:
    """Offer the data of other servers too, if there are any."""
    if elsewhere := await find_elsewhere(ctx.bot, ctx.features, ctx.asker):
        view = discord.ui.View(timeout=None)
        label = label_everywhere(len(elsewhere) + 1)
        view.add_item(EverywhereButton("mydata", "", ctx.author.id, ctx.features.community_id, label))
        said = _("This is about this server only.")
        embed = embeds.build_embed(_("📦 Your data"), said, colour=embeds.BLUE)
        await reply_privately(ctx, embed, view=view, aside=False)


async def _send_everywhere(
    interaction: discord.Interaction[Any], who: str, where: list[GuildFeatures], _choice: str
) -> None:
    """Send a member's data of the other servers, a file for each."""
    await interaction.edit_original_response(view=None)
    for features in where[1:]:
        name = name_server(interaction.client, features)
        try:
            content, watches = await fetch_data(features.actors, who)
        except UnansweredError as error:
            embed = embeds.build_problem(f"{name}: {error.what}", error.cure)
            await interaction.followup.send(embed=embed, ephemeral=True)
            continue
        said = format_count("{count} watch", "{count} watches", watches)
        embed = embeds.build_embed(_("📦 Your data"), f"**{name}**\n{said}", colour=embeds.BLUE)
        for part_name, part in await asyncio.to_thread(split_files, content):
            file = discord.File(io.BytesIO(part), part_name)
            await interaction.followup.send(embed=embed, file=file, ephemeral=True)


EverywhereButton.acts["mydata"] = _send_everywhere


async def _send_film_lists(ctx: CommandContext, content: bytes) -> None:
    """Send files for Letterboxd and Trakt, if anything was watched to its end."""
    data = await asyncio.to_thread(msgspec.json.decode, content, type=ExportedData)
    finished = data.list_finished()
    if not finished:
        return
    ids = await find_external_ids(ctx.actors, {(watch.server_id, watch.rating_key) for watch in finished})
    zone = zoneinfo.ZoneInfo(ctx.actors.settings.timezone)
    lists = await asyncio.to_thread(build_film_lists, finished, data.ratings, ids, zone)
    names = [f"letterboxd-{n}.csv" if len(lists.letterboxd) > 1 else "letterboxd.csv" for n in range(1, 10)]
    files = list(zip(names, lists.letterboxd, strict=False))
    said = [_("`letterboxd.csv` is for letterboxd.com/import.")] if files else []
    if lists.trakt and len(lists.trakt) <= FILE:
        files.append(("trakt.csv", lists.trakt))
        said.append(_("`trakt.csv` is for Trakt: Settings > Import > CSV."))
    if lists.without_id:
        missing = ngettext(
            "{count} watch isn't in it: Plex doesn't say which film it is on IMDb, TMDB or TVDB.",
            "{count} watches aren't in it: Plex doesn't say which films they are on IMDb, TMDB or TVDB.",
            lists.without_id,
        ).format(count=lists.without_id)
        said.append(missing if lists.trakt else _("Trakt needs IDs that Plex doesn't have for these films."))
    if files:
        embed = embeds.build_embed(_("🎞️ Your films for Letterboxd and Trakt"), "\n".join(said), colour=embeds.BLUE)
        attached = [discord.File(io.BytesIO(part), name) for name, part in files]
        await reply_privately(ctx, embed, files=attached, aside=False)


async def fetch_data(actors: ActorClient, who: str) -> tuple[bytes, int]:
    """Return all data about a viewer, and the number of watches in it. Raises UnansweredError."""
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
    """Return names and contents of files that Discord accepts: as it is, compressed, or compressed and in parts."""
    if len(content) <= FILE:
        return [("usher.json", content)]
    import gzip  # rarely needed

    small = gzip.compress(content, mtime=0)
    if len(small) <= FILE:
        return [("usher.json.gz", small)]
    parts = [small[start : start + FILE] for start in range(0, len(small), FILE)]
    if len(parts) > MOST_PARTS:
        raise RefusedError(_("That's more than Discord accepts."), _("Ask an administrator for it."))
    return [(f"usher.json.gz.{number:02}", part) for number, part in enumerate(parts, 1)]
