"""Titles of films and episodes: for records, and for people."""

import re
import unicodedata

from messages import Item, SessionChoice
from wording.translation import _


def record_title(item: Item) -> str:
    """Return the title in statistics and files: a film's own, or "Show – S01E02 – Title"."""
    if not item.show:
        return item.title
    number = "" if item.season is None else f"S{item.season:02d}"
    number += "" if item.episode is None else f"E{item.episode:02d}"
    return " – ".join(part for part in (item.show, number, item.title) if part)


def display_title(item: Item, *, with_year: bool = True) -> str:
    """Return the title for people, unescaped: "Dune (2021)" or "Severance S01E02 · Half Loop"."""
    if item.show:
        number = "" if item.season is None or item.episode is None else f" S{item.season:02}E{item.episode:02}"
        return f"{item.show}{number} · {item.title}" if item.title else f"{item.show}{number}"
    return f"{item.title} ({item.year})" if item.year and with_year else item.title


def session_title(session: SessionChoice) -> str:
    """Return the title of a running session for people, or a substitute if they may not see it."""
    return display_title(session.item) or _("(title not shown)")


def is_film_name(typed: str, film: Item) -> bool:
    """Tell whether a typed text names this film: its title, with or without its year.

    Case, accents and punctuation do not matter; a library's search tolerates more than that.
    """
    return _fold_name(typed) in {_fold_name(film.title), _fold_name(display_title(film))}


def _fold_name(name: str) -> str:
    """Return a name normalised for comparison."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    without_apostrophes = re.sub(r"['’‘`´]", "", plain.casefold())
    return re.sub(r"[\W_]+", " ", without_apostrophes).strip() or name.casefold().strip()
