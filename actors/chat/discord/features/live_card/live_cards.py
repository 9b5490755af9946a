"""The live cards: each is a message for one screening, edited while it runs; afterwards it is the night's record."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import discord

from actors.chat.discord.core.api_errors import API_ERRORS, classify, is_closed, is_limited
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from actors.chat.discord.features.live_card import live_card_embeds
from actors.chat.discord.features.live_card.card_record import CardRecord
from actors.chat.discord.features.live_card.edit_pace import EditPace
from actors.chat.discord.features.live_card.live_card import CHART, LiveCard
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.media_servers import fetch_poster
from actors.chat.discord.ui import embeds
from messages import BadgesAwarded, NowPlaying, Problem, Screening, ScreeningEnded, ScreeningStarted
from wording import chart_data
from wording.translation import gettext_badge

MOST_AT_ONCE = 5
"""Cards of running films at most; further films are announced without a card."""
FORGOTTEN_S = 86_400.0
"""A film that has run for more than so many seconds counts as ended, even without a reported end. The card of a film
that ended so long ago no longer changes, and is forgotten."""
_UNKNOWN_MESSAGE = 10008
_POSTER = "poster"
_DEGRADED = "cards"

Channel = Callable[[], discord.PartialMessageable | None]


class LiveCards:
    """All cards: posts and edits their messages. Runs on the loop."""

    def __init__(
        self,
        actors: ActorClient,
        channel: Channel,
        state: FeatureState[CardRecord],
        degraded: DegradedReasons,
        log: logging.Logger,
        pace: EditPace,
    ) -> None:
        """Edit at the `pace` that the cards of all Discord servers share."""
        self._actors = actors
        self._channel = channel
        self._state = state
        self._degraded = degraded
        self._log = log
        self._pace = pace
        self._cards: dict[str, LiveCard] = {}
        self._changed = asyncio.Event()
        self._editing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def restore(self) -> None:
        """Restore the cards of an earlier process, with the age of their messages."""
        now = self._actors.clock.now()
        for screening_id, record in self._state.records.items():
            age_s = self._actors.clock.to_real_s(max(0.0, now.wall_s - record.opened_s))
            card = LiveCard(record, posted_s=time.monotonic() - age_s, pace=self._pace)
            if record.owed or record.obsolete:
                card.mark_changed()
            self._cards[screening_id] = card

    # -- events ----------------------------------------------------------------------------------------------

    def wants_card(self, screening: Screening) -> bool:
        """Tell whether a screening that starts gets a card: it has none, and not too many films run."""
        oldest_s = self._now_s() - FORGOTTEN_S
        running = [card for card in self._cards.values() if card.is_running and card.record.opened_s > oldest_s]
        return screening.screening_id not in self._cards and len(running) < MOST_AT_ONCE

    def merge_cards(self, screening: Screening) -> None:
        """Merge the cards of screenings that became one: the first stays, the rest are deleted."""
        merged = [self._cards[each] for each in screening.merged if each in self._cards]
        if not merged:
            return
        merged.sort(key=lambda card: (card.record.ended is not None, card.record.opened_s))
        if screening.screening_id not in self._cards:
            self._rename(merged.pop(0), screening.screening_id)
        for card in merged:
            card.record.obsolete = True
            self._rename(card, f"obsolete/{card.record.message_id}")
            card.mark_changed()
        self._changed.set()

    def has_card(self, screening_id: str) -> bool:
        """Tell whether a screening has a card."""
        return screening_id in self._cards

    def is_running(self, screening_id: str) -> bool:
        """Tell whether a screening has a card and has not ended, as far as is known."""
        card = self._cards.get(screening_id)
        return card is not None and card.is_running

    def open_card(self, started: ScreeningStarted, message_id: int) -> None:
        """Use an announcement that was posted as the card of its screening."""
        screening = started.screening
        record = CardRecord(screening.screening_id, message_id, self._now_s())
        card = LiveCard(record, screening, live_card_embeds.signature(screening), pace=self._pace)
        self._forget_old()
        self._cards[screening.screening_id] = card
        self._save(card)
        self._fetch_poster(card, screening)
        self._changed.set()

    def update(self, playing: NowPlaying) -> None:
        """Apply the tracker's report of what is playing on a Plex server."""
        for shown in playing.screenings:
            self.merge_cards(shown)
        screenings = {screening.screening_id: screening for screening in playing.screenings}
        for screening_id, card in self._cards.items():
            if card.record.obsolete:
                continue
            screening = screenings.get(screening_id)
            if screening is None:
                if card.may_play_on(playing.server_id):
                    card.note_film_gone()
            elif card.note_film_running(screening):
                self._fetch_poster(card, screening)  # somebody continued the film: its card is live again
        self._changed.set()

    def add_badges(self, awarded: BadgesAwarded) -> None:
        """Add badges that somebody earned with a screening."""
        card = self._find_card_of(awarded)
        if card is None:
            return
        viewer = (awarded.viewer_id, awarded.username)
        if card.record.add_badges(
            [(*viewer, f"{badge.emoji} {gettext_badge(badge.name)}") for badge in awarded.badges]
        ):
            self._record_changed(card)

    def set_promised(self, screening_id: str, members: list[str]) -> None:
        """Note which members (ids) had said that they would come to this screening's night."""
        card = self._cards.get(screening_id)
        if card is not None and card.record.said != members:
            card.record.said = members
            self._record_changed(card)

    def hide(self, viewer: ViewerIdentity) -> None:
        """Hide a viewer in the records of screenings, which may be shown again."""
        for card in self._cards.values():
            card.record.hide(viewer)
            self._save(card)

    def forget(self, viewer: ViewerIdentity) -> None:
        """Remove a viewer from the cards: attendance, badges, and promises to come."""
        for card in self._cards.values():
            card.record.forget(viewer)
            self._save(card)

    def _find_card_of(self, awarded: BadgesAwarded) -> LiveCard | None:
        """Return the card of the film that earned a badge, or None. The badge may name another film's screening."""
        named = [card for screening_id, card in self._cards.items() if screening_id == awarded.screening_id]
        for card in [*named, *reversed(self._cards.values())]:
            film = card.attendance
            if film is not None and any(attendee.viewer_id == awarded.viewer_id for attendee in film.seats):
                return card
        return None

    async def close_card(self, ended: ScreeningEnded) -> bool:
        """Turn a card into the night's record; return False if its message is gone and the end must be posted.

        If Discord accepts no more edits of an old message, the card owes the record, and shows it later.
        Raises what discord.py raises if Discord cannot be asked now.
        """
        card = self._cards[ended.screening.screening_id]
        before = card.record.ended
        async with self._editing:
            card.record.ended = ended
            try:
                if not card.is_limited_now():
                    await self._edit(card)
            except BaseException as error:
                if is_limited(error):
                    self._edit_failed(card, error)
                else:
                    card.record.ended = before
                    if not _is_lost(error):
                        raise
                    self._drop(card)
                    return False
            card.note_film_ended()
        self._save(card)
        self._start(self._draw_chart(card))
        self._changed.set()
        return True

    # -- editing ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Edit each card when it is due, for ever."""
        for card in list(self._cards.values()):
            if card.record.ended is not None and not card.record.charted:
                self._start(self._draw_chart(card))
        while True:
            self._changed.clear()
            due = [due_s for card in self._cards.values() if (due_s := card.due_s()) is not None]
            next_s = min(due, default=None)
            try:
                async with asyncio.timeout(None if next_s is None else max(0.0, next_s - time.monotonic())):
                    await self._changed.wait()
            except TimeoutError:
                await self._edit_due()

    async def _edit_due(self) -> None:
        for card in list(self._cards.values()):
            due_s = card.due_s()
            if due_s is not None and due_s <= time.monotonic():
                async with self._editing:
                    await self._refresh(card)

    async def _refresh(self, card: LiveCard) -> None:
        """Edit a card, or delete it; a failure delays the next try."""
        if card.record.obsolete:
            await self._delete(card)
            return
        if card.prepare_edit():
            self._save(card)
            self._start(self._draw_chart(card))
        try:
            await self._edit(card)
        except discord.HTTPException as error:
            if error.code == _UNKNOWN_MESSAGE:
                await self._post_again(card)
            else:
                self._edit_failed(card, error)
        except API_ERRORS as error:
            self._edit_failed(card, error)

    async def _delete(self, card: LiveCard) -> None:
        """Delete the message of a card whose film is on another card."""
        channel = self._channel()
        try:
            if channel is None:
                raise TimeoutError("Discord is not logged in")
            await channel.get_partial_message(card.record.message_id).delete()
        except discord.NotFound:
            self._log.debug("The message of a card that is not needed any more is gone already")
        except API_ERRORS as error:
            self._edit_failed(card, error)
            return
        self._drop(card)

    async def _post_again(self, card: LiveCard) -> None:
        """Post the deleted message of a running film again. A record that was shown before stays deleted."""
        record, channel = card.record, self._channel()
        is_told = record.ended is not None and not record.owed
        if is_told or card.attendance is None or channel is None:
            self._drop(card)
            return
        if _POSTER not in {name.partition(".")[0] for name in card.pictures}:
            self._fetch_poster(card, card.attendance)
        record.files = []
        version = card.render()
        try:
            parts = card.build_edit(self._actors.clock.now(), sorted(card.pictures))
            parts["view"] = parts["view"] or discord.utils.MISSING
            message = await channel.send(files=card.build_files(), nonce=record.repost_nonce, **parts)
        except API_ERRORS as error:
            self._edit_failed(card, error)
            return
        record.message_id, card.posted_s = message.id, time.monotonic()
        self._degraded.remove(_DEGRADED)
        card.note_edit(version, sorted(attachment.filename for attachment in message.attachments))
        card.mark_changed()  # Discord may have returned the message of an earlier try whose answer was lost
        self._save(card)

    async def _edit(self, card: LiveCard) -> None:
        """Bring the message up to date."""
        channel = self._channel()
        if channel is None:
            raise TimeoutError("Discord is not logged in")
        message = channel.get_partial_message(card.record.message_id)
        files, version = sorted({*card.record.files, *card.pictures}), card.render()
        if card.replaces_files or set(card.pictures) - set(card.record.files):
            files = await self._edit_with_files(card, message)
        else:
            await message.edit(**card.build_edit(self._actors.clock.now(), files))
        self._degraded.remove(_DEGRADED)
        if card.note_edit(version, files):
            self._save(card)

    async def _edit_with_files(self, card: LiveCard, message: discord.PartialMessage) -> list[str]:
        """Edit a message and its files; return the files' names. Adds no files if the bot may not attach any."""
        files, now = sorted(card.pictures), self._actors.clock.now()
        try:
            await message.edit(attachments=card.build_files(), **card.build_edit(now, files))
        except discord.Forbidden as error:
            files = card.record.files
            await message.edit(**card.build_edit(now, files))
            card.pictures.clear()
            self._log.warning("%s", classify(error, 1, Problem.of("discord.attach_pictures")).reason)
        return files

    def _edit_failed(self, card: LiveCard, error: BaseException) -> None:
        decision = classify(error, card.tries + 1, Problem.of("discord.edit_card"))
        card.note_failed_edit(decision.wait_s, limited=is_limited(error), refused=decision.refused)
        if is_closed(error):
            self._degraded.add(_DEGRADED, decision.problem)
            card.mark_changed()  # try again even if nothing else changes, to learn when it works again
        elif not card.warned:
            card.warned = True
            self._log.warning("%s", decision.reason)

    # -- pictures --------------------------------------------------------------------------------------------

    def _fetch_poster(self, card: LiveCard, screening: Screening) -> None:
        if screening.item.thumb:
            self._start(self._attach_poster(card, screening))

    async def _attach_poster(self, card: LiveCard, screening: Screening) -> None:
        """Fetch the poster, and show it on the card at once."""
        poster = await fetch_poster(self._actors, screening.item)
        if poster.content:
            card.attach(embeds.poster_file(poster), poster.content)
            self._changed.set()
        else:
            self._log.info("“%s” has no poster: %s", screening.item.title, poster.problem)

    async def _draw_chart(self, card: LiveCard) -> None:
        """Draw the night's chart, and add it to the record, beside the poster."""
        ended = card.record.ended
        picture = chart_data.night_chart(ended) if ended is not None else None
        if ended is None or self._actors.chart_renderer is None:
            return
        if picture is None:
            card.record.charted = True
            return
        drawn = await self._actors.chart_renderer.draw(picture)
        if any(name.startswith(_POSTER) and name not in card.pictures for name in card.record.files):
            await self._attach_poster(card, ended.screening)  # of an earlier process: a new file replaces all others
        if card.record.ended is ended:
            card.record.charted = True
            card.chart_text = picture.alt
            if drawn:
                card.attach(CHART, drawn)
            self._save(card)
            self._changed.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task that must not delay the other cards."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- stored state ----------------------------------------------------------------------------------------

    def _record_changed(self, card: LiveCard) -> None:
        self._save(card)
        card.mark_record_changed()
        self._changed.set()

    def _save(self, card: LiveCard) -> None:
        if self._cards.get(card.record.screening_id) is card:
            self._state.put(card.record.screening_id, card.record)

    def _rename(self, card: LiveCard, screening_id: str) -> None:
        """Store a card with another screening's id."""
        self._cards.pop(card.record.screening_id, None)
        self._state.remove(card.record.screening_id)
        card.record.screening_id = screening_id
        self._cards[screening_id] = card
        self._save(card)

    def _drop(self, card: LiveCard) -> None:
        self._cards.pop(card.record.screening_id, None)
        self._state.remove(card.record.screening_id)
        self._degraded.remove(_DEGRADED)  # another card that may not be edited reports it again

    def _forget_old(self) -> None:
        oldest_s = self._now_s() - FORGOTTEN_S
        for card in list(self._cards.values()):
            record, is_playing = card.record, card.screening is not None and card.gone_since_s is None
            last_s = record.ended.at.wall_s if record.ended is not None else record.opened_s
            if last_s < oldest_s and not (is_playing and record.ended is None):
                self._drop(card)

    def _now_s(self) -> float:
        return self._actors.clock.now().wall_s


def _is_lost(error: BaseException) -> bool:
    """Tell whether a card can never be edited again: its message is gone, or Discord refuses it."""
    if not isinstance(error, discord.HTTPException):
        return False
    if is_closed(error):
        return False
    return error.status in {400, 403, 404, 413}
