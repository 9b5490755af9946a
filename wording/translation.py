"""The language in which people are answered: every text that they see passes through here."""

import gettext
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parent.parent / "languages"
"""Where the catalogues of all languages are: <language>/LC_MESSAGES/usher.mo."""
BADGE = "badge"
"""The context of names and descriptions of badges: a badge called "Films" is not the heading "Films"."""
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def set_language(language: str) -> None:
    """Translate into this language from now on; English where there is no catalogue of it."""
    global _catalogue
    _catalogue = gettext.translation("usher", CATALOGUES, [language], fallback=True)


def _(text: str) -> str:
    """Return the text in the language set. Its gaps are filled afterwards: `_("{count} films").format(...)`."""
    return _catalogue.gettext(text) if text else ""  # the empty text names the catalogue's header


def ngettext(singular: str, plural: str, count: float) -> str:
    """Return the text for so many, in the language set."""
    return _catalogue.ngettext(singular, plural, int(count))


def N_(text: str) -> str:  # noqa: N802  # gettext's own name for it
    """Mark a text that is translated only when it is shown: a constant, a command's description."""
    return text


def gettext_badge(text: str) -> str:
    """Return a badge's name or description: Usher's own in the language set, a community's as it wrote it."""
    return _catalogue.pgettext(BADGE, text) if text else ""
