"""The language in which people are answered: every text that they see passes through here."""

import contextlib
import functools
import gettext
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parent.parent / "languages"
"""Where the catalogues of all languages are: <language>/LC_MESSAGES/usher.mo."""
BADGE = "badge"
"""The context of names and descriptions of badges: a badge called "Films" is not the heading "Films"."""
_process_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_chosen_catalogue: ContextVar[gettext.NullTranslations | None] = ContextVar("catalogue", default=None)


def set_language(language: str) -> None:
    """Translate into this language from now on, in the whole process; English where there is no catalogue of it."""
    global _process_catalogue
    _process_catalogue = load_catalogue(language)


def choose_language(language: str) -> None:
    """Translate into this language from now on, in this task or thread alone; into the process's where it is empty."""
    _chosen_catalogue.set(load_catalogue(language) if language else None)


@contextlib.contextmanager
def use_language(language: str) -> Iterator[None]:
    """Translate into this language within the block, in this task or thread alone: what is made for one reader.

    Into the language of the process where it is empty.
    """
    token = _chosen_catalogue.set(load_catalogue(language) if language else None)
    try:
        yield
    finally:
        _chosen_catalogue.reset(token)


@functools.lru_cache(maxsize=64)
def load_catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; one that changes nothing where there is none."""
    return gettext.translation("usher", CATALOGUES, [language], fallback=True)


def _catalogue() -> gettext.NullTranslations:
    return _chosen_catalogue.get() or _process_catalogue


def _(text: str) -> str:
    """Return the text in the language set. Its gaps are filled afterwards: `_("{count} films").format(...)`."""
    return _catalogue().gettext(text) if text else ""  # the empty text names the catalogue's header


def ngettext(singular: str, plural: str, count: float) -> str:
    """Return the text for so many, in the language set."""
    return _catalogue().ngettext(singular, plural, int(count))


def N_(text: str) -> str:  # noqa: N802  # gettext's own name for it
    """Mark a text that is translated only when it is shown: a constant, a command's description."""
    return text


def gettext_badge(text: str) -> str:
    """Return a badge's name or description: Usher's own in the language set, a community's as it wrote it."""
    return _catalogue().pgettext(BADGE, text) if text else ""
