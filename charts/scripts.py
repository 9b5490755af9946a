"""Which scripts the fonts of a picture cover, without loading a font."""

import string
import unicodedata

_DRAWN = (
    "LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "DEVANAGARI", "THAI",
)  # fmt: skip
"""How the Unicode names of their letters begin; of other scripts at most a few letters are drawn."""


def is_drawn(text: str) -> bool:
    """Tell whether a picture can show all letters of a name, and there are any."""
    letters = [letter for letter in text if letter.isalnum() or letter in string.punctuation]
    return bool(letters) and all(
        letter.isascii() or unicodedata.name(letter, "").startswith(_DRAWN) for letter in letters
    )
