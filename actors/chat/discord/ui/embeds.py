"""Builds all embeds of Usher: one set of colours, one layout, always within Discord's limits."""

from collections.abc import Iterable, Sequence
from typing import Any

import discord
import msgspec

from actors.chat.discord.ui import formatting
from charts.picture import AnyDrawing
from messages import Item, Poster
from wording.durations import format_duration
from wording.numbers import format_number
from wording.text import shorten, utf16_length
from wording.translation import N_, _, ngettext

TITLE, DESCRIPTION, FIELD_NAME, FIELD_VALUE, FOOTER = 256, 4096, 256, 1024, 2048
MOST_FIELDS, MOST_IN_MESSAGE, MOST_EMBEDS = 25, 6000, 10
PAGE_LINES, PAGE_UNITS = 15, 2400
"""Lines and UTF-16 units of a page that a phone shows without much scrolling."""

NOBODY = discord.AllowedMentions.none()
"""Usher mentions nobody, whatever a title or a name contains."""

GOLD = discord.Colour(0xE5A00D)
GREEN = discord.Colour(0x2E9E5B)
BLUE = discord.Colour(0x4A7BD0)
PURPLE = discord.Colour(0x8E5BC7)
GREY = discord.Colour(0x7A7F87)
RED = discord.Colour(0xC8453B)

RARITY_COLOURS = {
    "common": GREY,
    "uncommon": GREEN,
    "rare": BLUE,
    "epic": PURPLE,
    "legendary": GOLD,
}
RARITY_ORDER = (N_("common"), N_("uncommon"), N_("rare"), N_("epic"), N_("legendary"))


NO_POSTER = Poster()


class Field(msgspec.Struct, frozen=True):
    """A named part of an embed; its texts are escaped already."""

    name: str
    value: str
    inline: bool = False


class Reply(msgspec.Struct, frozen=True):
    """One answer: an embed, which may be one page of several, and buttons beside those that turn the pages."""

    embed: discord.Embed
    page: int = 0
    pages: int = 1
    items: Sequence[discord.ui.Item[Any]] = msgspec.field(default_factory=tuple)
    picture: AnyDrawing | None = None
    """The picture to draw; the embed shows its content in words until it is drawn."""
    posters: tuple[Item | None, ...] = ()
    """Films whose posters the picture shows, in order; they are fetched before it is drawn."""
    beside: discord.Embed | None = None
    """The embed beside the picture, without the content of the picture."""
    poster: Poster = NO_POSTER
    """A film's poster for the embed's corner; left out if the bot may not attach files."""
    hidden: bool = False
    """Whether it says only that this is private; after a press of a button it is then sent privately."""
    nothing: bool = False
    """Whether it says only that nothing was found."""


def build_embed(
    heading: str,
    text: str = "",
    *,
    colour: discord.Colour = GOLD,
    fields: Iterable[Field] = (),
    footer: str = "",
) -> discord.Embed:
    """Return an embed that Discord accepts: each part and the whole are cut to the limits.

    A cut text ends in "…". The last fields are left out if there is no room. Texts must be escaped already, except
    `footer`, in which Discord reads no Markdown.
    """
    heading, footer = shorten(heading, TITLE), shorten(footer, FOOTER)
    left = MOST_IN_MESSAGE - utf16_length(heading) - utf16_length(footer)
    text = shorten(text, min(DESCRIPTION, left))
    embed = discord.Embed(title=heading, description=text or None, colour=colour)
    left -= utf16_length(text)
    for part in list(fields)[:MOST_FIELDS]:
        name, value = shorten(part.name, FIELD_NAME) or "\u200b", shorten(part.value, FIELD_VALUE) or "\u200b"
        if utf16_length(name) + utf16_length(value) > left:
            break
        left -= utf16_length(name) + utf16_length(value)
        embed.add_field(name=name, value=value, inline=part.inline)
    if footer:
        embed.set_footer(text=footer)
    return embed


def poster_file(poster: Poster) -> str:
    """Return the name of a poster's file, whose ending tells Discord its type."""
    return f"poster.{poster.kind.replace('jpeg', 'jpg')}"


def count_units(embed: discord.Embed) -> int:
    """Return how many of its message's 6,000 characters an embed uses."""
    parts = [embed.title, embed.description, embed.footer.text, embed.author.name]
    parts += [text for part in embed.fields for text in (part.name, part.value)]
    return sum(utf16_length(text) for text in parts if text)


def private_notice(heading: str, name: str = "") -> Reply:
    """Return the answer that a viewer keeps this private, with the viewer's name if it is given."""
    text = _("{name} keeps this private.").format(name=formatting.escape(name, 60)) if name else ""
    return Reply(build_embed(heading, text or _("This viewer keeps this private."), colour=GREY), hidden=True)


def build_problem(what: str, cure: str) -> discord.Embed:
    """Return what did not work, and what to do."""
    return build_embed(_("Something went wrong"), f"{what}\n{cure}".strip(), colour=RED)


def join_lines_within(lines: Sequence[str], limit: int = FIELD_VALUE) -> str:
    """Join whole lines within `limit` UTF-16 units; further ones are only counted: "… and 12 more"."""
    kept: list[str] = []
    used = 0
    for number, line in enumerate(lines):
        rest = len(lines) - number - 1
        tail = utf16_length(f"\n{_and_more(rest + 1)}") if rest else 0
        if used + utf16_length(line) + 1 + tail > limit:
            kept.append(_and_more(len(lines) - number))
            break
        kept.append(line)
        used += utf16_length(line) + 1
    return "\n".join(kept)


def _and_more(count: int) -> str:
    return ngettext("… and {count} more", "… and {count} more", count).format(count=count)


class Section(msgspec.Struct, frozen=True):
    """Lines under a heading, which is repeated if a new page begins among them."""

    heading: str
    lines: Sequence[str]


def split_pages(sections: Sequence[Section], *, lines: int = PAGE_LINES, units: int = PAGE_UNITS) -> list[str]:
    """Split sections into pages of whole lines, at least one, each within `lines` and `units` (UTF-16 units)."""
    pages: list[str] = []
    current: list[str] = []
    count = 0

    def turn() -> None:
        nonlocal count
        if current:
            pages.append("\n".join(current))
        current.clear()
        count = 0

    for section in sections:
        heading = shorten(section.heading, units // 2)
        opened = False
        for line in section.lines or ("",):
            said = shorten(line, units // 2)
            needed = utf16_length(said) + (0 if opened else utf16_length(heading) + 2)
            used = sum(utf16_length(part) + 1 for part in current)
            if count and (count >= lines or used + needed > units):
                again = opened
                turn()
                if heading:
                    current.append(_("{heading} (continued)").format(heading=heading) if again else heading)
                opened = True
            elif not opened:
                if current:
                    current.append("")
                if heading:
                    current.append(heading)
                opened = True
            if said:
                current.append(said)
            count += 1
    turn()
    return pages or [""]


def pick_page(pages: Sequence[str], page: int) -> tuple[str, int]:
    """Return the requested page and its number, or the nearest one if the list has become shorter."""
    chosen = min(max(page, 0), len(pages) - 1)
    return pages[chosen], chosen


def took_line(ms: float) -> str:
    """Return how long something took (milliseconds), as a line of an answer."""
    if ms < 1000:  # "0 s" would look as if nothing was done
        return _("Took {time} ms").format(time=format_number(ms))
    return _("Took {time}").format(time=format_duration(ms / 1000))
