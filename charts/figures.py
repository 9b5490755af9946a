"""Numbers as a language writes them."""

ENGLISH = "1,234.5"
"""How a language writes 1234.5."""


def written(value: float, decimals: int = 0, pattern: str = ENGLISH) -> str:
    """A number with so many decimals, grouped and pointed as the pattern is."""
    grouped = f"{value:,.{decimals}f}"
    if pattern == ENGLISH:
        return grouped
    group, point = pattern[1 : pattern.index("2")], pattern[pattern.index("4") + 1 : pattern.index("5")]
    return grouped.translate({ord(","): group, ord("."): point})
