"""Letters of every script: the fonts, in the order in which they are asked for a letter, and what none of them has."""

import dataclasses
import importlib.util
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

PACKAGES = ("noto_cjk_sans_jp_regular", "fontpkg_noto_sans_devanagari", "fontpkg_noto_sans_thai")
"""Font packages beside DejaVu, which comes with the plotting library: Latin, Greek, Cyrillic, Hebrew, Arabic."""
_BOLD = 700
_NOTHING = "… \u200d\ufe0e\ufe0f"
"""What may be left of a text without any of its letters: joiners of emoji are seen by nobody."""
_MISSING = "\0"
"""In the place of a letter that no font has, until a run of them is one "…"."""


@lru_cache(maxsize=1)
def families() -> list[str]:
    """Names of the font families, each known to the plotting library from now on."""
    found = ["DejaVu Sans"]
    for path in _files():
        font_manager.fontManager.addfont(path)
        fonts = font_manager.fontManager.ttflist  # it serves as its own bold: it has none, which would be complained of
        fonts.append(dataclasses.replace(fonts[-1], weight=_BOLD))
        found.append(font_manager.FontProperties(fname=path).get_name())
    return found


def _files() -> list[Path]:
    files: list[Path] = []
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            files += sorted(path for path in Path(place).rglob("*") if path.suffix in {".otf", ".ttf"})
    return files


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    dejavu = Path(font_manager.findfont("DejaVu Sans"))
    return frozenset(code for path in (dejavu, *_files()) for code in FT2Font(str(path)).get_charmap())


def shown(text: str, limit: int) -> str:
    """A text in one line of at most `limit` letters.

    Words in a script that no font has become "…", for something stands there; an emoji is left out.
    """
    parts: list[str] = []
    for letter in " ".join(text.split()):
        if ord(letter) in _known():
            parts.append(letter)
        elif unicodedata.category(letter)[0] in "LN":
            parts.append(_MISSING)
    clean = re.sub(rf"{_MISSING}[{_MISSING}\s]*{_MISSING}|{_MISSING}", "…", " ".join("".join(parts).split()))
    return clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"


def named(text: str, limit: int, place: int) -> str:
    """The name of a bar, as `shown`; the number of its place where nothing of it can be drawn."""
    name = shown(text, limit)
    return name if name.strip(_NOTHING) or not text.strip() else f"№ {place}"
