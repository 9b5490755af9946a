"""Describes a suggested film in words: its name, who wants it, and how many have seen it."""

from actors.chat.discord.ui import formatting
from messages import SuggestedFilm
from wording.numbers import format_count
from wording.text import clean_line, join_names
from wording.translation import _

MOST_NAMES = 5


def format_name(film: SuggestedFilm, limit: int = 100) -> str:
    """Return title and year in one line, not escaped; a long title is cut, but never the year."""
    year = f" ({film.year})" if film.year else ""
    return clean_line(film.title, limit - len(year)) + year


def format_seen(film: SuggestedFilm) -> str:
    """Return how many of the named members have seen a film; "" if the question named none."""
    return format_seen_by(film.seen, film.asked_of) if film.asked_of else ""


def format_seen_by(seen: int, asked_of: int) -> str:
    """Return how many of `asked_of` members have seen a film."""
    if not seen:
        return _("nobody here has seen it")
    if seen == asked_of:
        return _("everybody here has seen it")
    return _("{seen} of {count} here have seen it").format(seen=seen, count=asked_of)


def format_wanted(film: SuggestedFilm) -> str:
    """Return how many want a film."""
    return format_count("{count} wants it", "{count} want it", film.wanted)


def format_names(film: SuggestedFilm) -> str:
    """Return who wants a film, the suggester first; hidden viewers are counted among the others."""
    fits = len(film.names) + (film.wanted > len(film.names)) <= MOST_NAMES + 1
    shown = film.names if fits else film.names[:MOST_NAMES]
    names = [formatting.escape_person(name, 30) for name in shown]
    others = film.wanted - len(shown)
    if others and names:
        names.append(format_count("{count} more", "{count} more", others))
    return join_names(names, MOST_NAMES + 1)


def format_facts(film: SuggestedFilm) -> str:
    """Return all facts about a film in a line."""
    missing = "" if film.item is not None else _("not in the library")
    return " · ".join(fact for fact in (format_wanted(film), format_seen(film), missing) if fact)
