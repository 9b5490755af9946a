"""The webhooks actor: receives events, and posts them to the addresses in the settings.

It is an actor, not a feature of the Discord actor, so that events are sent while Discord is unreachable; so that a
receiver that hangs or floods harms nothing else; and so that no other process holds the addresses and the key. If no
address is set, the process does not run.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec

from actors.asyncio_tasks import end_tasks
from actors.runtime import (
    Actor,
    ActorUnavailable,
    AskTimeout,
    Context,
    MailboxFull,
    RemoteError,
    UnexpectedAnswer,
)
from actors.webhooks.delivery_queue import DeliveryQueue
from actors.webhooks.http_post import PostResult, WebhookClient
from actors.webhooks.payload import Notice, WebhookEvent, build_payload, make_event
from actors.webhooks.signing import sign
from actors.webhooks.waiting_file import WaitingFile
from messages import (
    BadgesAwarded,
    GetVisibleViewers,
    Message,
    NightPlanned,
    Problem,
    ScreeningEnded,
    ScreeningStarted,
)
from wording.translation import set_language

KEEP_EVERY_S = 5.0
"""How often the waiting events are written to the file, if they have changed; real seconds."""
STOP_S = 2.0
"""How long a stop waits for events that can be delivered at once; real seconds."""
ASK_S = 5.0
_UNANSWERED = (ActorUnavailable, AskTimeout, MailboxFull, RemoteError, UnexpectedAnswer)


def _do_nothing() -> None:
    """Acknowledge to nobody: the event's sender has ended."""


class _DeliveryBroke(msgspec.Struct, frozen=True):
    """The loop's thread ended by a fault of ours: this actor cannot continue."""

    error: BaseException


class WebhooksActor(Actor):
    """pykka's thread receives the messages; requests are sent from an event loop in a thread of its own."""

    name: ClassVar[str] = "webhooks"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = context.settings
        set_language(settings.bot_language)
        self._zone = ZoneInfo(settings.timezone)
        self._loop: asyncio.AbstractEventLoop  # made at the start
        self._thread = threading.Thread(target=self._run_loop, name="webhooks-loop", daemon=True)
        self._stopping = asyncio.Event()
        self._clients = [WebhookClient(url) for url in settings.webhook_urls]
        self._queues = [self._make_queue(client) for client in self._clients]
        self._file = WaitingFile(context.data_dir, self.log)
        self._kept: dict[str, list[str]] = {}
        """Ids of the events in the file, by receiver."""

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Any]]:
        """Return the handler of each message."""
        return {
            **dict.fromkeys((ScreeningStarted, ScreeningEnded, NightPlanned, BadgesAwarded), self._take),
            _DeliveryBroke: self._break,  # type: ignore[dict-item]  # local, never on the wire
        }

    def on_start(self) -> None:
        """Start the loop, with the events that waited at the last stop."""
        self._loop = asyncio.new_event_loop()
        kept, queues = self._file.read(), self._name_queues()
        self._kept = {name: [event.event_id for event in events] for name, events in kept.items()}
        for name, events in kept.items():
            if name not in queues:
                self.log.warning("%d events for %s are dropped: it is not in WEBHOOK_URLS any more", len(events), name)
                continue
            for event in events:
                queues[name].put(event, _do_nothing)
        self._thread.start()
        self.log.info("Events are posted to %s", ", ".join(queue.name for queue in self._queues))

    def on_stop(self) -> None:
        """Deliver the events that can be delivered at once, and write the others to the file."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(2 * STOP_S)
        self._keep()

    def _name_queues(self) -> dict[str, DeliveryQueue]:
        """Return the queues by their names in the file, which may contain only the host of an address."""
        named: dict[str, DeliveryQueue] = {}
        for queue in self._queues:
            number = 1 + sum(name.partition(" ")[0] == queue.name for name in named)
            named[queue.name if number == 1 else f"{queue.name} ({number})"] = queue
        return named

    def _keep(self) -> None:
        """Write the waiting events to the file, if they have changed."""
        waiting = {name: queue.list_events() for name, queue in self._name_queues().items() if len(queue)}
        ids = {name: [event.event_id for event in events] for name, events in waiting.items()}
        if ids != self._kept:
            self._kept = ids
            self._file.write(waiting)

    def _take(self, notice: Notice) -> concurrent.futures.Future[None] | None:
        """Queue an event. It is acknowledged once every queue delivered or dropped it, so a restart loses none."""
        event = make_event(notice)
        if event.name not in self.context.settings.webhook_events:
            return None
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._loop.call_soon_threadsafe(self._put, event, done)
        return done

    def _break(self, broke: _DeliveryBroke) -> None:
        raise RuntimeError("the webhooks' loop broke") from broke.error

    # -- on the loop -----------------------------------------------------------------------------------------

    def _put(self, event: WebhookEvent, done: concurrent.futures.Future[None]) -> None:
        left = len(self._queues)

        def count_down() -> None:
            nonlocal left
            left -= 1
            if not left and not done.done():
                done.set_result(None)

        for queue in self._queues:
            queue.put(event, count_down)

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._run())
        except BaseException as error:  # noqa: BLE001  # the actor must be told of any error
            self.actor_ref.tell(_DeliveryBroke(error))
        finally:
            self._loop.close()

    def _make_queue(self, client: WebhookClient) -> DeliveryQueue:
        async def deliver(event: WebhookEvent) -> PostResult:
            return await self._deliver(client, event)

        return DeliveryQueue(client.name, deliver, self.context.clock, self.log, self._show_failures)

    async def _deliver(self, client: WebhookClient, event: WebhookEvent) -> PostResult:
        """Post an event with the viewers who may be named now: some may have become private while it waited."""
        try:
            viewers = await asyncio.wrap_future(self.ref("persistence").ask_future(GetVisibleViewers(), ASK_S))
        except _UNANSWERED:
            return PostResult(Problem.of("webhooks.persistence_silent"))
        payload = build_payload(event, viewers, self._zone)
        if payload is None:
            return PostResult()
        body = msgspec.json.encode(payload)
        sent_at_s = int(self.context.clock.now().wall_s)
        return await client.post(body, sign(self.context.settings.webhook_secret, event.event_id, sent_at_s, body))

    async def _keep_up(self) -> None:
        """Write the waiting events to the file at intervals, for ever: at a power cut there is no time for it."""
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            self._keep()

    async def _run(self) -> None:
        tasks = [asyncio.ensure_future(work) for work in (*(queue.run() for queue in self._queues), self._keep_up())]
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STOP_S):
                        await asyncio.gather(*(queue.wait_idle() for queue in self._queues))
        finally:
            await end_tasks({*tasks, stopping})
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(client.close() for client in self._clients))
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def _show_failures(self) -> None:
        problems = [
            Problem.of("webhooks.failing", name=queue.name, reason=queue.failure, count=len(queue))
            for queue in self._queues
            if queue.failure is not None
        ]
        if problems:
            self.report_degraded(*problems)
        else:
            self.report_recovered()
