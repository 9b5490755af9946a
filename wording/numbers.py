"""Numbers, percentages and counts: in the language of the bot, and in English for log and command line."""

from charts.numbers import group_digits
from wording.translation import _, ngettext


def format_number(value: float, decimals: int = 0) -> str:
    """Return a number with the language's separators: "1,234"."""
    return group_digits(value, decimals, _("1,234.5"))


def format_percent(value: float | None) -> str:
    """Return a completion (0 to 100): "38 %", "100 %" only if it is complete; empty if it is not known."""
    if value is None:
        return ""
    percent = min(100.0, max(0.0, value))
    return _("{number} %").format(number=min(round(percent), 99) if percent < 99.95 else 100)


ALL_OF_IT_PERCENT = 99.0
"""Share from which a film counts as seen completely: reports come late, and few watch the credits to the end."""


def format_share_seen(percent: float) -> str:
    """Return the share of a film that somebody saw (0 to 100), in words: "saw 38 %", "saw all of it"."""
    if percent >= ALL_OF_IT_PERCENT:
        return _("saw all of it")
    return _("saw {percent}").format(percent=format_percent(percent))


def format_count(one: str, many: str, amount: int) -> str:
    """Return the text for an amount, filled in as `{count}`: `format_count("{count} film", "{count} films", 3)`."""
    return ngettext(one, many, amount).format(count=format_number(amount))


def count_noun(count: int, noun: str, plural: str = "") -> str:
    """Return an English number with its noun: "1 viewer", "2 viewers". `plural`: if it is not `noun` with an s."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
