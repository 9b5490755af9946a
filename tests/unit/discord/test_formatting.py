"""Names, figures and times as people read them."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.chat.discord.ui import formatting
from charts.numbers import group_digits
from tests.unit.discord import samples
from wording.numbers import format_percent, format_share_seen
from wording.text import clean_line, join_names, shorten, utf16_length
from wording.titles import display_title


@given(st.text(max_size=300), st.integers(min_value=1, max_value=120))
def test_cut_keeps_the_limit(text: str, limit: int) -> None:
    """Whatever the text, it is no longer than asked, as Discord counts."""
    assert utf16_length(shorten(text, limit)) <= limit


@given(st.text(max_size=200))
def test_safe_text_carries_no_control_and_no_mention(text: str) -> None:
    """No line break, direction override or ping survives."""
    said = formatting.escape(text)
    assert not any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in said)
    assert not set(said) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067")
    assert "@everyone" not in said
    assert "@here" not in said


@given(st.text(alphabet="*_~`|[]<\\ab ", max_size=60))
def test_markdown_is_escaped_without_loss(text: str) -> None:
    """Taking the escapes away gives back what was said."""
    said = formatting.escape(text)
    assert re.sub(r"\\(.)", r"\1", said) == clean_line(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("**bold**", r"\*\*bold\*\*"),
        ("<@123>", "\\<@\u200b123>"),
        ("# big", r"\# big"),
        ("1. first", r"1\. first"),
        ("two\nlines", "two lines"),
        ("https://x.example", r"https\://x.example"),
        ("\u202egnp.exe", "gnp.exe"),
        ("שלום", "\u2068שלום\u2069"),
        ("", "(no name)"),
        ("\u200b\u3164", "(no name)"),
        ("👩‍🚀 Zoë", "👩‍🚀 Zoë"),
        ("2001: A Space Odyssey", "2001: A Space Odyssey"),
    ],
)
def test_names_are_disarmed(name: str, shown: str) -> None:
    """Each trick a name can play is off; plain names stay as they are."""
    assert formatting.escape(name) == shown


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("1,234.5", "1,234,567.9"),
        ("1.234,5", "1.234.567,9"),
        ("1\u202f234,5", "1\u202f234\u202f567,9"),
        ("1234,5", "1234567,9"),
    ],
)
def test_figures_follow_the_pattern(pattern: str, said: str) -> None:
    """Grouped and pointed as the language does, or not grouped at all."""
    assert group_digits(1_234_567.89, 1, pattern) == said


def test_piled_up_accents_are_thinned() -> None:
    """A name of hundreds of combining marks takes one line only."""
    assert len(clean_line("a" + "\u0300" * 500)) <= 6


def test_cut_never_splits_an_escape() -> None:
    """Half an escape would swallow what follows."""
    assert shorten(r"ab\*cd", 4) == "ab…"


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), (0.0, "0 %"), (37.5, "38 %"), (99.7, "99 %"), (100.0, "100 %")]
)
def test_percent_is_whole_only_where_it_is(value: float | None, shown: str) -> None:
    """Almost all is not all."""
    assert format_percent(value) == shown


@pytest.mark.parametrize(
    ("percent", "shown"), [(0.0, "saw 0 %"), (98.9, "saw 99 %"), (99.0, "saw all of it"), (100.0, "saw all of it")]
)
def test_nearly_all_of_a_film_counts_as_all(percent: float, shown: str) -> None:
    """From 99 % on."""
    assert format_share_seen(percent) == shown


def test_bar_stays_in_its_cells() -> None:
    """Ten cells, whatever the fraction."""
    assert {len(formatting.progress_bar(fraction)) for fraction in (-1.0, 0.0, 0.5, 1.0, 7.0)} == {10}


def test_titles_of_films_and_episodes() -> None:
    """A film has its year, an episode its show and number."""
    assert display_title(samples.item()) == "Metropolis (1927)"
    episode = samples.item("Half Loop", show="Severance", season=1, episode=2, year=2022)
    assert display_title(episode) == "Severance S01E02 · Half Loop"


def test_text_chart_fits_a_phone() -> None:
    """A row is at most 32 characters wide, and a small value still shows."""
    rows = [("03 Nov", 36_000.0, "10 h"), ("10 Nov", 60.0, "1 min"), ("17 Nov", 0.0, "0 s")]
    chart = formatting.text_chart(rows).splitlines()
    assert max(len(line) for line in chart) <= 32
    assert "█" in chart[2]
    assert "█" not in chart[3]


def test_many_names_are_counted() -> None:
    """Eight names at most, then how many more."""
    assert join_names(["Ana"]) == "Ana"
    assert join_names(["Ana", "Ben"]) == "Ana and Ben"
    assert join_names([f"n{number}" for number in range(20)]).endswith("and 13 more")
