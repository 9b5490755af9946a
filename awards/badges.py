"""Badges: read from TOML, earned by a viewer's totals, and the progress towards them."""

import functools
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from awards.rules import RULES
from awards.totals import Totals
from foreign_input import ForeignInputError, InputLimits, parse_toml
from messages import BadgeProgress, EarnedBadge

RARITIES = ("common", "uncommon", "rare", "epic", "legendary")
_TEXTS = ("id", "name", "emoji", "rarity", "description", "rule")
_MAX_TEXT = 200
_MAX_THRESHOLD = 1_000_000
_MAX_BADGES = 1000
_MOST_SHOWN = 20
"""Limit of the mistakes that are listed one by one for a file."""
BADGES_LIMITS = InputLimits(size=512 * 1024, depth=8)
"""Limits of a badges file."""


class BadgesError(ValueError):
    """Raised for a wrong badges file; `problems` has every fault, each naming its badge and what would be right.

    `cure` says what to do if the whole file cannot be read.
    """

    def __init__(self, problems: list[str], cure: str = "") -> None:
        super().__init__("\n".join(problems) + (f": {cure}" if cure else ""))
        self.problems = problems
        self.cure = cure


class Badge(msgspec.Struct, frozen=True, dict=True):
    """A badge as badges.toml declares it."""

    id: str
    name: str
    emoji: str
    rarity: str
    description: str
    rule: str
    threshold: float
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)

    @functools.cached_property
    def asked(self) -> tuple[str, ...]:
        """What the figure measures: badges with the same value here have the same figure."""
        return (self.rule, *sorted(self.parameters.values()))

    def figure(self, totals: Totals) -> float:
        """Return the viewer's figure for this badge."""
        return float(RULES[self.rule].figure(totals, self.parameters))

    def as_earned(self, earned_at_s: float, progress: float) -> EarnedBadge:
        """Return the badge as held by somebody; time in seconds since 1970, UTC."""
        return EarnedBadge(self.id, self.name, self.emoji, self.rarity, self.description, earned_at_s, progress)


def undeclared_badge(badge_id: str, earned_at_s: float, progress: float) -> EarnedBadge:
    """Return a badge that no file declares (it came with an import), shown by its id."""
    return EarnedBadge(badge_id, badge_id.replace("_", " "), "🏅", "common", "", earned_at_s, progress)


class BadgeJudgement(NamedTuple):
    """The badges that a viewer's totals earn."""

    won: list[tuple[Badge, float]]
    """The badges newly earned with their figures, in the file's order."""
    seconds_to_next: float
    """The shortest further playing time that alone would earn one more badge; infinite if none can be earned so."""


def judge_totals(badges: Iterable[Badge], totals: Totals, held: Collection[str]) -> BadgeJudgement:
    """Return the badges that totals earn and that are not held, and how much playing time the next one needs."""
    known: dict[tuple[str, ...], float] = {}  # several badges share a figure, and computing a streak takes time
    won, left_s = [], math.inf
    for badge in badges:
        if badge.id in held:
            continue
        figure = known.get(badge.asked)
        if figure is None:
            figure = known[badge.asked] = badge.figure(totals)
        if figure >= badge.threshold:
            won.append((badge, figure))
        elif per_second := RULES[badge.rule].per_second:
            left_s = min(left_s, (badge.threshold - figure) / per_second)
    return BadgeJudgement(won, left_s)


def find_newly_earned(badges: Iterable[Badge], totals: Totals, held: Collection[str]) -> list[tuple[Badge, float]]:
    """Return the badges newly earned with their figures, in the file's order; none that is held."""
    return judge_totals(badges, totals, held).won


def build_progress(
    badges: Iterable[Badge],
    totals: Totals,
    earned_at_s: Mapping[str, float],
    holders: Mapping[str, int],
) -> tuple[BadgeProgress, ...]:
    """Return a viewer's progress towards each badge; `earned_at_s` and `holders` by badge id."""
    return tuple(
        BadgeProgress(
            badge.id,
            badge.name,
            badge.emoji,
            badge.rarity,
            badge.description,
            badge.figure(totals),
            badge.threshold,
            earned_at_s.get(badge.id),
            holders.get(badge.id, 0),
        )
        for badge in badges
    )


