"""Formats text for Discord: escaped Markdown, timestamps, progress bars, charts in a code block."""

import re

from messages import Item, LeaderboardRow
from wording.text import clean_line, display_name
from wording.titles import display_title

_MARKDOWN = re.compile(r"([\\*_~`|\[\]<])")
_LINE_START = re.compile(r"^(\s*)([#>+-]|\d+\.(?=\s))")


def escape(text: str, limit: int = 100) -> str:
    """Return a name or title for embeds and messages: one line, with Markdown, links and mentions escaped.

    `limit` counts the visible UTF-16 units, without escapes.
    """
    clean = _MARKDOWN.sub(r"\\\1", clean_line(text, limit))
    clean = _LINE_START.sub(lambda match: f"{match[1]}{match[2][:-1]}\\{match[2][-1]}", clean)
    return clean.replace("://", "\\://").replace("@", "@\u200b")


def escape_person(name: str, limit: int = 100) -> str:
    """Return a viewer's name, escaped; "Somebody" for a hidden viewer."""
    return escape(display_name(name), limit)


def ranked_person(row: LeaderboardRow, figure: str) -> str:
    """Return a ranking's viewer with the figure; an anonymous one without: an equal figure would reveal who it is."""
    name = f"**{escape_person(row.username, 40)}**"
    return f"{name} · {figure}" if row.viewer_id else name


def escape_title(item: Item, limit: int = 100) -> str:
    """Return an item's title, escaped."""
    return escape(display_title(item), limit)


def escape_code(text: str, limit: int) -> str:
    """Return a name or title for a code block, which only a backtick could end."""
    return clean_line(text, limit).replace("`", "ˋ").replace("\u2068", "").replace("\u2069", "")


def numbered_lines(labels: list[tuple[int, str]]) -> list[str]:
    """Return names, escaped, each after its number in a picture: "№ 2 Drama"."""
    return [f"№ {number} {escape(name, 30)}" for number, name in labels]


def progress_bar(fraction: float, width: int = 10) -> str:
    """Return a progress bar of `width` cells."""
    filled = round(min(1.0, max(0.0, fraction)) * width)
    return "▰" * filled + "▱" * (width - filled)


def relative_time(wall_s: float) -> str:
    """Return a time that Discord shows as "5 minutes ago", in the reader's own language."""
    return f"<t:{int(wall_s)}:R>"


def date_and_time(wall_s: float) -> str:
    """Return a time that Discord shows as date and time, in the reader's own zone."""
    return f"<t:{int(wall_s)}:f>"


def date_only(wall_s: float) -> str:
    """Return a time that Discord shows as a date, in the reader's own zone."""
    return f"<t:{int(wall_s)}:D>"


def text_chart(rows: list[tuple[str, float, str]], width: int = 12) -> str:
    """Return a bar chart in a code block, narrow enough for a phone. Rows: label, value, value in words."""
    if not rows:
        return ""
    top = max(value for _, value, _ in rows) or 1.0
    label_width = max(len(label) for label, _, _ in rows)
    lines = []
    for label, value, words in rows:
        cells = round(value / top * width) or (1 if value > 0 else 0)
        lines.append(f"{label:<{label_width}} {'█' * cells:<{width}} {words}".rstrip())
    return "```\n" + "\n".join(lines) + "\n```"
