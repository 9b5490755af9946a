"""Splits a text into words that the grammar knows."""

import re
import unicodedata

from wording.times.vocabulary.german import COMPOUND_PARTS, GERMAN
from wording.times.vocabulary.language import Vocabulary

MOST_WORDS = 16
"""Maximum number of words in a time."""
_HALVES = re.compile(r"\b([ap])\.\s?m\b\.?")
_OCLOCK = re.compile(r"\bo'\s?clock\b")
_GLUED = re.compile(r"(?:([^\W\d_]{3,})\.?(\d{1,2})|(\d{1,2})\.?([^\W\d_]{3,}))")
_WITH_OFFSET = re.compile(r"(\d{1,2}:\d\d)(z|[+-]\d\d:?\d\d)")
_DASHES = frozenset({"-", "–", "—", "|", "/", "~"})
_COMPOUND = re.compile(rf"({'|'.join(sorted(GERMAN.weekdays, key=len, reverse=True))})({'|'.join(COMPOUND_PARTS)})")


def split_words(text: str, vocabularies: tuple[Vocabulary, ...]) -> list[str]:
    """Return the words of a text in lower case, without meaningless punctuation."""
    text = unicodedata.normalize("NFKC", text).lower().translate(str.maketrans("’‘`", "'''"))
    text = _OCLOCK.sub("oclock", _HALVES.sub(r"\1m", text)).replace("@", " at ")
    text = re.sub(r",(?!\d)|(?<=\d),(?=\d{4}\b)|[;()!?\"]", " ", text)
    return [part for word in text.split() if word not in _DASHES for part in _take_apart(word, vocabularies)]


def _take_apart(word: str, vocabularies: tuple[Vocabulary, ...]) -> list[str]:
    """Split a compound word: Freitagabend, dec24, 30min."""
    is_weekday = word in GERMAN.weekdays  # Sonnabend is a day, not an evening
    if GERMAN in vocabularies and not is_weekday and (compound := _COMPOUND.fullmatch(word)) is not None:
        return [compound[1], compound[2]]
    if (offset := _WITH_OFFSET.fullmatch(word)) is not None:
        return [offset[1], offset[2]]
    if re.fullmatch(r"\d{1,2}(?::\d\d)?[ap]m\.|[^\W\d_]{2,}\.", word):
        word = word[:-1]  # 8pm. fri. dez.
    if (glued := _GLUED.fullmatch(word)) is not None:
        letters = glued[1] or glued[4]
        known = any(letters in each.months or letters in each.units or letters in each.oclock for each in vocabularies)
        if known:
            return [glued[1], glued[2]] if glued[1] else [glued[3], glued[4]]
    return [word]
