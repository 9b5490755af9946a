"""The tables. A change here needs a migration beside it (a test compares the two).

Times are seconds since 1970, UTC. JSON is stored as text written by msgspec, so that the same content has the same
bytes on SQLite and PostgreSQL.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, Table, Text

_NAME = "%(table_name)s_%(column_0_N_name)s"
METADATA = MetaData(naming_convention={"ix": f"ix_{_NAME}", "uq": f"uq_{_NAME}", "pk": "pk_%(table_name)s"})

WATCHES = Table(
    "watches",
    METADATA,
    Column("watch_id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False, unique=True),  # place in the history copy; kept when replaced
    Column("screening_id", Text, nullable=False),
    Column("viewer_id", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("server_id", Text, nullable=False),
    Column("guild_id", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("rating_key", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("title", Text, nullable=False),  # as shown: for an episode with show and number
    Column("title_folded", Text, nullable=False),  # for searches in any case, of any script
    Column("year", Integer),
    Column("genres", Text, nullable=False),
    Column("directors", Text, nullable=False),
    Column("item", Text, nullable=False),  # the whole Item
    Column("started_at_s", Double, nullable=False),
    Column("ended_at_s", Double, nullable=False),
    Column("end_known", Boolean, nullable=False),  # False for an imported record with end_time null
    Column("join_position_ms", BigInteger),
    Column("leave_position_ms", BigInteger),
    Column("movie_duration_ms", BigInteger),
    Column("playing_s", Double, nullable=False),
    Column("paused_s", Double, nullable=False),
    Column("spans", Text, nullable=False),
    Column("coverage_ms", BigInteger, nullable=False),
    Column("completion_percent", Double),
    Column("completed", Boolean, nullable=False),
    Column("brief", Boolean, nullable=False),
    Column("end_reason", Text, nullable=False),
    Column("party", Boolean, nullable=False),
    Column("first_seat", Boolean, nullable=False),
    Column("closed_wall_s", Double, nullable=False),  # when the tracker closed it, on both clocks
    Column("closed_steady_s", Double, nullable=False),
    Column("imported", Boolean, nullable=False),
    Column("identity", Text, nullable=False),  # the id it was watched under; viewer_id is the viewer it counts for
    Column("guid", Text),  # the item's global id; null if an older version wrote the row
    Column("sittings", Text),  # JSON list of [start_s, end_s, playing_s]; null as guid
    Column("film_hash", BigInteger),  # key of `watched_films`; null if an older version wrote the row
    Index(None, "viewer_id", "ended_at_s"),
    Index(None, "ended_at_s", "film_hash", "viewer_id"),
    Index(None, "film_hash", "viewer_id", "ended_at_s"),
    Index(None, "screening_id"),
    Index(None, "server_id", "rating_key"),
)

VIEWERS = Table(
    "viewers",
    METADATA,
    Column("viewer_id", Text, primary_key=True),
    Column("username", Text, nullable=False),
    Column("server_id", Text, nullable=False),  # of a Plex viewer; empty for a Discord member
    Column("guild_id", Text, nullable=False),  # the server where last seen; empty for a Plex viewer
    Column("first_seen_s", Double, nullable=False),
    Column("last_seen_s", Double, nullable=False),
    Column("base", Text),  # Totals that an import states beyond its history
    Column("ai_interactions", Integer, nullable=False),
    Column("votes_cast", Integer, nullable=False),
    Column("movies_requested", Integer, nullable=False),
)

VIEWER_STATS = Table(
    "viewer_stats",
    METADATA,
    Column("viewer_id", Text, primary_key=True),
    Column("username", Text, nullable=False),
    Column("total_movies", Integer, nullable=False),
    Column("total_episodes", Integer, nullable=False),
    Column("completed_movies", Integer, nullable=False),
    Column("total_watch_time_s", Double, nullable=False),
    Column("current_streak_days", Integer, nullable=False),
    Column("longest_streak_days", Integer, nullable=False),
    Column("last_watch_date", Text, nullable=False),
    Column("genres", Text, nullable=False),
    Column("decades", Text, nullable=False),
    Column("directors", Text, nullable=False),
    Column("watching_now", Text, nullable=False),
    Column("totals", Text, nullable=False),  # accumulator of the finished watches alone
    Column("saved_at_s", Double, nullable=False),
    Column("badges_saved_at_s", Double, nullable=False),
)

VIEWER_BADGES = Table(
    "viewer_badges",
    METADATA,
    Column("viewer_id", Text, primary_key=True),
    Column("badge_id", Text, primary_key=True),
    Column("earned_at_s", Double, nullable=False),
    Column("progress", Double, nullable=False),
    Column("screening_id", Text, nullable=False),
    Column("announced", Boolean, nullable=False),
    Index(None, "announced"),
    Index(None, "badge_id", "viewer_id"),
)

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("watch_id", Text, primary_key=True),
    Column("viewer_id", Text, nullable=False),
    Column("server_id", Text, nullable=False),
    Column("guild_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("saved_at_s", Double, nullable=False),
)

HANDLED_MESSAGES = Table(
    "handled_messages",
    METADATA,
    Column("message_id", Text, primary_key=True),
    Column("handled_at_s", Double, nullable=False),
    Index(None, "handled_at_s"),
)

SAVES = Table(
    "saves",
    METADATA,
    Column("save_id", Integer, primary_key=True, autoincrement=True),
    Column("saved_at_s", Double, nullable=False),
    Column("reason", Text, nullable=False),  # auto, finish, command, stop
    Column("active", Integer, nullable=False),
    Column("users", Integer, nullable=False),
    Column("watches", Integer, nullable=False),
    Column("badges", Integer, nullable=False),
)

FACTS = Table(
    "facts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

ACCOUNT_LINKS = Table(
    "account_links",
    METADATA,
    Column("plex_id", Text, primary_key=True),
    Column("plex_name", Text, nullable=False),
    Column("viewer_id", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("confirmed_by", Text, nullable=False),
    Column("linked_at_s", Double, nullable=False),
    Column("aside", Text, nullable=False),  # the rows of both before the link, for restoring them
)

WATCH_PARTS = Table(
    "watch_parts",
    METADATA,
    Column("watch_id", Text, primary_key=True),
    Column("viewer_id", Text, nullable=False),
    Column("kept_as", Text, nullable=False),  # watch_id of the record that it is a part of
    Column("row", Text, nullable=False),  # the whole original row of `watches`
    Index(None, "viewer_id"),
    Index(None, "kept_as"),
)

PRIVACY = Table(
    "privacy",
    METADATA,
    Column("viewer_id", Text, primary_key=True),
    Column("username", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("since_s", Double, nullable=False),
)

FORGOTTEN = Table(
    "forgotten",
    METADATA,
    Column("viewer_id", Text, primary_key=True),
    Column("at_s", Double, nullable=False),  # watches that began before it and arrive late are not stored
)

CHAT_STATE = Table(
    "chat_state",
    METADATA,
    Column("feature", Text, primary_key=True),  # of a chat platform: live_card, film_night...
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON that only the feature reads
    Column("updated_at_s", Double, nullable=False),
)

SUGGESTIONS = Table(
    "suggestions",
    METADATA,
    Column("community", Text, primary_key=True),  # empty for the only one
    Column("suggestion_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("year", Integer),
    Column("item", Text),  # the library's Item, as JSON; null if it is not in the library
    Column("suggested_at_s", Double, nullable=False),
)

SUGGESTION_WISHES = Table(
    "suggestion_wishes",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("suggestion_id", Text, primary_key=True),
    Column("viewer_id", Text, primary_key=True),  # the member who wants it; the earliest one suggested it
    Column("username", Text, nullable=False),
    Column("wished_at_s", Double, nullable=False),
    Index(None, "viewer_id"),
)

FILM_RATINGS = Table(
    "film_ratings",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("film_id", Text, primary_key=True),
    Column("viewer_id", Text, primary_key=True),
    Column("title", Text, nullable=False),  # as in `watches`
    Column("year", Integer),
    Column("rating", Integer, nullable=False),  # 1 to 5
    Column("screening_id", Text, nullable=False),  # whose record had the button
    Column("rated_at_s", Double, nullable=False),
    Index(None, "viewer_id"),
    Index(None, "title"),
)

POLL_VOTES = Table(
    "poll_votes",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("poll_id", Text, primary_key=True),
    Column("viewer_id", Text, primary_key=True),
    Column("films", Text, nullable=False),  # JSON list of titles
    Column("voted_at_s", Double, nullable=False),  # when the poll ended
    Index(None, "viewer_id"),
)

WEB_SIGN_INS = Table(
    "web_sign_ins",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("token_hash", Text, primary_key=True),  # SHA-256 of the secret in the link
    Column("viewer_id", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("expires_at_s", Double, nullable=False),
    Index(None, "viewer_id"),
)

WEB_SESSIONS = Table(
    "web_sessions",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("session_hash", Text, primary_key=True),  # SHA-256 of the secret in the browser's cookie
    Column("viewer_id", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("started_at_s", Double, nullable=False),
    Column("expires_at_s", Double, nullable=False),
    Index(None, "viewer_id"),
)

PUBLIC_NAMES = Table(
    "public_names",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("viewer_id", Text, primary_key=True),  # a member who chose to be named on a public page
    Column("since_s", Double, nullable=False),
)

WEB_SHARES = Table(
    "web_shares",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("token", Text, primary_key=True),  # in the address; everybody who has it may read the page
    Column("viewer_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # year, night, badge
    Column("subject", Text, nullable=False),  # the year, screening_id or badge_id
    Column("created_at_s", Double, nullable=False),
    Index(None, "viewer_id"),
)

NIGHT_RSVPS = Table(
    "night_rsvps",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("screening_id", Text, primary_key=True),
    Column("viewer_id", Text, primary_key=True),  # a member with an RSVP on Discord
    Index(None, "viewer_id"),
)

# -- summaries: sums of the rows of `watches`, updated in the transaction of each change (persistence/summaries)

ONLY_COMMUNITY = ""
"""Value of the first key column `community`, of which there is only one in a store."""
EVERYBODY = ""
"""Stands for all viewers, in place of a viewer's id."""


