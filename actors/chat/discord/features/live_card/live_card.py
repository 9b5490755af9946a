"""The live cards: a screening's own message, edited in place while it plays, the night's record afterwards."""

import asyncio
import hashlib
import io
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import discord

from actors.chat.discord.core.api_errors import API_ERRORS, classify, is_forbidden, is_limited
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.core.state import CardRecord, Keepsake
from actors.chat.discord.features.live_card import live_card_embeds
from actors.chat.discord.features.live_card.card_schedule import POSITION_EVERY_S, SETTLE_S, LiveCard, RenderedVersion
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.media_servers import fetch_poster
from actors.chat.discord.ui import embeds
from messages import BadgesAwarded, NowPlaying, Screening, ScreeningEnded, ScreeningStarted
from wording import chart_data
from wording.translation import of_badge

MOST_AT_ONCE = 5
"""Cards of films that run; further ones are announced without a card."""
FORGOTTEN_S = 86_400.0
"""A film that runs longer than this is not running any more, whatever became of its end."""
_UNKNOWN_MESSAGE = 10008
_POSTER, _CHART = "poster", "attendance.png"
_TROUBLE = "cards"
_EARNED = 60
"""Badges that a card remembers."""

Channel = Callable[[], discord.PartialMessageable | None]


class LiveCards:
    """All cards. Lives on the loop."""

    def __init__(
        self, actors: ActorClient, channel: Channel, keepsake: Keepsake, troubles: DegradedReasons, log: logging.Logger
    ) -> None:
        self._actors = actors
        self._channel = channel
        self._keepsake = keepsake
        self._troubles = troubles
        self._log = log
        self._faces = {card.screening_id: self._of_earlier(card) for card in keepsake.cards}
        self._some = asyncio.Event()
        self._editing = asyncio.Lock()
        self._fetching: set[asyncio.Task[None]] = set()

    def wants_card(self, screening: Screening) -> bool:
        """Whether a screening that starts gets a card: it has none, and there is room."""
        oldest = self._actors.clock.now().wall_s - FORGOTTEN_S
        running = [
            face
            for face in self._faces.values()
            if face.card.ended is None and not face.left and face.card.opened_s > oldest
        ]
        return screening.screening_id not in self._faces and len(running) < MOST_AT_ONCE

    def has_card(self, screening_id: str) -> bool:
        """Whether a screening has a card."""
        return screening_id in self._faces

    def open_card(self, started: ScreeningStarted, message_id: int) -> None:
        """The announcement was posted: it is the card from now on."""
        shown = started.screening
        card = CardRecord(shown.screening_id, message_id, self._actors.clock.now().wall_s)
        face = LiveCard(card, shown, live_card_embeds.signature(shown))
        self._faces[shown.screening_id] = face
        self._keep()
        self._fetch_poster(face, shown)
        self._some.set()

    def update(self, playing: NowPlaying) -> None:
        """What plays now."""
        here = {shown.screening_id: shown for shown in playing.screenings}
        for screening_id, face in self._faces.items():
            shown = here.get(screening_id)
            if shown is None:
                face.film_gone()
            elif face.film_running(shown):
                self._fetch_poster(face, shown)  # somebody went on with it: it lives again
        self._some.set()

    def add_badges(self, notice: BadgesAwarded) -> None:
        """Somebody earned badges with a screening."""
        face = self._where_seated(notice)
        if face is None:
            return
        whose = (notice.viewer_id, notice.username)
        earned = [(*whose, f"{badge.emoji} {of_badge(badge.name)}") for badge in notice.badges]
        new = [each for each in earned if each not in face.card.awarded]
        if new:
            face.card.awarded = [*face.card.awarded, *new][:_EARNED]
            self._keep()
            if face.card.ended is not None:
                face.mark_changed()
                self._some.set()

    def set_promised(self, screening_id: str, members: list[str]) -> None:
        """These members (ids) had said that they would come to what became this screening."""
        face = self._faces.get(screening_id)
        if face is not None and face.card.said != members:
            face.card.said = members
            self._keep()
            if face.card.ended is not None:
                face.mark_changed()
                self._some.set()

    def _where_seated(self, notice: BadgesAwarded) -> LiveCard | None:
        """The card of the film that earned it. A badge that was found while another film was stored names that one."""
        named = [face for key, face in self._faces.items() if key == notice.screening_id]
        for face in [*named, *reversed(self._faces.values())]:
            shown = face.card.ended.screening if face.card.ended is not None else face.seen
            if shown is not None and any(seat.viewer_id == notice.viewer_id for seat in shown.seats):
                return face
        return None

    async def close_card(self, ended: ScreeningEnded) -> bool:
        """Make a card the night's record; False where its message is gone and the end is to be told otherwise.

        Where Discord takes no more edits of an old message, the card owes the record: it comes later, by itself.
        Raises what discord.py raises where Discord cannot be asked now.
        """
        face = self._faces[ended.screening.screening_id]
        before = face.card.ended
        async with self._editing:
            face.card.ended = ended
            try:
                if not face.is_limited_now():
                    await self._edit(face)
            except BaseException as error:
                if is_limited(error):
                    self._failed(face, error)
                else:
                    face.card.ended = before
                    if not _is_lost(error):
                        raise
                    self._drop(face)
                    return False
            face.card.owed = face.limited
            if face.card.owed:
                face.mark_changed()
        face.gone_s = face.card.before = None
        self._keep()
        self._begin(self._with_chart(face))
        self._some.set()
        return True

    async def run(self) -> None:
        """Edit each card when it is time, for ever."""
        for face in list(self._faces.values()):
            if face.card.ended is not None and not face.card.charted:
                self._begin(self._with_chart(face))
        while True:
            self._some.clear()
            due = [face.due_s() for face in self._faces.values()]
            next_s = min((each for each in due if each is not None), default=None)
            try:
                async with asyncio.timeout(None if next_s is None else max(0.0, next_s - time.monotonic())):
                    await self._some.wait()
            except TimeoutError:
                await self._refresh_due()

    def _of_earlier(self, card: CardRecord) -> LiveCard:
        """A card of an earlier life: its message is as old as it is."""
        age_s = self._actors.clock.to_real_s(max(0.0, self._actors.clock.now().wall_s - card.opened_s))
        face = LiveCard(card, posted_s=time.monotonic() - age_s)
        if card.owed:
            face.mark_changed()
        return face

    async def _refresh_due(self) -> None:
        for face in list(self._faces.values()):
            due_s = face.due_s()
            if due_s is not None and due_s <= time.monotonic():
                async with self._editing:
                    await self._refresh(face)

    async def _refresh(self, face: LiveCard) -> None:
        """Edit one; a failure puts off its next edit."""
        if face.prepare_edit():
            self._keep()
            self._begin(self._with_chart(face))
        try:
            await self._edit(face)
        except discord.HTTPException as error:
            if error.code == _UNKNOWN_MESSAGE:
                await self._post_anew(face)
            else:
                self._failed(face, error)
        except API_ERRORS as error:
            self._failed(face, error)

    async def _post_anew(self, face: LiveCard) -> None:
        """Somebody deleted the message of a film that runs: here it is again. A record that was told stays deleted."""
        ended, channel = face.card.ended, self._channel()
        shown = face.seen if ended is None else ended.screening if face.card.owed else None
        if shown is None or channel is None:
            self._drop(face)
            return
        if _POSTER not in {name.partition(".")[0] for name in face.pictures}:
            self._fetch_poster(face, shown)
        face.card.files = []
        sent = RenderedVersion.of(face)
        try:
            message = await channel.send(
                embed=self._embed(face),
                files=self._files(face),
                nonce=_nonce(face.card),
                allowed_mentions=embeds.NOBODY,
            )
        except API_ERRORS as error:
            self._failed(face, error)
            return
        face.card.message_id, face.posted_s = message.id, time.monotonic()
        self._edited(face, sorted(each.filename for each in message.attachments), sent)
        face.mark_changed()  # it may be the message of a try whose answer was lost, as things stood then
        self._keep()

    async def _edit(self, face: LiveCard) -> None:
        """Bring the message up to date."""
        channel = self._channel()
        if channel is None:
            raise TimeoutError("Discord is not logged in")
        message = channel.get_partial_message(face.card.message_id)
        names, sent = sorted({*face.card.files, *face.pictures}), RenderedVersion.of(face)
        if face.renew or set(face.pictures) - set(face.card.files):
            names = await self._attached(face, message)
        else:
            await message.edit(embed=self._embed(face, names), allowed_mentions=embeds.NOBODY)
        self._edited(face, names, sent)

    async def _attached(self, face: LiveCard, message: discord.PartialMessage) -> list[str]:
        """Edit a message with other files than it has; which it has then. Without them where they are forbidden."""
        names = sorted(face.pictures)
        try:
            await message.edit(
                embed=self._embed(face, names), attachments=self._files(face), allowed_mentions=embeds.NOBODY
            )
        except discord.Forbidden as error:
            names = face.card.files
            await message.edit(embed=self._embed(face, names), allowed_mentions=embeds.NOBODY)
            face.pictures.clear()
            self._log.warning("%s", classify(error, 1, "attach pictures to the card of a film").reason)
        return names

    def _edited(self, face: LiveCard, names: list[str], sent: RenderedVersion) -> None:
        self._troubles.remove(_TROUBLE)
        face.edited_s = time.monotonic()
        face.tries, face.warned, face.renew, face.limited = 0, False, False, False
        face.shown = sent.shown
        ended, seen = face.card.ended, face.seen
        attached = set(face.pictures) <= set(names)
        same = (ended is sent.ended, len(face.card.awarded), face.card.said) == (True, sent.badges, sent.said)
        if attached and same and (seen is None or live_card_embeds.signature(seen) == sent.shown):
            face.changed_s = None  # else something came while it was being sent: that is still to be seen
        if face.card.files != names or face.card.owed:
            face.card.files, face.card.owed = names, False
            self._keep()
        if face.card.charted and attached:
            face.pictures.clear()  # nothing comes any more: the message has them

    def _embed(self, face: LiveCard, names: list[str] | None = None) -> discord.Embed:
        if face.card.ended is not None:
            embed = live_card_embeds.build_record(face.card.ended, _shown_badges(face.card), face.card.said)
        elif face.seen is not None and face.left:
            embed = live_card_embeds.build_deserted(face.seen)
        elif face.seen is not None:
            embed = live_card_embeds.build_playing(face.seen, self._actors.clock.now())
        else:
            raise TimeoutError("nothing is known of the film yet")
        for name in sorted(face.pictures) if names is None else names:
            if name == _CHART:
                embed.set_image(url=f"attachment://{name}")
            else:
                embed.set_thumbnail(url=f"attachment://{name}")
        return embed

    def _files(self, face: LiveCard) -> list[discord.File]:
        said = {_CHART: face.alt}
        return [
            discord.File(io.BytesIO(content), name, description=said.get(name))
            for name, content in sorted(face.pictures.items())
        ]

    def _failed(self, face: LiveCard, error: BaseException) -> None:
        face.tries += 1
        face.limited = is_limited(error)
        verdict = classify(error, face.tries, "edit the card of a film")
        wait_s = verdict.wait_s
        if verdict.refused:
            face.pictures.clear()  # what is refused once is refused again
            wait_s = POSITION_EVERY_S
        face.not_before_s = time.monotonic() + max(wait_s, SETTLE_S)
        if is_forbidden(error):
            self._troubles.add(_TROUBLE, verdict.reason)
            face.mark_changed()  # it is tried again also where nothing else changes: then the trouble is over
        elif not face.warned:
            face.warned = True
            self._log.warning("%s", verdict.reason)

    def _drop(self, face: LiveCard) -> None:
        self._faces.pop(face.card.screening_id, None)
        self._troubles.remove(_TROUBLE)  # another card that may not be edited says so again
        self._keep()

    def _keep(self) -> None:
        """Write the cards down; the oldest are forgotten, those of films that are over first."""
        over_first = sorted(self._faces.values(), key=lambda face: face.card.ended is None)
        self._keepsake.keep_cards([face.card for face in over_first])
        kept = {card.screening_id for card in self._keepsake.cards}
        self._faces = {key: face for key, face in self._faces.items() if key in kept}

    def _fetch_poster(self, face: LiveCard, shown: Screening) -> None:
        if shown.item.thumb:
            self._begin(self._with_poster(face, shown))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that must not keep the other cards waiting."""
        task = asyncio.ensure_future(work)
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)

    async def _with_chart(self, face: LiveCard) -> None:
        """Have the night's chart drawn and put it into the record, beside the poster."""
        ended = face.card.ended
        picture = chart_data.attendance_chart(ended) if ended is not None else None
        if ended is None or self._actors.chart_renderer is None:
            return
        if picture is None:
            face.card.charted = True
            return
        drawn = await self._actors.chart_renderer.draw(picture)
        if any(name.startswith(_POSTER) and name not in face.pictures for name in face.card.files):
            await self._with_poster(face, ended.screening)  # of an earlier life: a new file replaces all there are
        if face.card.ended is ended:
            face.card.charted = True
            face.alt = picture.alt
            if drawn:
                face.attach(_CHART, drawn)
            self._keep()
            self._some.set()

    async def _with_poster(self, face: LiveCard, shown: Screening) -> None:
        """Fetch the poster and let the card show it at once."""
        poster = await fetch_poster(self._actors, shown.item)
        if poster.content:
            face.attach(embeds.poster_file(poster), poster.content)
            self._some.set()
        else:
            self._log.info("“%s” has no poster: %s", shown.item.title, poster.problem)


def _is_lost(error: BaseException) -> bool:
    """Whether a card cannot be edited any more, whatever anybody does: its message is gone, or it is refused."""
    if not isinstance(error, discord.HTTPException):
        return False
    return error.status in {400, 403, 404, 413} and not is_forbidden(error)


def _nonce(card: CardRecord) -> str:
    """By which Discord knows a post in place of the card's deleted message again, also after a restart."""
    return hashlib.blake2s(f"{card.screening_id}\n{card.message_id}".encode(), digest_size=12).hexdigest()


def _shown_badges(card: CardRecord) -> list[tuple[str, str, str]]:
    """The badges of those who are to be seen: who chose otherwise since has no seat of their own any more."""
    seats = card.ended.screening.seats if card.ended is not None else ()
    here = {seat.viewer_id for seat in seats}
    return [badge for badge in card.awarded if badge[0] in here]
