"""Fonts for every script, in their order of preference, and labels that fit what they can draw."""

import dataclasses
import importlib.util
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

PACKAGES = ("noto_cjk_sans_jp_regular", "fontpkg_noto_sans_devanagari", "fontpkg_noto_sans_thai")
"""Font packages beside DejaVu (Latin, Greek, Cyrillic, Hebrew, Arabic), which comes with the plotting library."""
_BOLD = 700
_NOTHING = "… \u200d\ufe0e\ufe0f"
"""What may be left of a text none of whose letters can be drawn: ellipses and invisible joiners of emoji."""
_MISSING = "\0"
"""Stands for a letter that no font has, until a run of them becomes one "…"."""


@lru_cache(maxsize=1)
def font_families() -> list[str]:
    """Register the fonts with the plotting library; return the names of their families."""
    names = ["DejaVu Sans"]
    for path in _font_files():
        font_manager.fontManager.addfont(path)
        fonts = font_manager.fontManager.ttflist  # also as its own bold, or matplotlib warns
        fonts.append(dataclasses.replace(fonts[-1], weight=_BOLD))
        names.append(font_manager.FontProperties(fname=path).get_name())
    return names


def _font_files() -> list[Path]:
    files: list[Path] = []
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            files += sorted(path for path in Path(place).rglob("*") if path.suffix in {".otf", ".ttf"})
    return files


@lru_cache(maxsize=1)
def _drawable_codes() -> frozenset[int]:
    dejavu = Path(font_manager.findfont("DejaVu Sans"))
    return frozenset(code for path in (dejavu, *_font_files()) for code in FT2Font(str(path)).get_charmap())


def fit_label(text: str, limit: int) -> str:
    """Return a text in one line of at most `limit` letters.

    Words in a script that no font has become "…"; an emoji is left out.
    """
    parts: list[str] = []
    for letter in " ".join(text.split()):
        if ord(letter) in _drawable_codes():
            parts.append(letter)
        elif unicodedata.category(letter)[0] in "LN":
            parts.append(_MISSING)
    clean = re.sub(rf"{_MISSING}[{_MISSING}\s]*{_MISSING}|{_MISSING}", "…", " ".join("".join(parts).split()))
    return clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"


def bar_label(text: str, limit: int, place: int) -> str:
    """Return the name of a bar, fitted; the number of its place where nothing of it can be drawn."""
    name = fit_label(text, limit)
    return name if name.strip(_NOTHING) or not text.strip() else f"№ {place}"
