"""Turns names and texts from other people into one harmless line of limited length."""

import unicodedata
from collections.abc import Iterable

from messages import SOMEBODY
from wording.translation import N_, _, ngettext

_CONTROL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_EMOJI_JOINERS = {"\u200d", "\ufe0f"}
_BLANK = "\u200d\ufe0f\u3164\u115f\u1160\uffa0\u2800 "
_MOST_MARKS = 4
_SHORT_FACT = 12
_NAMELESS = N_("(no name)")
_QUOTATION_MARKS = {'""', "“”", "„“", "„”", "«»", "‹›", "「」", "『』"}


_SHOWN_CONTROLS = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
    **{code: f"\\u{code:04x}" for code in (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))},
}
"""Characters in names and titles that would break a line, colour it, or change its reading direction."""


def show_controls(text: str, newline: str = "\n") -> str:
    """Return a text for a terminal or a log, with control and direction characters shown as escapes.

    `newline`: replacement for line ends.
    """
    return text if text.isprintable() else text.translate({**_SHOWN_CONTROLS, ord("\n"): newline})


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units, as Discord and JavaScript count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, limit: int) -> str:
    """Return `text` in at most `limit` UTF-16 units, with an ellipsis if it was cut.

    It never ends in half a backslash escape, so that the following text keeps its meaning.
    """
    if utf16_length(text) <= limit:
        return text
    head = text.encode("utf-16-le", "surrogatepass")[: max(limit - 1, 0) * 2].decode("utf-16-le", "ignore")
    while head and (unicodedata.combining(head[-1]) or head[-1] in _EMOJI_JOINERS):
        head = head[:-1]
    if (len(head) - len(head.rstrip("\\"))) % 2:
        head = head[:-1]
    return head.rstrip() + "…" if limit > 0 else ""


def clean_line(text: str, limit: int = 100) -> str:
    """Return a name or title as one line of at most `limit` UTF-16 units; markup is not escaped.

    Control and direction characters are removed, stacked accents limited, and right-to-left text is isolated so that
    it does not reverse the following text. A text with nothing visible becomes "(no name)".
    """
    if text.isascii() and text.isprintable():  # the usual case
        return shorten(" ".join(text.split()), limit) or _(_NAMELESS)
    chars: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text.replace("\n", " ").replace("\t", " ")):
        category = unicodedata.category(char)
        if category in _CONTROL and char not in _EMOJI_JOINERS:
            continue
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks <= _MOST_MARKS:
            chars.append(char)
    clean = shorten(" ".join("".join(chars).split()), limit)
    if not clean.strip(_BLANK):
        return _(_NAMELESS)
    if any(unicodedata.bidirectional(char) in {"R", "AL"} for char in clean):
        return f"\u2068{shorten(clean, limit - 2)}\u2069"
    return clean


def join_facts(facts: Iterable[str]) -> str:
    """Return facts in a row, without empty ones; short facts do not wrap: no "12" without its "h 44 min"."""
    return " · ".join(fact.replace(" ", "\u00a0") if len(fact) <= _SHORT_FACT else fact for fact in facts if fact)


def unquote(text: str) -> str:
    """Return the text without surrounding spaces and one pair of surrounding quotation marks."""
    text = text.strip()
    if len(text) > 2 and text[0] + text[-1] in _QUOTATION_MARKS:
        return text[1:-1].strip()
    return text


def display_name(name: str) -> str:
    """Return a viewer's name; for a hidden viewer "Somebody" in the language of the bot."""
    return _("Somebody") if name == SOMEBODY else name


def join_names(names: list[str], most: int = 8) -> str:
    """Return names in a row: "Ana, Ben and 3 more"."""
    if len(names) > most:
        first, more = ", ".join(names[: most - 1]), len(names) - most + 1
        return ngettext("{names} and {count} more", "{names} and {count} more", more).format(names=first, count=more)
    if len(names) > 1:
        return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])
    return names[0] if names else ""
