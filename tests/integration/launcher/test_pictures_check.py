"""`check` says of pictures what is true here: whether they can be drawn, with which letters and emoji."""

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


def test_emoji_in_one_colour_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install; nothing is wrong."""
    monkeypatch.setattr(fonts, "find_colour_emoji", lambda: None)
    assert check().severity == "note"
    assert "fonts-noto-color-emoji" in render(check()).cure


def test_missing_fonts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their packages."""
    monkeypatch.setattr(fonts, "PACKAGES", ("manimgx_fonts", "no_such_fonts"))
    assert "no-such-fonts;" in render(check()).text


def test_where_nothing_can_be_drawn_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """And that figures come in words: it keeps no service from running."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    found = check()
    assert (found.severity, found.code) == ("note", "pictures.none")
    assert "in words" in render(found).text and "/nonexistent/python" in render(found).text
