"""Text as Discord shows it: escaped markdown, timestamps, progress bars, charts in a code block."""

import re

from messages import Item, LeaderboardRow
from wording.text import clean_line, display_name
from wording.titles import display_title

_MARKDOWN = re.compile(r"([\\*_~`|\[\]<])")
_LINE_START = re.compile(r"^(\s*)([#>+-]|\d+\.(?=\s))")


def escape(text: str, limit: int = 100) -> str:
    """Return a name or title for embeds and messages: one line, with markdown, links and mentions disarmed.

    `limit` counts what people see, in UTF-16 units; escapes come on top.
    """
    clean = _MARKDOWN.sub(r"\\\1", clean_line(text, limit))
    clean = _LINE_START.sub(lambda match: f"{match[1]}{match[2][:-1]}\\{match[2][-1]}", clean)
    return clean.replace("://", "\\://").replace("@", "@\u200b")


def escape_person(name: str, limit: int = 100) -> str:
    """Return a viewer's name, escaped; of a hidden viewer "Somebody"."""
    return escape(display_name(name), limit)


def ranked_person(row: LeaderboardRow, figure: str) -> str:
    """Return a person of a ranking with the figure; of an anonymous one without: equal figures would say who it is."""
    name = f"**{escape_person(row.username, 40)}**"
    return f"{name} · {figure}" if row.viewer_id else name


def escape_title(item: Item, limit: int = 100) -> str:
    """Return what plays, escaped."""
    return escape(display_title(item), limit)


def escape_code(text: str, limit: int) -> str:
    """Return a name or title for a code block, where only a backtick could end it."""
    return clean_line(text, limit).replace("`", "ˋ").replace("\u2068", "").replace("\u2069", "")


def numbered_lines(labels: list[tuple[int, str]]) -> list[str]:
    """Return names, escaped, each after the number that stands for it in a picture: "№ 2 Drama"."""
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
