"""In which language people are spoken to: every text that they see passes through here."""

import gettext
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parent.parent / "languages"
"""Where the catalogues of all languages are: <language>/LC_MESSAGES/usher.mo."""
BADGE = "badge"
"""The context of names and descriptions of badges: a badge called "Films" is not the heading "Films"."""
_spoken: gettext.NullTranslations = gettext.NullTranslations()


def speak(language: str) -> None:
    """Speak this language from now on; English where there is no catalogue of it."""
    global _spoken
    _spoken = gettext.translation("usher", CATALOGUES, [language], fallback=True)


def _(text: str) -> str:
    """The text in the language that is spoken. What is put into it comes after: `_("{count} films").format(...)`."""
    return _spoken.gettext(text) if text else ""  # the empty text names the catalogue's header


def ngettext(one: str, many: str, count: float) -> str:
    """The text for so many, in the language that is spoken."""
    return _spoken.ngettext(one, many, int(count))


def later(text: str) -> str:
    """Mark a text that is put into the language only when it is shown: a constant, a command's description."""
    return text


def of_badge(text: str) -> str:
    """A badge's name or description: Usher's own in the language that is spoken, a community's as it wrote it."""
    return _spoken.pgettext(BADGE, text) if text else ""
