"""The fonts of a picture, in order of preference: which characters each has, and the width of texts in them."""

import importlib.util
import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from xml.sax.saxutils import quoteattr

import msgspec
import resvg_py
import uharfbuzz

MAIN = "fontpkg_inter"
"""The package of the main font; without it nothing is drawn."""
PACKAGES = ("manimgx_fonts", "noto_cjk_sans_jp_regular")
"""Packages for other characters: Noto for twenty scripts, symbols and one-colour emoji; Chinese, Japanese, Korean."""
_UNUSED = ("Italic", "NotoEmoji")
_COLOUR_EMOJI = (
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto-emoji/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-color-emoji-fonts/NotoColorEmoji.ttf",
    "/System/Library/Fonts/Apple Color Emoji.ttc",
)
"""Paths of colour emoji fonts on systems other than Windows."""
_MOST_LETTERS = 400
"""Longer texts are cut before they are measured: no line is that long."""
_EMOJI_PARTS = "\ufe0f\u20e3\u200d"
_JOINERS = "\u200c\u200d\ufe0e\ufe0f\u20e3"
_ISOLATES = "\u2066\u2067\u2068\u2069"
_SAMPLE = "😀"
_MISSING = "\0"
"""Stands for a character that no font has, until a run of them becomes one "…"."""
_NOTHING = "… \u200d\ufe0e\ufe0f"
"""Characters that may remain of a text that cannot be drawn."""


class NoFontError(Exception):
    """The main font is not installed; the text names the package that contains it."""


class FontFile(msgspec.Struct, frozen=True, dict=True):
    """A font."""

    path: Path
    is_emoji: bool = False

    @cached_property
    def family(self) -> str:
        """Its family name, as used in SVG."""
        name = uharfbuzz.OTNameIdPredefined
        return self._face.get_name(name.TYPOGRAPHIC_FAMILY) or self._face.get_name(name.FONT_FAMILY) or self.path.stem

    def has(self, letter: str) -> bool:
        """Tell whether it can draw a character."""
        return self._font.get_nominal_glyph(ord(letter)) is not None and (not self.is_emoji or self.draws_emoji)

    @cached_property
    def draws_emoji(self) -> bool:
        """Whether its emoji are visible when drawn: some systems store their pictures in a private format."""
        text = f'<text y="32" font-size="32" font-family={quoteattr(self.family)}>{_SAMPLE}</text>'
        blank, drawn = (
            resvg_py.svg_to_bytes(
                svg_string=f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{inner}</svg>',
                skip_system_fonts=True,
                font_files=[str(self.path)],
            )
            for inner in ("", text)
        )
        return bool(drawn != blank)

    def measure(self, text: str, size: float, weight: int) -> float:
        """Return the width of a text that is drawn in this font alone."""
        self._font.set_variations({"wght": weight, "opsz": size})
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        uharfbuzz.shape(self._font, buffer)
        return float(sum(place.x_advance for place in buffer.glyph_positions) * size / self._face.upem)

    @cached_property
    def _face(self) -> uharfbuzz.Face:
        return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(self.path)))

    @cached_property
    def _font(self) -> uharfbuzz.Font:
        return uharfbuzz.Font(self._face)


class FontRun(msgspec.Struct, frozen=True):
    """A part of a text that one font draws."""

    font: FontFile
    text: str

    @property
    def direction(self) -> str:
        """Reading direction: R from the right, L from the left, N if it follows from its neighbours."""
        found = {unicodedata.bidirectional(letter) for letter in self.text}
        return "R" if found & {"R", "AL"} else "L" if found & {"L"} else "N"


