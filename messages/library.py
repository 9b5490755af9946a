"""What is asked of a Plex server's library."""

from __future__ import annotations

from messages.base import Message
from messages.media import Item


class FindFilms(Message, frozen=True, tag="find_films"):
    """Discord -> Plex poller, asked: the films of the library that these words fit best."""

    words: str
    """What somebody typed of a title."""
    most: int = 25
    """How many are wanted at most."""


class FilmsFound(Message, frozen=True, tag="films_found"):
    """Answer to FindFilms, in the order in which Plex thinks that they fit."""

    films: tuple[Item, ...] = ()
    """Empty where none fits, or where the server could not be asked."""
    problem: str = ""
    """Why the server could not be asked, in one line without secrets; empty where it could."""
