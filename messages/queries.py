"""What people ask through Discord and the command line, and the answers."""

from __future__ import annotations

from typing import Literal

from messages.awards import BadgeProgress, EarnedBadge, ViewerStats
from messages.base import DurationMs, Message, Moment, PositionMs, Record
from messages.chat import VoiceMember
from messages.media import Item, PlayerState
from messages.screenings import Screening
from messages.watches import Source, WatchRecord

LeaderboardKind = Literal["movies", "time", "streak", "badges"]


class ListActiveWatches(Message, frozen=True, tag="list_active_watches"):
    """-> tracker, asked: every active watch (`activewatches`, `nowplaying`)."""


class ActiveWatch(Record, frozen=True):
    """One running watch, as people are told."""

    watch_id: str
    """The watch."""
    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    username: str
    """The viewer's name."""
    source: Source
    """How the viewer is known to be there."""
    screening_id: str
    """The screening it belongs to."""
    item: Item
    """What is watched."""
    state: PlayerState
    """Playing, paused or buffering."""
    join_position_ms: PositionMs | None
    """The film's position when the viewer came in."""
    position_ms: PositionMs | None
    """The film's position now, reckoned from the last poll."""
    watched_s: float
    """How long the viewer has been watching: playing time, seconds."""
    started_at_s: float
    """When the viewer came in; seconds since 1970, UTC."""
    coverage_ms: DurationMs
    """How much of the film was seen."""
    completion_percent: float | None
    """0 to 100; None where the film's length is not known."""
    party: bool
    """Belongs to a watch party."""


class ActiveWatches(Message, frozen=True, tag="active_watches"):
    """Answer to ListActiveWatches."""

    at: Moment
    """When."""
    watches: tuple[ActiveWatch, ...]
    """The longest running first."""
    screenings: tuple[Screening, ...]
    """What plays, with everybody who watches."""
    notice: str = ""
    """What stands in the way (Plex away, which host is not clear); empty where nothing."""


class StartTracking(Message, frozen=True, tag="start_tracking"):
    """-> tracker, asked: manual recovery (`starttracking`, `run.py recover`)."""

    session_key: str = ""
    """Plex session to use; empty for the only one, or the host's."""
    position_ms: PositionMs | None = None
    """The film's position at which they came in; None for where it is now."""
    user_ids: tuple[str, ...] = ()
    """Discord ids; empty for everybody in the voice channel."""
    simulate: bool = False
    """Change nothing: only say what would be done."""
    requested_by: str = ""
    """Who asked, for the log."""


class SessionChoice(Record, frozen=True):
    """A running Plex session."""

    session_key: str
    """What it is called: its present key; where two servers have the same one, machineIdentifier/key."""
    server_id: str
    """machineIdentifier of its server."""
    item: Item
    """What plays."""
    account_name: str
    """Whose session it is."""
    player: str
    """On which player."""
    state: PlayerState
    """Playing, paused or buffering."""
    position_ms: PositionMs | None
    """The film's position now."""


class TrackingOutcome(Record, frozen=True):
    """What manual recovery did, or would do, for one person."""

    user_id: str
    """Discord id, as digits."""
    name: str
    """The display name; empty where the id is not in the channel."""
    outcome: Literal["started", "already_watching", "would_start", "not_in_channel", "not_tracked"]
    """What was done."""
    hidden: bool = False
    """Others are not to see this person: where others read the answer, nothing of this goes with the name."""


class TrackingPlan(Message, frozen=True, tag="tracking_plan"):
    """Answer to StartTracking."""

    sessions: tuple[SessionChoice, ...]
    """Every running session."""
    members: tuple[VoiceMember, ...]
    """Everybody in the voice channel."""
    chosen: str
    """Key of the session that was or would be used; empty where none could be chosen."""
    outcomes: tuple[TrackingOutcome, ...]
    """For each person."""
    problem: str = ""
    """Why nothing was done, and what to do; empty where something was."""


class GetViewerStats(Message, frozen=True, tag="get_viewer_stats"):
    """-> persistence, asked: a viewer's statistics and badges (`stats`, `badges`, `progress`)."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>."""
    asker: str = ""
    """Who asks, Discord id as digits; what is private is answered to its owner alone. Empty: nobody in particular."""


