"""The commands in a simulated Discord: permissions, questions to the actors, and what people read."""

from typing import Any

import pytest
from msgspec.structs import replace

from actors.runtime import ActorUnavailable
from messages import (
    ActiveWatches,
    BadgeCatalogue,
    GetBadgeCatalogue,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetSaveStatus,
    GetViewerStats,
    HistoryPage,
    Leaderboard,
    LeaderboardRow,
    ListActiveWatches,
    Moment,
    MovieStats,
    SaveStatus,
    SetPrivacy,
    SuggestTitles,
    TitleCount,
    TitlesSuggested,
    ViewerAccount,
    ViewerProfile,
)
from tests.unit.discord import samples

PROFILE = ViewerProfile(
    samples.viewer(), (samples.make_badge(),), (samples.towards(), samples.towards("Night", 0.0)), 2
)

fails = pytest.mark.simcord(check_errors=False)
"""A test in which a command is refused: simcord would take the refusal for a bug."""


def watching(number: int = 1) -> ActiveWatches:
    """A room of `number` viewers."""
    viewers = tuple(samples.active(f"Viewer {n}", viewer_id=str(n), watch_id=str(n)) for n in range(number))
    return ActiveWatches(samples.NOW, viewers, (samples.screening(),))


def ids(message: Any) -> list[str]:
    """custom_ids of a message's buttons."""
    return [item.custom_id for row in message.components for item in row.children]


async def test_activewatches_shows_all_that_the_seed_asks_for(room: Any, actors: Any) -> None:
    """Viewer, film, position, duration, join position, state, and when it is saved."""
    actors.answers[ListActiveWatches] = watching()
    actors.answers[GetSaveStatus] = SaveStatus(samples.NOW.wall_s, 5.0)
    await room.ana.send(room.channel, "!activewatches")
    said = room.text()
    for part in ("Viewer 0", "Metropolis (1927)", "0:42:10 of 2:00:00", "watching 41 min", "joined at 0:01:00"):
        assert part in said
    assert "playing" in said
    assert f"Auto-saves every 5 minutes · last save <t:{int(samples.NOW.wall_s)}:R>" in said


async def test_live_television_has_no_positions(room: Any, actors: Any) -> None:
    """It says live, and asks nothing that nobody knows."""
    news = samples.item("Evening News", year=None, duration_ms=None, live=True)
    watch = samples.active(item=news, position_ms=None, join_position_ms=None, completion_percent=None)
    actors.answers[ListActiveWatches] = ActiveWatches(samples.NOW, (watch,), ())
    await room.ana.send(room.channel, "!activewatches")
    assert "playing · live\n🔊 **Ana** · watching 41 min\n" in room.text()
    assert "?" not in room.text()


async def test_activewatches_without_the_store(room: Any, actors: Any) -> None:
    """The watches are shown although the store is restarting."""
    actors.answers[ListActiveWatches] = watching()
    await room.ana.send(room.channel, "!activewatches")
    assert "Viewer 0" in room.text()
    assert "Auto-saves every 5 minutes · last save unknown" in room.text()


async def test_nobody_watches(room: Any, actors: Any) -> None:
    """Idle is said in words, with the notice of the tracker."""
    actors.answers[ListActiveWatches] = ActiveWatches(samples.NOW, (), (), "Plex is away.")
    await room.ana.send(room.channel, "!activewatches")
    assert "Nobody is watching right now." in room.text()
    assert "Plex is away." in room.text()


@fails
async def test_a_slash_command_is_acknowledged_before_the_actors_are_asked(room: Any, actors: Any) -> None:
    """The first request to Discord is the acknowledgement (type 5), whatever the tracker does."""
    actors.answers[ListActiveWatches] = ActorUnavailable("no answer")
    result = await room.ana.slash(room.channel, "activewatches")
    callback = next(r for r in room.env.http_requests if r.path.endswith("/callback"))
    assert callback.json["type"] == 5
    assert "The tracker is restarting; nothing is lost." in result.response.embeds[0].description
    assert "Try again in a few seconds." in result.response.embeds[0].description


async def test_pages_turn_and_survive_a_restart(room: Any, actors: Any, make_bot: Any) -> None:
    """250 viewers are on pages; a button from before a restart still works."""
    actors.answers[ListActiveWatches] = watching(250)
    await room.ana.send(room.channel, "!activewatches")
    first = room.channel.last_message
    assert "Viewer 0**" in first.embeds[0].description
    forward = next(name for name in ids(first) if ":+:" in name)
    await room.env.restart_bot(make_bot())
    await room.ana.click(first, custom_id=forward)
    second = room.channel.last_message.embeds[0].description
    assert "Viewer 0**" not in second
    assert "2 of " in str(room.channel.last_message.components)
    assert all(len(name) <= 100 for name in ids(first))


