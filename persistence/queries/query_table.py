"""Which function answers which question, from the store and from what runs."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from messages import (
    GetBadgeCatalogue,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetViewerStats,
    Message,
    SuggestTitles,
)
from persistence.queries import who_saw, year
from persistence.queries.movie_stats import movie_stats
from persistence.queries.queries import Queries
from persistence.records.running_watches import RunningWatches
from persistence.rules import StatisticsRules

Read = Callable[[Connection, StatisticsRules, Any, RunningWatches, float], Message]
"""Answers a question (the third argument) at a time, seconds since 1970 (the last one)."""

READS: dict[type[Message], Read] = {
    GetViewerStats: lambda store, rules, asked, now, at_s: Queries(store, rules).viewer(asked, now, at_s),
    GetBadgeCatalogue: lambda store, rules, _asked, _now, _at_s: Queries(store, rules).catalogue(),
    GetLeaderboard: lambda store, rules, asked, now, at_s: Queries(store, rules).leaderboard(asked, now, at_s),
    GetHistory: lambda store, rules, asked, _now, _at_s: Queries(store, rules).history(asked),
    GetMovieStats: lambda store, rules, asked, now, at_s: movie_stats(
        store, rules, asked.title, now, at_s, asked.since_s
    ),
    SuggestTitles: lambda store, rules, asked, _now, _at_s: Queries(store, rules).suggest(asked.part, asked.limit),
    **who_saw.READS,
    **year.READS,
}
