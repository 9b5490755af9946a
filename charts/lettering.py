"""Letters of every script: the fonts, in the order in which they are asked for a letter, and what none of them has."""

import dataclasses
import importlib.util
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

PACKAGES = ("noto_cjk_sans_jp_regular", "fontpkg_noto_sans_devanagari", "fontpkg_noto_sans_thai")
"""Font packages beside DejaVu, which comes with the plotting library: Latin, Greek, Cyrillic, Hebrew, Arabic."""
_BOLD = 700


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
    """A text in one line of at most `limit` letters; what no font has (an emoji, say) is left out."""
    clean = "".join(letter for letter in " ".join(text.split()) if ord(letter) in _known())
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"
