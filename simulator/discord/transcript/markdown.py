"""Discord's markdown as a person reads it: styled text for a terminal, mentions and timestamps resolved."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text

MENTION, CODE, LINK = "bold #5865f2", "#e6db74", "underline #00a8fc"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What must not reach a terminal: escape sequences, and characters that reverse the rest of a line."""

_FENCE = re.compile(r"```(?:[\w+-]+\n|\n)?(.*?)\n?```", re.DOTALL)
_HEAD = re.compile(r"^(#{1,3}|-#) +(.*)$")
_QUOTE = re.compile(r"^> ?(.*)$")
_BULLET = re.compile(r"^( *)[-*] +(.*)$")
_INLINE = re.compile(
    r"""
      \\(?P<escaped>[^A-Za-z0-9\s])
    | ``(?P<code2>.+?)``(?!`)
    | `(?P<code>[^`\n]+)`
    | \*\*(?P<bold>(?:\\.|(?!\*\*(?!\*)).)+?)\*\*(?!\*)
    | __(?P<underlined>(?:\\.|(?!__).)+?)__(?!_)
    | \*(?![\s*])(?P<starred>(?:\\.|\*\*(?:\\.|[^*])+?\*\*|[^*\\])+?)\*(?!\*)
    | (?<![A-Za-z0-9_\\])_(?P<lined>(?:\\.|[^_\\])+?)_(?![A-Za-z0-9_])
    | ~~(?P<struck>(?:\\.|(?!~~).)+?)~~
    | \|\|(?P<spoiler>(?:\\.|(?!\|\|).)+?)\|\|
    | \[(?P<label>(?:\\.|[^\]\\])+)\]\((?P<url>https?://[^)\s]+)\)
    | <t:(?P<time>-?\d{1,17})(?::(?P<look>[tTdDfFR]))?>
    | <@!?(?P<user>\d+)> | <@&(?P<role>\d+)> | <\#(?P<channel>\d+)> | </(?P<command>[^:>]+):\d+>
    | <a?(?P<emoji>:\w+:)\d+> | <(?P<bare>https?://[^>\s]+)>
    | (?P<everyone>@(?:everyone|here)\b)
    """,
    re.VERBOSE | re.DOTALL,
)
_STYLES = {
    "bold": "bold", "underlined": "underline", "starred": "italic", "lined": "italic", "struck": "strike",
    "spoiler": "on grey30",
}  # fmt: skip


@dataclass(frozen=True)
class MarkdownReader:
    """Resolves mentions and times. `name_of` gives the name for a kind ("user", "role" or "channel") and an id."""

    name_of: Callable[[str, int], str]
    now_s: float
    """Seconds since 1970, for texts such as "2 minutes ago"."""
    tz: datetime.tzinfo = datetime.UTC

    def read(self, source: str) -> Text:
        """Return a whole text, with code blocks, headings, quotes and lists."""
        found = Text()
        rest = 0
        for fence in _FENCE.finditer(source):
            self._read_lines(source[rest : fence.start()].removesuffix("\n"), found)
            self._read_block(fence[1], found)
            rest = fence.end() + (source[fence.end() : fence.end() + 1] == "\n")
        self._read_lines(source[rest:], found)
        if found.plain.endswith("\n"):
            found.right_crop(1)
        return found

    def line(self, source: str, style: str = "") -> Text:
        """Return one line's markdown, without blocks."""
        found = Text(style=style)
        self._read_inline(source, found, "")
        return found

    def _read_block(self, code: str, found: Text) -> None:
        if found.plain:
            found.append("\n")
        found.append("\n".join("  " + line for line in strip_markdown(code).split("\n")), CODE)
        found.append("\n")

    def _read_lines(self, source: str, found: Text) -> None:
        if not source:
            return
        if found.plain and not found.plain.endswith("\n"):
            found.append("\n")
        for number, line in enumerate(source.split("\n")):
            found.append("\n" if number else "")
            self._read_line(line, found)

    def _read_line(self, line: str, found: Text) -> None:
        head, quote, bullet = _HEAD.match(line), _QUOTE.match(line), _BULLET.match(line)
        if head:
            self._read_inline(head[2], found, "dim" if head[1] == "-#" else "bold underline")
        elif quote:
            found.append("▏ ", "dim")
            self._read_inline(quote[1], found, "")
        elif bullet:
            found.append(f"{bullet[1]}• ")
            self._read_inline(bullet[2], found, "")
        else:
            self._read_inline(line, found, "")

    def _read_inline(self, source: str, found: Text, style: str) -> None:
        rest = 0
        for hit in _INLINE.finditer(source):
            found.append(strip_markdown(source[rest : hit.start()]), style)
            self._read_match(hit, found, style)
            rest = hit.end()
        found.append(strip_markdown(source[rest:]), style)

    def _read_match(self, hit: re.Match[str], found: Text, style: str) -> None:
        kind = hit.lastgroup or ""
        if kind in _STYLES:
            self._read_inline(hit[kind], found, f"{style} {_STYLES[kind]}".strip())
        elif kind in ("code", "code2"):
            found.append(strip_markdown(hit[kind]), f"{style} {CODE}".strip())
        elif kind == "url":
            self._read_inline(hit["label"], found, f"{style} {LINK}".strip())
        elif kind in ("time", "look"):
            found.append(self._format_time(int(hit["time"]), hit["look"] or "f"), f"{style} on grey23".strip())
        elif kind in ("user", "role", "channel"):
            mark = "#" if kind == "channel" else "@"
            found.append(mark + strip_markdown(self.name_of(kind, int(hit[kind]))), MENTION)
        elif kind == "command":
            found.append("/" + hit["command"], MENTION)
        else:
            shown = {"bare": LINK, "everyone": MENTION}.get(kind, style)
            found.append(strip_markdown(hit[kind]), shown)

    def _format_time(self, at_s: int, look: str) -> str:
        if look == "R":
            return relative_time(at_s - self.now_s)
        try:
            at = datetime.datetime.fromtimestamp(at_s, self.tz)
        except (OverflowError, OSError, ValueError):
            return "Invalid Date"
        date = f"{at.day} {at:%B %Y}"
        shown = {
            "t": f"{at:%H:%M}", "T": f"{at:%H:%M:%S}", "d": f"{at:%d/%m/%Y}", "D": date,
            "f": f"{date} {at:%H:%M}", "F": f"{at:%A}, {date} {at:%H:%M}",
        }  # fmt: skip
        return shown[look]


def strip_markdown(text: str) -> str:
    """Return a text without the characters that would control a terminal."""
    return _CONTROL.sub("", text)


def relative_time(seconds: float) -> str:
    """Return how long ago a time was, or how far ahead it is: "2 minutes ago", "in an hour"."""
    size = abs(seconds)
    units = (
        ("year", 31_536_000),
        ("month", 2_592_000),
        ("day", 86_400),
        ("hour", 3_600),
        ("minute", 60),
        ("second", 1),
    )
    unit, length = next(((name, each) for name, each in units if size >= each), ("second", 1))
    count = round(size / length)
    one = {"hour": "an hour", "second": "a second"}.get(unit, f"a {unit}")
    shown = one if count == 1 else f"{count} {unit}s"
    return f"in {shown}" if seconds > 0 else f"{shown} ago"
