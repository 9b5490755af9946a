"""Cards to share: what they show of a year, a night and a badge, and what they keep to themselves."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from charts.picture import PosterMark, PreviewCard, WrappedCard, with_posters, without_posters
from messages import SOMEBODY, BadgeCount, CommunityYear, EarnedBadge, Moment, TitleCount, YearFigures, YearOfViewer
from tests.unit.web.page_stage import MINUTE_MS, make_screening, make_seat
from wording import cards
from wording.translation import use_language

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = (("2026-01-02", 7_200.0), ("2026-11-20", 400_000.0))
YEAR = YearFigures(
    2026, 87, 0, 80, 407_200.0, 4, genre=("Drama", 12), decade=("1920s", 9), director=("Fritz Lang", 4), days=DAYS,
    titles=9,
)  # fmt: skip
FILMS = tuple(TitleCount(title, 1927, 12 - place, 1, 1.0) for place, title in enumerate("ABCDE"))
BADGE = EarnedBadge("month", "A Month Straight", "🔥", "legendary", "Thirty days in a row", 1_795_957_000.0, 30.0)


def make_year(figures: YearFigures = YEAR, **changes: Any) -> YearOfViewer:
    """Iris's year."""
    return replace(YearOfViewer("Iris", figures, (BADGE,) * 12, films=FILMS), **changes)


def card_of(answer: YearOfViewer) -> WrappedCard:
    """The card that there is."""
    card = cards.viewer_card(answer, "Iris")
    assert card is not None
    return card


def test_a_year_has_one_big_figure_and_three_films() -> None:
    """The hours; the films that were seen most often; badges by their emoji, counted in words."""
    card = card_of(make_year())
    assert (card.name, card.year, card.until) == ("Iris", "2026", "2026-12-31")
    assert (card.big.figure, card.big.label) == ("113", "hours watched")
    assert card.films == tuple(PosterMark(f"{title} (1927)", f"{12 - place}×") for place, title in enumerate("ABC"))
    assert [figure.figure for figure in card.figures] == ["9", "4", "Fritz Lang", "Drama", "1920s"]
    assert len(card.badges) == 8 and card.badges_label == "12 badges earned"
    assert card.alt == "Iris's 2026: 113 h 7 min on 2 days. A (1927) 12×. B (1927) 11×. C (1927) 10×. 12 badges earned"


@pytest.mark.parametrize(
    ("seconds", "figure", "label"),
    [(60.0, "1", "minute watched"), (7_100.0, "118", "minutes watched"), (7_200.0, "2", "hours watched"),
     (3_600_000.0, "1,000", "hours watched")],
)  # fmt: skip
def test_a_few_minutes_are_not_shown_as_no_hours(seconds: float, figure: str, label: str) -> None:
    """For example somebody's first film."""
    big = card_of(make_year(replace(YEAR, watch_time_s=seconds))).big
    assert (big.figure, big.label) == (figure, label)


def test_a_year_of_episodes_counts_these() -> None:
    """No "0 films"."""
    figures = card_of(make_year(replace(YEAR, films=0, titles=0, episodes=3))).figures
    assert (figures[0].figure, figures[0].label) == ("3", "episodes")


@pytest.mark.parametrize("changes", [{"hidden": True}, {"figures_hidden": True}, {"figures": replace(YEAR, days=())}])
def test_hidden_or_empty_years_have_no_card(changes: dict[str, Any]) -> None:
    """Private, anonymous, nothing watched; the preview of such a page shows only the year."""
    answer = make_year(**changes)
    assert cards.viewer_card(answer, "Iris") is None
    if "figures" not in changes:
        preview = cards.preview_year(answer, "Iris", b"poster")
        assert "Iris" not in str(preview) and "Fritz" not in str(preview) and preview.poster is None
        assert preview.figures == () and preview.days == ()


def test_everybodys_year_names_nobody() -> None:
    """How many viewers first; in the language that is spoken."""
    badges = (BadgeCount("A Month Straight", "🔥", "legendary", 1), BadgeCount("First Ticket", "🎟️", "common", 11))
    answer = CommunityYear(YEAR, 12, FILMS, (), badges=badges)
    card = cards.community_card(answer)
    assert card is not None and card.name == "All of us"
    assert [badge.emoji for badge in card.badges] == ["🔥", "🎟️"] and card.badges_label == "12 badges earned"
    assert [(each.figure, each.label) for each in card.figures[:2]] == [("12", "viewers"), ("9", "films")]
    with use_language("de"):
        german = cards.community_card(answer)
    assert german is not None and (german.name, german.big.label) == ("Wir alle", "Stunden geschaut")
    assert cards.community_card(replace(answer, figures=replace(YEAR, days=()))) is None


def test_posters_go_to_their_films_in_order() -> None:
    """Fewer posters than films leave the others without; they can be taken away again."""
    card = card_of(make_year())
    with_two = with_posters(card, [b"a", b"", b"c", b"d"][:2])
    assert [film.poster for film in with_two.films] == [b"a", b"", b""]
    assert without_posters(with_two) == card
    preview = cards.preview_year(make_year(), "Iris", b"x")
    assert without_posters(preview) == replace(preview, poster=b"")


def test_a_night_says_who_was_there_in_figures_alone() -> None:
    """How many, how much they saw, the curve; of hidden viewers nothing, and a hidden host is not named."""
    seats = (make_seat("Rosa", (0, 88)), make_seat("Iris", (0, 44)), make_seat(SOMEBODY, (0, 88)))
    screening = make_screening(Moment(1_795_957_000.0, 5000.0), 88, seats)
    preview = cards.preview_night(screening, BERLIN, b"poster")
    assert preview.title == "Rashomon (1950)" and preview.poster == b"poster"
    assert preview.note.endswith("played by Rosa")
    assert [(each.figure, each.label) for each in preview.figures] == [
        ("2", "viewers"), ("75 %", "seen on average"), ("1", "saw all of it"),
    ]  # fmt: skip
    assert preview.watching == ((0, 2), (44 * MINUTE_MS, 1), (88 * MINUTE_MS, 0))
    assert "Iris" not in str(preview) and SOMEBODY not in str(preview)
    assert "played by" not in cards.preview_night(replace(screening, host=SOMEBODY), BERLIN).note
    assert cards.preview_night(screening, BERLIN).poster == b"", "a frame, where the film has none"


def test_a_badge_has_its_emoji_and_its_day() -> None:
    """And who earned it."""
    preview = cards.preview_badge("Iris", BADGE, BERLIN)
    assert (preview.heading, preview.title, preview.emoji) == ("Iris earned a badge", "A Month Straight", "🔥")
    assert preview.figures[0].figure == "legendary" and "2026" in preview.figures[0].label
    with use_language("de"):
        assert cards.preview_badge("Iris", BADGE, BERLIN).heading == "Iris hat sich ein Abzeichen verdient"


@pytest.mark.parametrize("name", ["", "Ω" * 10_000, "\u202e\x07", "אורי"])
def test_any_name_fits(name: str) -> None:
    """In a file's description too."""
    shown: list[WrappedCard | PreviewCard | None] = [cards.viewer_card(make_year(), name)]
    shown += [cards.preview_year(make_year(), name), cards.preview_badge(name, BADGE, BERLIN)]
    for card in shown:
        assert card is not None and len(card.alt) <= 1024
        assert "\x07" not in str(card) and "Ω" * 70 not in str(card)
