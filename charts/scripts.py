"""In which scripts a picture can name something, told without loading a font."""

import string
import unicodedata

_DRAWN = (
    "LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "DEVANAGARI", "THAI",
)  # fmt: skip
"""How the names of their letters begin; some of a few more are drawn, but not of every one."""


def is_drawn(text: str) -> bool:
    """Whether a picture shows all letters of a name, and there are any."""
    letters = [letter for letter in text if letter.isalnum() or letter in string.punctuation]
    return bool(letters) and all(
        letter.isascii() or unicodedata.name(letter, "").startswith(_DRAWN) for letter in letters
    )