def merge_badges(default: Iterable[Badge], own: Iterable[Badge]) -> tuple[Badge, ...]:
    """Return the default badges with a community's own, which replace default ones of the same id."""
    return tuple({badge.id: badge for badge in (*default, *own)}.values())


def read_badges(source: str | bytes, name: str) -> tuple[Badge, ...]:
    """Read a TOML document of `[[badge]]` tables; `name` is the file's name, for the errors.

    Raises BadgesError with every problem of the file at once.
    """
    try:
        document = parse_toml(source, BADGES_LIMITS)
    except ForeignInputError as error:
        place = f"{name}, {error.place}" if error.place else name
        raise BadgesError([f"{place}: {error.what}"], f"{error.cure}.") from None
    tables = document.pop("badge", [])
    problems = [f"{name}: {key} is not known here: only [[badge]] tables are." for key in document]
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadgesError([*problems, f"{name}: write [[badge]] with double brackets."])
    if len(tables) > _MAX_BADGES:
        raise BadgesError([f"{name} has more than {_MAX_BADGES} badges: leave some out."])
    badges: dict[str, Badge] = {}
    for number, table in enumerate(tables, 1):
        place = f"{name}, badge {number} ({str(table.get('id', 'without id'))[:60]})"
        faults = _find_faults(table)
        if isinstance(table.get("id"), str) and table["id"] in badges:
            faults.append("id is there twice: give each badge its own")
        problems += [f"{place}: {fault}." for fault in faults]
        if not faults:
            badges[table["id"]] = _parse_badge(table)
    if problems:
        more = len(problems) - _MOST_SHOWN
        raise BadgesError([*problems[:_MOST_SHOWN], *([f"{name} has {more} more mistakes."] if more > 0 else [])])
    return tuple(badges.values())


def _parse_badge(table: dict[str, Any]) -> Badge:
    known = {key: table[key] for key in _TEXTS}
    extra = {key: value for key, value in table.items() if key not in (*_TEXTS, "threshold")}
    return Badge(**known, threshold=float(table["threshold"]), parameters=extra)


def _find_faults(table: dict[str, Any]) -> list[str]:
    faults = [
        f"{key} must be a text of 1 to {_MAX_TEXT} letters"
        for key in _TEXTS
        if not isinstance(table.get(key), str) or not 0 < len(table[key]) <= _MAX_TEXT
    ]
    threshold = table.get("threshold")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= _MAX_THRESHOLD:
        faults.append(f"threshold must be a number above 0, at most {_MAX_THRESHOLD:,}")
    if isinstance(table.get("rarity"), str) and table["rarity"] not in RARITIES:
        faults.append(f"rarity must be one of {', '.join(RARITIES)}")
    name = table.get("rule")
    if isinstance(name, str) and name:
        faults += _find_rule_faults(name, table)
    return faults


def _find_rule_faults(name: str, table: dict[str, Any]) -> list[str]:
    rule = RULES.get(name)
    if rule is None:
        return [f"rule {name[:60]!r} is not known: use one of {', '.join(RULES)}"]
    faults = [
        f"{key} must be given for the rule {name}, like {pattern.pattern}"
        for key, pattern in rule.required.items()
        if not isinstance(table.get(key), str) or not pattern.fullmatch(table[key])
    ]
    faults += [
        f"{key} must be a text of at most {_MAX_TEXT} letters"
        for key in rule.optional
        if not isinstance(table.get(key, "text"), str) or len(table.get(key, "")) > _MAX_TEXT
    ]
    allowed = {*_TEXTS, "threshold", *rule.optional, *rule.required}
    faults += [f"{key[:60]} is not known for the rule {name}" for key in table if key not in allowed]
    return faults
