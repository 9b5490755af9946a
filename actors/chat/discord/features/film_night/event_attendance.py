"""Who said that they would come to a planned night, held against who came."""

from collections.abc import Collection

import discord

from actors.chat.discord.ui import formatting
from actors.chat.discord.ui.embeds import Field
from messages import Screening
from wording.numbers import format_count, format_number
from wording.text import join_names
from wording.translation import _

A_PAGE, MOST_PAGES = 100, 10
"""Members that Discord names at once, and how often it is asked."""
MOST_NAMED = 8


async def fetch_interested(event: discord.ScheduledEvent) -> list[str]:
    """Ids of the members who said that they would come, bots left out. Raises what discord.py raises.

    It asks page by page itself: discord.py takes the first of a page, which is its lowest id, for where the
    next one begins, so that its own second page would be the first one again.
    """
    found: set[int] = set()
    last = 0
    for _number in range(MOST_PAGES):
        page = [user async for user in event.users(limit=A_PAGE, after=discord.Object(last))]
        found |= {user.id for user in page if not user.bot}
        last = max((user.id for user in page), default=last)
        if len(page) < A_PAGE:
            break
    return [str(member) for member in sorted(found)]


def build_field(said: Collection[str], shown: Screening) -> Field | None:
    """Said and came, side by side; None where nobody had said so. Who was there briefly did not come.

    A seat without an id is of one whom others are not to see: it is counted apart, so that it gives nobody away.
    """
    if not said:
        return None
    names = {seat.viewer_id: seat.username for seat in shown.seats if seat.viewer_id.isdecimal() and not seat.brief}
    came = [formatting.escape_person(name, 40) for viewer, name in names.items() if viewer in said]
    facts = [
        format_count("{count} showed up", "{count} showed up", len(came)),
        format_count("{count} walk-in", "{count} walk-ins", len(names) - len(came)),
    ]
    if unnamed := sum(not seat.viewer_id and not seat.brief for seat in shown.seats):
        facts.append(format_count("{count} hidden member", "{count} hidden members", unnamed))
    lines = [" · ".join(facts), join_names(came, MOST_NAMED)]
    heading = _("📅 RSVPs · {count}").format(count=format_number(len(said)))
    return Field(heading, "\n".join(line for line in lines if line))
