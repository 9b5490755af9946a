"""What `check` says of pictures: whether they can be drawn here, with which scripts and emoji."""

from __future__ import annotations

import sys

import pytest

from charts.drawing import fonts
from config import Settings
from diagnosis.findings import Finding, render
from launcher.doctor.pictures import check_pictures


def check() -> Finding:
    """The one finding."""
    (found,) = check_pictures(Settings())
    return found


def test_pictures_can_be_drawn_here() -> None:
    """With or without emoji in colours, as the system has it."""
    found = check()
    assert (found.severity, found.code) == (
        ("ok", "pictures.ok") if fonts.find_colour_emoji() else ("note", "pictures.plain_emoji")
    )


def test_a_missing_colour_emoji_font_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install; it is no error."""
    monkeypatch.setattr(fonts, "find_colour_emoji", lambda: None)
    assert check().severity == "note"
    assert "fonts-noto-color-emoji" in render(check()).cure


def test_missing_fonts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their packages."""
    monkeypatch.setattr(fonts, "PACKAGES", ("manimgx_fonts", "no_such_fonts"))
    assert "no-such-fonts;" in render(check()).text


def test_the_reason_is_given_if_nothing_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are then shown as text: the service runs anyway."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    found = check()
    assert (found.severity, found.code) == ("note", "pictures.none")
    assert "in words" in render(found).text and "/nonexistent/python" in render(found).text
