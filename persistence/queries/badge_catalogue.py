"""`allbadges`: every badge."""

from msgspec.structs import replace

from awards import Totals
from messages import BadgeCatalogue, GetBadgeCatalogue
from persistence.queries.answers import answers
from persistence.records.badges import build_badge_progress
from persistence.store import StoreSnapshot


@answers(GetBadgeCatalogue)
def list_badges(_asked: GetBadgeCatalogue, store: StoreSnapshot) -> BadgeCatalogue:
    """Return every badge, with the number of visible viewers who have it."""
    badges = build_badge_progress(store.connection, store.rules, Totals(), {}, store.hidden)
    return BadgeCatalogue(tuple(replace(badge, progress=0.0) for badge in badges))
