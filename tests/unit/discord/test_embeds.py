"""Embeds and pages stay within Discord's limits, whatever goes in."""

import discord
from hypothesis import given
from hypothesis import strategies as st

from actors.chat.discord.features.announcements import announcement_embeds
from actors.chat.discord.ui import embeds as ui_embeds
from actors.chat.discord.ui.embeds import Field, Section
from messages import BadgesAwarded, ScreeningEnded, ScreeningStarted
from tests.unit.discord import samples
from wording.text import utf16_length

LONG = "A very *long* title of a _film_ that never ends 🎬 " * 200
EVIL = ["*" * 60, "\u202e" + "evil" * 30, "@everyone " * 9, "🦄" * 80, "שלום " * 20, "`" * 90]


def check(embed: discord.Embed) -> None:
    """Discord's limits, counted at their strictest."""
    assert utf16_length(embed.title or "") <= 256
    assert utf16_length(embed.description or "") <= 4096
    assert len(embed.fields) <= 25
    for field in embed.fields:
        assert 0 < utf16_length(field.name or "") <= 256
        assert 0 < utf16_length(field.value or "") <= 1024
    assert utf16_length(embed.footer.text or "") <= 2048
    assert ui_embeds.count_units(embed) <= 6000


@given(
    st.text(max_size=400),
    st.text(max_size=5000),
    st.lists(st.tuples(st.text(max_size=300), st.text(max_size=1500)), max_size=30),
    st.text(max_size=2500),
)
def test_a_card_fits(heading: str, text: str, parts: list[tuple[str, str]], footer: str) -> None:
    """Titles, texts, fields and footers of any size."""
    check(ui_embeds.build_embed(heading, text, fields=[Field(*part) for part in parts], footer=footer))


def test_a_card_of_emoji_counts_as_discord_does() -> None:
    """An emoji outside the basic plane counts twice."""
    check(ui_embeds.build_embed("🎬" * 300, "🎬" * 5000, fields=[Field("🎬" * 300, "🎬" * 2000)] * 30))


@given(st.lists(st.tuples(st.text(max_size=80), st.lists(st.text(max_size=3000), max_size=40)), max_size=5))
def test_pages_hold_their_bounds(parts: list[tuple[str, list[str]]]) -> None:
    """No page outgrows an embed."""
    for page in ui_embeds.split_pages([Section(heading, lines) for heading, lines in parts]):
        assert utf16_length(page) <= ui_embeds.PAGE_UNITS + 20


def test_pages_lose_no_line() -> None:
    """Every viewer of 250 is on some page, and a heading is said again where a page begins in its midst."""
    lines = [f"viewer {number}." for number in range(250)]
    pages = ui_embeds.split_pages([Section("**Film**", lines)])
    shown = "\n".join(pages)
    assert all(line in shown for line in lines)
    assert all(page.startswith("**Film**") for page in pages)
    assert "(continued)" in pages[1]


def test_a_page_that_is_gone_becomes_the_last() -> None:
    """Lists grow shorter while people turn pages."""
    assert ui_embeds.pick_page(["a", "b"], 9) == ("b", 1)


def test_lines_that_do_not_fit_are_counted() -> None:
    """The rest is named, within the limit."""
    said = ui_embeds.join_lines_within([f"line {number}" for number in range(500)], 200)
    assert utf16_length(said) <= 200
    assert said.endswith("more")


def test_announcements_of_crowds_and_long_titles_fit() -> None:
    """250 viewers with the worst of names, a title of 10,000 characters."""
    seats = tuple(samples.seat(EVIL[number % len(EVIL)]) for number in range(250))
    shown = samples.screening(title=LONG, seats=seats, host=LONG, item=samples.item(LONG, genres=(LONG,) * 9))
    badges = tuple(samples.make_badge(LONG, description=LONG) for _ in range(40))
    batch: list[announcement_embeds.Announcement] = [
        ScreeningStarted(samples.NOW, shown),
        ScreeningEnded(samples.NOW, shown),
        BadgesAwarded("1", LONG, badges),
    ]
    for notice in batch:
        check(announcement_embeds.build_embed(notice))
    embeds, covered = announcement_embeds.build_embeds(batch * 3)
    assert 1 <= covered <= 9
    assert sum(ui_embeds.count_units(embed) for embed in embeds) <= 6000


def test_a_rush_of_forty_becomes_one_message() -> None:
    """Forty films that start at once are one embed of lines, all of them named."""
    rush: list[announcement_embeds.Announcement] = [
        ScreeningStarted(samples.NOW, samples.screening(number, f"Film {number}.")) for number in range(40)
    ]
    embeds, covered = announcement_embeds.build_embeds(rush)
    assert (len(embeds), covered) == (1, 40)
    check(embeds[0])
    assert all(f"Film {number}." in (embeds[0].description or "") for number in range(40))


def test_a_rush_of_long_titles_is_split() -> None:
    """What does not fit one message is left for the next."""
    rush: list[announcement_embeds.Announcement] = [
        ScreeningStarted(samples.NOW, samples.screening(n, LONG, host=LONG)) for n in range(60)
    ]
    embeds, covered = announcement_embeds.build_embeds(rush)
    assert 10 < covered < 60
    check(embeds[0])