def _amounts() -> tuple[Column[int], ...]:
    """Return the columns that are sums."""
    return (
        Column("watches", BigInteger, nullable=False),  # all but the brief ones
        Column("movies", BigInteger, nullable=False),  # those of films
        Column("completed", BigInteger, nullable=False),  # those that reached WATCHED_PERCENT
        Column("playing_us", BigInteger, nullable=False),  # their time, microseconds: whole numbers add up exactly
        Column("briefs", BigInteger, nullable=False),  # brief ones, which count only in the history
    )


WATCHED_FILMS = Table(
    "watched_films",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("film_hash", BigInteger, primary_key=True, autoincrement=False),  # made from the columns that follow
    Column("title", Text, nullable=False),
    Column("title_folded", Text, nullable=False),
    Column("year", Integer),
    Column("media_type", Text, nullable=False),
    Column("genres", Text, nullable=False),
    Column("directors", Text, nullable=False),
    Column("duration_ms", BigInteger),
    Column("guid", Text, nullable=False),
    *_amounts(),
    Column("viewers", BigInteger, nullable=False),  # viewers with a watch that is not brief; including hidden ones
)
"""Films by the facts in their records: a title and year has several rows if servers describe it differently."""

# The next three tables have no rowid: they are stored in the index of their primary key, so that ranges are read
# sequentially.

