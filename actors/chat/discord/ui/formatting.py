"""Words and figures as people read them on Discord: safe names, durations, positions, bars, times."""

import re
import unicodedata

from charts.figures import written
from messages import SOMEBODY, Item, PlayerState
from wording.translation import _, later, ngettext

_CONTROL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_KEPT_FORMATS = {"\u200d", "\ufe0f"}  # joiners that emoji are made of
_MARKDOWN = re.compile(r"([\\*_~`|\[\]<])")
_LINE_START = re.compile(r"^(\s*)([#>+-]|\d+\.(?=\s))")
_MOST_MARKS = 4
_NAMELESS = later("(no name)")
_MARKS = {"playing": "▶️", "paused": "⏸️", "buffering": "⏳"}
_STATES = {"playing": later("playing"), "paused": later("paused"), "buffering": later("buffering")}
_DECADE = re.compile(r"(\d{4})s")


def measure(text: str) -> int:
    """Length as Discord counts at its strictest: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` units, with an ellipsis where something is missing.

    Never ends in half an escape, so that what follows keeps its meaning.
    """
    if measure(text) <= limit:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: max(limit - 1, 0) * 2].decode("utf-16-le", "ignore")
    while kept and (unicodedata.combining(kept[-1]) or kept[-1] in _KEPT_FORMATS):
        kept = kept[:-1]
    if (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = kept[:-1]
    return kept.rstrip() + "…" if limit > 0 else ""


def plain(text: str, limit: int = 100) -> str:
    """A name or title where Discord reads no markdown (footers, buttons, choices): one line, no tricks.

    Control and direction characters go, piled-up accents are thinned, right-to-left text is isolated so
    that it does not turn round what follows it.
    """
    shown: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text.replace("\n", " ").replace("\t", " ")):
        kind = unicodedata.category(char)
        if kind in _CONTROL and char not in _KEPT_FORMATS:
            continue
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if marks <= _MOST_MARKS:
            shown.append(char)
    clean = cut(" ".join("".join(shown).split()), limit)
    if not clean.strip("\u200d\ufe0f\u3164\u115f\u1160\uffa0\u2800 "):
        return _(_NAMELESS)
    if any(unicodedata.bidirectional(char) in {"R", "AL"} for char in clean):
        return f"\u2068{cut(clean, limit - 2)}\u2069"
    return clean


def safe(text: str, limit: int = 100) -> str:
    """A name or title for embeds and messages: like `plain`, with markdown, links and mentions disarmed.

    `limit` counts what people see; escapes come on top.
    """
    clean = plain(text, limit)
    clean = _MARKDOWN.sub(r"\\\1", clean)
    clean = _LINE_START.sub(lambda found: f"{found[1]}{_escape_last(found[2])}", clean)
    return clean.replace("://", "\\://").replace("@", "@\u200b")


def called(name: str) -> str:
    """A viewer's name as it is; of one whom others are not to see, "Somebody" in the language that is spoken."""
    return _("Somebody") if name == SOMEBODY else name


def person(name: str, limit: int = 100) -> str:
    """The same, safe for an embed."""
    return safe(called(name), limit)


def _escape_last(mark: str) -> str:
    return f"{mark[:-1]}\\{mark[-1]}"


def code_line(text: str, limit: int) -> str:
    """A name or title inside a code block, where only a backtick could end it."""
    return plain(text, limit).replace("`", "ˋ").replace("\u2068", "").replace("\u2069", "")


def item_name(item: Item) -> str:
    """What plays, in words, unescaped: "Dune (2021)" or "Severance S01E02 · Half Loop"."""
    if item.show:
        number = "" if item.season is None or item.episode is None else f" S{item.season:02}E{item.episode:02}"
        return f"{item.show}{number} · {item.title}" if item.title else f"{item.show}{number}"
    return f"{item.title} ({item.year})" if item.year else item.title


def title(item: Item, limit: int = 100) -> str:
    """What plays, safe for an embed."""
    return safe(item_name(item), limit)


