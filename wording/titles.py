"""How an item is called in statistics, files and answers."""

from messages import Item


def shown_title(item: Item) -> str:
    """Return a film's title, or "Show – S01E02 – Title" for an episode, as far as its parts are known."""
    if not item.show:
        return item.title
    number = "" if item.season is None else f"S{item.season:02d}"
    number += "" if item.episode is None else f"E{item.episode:02d}"
    return " – ".join(part for part in (item.show, number, item.title) if part)


def decade_of(year: int | None) -> str:
    """Return the decade of a year, like "1980s"; empty where the year is not known."""
    return f"{year // 10 * 10}s" if year is not None and year > 0 else ""
