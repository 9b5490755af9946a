"""Everything that others can read, by each choice of privacy: one table, the real bot on the real store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.chat.discord.features import weekly_digest
from messages import GetLeaderboard, GetMovieStats, GetViewerStats, Moment, NowPlaying, ScreeningEnded, ScreeningStarted
from tests.deadlines import WITHIN_S
from tests.integration.discord.community_stage import (
    CHOICES,
    PARTY_FILM,
    SHARED_FILM,
    Community,
    gather_community,
    own_film,
)
from tests.integration.discord.discord_stage import until
from tests.unit.persistence.record_builders import DAY, EVENING
from wording.durations import format_duration

HIDDEN = [name for name, choice in CHOICES.items() if choice in ("private", "untracked")]
ANONYMOUS, OPEN = "Aaron", "Olga"
TOLD: dict[int, str] = {}


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Community]:
    """One community for all rows: they only ask."""
    folder: Path = tmp_path_factory.mktemp("community")
    for part in ("bot", "store"):
        (folder / part).mkdir()
    with gather_community(folder) as made, made.stage.acting():
        yield made


def use(community: Community, name: str, **options: object) -> str:
    """Let a third person use a / command; return everything that comes of it."""
    command = community.stage.discord.slash(community.add_asker(), name, options)  # type: ignore[arg-type]  # as people fill in
    return command.wait_reply().text


def use_about(community: Community, name: str, **options: object) -> str:
    """Do so about each of them; remove the name that was asked for, which the answer repeats."""
    said = []
    for who in CHOICES:
        member = community.stage.discord.member(who)
        said.append(use(community, name, who=f"<@{member.id}>", **options).replace(f"{who} keeps this private", "")
                    .replace(f"📊 {who}", "").replace(f"🏅 {who}", "").replace(f"🎯 {who}", "")
                    .replace(f"· {who}", ""))  # fmt: skip
    return "\n".join(said)


def suggest(community: Community, name: str, option: str, typed: str) -> str:
    """What is suggested to somebody who types."""
    return str(community.stage.discord.autocomplete(community.add_asker(), name, option, typed))


def digest(community: Community) -> str:
    """The weekly digest."""
    films, best = community.ask(GetMovieStats(since_s=0.0)), community.ask(GetLeaderboard("time", 0.0, 3))
    return str(weekly_digest.build_embed(films, best).to_dict())


def card_and_record(community: Community) -> str:
    """The live card of the party, and the night's record; posted once."""
    if (told := TOLD.get(id(community))) is not None:
        return told
    stage, at = community.stage, Moment(EVENING + DAY + 1300, 1300.0)
    (shown,) = community.tracker().now_playing(at).screenings
    before = len(stage.discord.messages("film-club", by_bot=True))
    assert stage.tracker.tell(ScreeningStarted(at, shown)).wait(WITHIN_S)
    stage.tracker.tell(NowPlaying(at, (shown,)))
    message = stage.discord.messages("film-club", by_bot=True)[before]
    playing = message.text
    assert stage.tracker.tell(ScreeningEnded(at, shown)).wait(WITHIN_S)
    until(lambda: "🏁" in message.text, "the record")
    TOLD[id(community)] = f"{playing}\n{message.text}"
    return TOLD[id(community)]


RANKINGS: dict[str, Callable[[Community], str]] = {
    **{
        f"leaderboard {kind}": lambda community, kind=kind: use(community, "leaderboard", by=kind)  # type: ignore[misc]
        for kind in ("movies", "time", "streak", "badges")
    },
    "topwatchers": lambda community: use(community, "topwatchers"),
    "wrapped server": lambda community: use(community, "wrapped", year=2026, whole="server"),
    "digest": digest,
}
"""Where people stand in the order of their figures."""
OTHERS: dict[str, Callable[[Community], str]] = {
    "activewatches": lambda community: use(community, "activewatches"),
    "nowplaying": lambda community: use(community, "nowplaying"),
    "card and record": card_and_record,
    "moviestats": lambda community: use(community, "moviestats"),
    "moviestats of a title": lambda community: use(community, "moviestats", title="secret"),
    "whosaw a shared film": lambda community: use(community, "whosaw", title=SHARED_FILM),
    "history of all": lambda community: use(community, "history"),
    "history of a title": lambda community: use(community, "history", title="secret"),
    "allbadges": lambda community: use(community, "allbadges"),
    "stats": lambda community: use_about(community, "stats"),
    "badges": lambda community: use_about(community, "badges"),
    "progress": lambda community: use_about(community, "progress"),
    "wrapped": lambda community: use_about(community, "wrapped", year=2026),
    "history of one": lambda community: use_about(community, "history"),
    "titles that are suggested": lambda community: suggest(community, "whosaw", "title", "secret"),
    "titles of the history": lambda community: suggest(community, "history", "title", "secret"),
    "accounts that are suggested": lambda community: suggest(community, "link", "account", ""),
    "whosaw a hidden film": lambda community: use(community, "whosaw", title=own_film(HIDDEN[0])).replace(
        own_film(HIDDEN[0]),
        "",  # as it was asked for
    ),
}
"""Everything else that others read."""


@pytest.mark.parametrize("surface", [*RANKINGS, *OTHERS])
def test_hidden_viewers_and_their_films_are_not_named(community: Community, surface: str) -> None:
    """Neither the name nor the id, nor the title of a film that only they saw."""
    text = {**RANKINGS, **OTHERS}[surface](community)
    assert text.strip() and "went wrong inside" not in text
    for name in HIDDEN:
        assert name not in text and community.ids[name] not in text
        assert own_film(name) not in text


@pytest.mark.parametrize("surface", RANKINGS)
def test_rankings_show_anonymous_viewers_without_name_and_figure(community: Community, surface: str) -> None:
    """The rank stays, as Somebody's: the figure could reveal whose it is."""
    text = RANKINGS[surface](community)
    assert OPEN in text and "Somebody" in text
    assert ANONYMOUS not in text and community.ids[ANONYMOUS] not in text
    assert "**Somebody** ·" not in text


@pytest.mark.parametrize("surface", OTHERS)
def test_totals_of_anonymous_viewers_are_shown_nowhere(community: Community, surface: str) -> None:
    """Their name may be shown, also with single watches, but not with what all of them add up to."""
    own = community.ask(GetViewerStats(community.ids[ANONYMOUS], community.ids[ANONYMOUS])).stats
    assert own is not None and own.total_watch_time_s > 3 * 3600
    assert format_duration(own.total_watch_time_s) not in OTHERS[surface](community)


def test_the_table_detects_names_that_are_shown(community: Community) -> None:
    """Open and anonymous viewers are named where they may be: otherwise the other rows would prove nothing."""
    assert OPEN in OTHERS["card and record"](community) and ANONYMOUS in OTHERS["activewatches"](community)
    assert own_film(ANONYMOUS) in OTHERS["titles that are suggested"](community)
    assert own_film(OPEN) in OTHERS["moviestats of a title"](community)
    assert PARTY_FILM in OTHERS["nowplaying"](community)


def test_equal_figures_are_not_in_the_order_of_real_names(community: Community) -> None:
    """Aaron comes before Olga by name; as Somebody he comes after her where their figures are equal."""
    rows = community.ask(GetLeaderboard("badges")).rows
    equal = [row for row in rows if row.value == rows[0].value]
    streaks = community.ask(GetLeaderboard("streak")).rows
    for group in (equal, [row for row in streaks if row.value == streaks[0].value]):
        names = [row.username for row in group]
        assert names == sorted(names, key=lambda name: name == "Somebody")
