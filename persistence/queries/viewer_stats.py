"""`stats`, `badges` and `progress`: one viewer's figures."""

from sqlalchemy import select

from awards import Totals, build_stats
from messages import GetViewerStats, ViewerProfile
from persistence.database.tables import VIEWERS
from persistence.queries.answers import answers
from persistence.queries.leaderboard import find_rank
from persistence.records.badges import build_badge_progress, read_earned_badges
from persistence.records.statistics import count_totals_with_running, title_watched_now
from persistence.store import StoreSnapshot
from persistence.summaries.days import sum_days
from viewers.redact import hides_figures, may_see

YEAR_S = 366 * 86_400


@answers(GetViewerStats)
def read_viewer_stats(asked: GetViewerStats, store: StoreSnapshot) -> ViewerProfile:
    """Return a viewer's statistics including running watches, badges and progress."""
    connection, rules, directory = store.connection, store.rules, store.directory
    viewer_id = directory.viewer(asked.viewer_id)
    running = store.running.of_viewer(viewer_id)
    records = running.records
    if not may_see(directory, viewer_id, asked.asker):
        return ViewerProfile(stats=None, badges=(), progress=(), hidden=True)
    store.require_summaries()
    name = connection.execute(select(VIEWERS.c.username).where(VIEWERS.c.viewer_id == viewer_id)).scalar()
    if name is None and not records:
        progress = build_badge_progress(connection, rules, Totals(), {}, store.hidden)
        return ViewerProfile(stats=None, badges=(), progress=progress)
    today = rules.today(store.now_s)
    name = records[-1].username if records else str(name)
    if hides_figures(directory, viewer_id, asked.asker):
        stats = build_stats(Totals(), viewer_id, name, today, watching_now=title_watched_now(records), badges=0)
        progress = build_badge_progress(connection, rules, Totals(), {}, store.hidden)
        return ViewerProfile(stats, badges=(), progress=progress, figures_hidden=True)
    totals = count_totals_with_running(connection, rules, viewer_id, running)
    badges = read_earned_badges(connection, rules, viewer_id)
    stats = build_stats(
        totals,
        viewer_id,
        name,
        today,
        watching_now=title_watched_now(records),
        badges=len(badges),
    )
    rank = find_rank(store, "time", viewer_id)
    held = {badge.badge_id: badge.earned_at_s for badge in badges}
    progress = build_badge_progress(connection, rules, totals, held, store.hidden)
    return ViewerProfile(stats, badges, progress, rank, _count_days(store, viewer_id))


def _count_days(store: StoreSnapshot, viewer_id: str) -> tuple[tuple[str, float], ...]:
    """Return the seconds watched on each local day of the last year."""
    since = store.rules.today(store.now_s - YEAR_S).toordinal()
    return tuple(sum_days(store, viewer_id, since).items())