FILM_VIEWERS = Table(
    "film_viewers",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("film_hash", BigInteger, primary_key=True, autoincrement=False),
    Column("viewer_id", Text, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),  # local year in which a watch was first played
    *_amounts(),
    # It includes the sums, because each title needs those of hidden viewers.
    Index("ix_film_viewers_of_viewer", "community", "viewer_id", "year", "film_hash", *(c.name for c in _amounts())),
    sqlite_with_rowid=False,
)

FILM_PERIODS = Table(
    "film_periods",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("period", Text, primary_key=True),  # a year: first played in it; a Monday: play in that week; ended64/N
    Column("film_hash", BigInteger, primary_key=True, autoincrement=False),
    *_amounts(),
    sqlite_with_rowid=False,
)

VIEWER_PERIODS = Table(
    "viewer_periods",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # all; year, day: played in it; ended8, 64, 512: ended in so many UTC days
    # hour: everybody's play in an hour of the week of a year
    Column(
        "period", Integer, primary_key=True, autoincrement=False
    ),  # 0; the year; the day's ordinal; days / 8, 64, 512; the year * 168 + the hour
    Column("viewer_id", Text, primary_key=True),  # or EVERYBODY
    *_amounts(),
    Index(None, "community", "viewer_id", "kind", "period"),
    sqlite_with_rowid=False,
)

PARTIES = Table(
    "parties",
    METADATA,
    Column("community", Text, primary_key=True),
    Column("screening_id", Text, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),  # local year in which its watches were first played
    Column("viewers", Integer, nullable=False),
    Column("started_at_s", Double, nullable=False),
    Index(None, "community", "year", "viewers", "started_at_s"),
    Index(None, "community", "started_at_s", "screening_id"),
)
"""Watch parties with their number of viewers."""

COMMUNITIES = Table(
    "communities",
    METADATA,
    Column("community", Text, primary_key=True),  # id of its Discord server
    Column("name", Text, nullable=False),
    Column("settings", Text, nullable=False),  # JSON: its settings as text, by name; tokens are sealed
    Column("changed_at_s", Double, nullable=False),
)
"""The further communities of the installation. Only the store of the environment's own community has rows."""

SUMMARIES = (WATCHED_FILMS, FILM_VIEWERS, FILM_PERIODS, VIEWER_PERIODS, PARTIES)