async def test_stats_show_the_viewer(room: Any, actors: Any) -> None:
    """Figures of the one who asks, by Discord id."""
    actors.answers[GetViewerStats] = PROFILE
    await room.ana.send(room.channel, "!stats")
    assert actors.questions(GetViewerStats)[-1].viewer_id == str(room.ana.id)
    for part in ("12 (9 finished)", "22 h 30 min", "3 days (best 7)", "#2", "Drama 7 · Comedy 3"):
        assert part in room.text()


async def test_stats_of_somebody_else(room: Any, actors: Any) -> None:
    """By mention and as a slash command."""
    actors.answers[GetViewerStats] = PROFILE
    await room.ana.send(room.channel, f"!stats <@{room.boss.id}>")
    assert actors.questions(GetViewerStats)[-1].viewer_id == str(room.boss.id)
    await room.boss.slash(room.channel, "badges", who=str(room.ana.id))
    assert actors.questions(GetViewerStats)[-1].viewer_id == str(room.ana.id)
    assert "First Reel" in room.text()


@fails
async def test_stats_of_an_unknown_name(room: Any, actors: Any) -> None:
    """The answer says how to write a name."""
    await room.ana.send(room.channel, "!stats zzz")
    assert "Nobody here is called zzz." in room.text()
    assert "`!stats [@somebody or a name]`" in room.text()


async def test_progress_shows_the_nearest_first(room: Any, actors: Any) -> None:
    """With a bar and figures."""
    actors.answers[GetViewerStats] = PROFILE
    await room.ana.send(room.channel, "!progress")
    assert room.text().index("Ten Reels") < room.text().index("Night")
    assert "4 of 10" in room.text()


@pytest.mark.parametrize(
    ("progress", "threshold", "shown"), [(5.97, 6.0, "5.9 of 6"), (3.0, 6.0, "3 of 6"), (2.52, 2.55, "2.5 of 2.6")]
)
async def test_a_badge_that_is_nearly_earned_does_not_look_earned(
    room: Any, actors: Any, progress: float, threshold: float, shown: str
) -> None:
    """Figures are cut where rounding would reach the badge."""
    actors.answers[GetViewerStats] = replace(PROFILE, progress=(samples.towards("X", progress, threshold=threshold),))
    await room.ana.send(room.channel, "!progress")
    assert f" {shown}" in room.text()


async def test_all_badges(room: Any, actors: Any) -> None:
    """By rarity, with holders; a rarity that nobody knows comes last."""
    odd = samples.towards("Odd", rarity="mythical")
    actors.answers[GetBadgeCatalogue] = BadgeCatalogue((odd, samples.towards(holders=3)))
    await room.ana.send(room.channel, "!allbadges")
    assert "earned by 3" in room.text()
    assert room.text().index("Uncommon") < room.text().index("Mythical")


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("movies", "1,200 films"), ("time", "20 min"), ("streak", "1,200 days"), ("badges", "1,200 badges")],
)
async def test_leaderboards(room: Any, actors: Any, kind: str, shown: str) -> None:
    """Each with its unit and medals, names disarmed."""
    rows = (LeaderboardRow(1, "1", "Ana *star*", 1200.0), LeaderboardRow(4, "2", "Ben", 2.0))
    actors.answers[GetLeaderboard] = lambda question: Leaderboard(question.kind, rows, 30)
    await room.ana.slash(room.channel, "leaderboard", by=kind)
    assert f"🥇 **Ana \\*star\\*** · {shown}" in room.text()
    assert "**4.** **Ben**" in room.text()
    assert len(ids(room.channel.last_message)) == 3


@pytest.mark.parametrize("said", ["TIME", "Time"])
async def test_a_kind_may_be_written_in_any_case(room: Any, actors: Any, said: str) -> None:
    """As phones begin a word; also a choice of privacy."""
    actors.answers[GetLeaderboard] = Leaderboard("time", (), 0)
    await room.ana.send(room.channel, f"!leaderboard {said}")
    assert actors.questions(GetLeaderboard)[-1].kind == "time"
    actors.answers[SetPrivacy] = ViewerAccount("1", "anonymous", (), 0)
    await room.ana.send(room.channel, "!privacy Anonymous")
    assert actors.questions(SetPrivacy)[-1].privacy == "anonymous"


@fails
async def test_an_unknown_kind_of_leaderboard_lists_the_known_ones(room: Any, actors: Any) -> None:
    """The answer says which kinds there are."""
    await room.ana.send(room.channel, "!leaderboard height")
    assert "Use one of `movies`, `time`, `streak`, `badges`." in room.text()


async def test_topwatchers_ask_for_the_last_month(room: Any, actors: Any) -> None:
    """By time, since thirty days ago."""
    actors.answers[GetLeaderboard] = Leaderboard("time", (), 0)
    await room.ana.send(room.channel, "!topwatchers")
    asked = actors.questions(GetLeaderboard)[-1]
    assert asked.kind == "time"
    assert asked.since_s is not None
    assert "Nobody yet" in room.text()


