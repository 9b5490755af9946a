"""Numbers with a language's separators."""

ENGLISH = "1,234.5"
"""The English form of 1234.5."""


def group_digits(value: float, decimals: int = 0, pattern: str = ENGLISH) -> str:
    """Return a number with this many decimals, with the separators that `pattern` shows for 1234.5."""
    grouped = f"{value:,.{decimals}f}"
    if pattern == ENGLISH:
        return grouped
    group, point = pattern[1 : pattern.index("2")], pattern[pattern.index("4") + 1 : pattern.index("5")]
    return grouped.translate({ord(","): group, ord("."): point})
