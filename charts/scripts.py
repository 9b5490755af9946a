"""The scripts that the fonts of a picture cover, without loading a font."""

import string
import unicodedata

_DRAWN = (
    "LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "DEVANAGARI", "THAI",
    "ARMENIAN", "BENGALI", "ETHIOPIC", "GEORGIAN", "GUJARATI", "GURMUKHI", "KANNADA", "KHMER", "LAO", "MALAYALAM",
    "MYANMAR", "ORIYA", "SINHALA", "TAMIL", "TELUGU",
)  # fmt: skip
"""Prefixes of their letters' Unicode names; of other scripts the fonts have at most a few letters."""
_FIRST_PICTOGRAPH = "\u2190"


def is_drawn(text: str) -> bool:
    """Tell whether a name has letters or emoji, and a picture can show all of them."""
    plain = unicodedata.normalize("NFKC", text)
    letters = [letter for letter in plain if letter.isalnum() or letter in string.punctuation or _is_emoji(letter)]
    return bool(letters) and all(
        letter.isascii() or _is_emoji(letter) or unicodedata.name(letter, "").startswith(_DRAWN) for letter in letters
    )


def _is_emoji(letter: str) -> bool:
    return letter >= _FIRST_PICTOGRAPH and unicodedata.category(letter) == "So"