@lru_cache(maxsize=1)
def list_fonts() -> tuple[FontFile, ...]:
    """Return the fonts, the preferred ones first. Raises NoFontError."""
    main = [path for path in find_font_files(MAIN) if "Italic" not in path.name]
    if not main:
        raise NoFontError(f"the font is missing: install the package {MAIN.replace('_', '-')}")
    others = [path for package in PACKAGES for path in find_font_files(package)]
    plain = [path for path in others if not any(part in path.name for part in _UNUSED)]
    emoji = [path for path in (find_colour_emoji(), *others) if path is not None and "Emoji" in _name(path)]
    return (*map(FontFile, (main[0], *plain)), *(FontFile(path, is_emoji=True) for path in emoji))


def find_font_files(package: str) -> list[Path]:
    """Return the fonts of a package; none if it is not installed."""
    spec = importlib.util.find_spec(package)
    places = (spec.submodule_search_locations or ()) if spec is not None else ()
    return sorted(path for place in places for path in Path(place).rglob("*") if path.suffix in {".otf", ".ttf"})


def find_colour_emoji() -> Path | None:
    """Return the system's colour emoji font; None if it has no known one."""
    windows = Path(os.environ.get("SYSTEMROOT", "C:/Windows"), "Fonts", "seguiemj.ttf")
    known = [windows] if sys.platform == "win32" else map(Path, _COLOUR_EMOJI)
    return next((path for path in known if path.is_file()), None)


def has_colour_emoji() -> bool:
    """Tell whether emoji are drawn in colour here."""
    path = find_colour_emoji()
    return path is not None and FontFile(path, is_emoji=True).draws_emoji


def list_missing_packages() -> list[str]:
    """Return the font packages that are not installed."""
    return [package.replace("_", "-") for package in (MAIN, *PACKAGES) if not find_font_files(package)]


def _name(path: Path) -> str:
    return path.name.replace("seguiemj", "Segoe UI Emoji")


def split_runs(text: str) -> list[FontRun]:
    """Return a cleaned text as parts that are each drawn in one font, from left to right.

    Each part is a separate element: if one character is missing, an SVG renderer changes the font of the whole element.
    """
    main = list_fonts()[0]
    runs: list[FontRun] = []
    is_new = True
    for cluster in _split_clusters(text):
        if cluster[0] in _ISOLATES:
            is_new = True
            continue
        font = _choose_font(cluster) or main
        is_neutral = not cluster[0].isalpha() and not font.is_emoji
        if runs and not is_new and is_neutral and not runs[-1].font.is_emoji and runs[-1].font.has(cluster[0]):
            font = runs[-1].font  # a space or a digit does not split a name
        if runs and not is_new and runs[-1].font == font:
            runs[-1] = FontRun(font, runs[-1].text + cluster)
        else:
            runs.append(FontRun(font, cluster))
        is_new = False
    return _order_runs(runs)


def _order_runs(runs: list[FontRun]) -> list[FontRun]:
    """Return the parts of a line in visual order, with those read from the right reversed."""
    ordered: list[FontRun] = []
    at = 0
    while at < len(runs):
        end = at + 1
        if runs[at].direction == "R":
            following = (place for place in range(len(runs), at + 1, -1) if runs[place - 1].direction == "R")
            end = next((place for place in following if all(run.direction != "L" for run in runs[at:place])), end)
        ordered += reversed(runs[at:end])
        at = end
    return ordered


def _split_clusters(text: str) -> Iterator[str]:
    """Yield characters with their accents, and emoji of several code points as one."""
    cluster = ""
    for letter in text:
        is_flag = _is_region(letter) and len(cluster) == 1 and _is_region(cluster)
        if cluster and (is_flag or _continues(letter) or (cluster[-1] == "\u200d" and _is_pictograph(letter))):
            cluster += letter
            continue
        if cluster:
            yield cluster
        cluster = letter
    if cluster:
        yield cluster


def _continues(letter: str) -> bool:
    is_skin_or_tag = 0x1F3FB <= ord(letter) <= 0x1F3FF or 0xE0020 <= ord(letter) <= 0xE007F
    return letter in _JOINERS or is_skin_or_tag or unicodedata.category(letter) in {"Mn", "Me"}