class ViewerProfile(Message, frozen=True, tag="viewer_profile"):
    """Answer to GetViewerStats."""

    stats: ViewerStats | None
    """None where the viewer is not known."""
    badges: tuple[EarnedBadge, ...]
    """Earned, the newest first."""
    progress: tuple[BadgeProgress, ...]
    """Every badge of badges.toml, in its order."""
    rank_by_time: int = 0
    """Place in the leaderboard by time, from 1; 0 where not in it, or not for others: the viewer is anonymous."""
    days: tuple[tuple[str, float], ...] = ()
    """The last year: ISO date in TIMEZONE, seconds watched; in order of time, days without any left out."""
    hidden: bool = False
    """The viewer keeps this private, and somebody else asked: nothing of it is here."""


class GetBadgeCatalogue(Message, frozen=True, tag="get_badge_catalogue"):
    """-> persistence, asked: all badges there are (`allbadges`)."""


class BadgeCatalogue(Message, frozen=True, tag="badge_catalogue"):
    """Answer to GetBadgeCatalogue; progress is 0."""

    badges: tuple[BadgeProgress, ...]
    """In the order of badges.toml."""


class GetLeaderboard(Message, frozen=True, tag="get_leaderboard"):
    """-> persistence, asked (`leaderboard`, `topwatchers`)."""

    kind: LeaderboardKind
    """What to rank by."""
    since_s: float | None = None
    """Count only watches that ended at or after this time (movies and time); None for all."""
    limit: int = 10
    """Rows a page."""
    offset: int = 0
    """Rows to pass over."""


class LeaderboardRow(Record, frozen=True):
    """One place."""

    rank: int
    """From 1; equal figures share a rank."""
    viewer_id: str
    """Who."""
    username: str
    """Name."""
    value: float
    """Films, seconds, days or badges, by the kind."""


class Leaderboard(Message, frozen=True, tag="leaderboard"):
    """Answer to GetLeaderboard."""

    kind: LeaderboardKind
    """What it is ranked by."""
    rows: tuple[LeaderboardRow, ...]
    """The best first."""
    total: int
    """Viewers in all."""


class GetHistory(Message, frozen=True, tag="get_history"):
    """-> persistence, asked: finished watches (`history`)."""

    viewer_id: str = ""
    """Whose; empty for everybody's."""
    title: str = ""
    """Part of the title, any case; empty for all."""
    since_s: float | None = None
    """Ended at or after; seconds since 1970, UTC."""
    limit: int = 10
    """Rows a page."""
    offset: int = 0
    """Rows to pass over."""
    asker: str = ""
    """Who asks, Discord id as digits; what is private is answered to its owner alone. Empty: nobody in particular."""


class HistoryPage(Message, frozen=True, tag="history_page"):
    """Answer to GetHistory."""

    records: tuple[WatchRecord, ...]
    """The newest first."""
    total: int
    """How many there are in all."""
    hidden: bool = False
    """The viewer keeps this private, and somebody else asked: nothing of it is here."""


class GetMovieStats(Message, frozen=True, tag="get_movie_stats"):
    """-> persistence, asked: the community's figures, running watches included (`moviestats`)."""

    title: str = ""
    """One title (part of it, any case); empty for all."""
    since_s: float | None = None
    """Count only watches that ended at or after this time, and running ones; None for all. Seconds since 1970."""


class TitleCount(Record, frozen=True):
    """A film's figures."""

    title: str
    """Title to show."""
    year: int | None
    """Year of release."""
    watches: int
    """How often it was watched."""
    viewers: int
    """By how many."""
    watch_time_s: float
    """Playing time of all, seconds."""


class MovieStats(Message, frozen=True, tag="movie_stats"):
    """Answer to GetMovieStats. Brief watches are in none of the figures."""

    watches: int
    """Finished and running."""
    completed: int
    """To WATCHED_PERCENT or more."""
    viewers: int
    """Unique."""
    titles: int
    """Different titles."""
    watch_time_s: float
    """Playing time of all, seconds."""
    most_watched: tuple[TitleCount, ...]
    """At most ten, the most watched first."""
    genres: tuple[tuple[str, int], ...]
    """At most ten, the most watched first."""
    decades: tuple[tuple[str, int], ...]
    """In order of time."""
    recent: tuple[WatchRecord, ...]
    """At most five, the newest first."""
    running: tuple[WatchRecord, ...]
    """Running now, as if they ended now."""
    weeks: tuple[tuple[str, float], ...] = ()
    """The last twelve weeks: ISO date of the Monday in TIMEZONE, seconds watched."""


class SuggestTitles(Message, frozen=True, tag="suggest_titles"):
    """-> persistence, asked: titles for autocompletion."""

    part: str
    """What was typed so far."""
    limit: int = 25
    """At most this many."""


class TitlesSuggested(Message, frozen=True, tag="titles_suggested"):
    """Answer to SuggestTitles."""

    titles: tuple[str, ...]
    """The most watched first."""
