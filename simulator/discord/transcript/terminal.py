"""A channel as a person sees it, for a terminal of 80 columns or more."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from simulator.discord.model.guild import Payload
from simulator.discord.model.messages import ChannelMessage
from simulator.discord.model.world import DiscordWorld
from simulator.discord.transcript.markdown import MarkdownReader, strip_markdown

EMBED_WIDTH = 76
"""Widest embed, in columns; Discord's are as narrow."""
BUTTONS = {
    1: "white on #5865f2",
    2: "white on grey35",
    3: "white on #248046",
    4: "white on #da373c",
    5: "white on grey35",
}
FIELDS_IN_ROW = 3


@dataclass(frozen=True)
class ColoredBar:
    """Something with a coloured bar at its left: an embed."""

    inner: RenderableType
    color: str
    width: int = EMBED_WIDTH

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what is printed, by rich's protocol."""
        room = options.update(width=max(10, min(options.max_width, self.width) - 2))
        bar = Segment("▌ ", Style.parse(self.color))
        for line in console.render_lines(self.inner, room, pad=False):
            yield bar
            yield from _strip_padding(line)
            yield Segment.line()


def _strip_padding(line: list[Segment]) -> list[Segment]:
    """Return a line without the spaces that fill up its last column."""
    kept = list(line)
    while kept and not kept[-1].text.strip() and not (kept[-1].style and kept[-1].style.bgcolor):
        kept.pop()
    return kept


def render_message(
    message: ChannelMessage, world: DiscordWorld, *, tz: datetime.tzinfo = datetime.UTC
) -> RenderableType:
    """Return one message: who, when, text, embeds, buttons, files. Times of day are shown in `tz`."""
    reader = MarkdownReader(lambda kind, number: name_of(world, kind, number), world.now(), tz)
    parts: list[RenderableType] = [*_render_reference(message, world, reader), _render_heading(message, world, tz)]
    if message.is_loading:
        parts.append(Text("Usher is thinking ...", "dim italic"))
    if message.content:
        parts.append(reader.read(message.content))
    if message.poll is not None:
        parts += [Text(strip_markdown(line)) for line in message.poll.lines()]
    if message.is_poll_result:
        parts.append(Text("The poll has closed.", "dim italic"))
    for number, embed in enumerate(() if message.is_poll_result else message.embeds):
        parts += [Text()] * bool(number) + [ColoredBar(_render_embed(embed, reader, message), _choose_color(embed))]
    parts += _render_files(message)
    parts += _render_components(message.components, reader)
    if message.reactions:
        parts.append(Text("  ".join(f"{emoji} {len(who)}" for emoji, who in message.reactions.items()), "dim"))
    if message.is_ephemeral and message.asked_by is not None:
        parts.append(Text(f"Only {strip_markdown(message.asked_by.display_name)} can see this", "dim italic"))
    return Group(*parts, Text())


