"""Text in pictures: any script, never wider than its place, and no foreign markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from charts.drawing import fonts
from charts.scripts import is_drawn

NAMES = (
    "Drama", "Комедия", "Ελληνικά", "דרמה", "كوميديا", "ドラマ 漢字", "한국 영화", "हिन्दी", "ละครไทย", "தமிழ்",
    "বাংলা নাটক", "አማርኛ", "ខ្មែរ", "తెలుగు TV", "ქართული", "Հայերեն", "$x_1^{", "🎬🍿", "!!!", "1️⃣", "🇩🇪",
    "👨\u200d👩\u200d👧",
)  # fmt: skip


@pytest.fixture
def without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no font of emoji in colours."""
    monkeypatch.setattr(fonts, "find_colour_emoji", lambda: None)
    _forget()


def _forget() -> None:
    for cache in (fonts.list_fonts, fonts._choose_font):
        cache.cache_clear()


@pytest.fixture(autouse=True)
def _forget_fonts() -> None:
    _forget()


@pytest.mark.parametrize("name", NAMES)
def test_every_supported_script_is_drawn(without_colours: None, name: str) -> None:
    """Completely, so that no number replaces a name; also if the system has no font at all."""
    assert is_drawn(name)
    assert fonts.clean_text(name) == name
    assert all(run.font.has(letter) for run in fonts.split_runs(name) for letter in run.text if letter.isalnum())


def test_missing_letters_are_reported() -> None:
    """Text becomes "…", a label the number of its place; control and direction characters are left out."""
    assert fonts.clean_text("The year of ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ") == "The year of …"
    assert fonts.name_or_place("ᏣᎳᎩ", 3) == "№ 3"
    assert fonts.name_or_place("Drama", 3) == "Drama"
    assert not is_drawn("ᏣᎳᎩ") and not is_drawn("བོད་")
    assert fonts.clean_text("\u202egnp\x07.exe\nx\ufffe") == "gnp.exe x"


@pytest.mark.parametrize(("name", "plain"), [("𝔇𝔯. 𝕽𝖔𝖘𝖆", "Dr. Rosa"), ("𝓘𝓻𝓲𝓼 🎬", "Iris 🎬"), ("𝟙𝟚", "12")])
def test_decorated_letters_are_drawn_plain(name: str, plain: str) -> None:
    """Fraktur, script, double-struck: used in names on Discord, and not worth a font."""
    assert fonts.clean_text(name) == plain
    assert is_drawn(name)


@pytest.mark.parametrize("text", ["W" * 10_000, "ドラマ " * 900, "🎬" * 500, "a\u0301\u0301" * 800, "ß" * 60])
@pytest.mark.parametrize("width", [40.0, 180.0])
def test_a_text_is_never_wider_than_its_place(text: str, width: float) -> None:
    """It ends in an ellipsis, and no emoji or accent is torn apart."""
    line = fonts.fit_text(text, 15, 600, width)
    assert fonts.measure(line, 15, 600) <= width
    assert line.endswith("…") and not line.startswith(("…", "\u0301"))
    assert fonts.fit_text("Iris", 15, 600, 180) == "Iris"


def test_emoji_are_in_colours_where_the_system_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else in one colour: by the font that comes along."""
    (plain,) = fonts.split_runs("🎬") if fonts.find_colour_emoji() is None else (None,)
    assert plain is None or plain.font.family == "Noto Emoji"
    monkeypatch.setattr(fonts, "_COLOUR_EMOJI", (str(tmp_path / "none.ttf"),))
    _forget()
    assert [run.font.family for run in fonts.split_runs("🎬")] == ["Noto Emoji"]


def test_right_to_left_text_is_drawn_in_reading_order() -> None:
    """A right-to-left part is reversed as a whole; an isolated name stays before what follows."""
    assert [run.text for run in fonts.split_runs("Iris 羅生門 x")] == ["Iris ", "羅生門 ", "x"]
    assert [run.text for run in fonts.split_runs("שלום كوميديا")] == ["كوميديا", "שלום "]
    assert [run.text for run in fonts.split_runs("\u2068שלום\u2069's 2026")] == ["שלום", "'s 2026"]


def test_without_its_font_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the reason names the package: a picture without letters would be worse than none."""
    monkeypatch.setattr(fonts, "MAIN", "no_such_package_of_fonts")
    with pytest.raises(fonts.NoFontError, match="no-such-package-of-fonts"):
        fonts.list_fonts()