def duration(seconds: float) -> str:
    """Seconds in words, to the nearest minute: "1 h 56 min", "3 min"; below a minute "45 s"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    hours, minutes = divmod(round(whole / 60), 60)
    if not hours:
        return _("{minutes} min").format(minutes=minutes)
    if not minutes:
        return _("{hours} h").format(hours=number(hours))
    return _("{hours} h {minutes} min").format(hours=number(hours), minutes=minutes)


def position(ms: int | None) -> str:
    """A film's position: "0:42:10"; "?" where it is not known."""
    if ms is None:
        return "?"
    seconds = max(0, ms) // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def read_position(text: str) -> int | None:
    """What people type for a position ("1:02:03", "42:10", "90 min" or "90") in ms; a bare number is minutes.

    None where it cannot be read.
    """
    clean = text.strip().lower()
    if found := re.fullmatch(r"(\d{1,4})\s*(?:m|min|minutes?|minuten)?", clean):
        return int(found[1]) * 60_000
    if found := re.fullmatch(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]?\d)", clean):
        hours, minutes, seconds = int(found[1] or 0), int(found[2]), int(found[3])
        if hours and minutes > 59:
            return None
        return (hours * 3600 + minutes * 60 + seconds) * 1000
    return None


def percent(value: float | None) -> str:
    """A completion: "38 %", "100 %" only where it is whole; empty where it is not known."""
    if value is None:
        return ""
    shown = min(100.0, max(0.0, value))
    return _("{number} %").format(number=min(round(shown), 99) if shown < 99.95 else 100)


def bar(fraction: float, width: int = 10) -> str:
    """A progress bar of `width` cells."""
    filled = round(min(1.0, max(0.0, fraction)) * width)
    return "▰" * filled + "▱" * (width - filled)


def ago(wall_s: float) -> str:
    """A time that Discord shows as "5 minutes ago", in the reader's own language."""
    return f"<t:{int(wall_s)}:R>"


_QUOTED = (('"', '"'), ("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("‹", "›"), ("「", "」"), ("『", "』"))


def unquoted(text: str) -> str:
    """What people write, without blanks and one pair of quotation marks around it."""
    text = text.strip()
    for opening, closing in _QUOTED:
        if len(text) > len(opening + closing) and text.startswith(opening) and text.endswith(closing):
            return text.removeprefix(opening).removesuffix(closing).strip()
    return text


def when(wall_s: float) -> str:
    """A time that Discord shows as date and time in the reader's own zone."""
    return f"<t:{int(wall_s)}:f>"


def state_mark(state: PlayerState) -> str:
    """One character for what the player does."""
    return _MARKS.get(state, "▫️")


def state_word(state: PlayerState) -> str:
    """The same in a word."""
    return _(_STATES.get(state, later("unknown")))


def number(value: float, decimals: int = 0) -> str:
    """A figure: "1,234", as the language groups and points it."""
    return written(value, decimals, _("1,234.5"))


def counted(one: str, many: str, amount: int) -> str:
    """The text for so many, `{count}` in it being the figure: `counted("{count} film", "{count} films", 3)`."""
    return ngettext(one, many, amount).format(count=number(amount))


def name_list(names: list[str], most: int = 8) -> str:
    """Names in a row, already safe: "Ana, Ben and 3 more"."""
    if len(names) > most:
        shown, more = ", ".join(names[: most - 1]), len(names) - most + 1
        return ngettext("{names} and {count} more", "{names} and {count} more", more).format(names=shown, count=more)
    if len(names) > 1:
        return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])
    return names[0] if names else ""


def decade(text: str) -> str:
    """ "1980s" as people say it; what is no decade stays as it is."""
    found = _DECADE.fullmatch(text)
    return _("{year}s").format(year=found[1]) if found else text


def text_chart(rows: list[tuple[str, float, str]], width: int = 12) -> str:
    """A bar chart in a code block, narrow enough for a phone. Rows: label, value, value in words."""
    if not rows:
        return ""
    top = max(value for _, value, _ in rows) or 1.0
    room = max(len(label) for label, _, _ in rows)
    lines = []
    for label, value, words in rows:
        cells = round(value / top * width) or (1 if value > 0 else 0)
        lines.append(f"{label:<{room}} {'█' * cells:<{width}} {words}".rstrip())
    return "```\n" + "\n".join(lines) + "\n```"