def _is_region(letter: str) -> bool:
    return 0x1F1E6 <= ord(letter[0]) <= 0x1F1FF


def _is_pictograph(letter: str) -> bool:
    return ord(letter) >= 0x1F000 or 0x2190 <= ord(letter) <= 0x2BFF


@lru_cache(maxsize=4096)
def _choose_font(cluster: str) -> FontFile | None:
    """Return the font that draws a character; for an emoji, an emoji font first."""
    is_emoji = ord(cluster[0]) >= 0x1F000 or any(part in cluster for part in _EMOJI_PARTS)
    fonts = sorted(list_fonts(), key=lambda font: font.is_emoji != is_emoji) if is_emoji else list_fonts()
    letters = [letter for letter in cluster if letter not in _JOINERS and not 0xE0020 <= ord(letter) <= 0xE007F]
    whole = next((font for font in fonts if all(map(font.has, letters))), None)
    return whole or next((font for font in fonts if font.has(cluster[0])), None)


def clean_text(text: str) -> str:
    """Return a text as one line of characters that a font has.

    Control characters are removed, accents are limited, and words in a script that no font has become "…".
    """
    kept: list[str] = []
    for cluster in _split_clusters(" ".join(text[:_MOST_LETTERS].split())):
        category = unicodedata.category(cluster[0])
        if cluster[0] in _ISOLATES:
            kept.append(cluster[0])
        elif category[0] == "C" or cluster[0] in _JOINERS:
            continue
        elif _choose_font(cluster):
            kept.append(cluster[:8])
        elif all(map(_choose_font, plain := unicodedata.normalize("NFKC", cluster))):
            kept.append(plain)  # styled letters: fraktur, script, double-struck
        elif category[0] in "LN":
            kept.append(_MISSING)
    line = " ".join("".join(kept).split())
    return re.sub(rf"{_MISSING}[{_MISSING}\s]*{_MISSING}|{_MISSING}", "…", line)


def is_nothing(text: str) -> bool:
    """Tell whether a cleaned text has nothing readable left."""
    return not text.strip(_NOTHING + _ISOLATES)


def measure(text: str, size: float, weight: int) -> float:
    """Return the width of a cleaned text."""
    return sum(run.font.measure(run.text, size, weight) for run in split_runs(text))


def fit_text(text: str, size: float, weight: int, width: float) -> str:
    """Return a text, cleaned and cut with an ellipsis if it is wider than `width`."""
    clean = clean_text(text)
    if measure(clean, size, weight) <= width:
        return clean
    clusters = list(_split_clusters(clean))
    low, high = 0, len(clusters)
    while low < high:  # the most clusters that fit
        middle = (low + high + 1) // 2
        if measure(_cut(clusters, middle), size, weight) <= width:
            low = middle
        else:
            high = middle - 1
    return _cut(clusters, low)


def _cut(clusters: list[str], count: int) -> str:
    return "".join(clusters[:count]).rstrip(" …·") + "…"


def name_or_place(text: str, place: int) -> str:
    """Return a name; the number of its place if nothing of it can be drawn."""
    return f"№ {place}" if is_nothing(clean_text(text)) and text.strip() else text


def split_line(text: str, size: float, weight: int, width: float) -> tuple[str, str]:
    """Return the words of a cleaned text that fit into a line (at least one), and the rest."""
    words = text.split(" ")
    count = len(words)
    while count > 1 and measure(" ".join(words[:count]), size, weight) > width:
        count -= 1
    return " ".join(words[:count]), " ".join(words[count:])


def split_lines(text: str, size: float, weight: int, width: float, most: int) -> list[str]:
    """Return a cleaned text as at most `most` lines of whole words: the last one has all that is left."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most - 1:
        line, rest = split_line(rest, size, weight, width)
        lines.append(line)
    return [*lines, rest] if rest else lines