async def test_history_reads_member_title_and_time(room: Any, actors: Any) -> None:
    """A title of several words, and a time at the end."""
    actors.answers[GetHistory] = HistoryPage((samples.record(),), 1)
    await room.ana.send(room.channel, f"!history <@{room.boss.id}> the big sleep 2026-10-31")
    asked = actors.questions(GetHistory)[-1]
    assert (asked.viewer_id, asked.title) == (str(room.boss.id), "the big sleep")
    assert asked.since_s == 1_793_404_800.0
    await room.ana.send(room.channel, "!history big sleep")
    assert actors.questions(GetHistory)[-1].title == "big sleep"
    assert "saw all of it ✅" in room.text()


async def test_history_turns_pages(room: Any, actors: Any) -> None:
    """The button carries whose, since when and which title."""
    actors.answers[GetHistory] = HistoryPage(tuple(samples.record() for _ in range(8)), 30)
    await room.ana.slash(room.channel, "history", who=str(room.boss.id), title="Metro|polis" * 30, since="7d")
    first = actors.questions(GetHistory)[-1]
    assert first.title == "Metro|polis" * 30
    message = room.channel.last_message
    assert all(len(name) <= 100 for name in ids(message))
    await room.ana.click(message, custom_id=next(name for name in ids(message) if ":+:" in name))
    second = actors.questions(GetHistory)[-1]
    assert (second.offset, second.viewer_id, second.title, second.since_s) == (
        8,
        str(room.boss.id),
        first.title,
        first.since_s,
    )


async def test_moviestats_with_a_chart(room: Any, actors: Any) -> None:
    """Totals, most watched, a chart in a code block, what runs now."""
    actors.answers[GetMovieStats] = MovieStats(
        watches=40,
        completed=31,
        viewers=9,
        titles=12,
        watch_time_s=200_000.0,
        most_watched=(TitleCount("Metropolis", 1927, 9, 5, 60_000.0), TitleCount("M", 1931, 3, 2, 9_000.0)),
        genres=(("Drama", 20), ("Horror", 4)),
        decades=(("1920s", 30),),
        recent=(samples.record(),),
        running=(samples.record(username="Ben"),),
        weeks=(("2026-11-09", 3_600.0), ("2026-11-16", 36_000.0)),
    )
    await room.ana.send(room.channel, "!moviestats")
    for part in ("**40 watches** · 31 finished", "1. **Metropolis (1927)** · 9×", "09 Nov █", "1 running now: Ben"):
        assert part in room.text()


async def test_titles_are_suggested_safely(room: Any, actors: Any) -> None:
    """Choices within Discord's limits; none where the store is away."""
    actors.answers[SuggestTitles] = TitlesSuggested(("Metropolis", "x" * 300, *(f"Film {n}" for n in range(40))))
    choices = await room.ana.autocomplete(room.channel, "moviestats", "title", "met")
    assert len(choices) == 25
    del actors.answers[SuggestTitles]
    assert not await room.ana.autocomplete(room.channel, "moviestats", "title", "met")


async def test_unknown_prefix_commands_are_not_answered(room: Any) -> None:
    """People write ! for other bots too."""
    await room.ana.send(room.channel, "!frobnicate")
    assert room.channel.last_message.author.id == room.ana.id


@fails
async def test_commands_have_a_cooldown(room: Any, actors: Any) -> None:
    """The fourth in ten seconds is asked to wait."""
    actors.answers[GetHistory] = HistoryPage((), 0)
    for _ in range(4):
        await room.ana.send(room.channel, "!history")
    assert "Slow down." in room.text()


async def test_nobody_is_mentioned(room: Any, actors: Any) -> None:
    """Every message forbids all mentions."""
    actors.answers[ListActiveWatches] = watching()
    await room.ana.send(room.channel, "!nowplaying")
    await room.ana.slash(room.channel, "help")
    sent = [r.json for r in room.env.http_requests if r.method == "POST" and r.json and "embeds" in r.json]
    assert sent
    assert all(body["allowed_mentions"]["parse"] == [] for body in sent)


async def test_now_playing_estimates_the_position(room: Any, actors: Any) -> None:
    """Ten seconds after a report, a playing film is ten seconds further."""
    later = Moment(samples.NOW.wall_s + 10, samples.NOW.steady_s + 10)
    actors.answers[ListActiveWatches] = ActiveWatches(later, (), (samples.screening(),))
    await room.ana.send(room.channel, "!nowplaying")
    assert "0:42:20 of 2:00:00" in room.text()
    assert "1 h 17 min left" in room.text() or "1 h 18 min left" in room.text()
