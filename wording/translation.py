"""Translation into the language of the reader: every text for people passes through here."""

import contextlib
import functools
import gettext
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parent.parent / "languages"
"""Folder of the language catalogues: <language>/LC_MESSAGES/usher.mo."""
BADGE = "badge"
"""The gettext context of badge names and descriptions: a badge called "Films" is not the heading "Films"."""
_process_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_chosen_catalogue: ContextVar[gettext.NullTranslations | None] = ContextVar("catalogue", default=None)


def set_language(language: str) -> None:
    """Set the language of the whole process; English if there is no catalogue for it."""
    global _process_catalogue
    _process_catalogue = load_catalogue(language)


def choose_language(language: str) -> None:
    """Set the language of this task or thread alone; if empty, the process's language applies."""
    _chosen_catalogue.set(load_catalogue(language) if language else None)


@contextlib.contextmanager
def use_language(language: str) -> Iterator[None]:
    """Set the language within the block, in this task or thread alone, for the texts of one reader.

    If it is empty, the process's language applies.
    """
    token = _chosen_catalogue.set(load_catalogue(language) if language else None)
    try:
        yield
    finally:
        _chosen_catalogue.reset(token)


@functools.lru_cache(maxsize=64)
def load_catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; one that changes nothing if there is none."""
    file = CATALOGUES / language / "LC_MESSAGES" / "usher.mo"
    if not file.is_file():
        return gettext.NullTranslations()
    with file.open("rb") as stream:
        return gettext.GNUTranslations(stream)


def _find_catalogue() -> gettext.NullTranslations:
    return _chosen_catalogue.get() or _process_catalogue


def _(text: str) -> str:
    """Return the text in the language set. Placeholders are filled afterwards: `_("{count} films").format(...)`."""
    return _find_catalogue().gettext(text) if text else ""  # the empty text would return the catalogue's header


def ngettext(singular: str, plural: str, count: float) -> str:
    """Return the text for this count, in the language set."""
    return _find_catalogue().ngettext(singular, plural, int(count))


def N_(text: str) -> str:  # noqa: N802  # gettext's own name for it
    """Mark a text that is translated only when it is shown, such as a constant or a command's description."""
    return text


def gettext_badge(text: str) -> str:
    """Return a badge's name or description: Usher's own in the language set, a community's unchanged."""
    return _find_catalogue().pgettext(BADGE, text) if text else ""