def render_transcript(
    messages: Iterable[ChannelMessage], world: DiscordWorld, *, width: int = 90, tz: datetime.tzinfo = datetime.UTC,
    styled: bool = False,
) -> str:  # fmt: skip
    """Return several messages as text; `styled`: with colours for a terminal, otherwise plain."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=styled, no_color=not styled, highlight=False, emoji=False,
        color_system="truecolor" if styled else None, legacy_windows=False,
    )  # fmt: skip
    for message in messages:
        console.print(render_message(message, world, tz=tz))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines()) if not styled else out.getvalue()


def name_of(world: DiscordWorld, kind: str, number: int) -> str:
    """Return the name that people see for an id."""
    if kind == "user":
        member = next((each for each in world.members() if each.id == number), None)
        return member.display_name if member is not None else "unknown-user"
    if kind == "role":
        roles = (guild.roles.get(number) for guild in world.guilds.values())
        return next((role.name for role in roles if role is not None), "unknown-role")
    place = world.find_channel(number)
    return place[1].name if place is not None else "unknown"


def _render_reference(message: ChannelMessage, world: DiscordWorld, reader: MarkdownReader) -> Iterator[RenderableType]:
    """Return the lines that show what the message answers."""
    if message.asked_by is not None and message.asked_with:
        yield Text.assemble(
            ("╭ ", "dim"),
            (strip_markdown(message.asked_by.display_name), "bold dim"),
            (f" used /{message.asked_with}", "dim"),
        )
    elif message.reply_to is not None:
        answered = world.messages.get(message.reply_to)
        if answered is None:
            yield Text("╭ the message was deleted", "dim italic")
            return
        line = Text.assemble(("╭ ", "dim"), (strip_markdown(_render_author(answered, world)), "bold dim"), "  ")
        line.append_text(reader.line(answered.text.split("\n")[0], "dim"))
        line.truncate(70, overflow="ellipsis")
        yield line


def _render_author(message: ChannelMessage, world: DiscordWorld) -> str:
    return name_of(world, "user", message.author.id) if world.user(message.author.id) else message.author.display_name


def _render_heading(message: ChannelMessage, world: DiscordWorld, tz: datetime.tzinfo) -> Text:
    at = datetime.datetime.fromisoformat(message.at).astimezone(tz)
    line = Text(strip_markdown(_render_author(message, world)), "bold #f0b232" if message.author.bot else "bold")
    if message.author.bot:
        line.append(" ")
        line.append(" APP ", "white on #5865f2")
    line.append(f"  {at:%H:%M}", "dim")
    if message.edited_s and not message.asked_by:
        line.append(" (edited)", "dim")
    return line


def _choose_color(embed: Payload) -> str:
    return f"#{embed['color']:06x}" if embed.get("color") else "grey50"


def _render_embed(embed: Payload, reader: MarkdownReader, message: ChannelMessage) -> RenderableType:
    parts: list[RenderableType] = []
    if (embed.get("author") or {}).get("name"):
        parts.append(Text(strip_markdown(embed["author"]["name"]), "bold"))
    if embed.get("title"):
        parts.append(reader.line(embed["title"], "bold #00a8fc" if embed.get("url") else "bold"))
    if embed.get("description"):
        parts.append(reader.read(embed["description"]))
    parts += _render_fields(embed.get("fields") or [], reader)
    for key in ("thumbnail", "image"):
        url = (embed.get(key) or {}).get("url")
        if url:
            parts.append(Text(f"🖼  {strip_markdown(_render_picture(url, message))}", "dim"))
    foot = [(embed.get("footer") or {}).get("text")]
    if embed.get("timestamp"):
        foot.append(f"{datetime.datetime.fromisoformat(embed['timestamp']).astimezone(reader.tz):%d/%m/%Y %H:%M}")
    if any(foot):
        parts.append(Text(" • ".join(strip_markdown(each) for each in foot if each), "dim"))
    return Group(*parts)


def _render_picture(url: str, message: ChannelMessage) -> str:
    name = url.removeprefix("attachment://") if url.startswith("attachment://") else url.rsplit("/", 1)[-1]
    found = next((each for each in message.attachments if each.filename == name), None)
    return f"{name} ({format_size(len(found.content))})" if found is not None else name


def _render_fields(fields: list[Payload], reader: MarkdownReader) -> Iterator[RenderableType]:
    """Return the fields, inline ones three in a row, the others alone."""
    row: list[Payload] = []
    for field in [*fields, None]:
        if row and (field is None or not field.get("inline") or len(row) == FIELDS_IN_ROW):
            yield _render_row(row, reader)
            row = []
        if field is not None and field.get("inline"):
            row.append(field)
        elif field is not None:
            yield _render_row([field], reader)


def _render_row(fields: list[Payload], reader: MarkdownReader) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in range(FIELDS_IN_ROW if len(fields) > 1 or fields[0].get("inline") else 1):
        table.add_column(ratio=1)
    table.add_row(*(reader.line(each["name"], "bold") for each in fields))
    table.add_row(*(reader.read(each["value"]) for each in fields))
    return Padding(table, (1, 0, 0, 0))


def _render_files(message: ChannelMessage) -> Iterator[RenderableType]:
    pictures = str([embed.get(key) for embed in message.embeds for key in ("image", "thumbnail")])
    for each in message.attachments:
        if f"attachment://{each.filename}" not in pictures:
            yield Text(f"📎 {strip_markdown(each.filename)} ({format_size(len(each.content))})", "#00a8fc")


def format_size(count: int) -> str:
    """Return a file's size in a unit that is easy to read."""
    for unit, length in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count} bytes"


def _render_components(components: list[Payload], reader: MarkdownReader) -> Iterator[RenderableType]:
    for component in components:
        kind = component.get("type")
        if kind == 1:
            yield _render_controls(component["components"])
        elif kind == 10:
            yield reader.read(component["content"])
        elif kind == 9:
            yield from _render_components([*component["components"], component["accessory"]], reader)
        elif kind == 14:
            yield Rule(style="dim")
        elif kind == 17:
            color = component.get("accent_color")
            inner = Group(*_render_components(component["components"], reader))
            yield ColoredBar(inner, f"#{color:06x}" if color else "grey50")
        elif kind == 12:
            yield from (
                Text(f"🖼  {strip_markdown(each['media']['url'].rsplit('/', 1)[-1])}", "dim")
                for each in component["items"]
            )
        elif kind == 11:
            yield Text(f"🖼  {strip_markdown(component['media']['url'].rsplit('/', 1)[-1])}", "dim")
        elif kind in (2, 3, 5, 6, 7, 8):
            yield _render_controls([component])


def _render_controls(controls: list[Payload]) -> Text:
    """Return a row of buttons, or a select."""
    line = Text()
    for control in controls:
        line.append(" " if line.plain else "")
        if control["type"] == 2:
            emoji = (control.get("emoji") or {}).get("name") or ""
            label = " ".join(each for each in (emoji, control.get("label")) if each)
            style = (
                "dim white on grey23" if control.get("disabled") else BUTTONS.get(control.get("style", 2), BUTTONS[2])
            )
            line.append(f"[ {strip_markdown(label)} ]", style)
        else:
            chosen = [each["label"] for each in control.get("options", []) if each.get("default")]
            shown = ", ".join(chosen) or control.get("placeholder") or "Make a selection"
            line.append(f"[ {strip_markdown(shown)} ▾ ]", "on grey23")
    return line
