"""Badges: the default set, mistakes in the file, and what earns what."""

from datetime import date, timedelta

import pytest

from awards import BadgesError, Totals, build_progress, find_newly_earned, merge_badges, read_badges
from awards.rules import RULES
from persistence.badge_files import default_badges

ONE = """
[[badge]]
id = "x"
name = "X"
emoji = "❌"
rarity = "rare"
description = "Made it."
rule = "films"
threshold = 2
"""
DEFAULT = default_badges()


def streak(length: int) -> dict[str, float]:
    """Days in a row."""
    return {(date(2026, 1, 1) + timedelta(days=n)).isoformat(): 60.0 for n in range(length)}


BEFORE_AND_AFTER = {
    **{f"films_{n}": (Totals(films=n - 1), Totals(films=n)) for n in (1, 5, 10, 25, 50, 100)},
    **{f"streak_{n}": (Totals(days=streak(n - 1)), Totals(days=streak(n))) for n in (3, 7, 14, 30)},
    "night_owl": (Totals(), Totals(nights=1)),
    "marathon": (Totals(days={"2026-01-01": 21_599.0}), Totals(days={"2026-01-01": 21_600.0})),
    "weekend_3": (Totals(weekends={"2026-01-03": 2, "2026-01-10": 2}), Totals(weekends={"2026-01-03": 3})),
    "genre_10": (Totals(genres={"A": 9, "B": 9}), Totals(genres={"A": 10})),
    "horror_10": (Totals(genres={"Horror": 9, "Comedy": 99}), Totals(genres={"Horror": 10})),
    "comedy_10": (Totals(genres={"Comedy": 9}), Totals(genres={"comedy": 4, "Comedy": 6})),
    "scifi_10": (Totals(genres={"Science": 10}), Totals(genres={"Science Fiction": 10})),
    "documentary_10": (Totals(genres={"Documentary": 9}), Totals(genres={"Documentary": 10})),
    "director_5": (Totals(directors={"A": 4, "B": 4}), Totals(directors={"A": 5})),
    "halloween": (Totals(evenings={"10-30": 1}), Totals(evenings={"10-31": 1})),
    "first_seat": (Totals(), Totals(first_seats=1)),
    "whole_film": (Totals(films=9), Totals(full_films=1)),
}


def test_every_kind_of_default_badge_is_tested_here() -> None:
    """The table above has a badge of each rule; one more badge of a rule that is there is one block of TOML."""
    tested = {badge.rule for badge in DEFAULT if badge.id in BEFORE_AND_AFTER}
    assert tested == {badge.rule for badge in DEFAULT}
    assert set(BEFORE_AND_AFTER) <= {badge.id for badge in DEFAULT}


@pytest.mark.parametrize("badge_id", BEFORE_AND_AFTER)
def test_each_default_badge_is_earned_at_its_threshold(badge_id: str) -> None:
    """One short of the threshold earns nothing, the threshold earns it."""
    (badge,) = (badge for badge in DEFAULT if badge.id == badge_id)
    before, after = BEFORE_AND_AFTER[badge_id]
    assert find_newly_earned([badge], before, ()) == []
    assert [found.id for found, _figure in find_newly_earned([badge], after, ())] == [badge_id]


def test_a_held_badge_is_not_earned_again() -> None:
    """What is held is never earned a second time."""
    assert find_newly_earned(read_badges(ONE, "own"), Totals(films=9), {"x"}) == []


def test_every_rule_gives_nothing_for_nothing() -> None:
    """No rule rewards somebody who has watched nothing."""
    assert [rule.figure(Totals(), {"day": "10-31"}) for rule in RULES.values()] == [0] * len(RULES)


def test_progress_names_figure_threshold_and_holders() -> None:
    """Progress carries what a person is told: the figure, the goal, when, and how many have it."""
    (shown,) = build_progress(read_badges(ONE, "own"), Totals(films=1), {"x": 5.0}, {"x": 3})
    assert (shown.progress, shown.threshold, shown.earned_at_s, shown.holders) == (1.0, 2.0, 5.0, 3)


def test_own_badges_add_and_replace() -> None:
    """The same id takes the default's place; another is added at the end."""
    own = read_badges(ONE + ONE.replace('"x"', '"films_1"'), "own")
    both = merge_badges(DEFAULT, own)
    assert [badge.id for badge in both] == [*(badge.id for badge in DEFAULT), "x"]
    assert next(badge for badge in both if badge.id == "films_1").threshold == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('rule = "films"', 'rule = "flims"'), "rule 'flims' is not known"),
        (("threshold = 2", "threshold = 0"), "threshold must be a number above 0"),
        (("threshold = 2", "threshold = true"), "threshold must be a number above 0"),
        (("threshold = 2", "threshold = inf"), "badge 1.threshold: this is no number of a reasonable size"),
        (("threshold = 2", "threshold = 2e300"), "badge 1.threshold: this is no number of a reasonable size"),
        (("threshold = 2", "threshold = 10000000"), "threshold must be a number above 0, at most 1,000,000"),
        (("threshold = 2", "threshold = " + "[" * 2000), "nested more than 8 levels deep"),
        (('id = "x"', 'id = ["x"]'), "id must be a text"),
        (('rarity = "rare"', 'rarity = "shiny"'), "rarity must be one of common"),
        (('name = "X"', "name = 3"), "name must be a text"),
        (('emoji = "❌"\n', ""), "emoji must be a text"),
        (("threshold = 2", 'threshold = 2\ngenre = "Horror"'), "genre is not known for the rule films"),
        (('rule = "films"', 'rule = "evening"'), "day must be given for the rule evening"),
        (('rule = "films"', 'rule = "evening"\nday = "31-10"'), "day must be given for the rule evening"),
        (('rule = "films"', 'rule = "genre"\ngenre = 5'), "genre must be a text"),
        (("[[badge]]", "[badge]"), "write [[badge]] with double brackets"),
        ((ONE, "badge = [1]"), "write [[badge]] with double brackets"),
        (("[[badge]]", "size = 3\n[[badge]]"), "size is not known here"),
        (("[[badge]]", "[[badge"), "this is no TOML"),
    ],
)
def test_faults_are_named(change: tuple[str, str], told: str) -> None:
    """Each fault of a file is named with what would be right."""
    with pytest.raises(BadgesError) as caught:
        read_badges(ONE.replace(*change), "own")
    assert any(told in problem for problem in caught.value.problems)


def test_all_faults_are_named_at_once() -> None:
    """Two bad badges and a repeated id are three problems in one error."""
    text = ONE + ONE + ONE.replace('"rare"', '"shiny"').replace("threshold = 2", "threshold = -1")
    with pytest.raises(BadgesError) as caught:
        read_badges(text, "own.toml")
    assert len(caught.value.problems) == 4
    assert all(problem.startswith("own.toml, badge ") for problem in caught.value.problems)
