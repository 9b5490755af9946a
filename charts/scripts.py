"""Which scripts the fonts of a picture cover, without loading a font."""

import string
import unicodedata

_DRAWN = (
    "LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "DEVANAGARI", "THAI",
    "ARMENIAN", "BENGALI", "ETHIOPIC", "GEORGIAN", "GUJARATI", "GURMUKHI", "KANNADA", "KHMER", "LAO", "MALAYALAM",
    "MYANMAR", "ORIYA", "SINHALA", "TAMIL", "TELUGU",
)  # fmt: skip
"""How the Unicode names of their letters begin; of other scripts at most a few letters are drawn."""
_FIRST_PICTOGRAPH = "\u2190"


def is_drawn(text: str) -> bool:
    """Tell whether a picture can show all letters and emoji of a name, and there are any."""
    plain = unicodedata.normalize("NFKC", text)
    letters = [letter for letter in plain if letter.isalnum() or letter in string.punctuation or _is_emoji(letter)]
    return bool(letters) and all(
        letter.isascii() or _is_emoji(letter) or unicodedata.name(letter, "").startswith(_DRAWN) for letter in letters
    )


def _is_emoji(letter: str) -> bool:
    return letter >= _FIRST_PICTOGRAPH and unicodedata.category(letter) == "So"
