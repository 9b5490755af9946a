"""The Plex poller: polls the sessions of one server, and sends the tracker the result or the failure."""

import concurrent.futures
import functools
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from actors.address import split_address
from actors.media.plex.alerts import AlertBuffer, AlertSubscription, PlayingAlert
from actors.media.plex.client import PlexClient, ServerInfo, introduce_usher
from actors.media.plex.errors import POSSIBLE, Failure, classify_failure, place_of
from actors.media.plex.http import (
    IDENTITY_BODY_LIMIT,
    IDENTITY_TREE_LIMIT,
    OTHERS_BODY_LIMIT,
    OTHERS_TREE_LIMIT,
    BoundedSession,
)
from actors.media.plex.on_demand.external_ids import ExternalIdLookup
from actors.media.plex.on_demand.library import LibrarySearch, describe_failed_search
from actors.media.plex.on_demand.posters import PosterFetcher, describe_missing_poster
from actors.media.plex.on_demand.request_queue import completed_future
from actors.media.plex.on_demand.signin import PlexSignInService
from actors.media.plex.session_parser import ParsedSessions
from actors.media.sealing import SealError, TokenSealer
from actors.runtime import Actor, Context, FatalStartupError
from actors.runtime.endpoint import Timer
from actors.runtime.logs import hide_in_logs
from config import PlexServer, Settings
from messages import (
    CheckPlexSignIn,
    ExternalIdsFound,
    FindExternalIds,
    FindFilms,
    FindHistory,
    GetPoster,
    HistoryFound,
    HistoryRow,
    Message,
    Moment,
    PlaybackSnapshot,
    PollFailed,
    Problem,
    StartPlexSignIn,
)
from wording.problems import english

GATHER_S: Final = 0.01
"""Alerts come in bursts (three for a stop): a poll waits this long after the first (real seconds)."""
BETWEEN_ALERTED_S: Final = 0.5
"""Polls that alerts caused are at least this far apart (real seconds), however many alerts come."""
REPEAT_STOP_S: Final = 60.0
"""How long a stop is repeated with every poll that does not list its session (real seconds)."""
MOST_SKIPPED: Final = 6
"""Regular polls that are skipped at most after the server refused the token: only a person can fix that, and each try
is a line in the server's log. After other failures no poll is skipped, so that tracking resumes as soon as it can."""
NEEDS_ACTION: Final = frozenset({"unauthorized", "forbidden"})


class PollDue(msgspec.Struct, frozen=True):
    """The actor to itself: it is time for the regular poll."""


class AlertsArrived(msgspec.Struct, frozen=True):
    """From the thread that reads alerts: alerts are in the buffer."""


class AlertedPollDue(msgspec.Struct, frozen=True):
    """The actor to itself: poll because of alerts."""


def select_server(name: str, settings: Settings) -> PlexServer:
    """Return the server of a poller: plex has the first, plex-2 the second. Raises FatalStartupError if none."""
    _, _, number = split_address(name)[0].partition("-")
    place = int(number) - 1 if number.isdigit() else 0
    if not 0 <= place < len(settings.servers):
        raise FatalStartupError(f"{name} has no server to ask; set PLEX_URL and PLEX_TOKEN, or PLEX_SERVERS for more")
    return settings.servers[place]


def open_token(server: PlexServer, context: Context) -> str:
    """Return the token of a further community's server, and mask it in logs from now on. Raises FatalStartupError."""
    try:
        token = TokenSealer(context.settings.usher_keys).open(server.token, context.community, server.server_id)
    except SealError as error:
        raise FatalStartupError(error.problem) from error
    hide_in_logs([token])
    return token


class PlexPoller(Actor):
    """Polls one Plex server. It may lose its state at any time: the next poll brings it again."""

    name: ClassVar[str] = "plex"
    http: ClassVar[type[BoundedSession]] = BoundedSession
    """Makes the connection to an address; tests set one with shorter limits."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        introduce_usher()
        for library in ("plexapi", "websocket", "urllib3"):
            # Their errors can quote an address with its token; this actor logs each in words of its own instead.
            logging.getLogger(library).setLevel(logging.CRITICAL)
        settings = context.settings
        server = select_server(context.name, settings)
        only_public = bool(context.community) and not settings.allow_private_plex
        http: Callable[[str], BoundedSession] = self.http
        if context.community:
            http = functools.partial(
                self.http, body_limit=OTHERS_BODY_LIMIT, tree_limit=OTHERS_TREE_LIMIT, only_public=only_public
            )
        self._is_listed = server.url != settings.plex_url and not context.community
        """Whether the server's address is in PLEX_SERVERS."""
        token = open_token(server, context) if context.community else server.token
        self._client = PlexClient(server.url, token, http(server.url))
        self._posters = PosterFetcher(server.url, token, only_public=only_public)
        self._library = LibrarySearch(server.url, token, http)
        self._external_ids = ExternalIdLookup(server.url, token, http)
        self._sign_ins = PlexSignInService(
            settings.servers,
            self.http,
            settings.plex_tv_url,
            self.log,
            TokenSealer(settings.usher_keys),
            functools.partial(
                self.http,
                body_limit=IDENTITY_BODY_LIMIT,
                tree_limit=IDENTITY_TREE_LIMIT,
                only_public=not settings.allow_private_plex,
            ),
        )
        self._poll_s = context.settings.plex_poll_seconds
        self._alert_buffer = AlertBuffer(lambda: self.actor_ref.tell(AlertsArrived()))
        self._alert_subscription = AlertSubscription(self._alert_buffer, self.log)
        self._last_alerts: dict[str, PlayingAlert] = {}
        """The last alert of each session, to tell changes from a client's regular reports."""
        self._stopped: dict[str, float] = {}
        """Session keys that alerts reported as stopped and no poll listed since, with the alert's real seconds."""
        self._next_poll_s = 0.0
        self._last_alerted_poll_s = -math.inf
        """Time of the last poll that an alert caused (real seconds)."""
        self._alerted_poll: Timer | None = None
        self._last_failure: Failure | None = None
        self._failures = 0
        self._refusals = 0
        self._polls_to_skip = 0
        """Regular polls still to be skipped."""
        self._unreadable: tuple[str, ...] = ()

    def handlers(self) -> Mapping[type[Any], Callable[[Any], Any]]:
        """Return the dispatch table."""
        return {
            PollDue: self._on_due,
            AlertsArrived: self._on_alerts,
            AlertedPollDue: self._on_alerted_poll_due,
            FindHistory: self._find_history,
            GetPoster: self._get_poster,
            FindFilms: self._find_films,
            FindExternalIds: self._find_external_ids,
            StartPlexSignIn: self._start_sign_in,
            CheckPlexSignIn: self._check_sign_in,
        }

    def on_start(self) -> None:
        """Begin to poll, at once."""
        self._next_poll_s = self.context.clock.now().steady_s
        self.send_to_self_after(0.0, PollDue())

    def on_stop(self) -> None:
        """Close the connections to the server."""
        self._alert_subscription.close()
        self._client.close()

    # -- when to poll --------------------------------------------------------------------------------------

    def _on_due(self, _: PollDue) -> None:
        """Poll, and schedule the next poll at a multiple of the interval, however long this one takes."""
        if self._polls_to_skip:
            self._polls_to_skip -= 1
        else:
            self._poll()
        now_s = self.context.clock.now().steady_s
        missed = max(0, math.floor((now_s - self._next_poll_s) / self._poll_s))
        self._next_poll_s += (missed + 1) * self._poll_s
        self.send_to_self_after(self._next_poll_s - now_s, PollDue())

    def _on_alerts(self, _: AlertsArrived) -> None:
        """Poll soon if an alert reports a change. A client's state that repeats every few seconds is no change."""
        if self._take_alerts() and self._alerted_poll is None and not self._refusals:
            now_s = time.monotonic()
            at_s = max(now_s + GATHER_S, self._last_alerted_poll_s + BETWEEN_ALERTED_S)
            self._alerted_poll = self.endpoint.call_at(at_s, lambda: self.actor_ref.tell(AlertedPollDue()))

    def _on_alerted_poll_due(self, _: AlertedPollDue) -> None:
        if self._alerted_poll is not None:
            self._last_alerted_poll_s = time.monotonic()
            self._poll()

    def _take_alerts(self) -> bool:
        """Take the alerts in the buffer; return whether any reports a change."""
        changed = False
        for alert in self._alert_buffer.take():
            changed = changed or self._last_alerts.get(alert.session_key) != alert
            self._last_alerts[alert.session_key] = alert
            if alert.stopped and alert.session_key:
                self._stopped[alert.session_key] = time.monotonic()
            else:
                self._stopped.pop(alert.session_key, None)
        return changed

    # -- requests to Plex ----------------------------------------------------------------------------------

    def _poll(self) -> None:
        """Poll the sessions, and send them to the tracker, or the reason for the failure."""
        if self._alerted_poll is not None:
            self._alerted_poll.cancel()
            self._alerted_poll = None
        self._take_alerts()
        before = self._client.identity
        try:
            identity = self._client.connect()
            container = self._client.fetch_sessions()
        except POSSIBLE as error:
            self._on_poll_failed(classify_failure(error, self._client.url, is_listed=self._is_listed))
            return
        taken = self.context.clock.now()
        self._note_answer(before, identity)
        self._send_snapshot(taken, identity, self._client.parse_sessions(container))
        if self._alert_subscription.keep_open(self._client.server):
            self._client.forget()  # the websocket ended: another server may answer now

    def _find_history(self, question: FindHistory) -> None:
        """Read the server's history, and send it to the tracker."""
        rows: tuple[HistoryRow, ...] = ()
        failed = ""
        if self._last_failure is not None:
            failed = self._last_failure.detail  # a request would only fail as the last poll did
        else:
            try:
                identity = self._client.connect()
                if identity.server_id == question.server_id:
                    rows = self._client.read_history(question)
                else:
                    other = Problem.of("plex.other_server", name=identity.name, server=place_of(self._client.url))
                    failed = english(other)
            except (*POSSIBLE, ArithmeticError) as error:
                failed = classify_failure(error, self._client.url, is_listed=self._is_listed).detail
        if failed:
            self.log.warning("The server's history cannot be asked: %s", failed)
        self.ref("tracker").tell(HistoryFound(question.watch_id, rows, failed))

    def _get_poster(self, question: GetPoster) -> "concurrent.futures.Future[Message]":
        """Fetch a poster beside the polls."""
        known = self._client.identity.server_id
        if known != question.server_id:
            return completed_future(describe_missing_poster(Problem.of("plex.poster_elsewhere")))
        return self._posters.fetch(question.thumb)

    def _find_films(self, question: FindFilms) -> "concurrent.futures.Future[Message]":
        """Search the library beside the polls."""
        if self._last_failure is not None:
            return completed_future(describe_failed_search(self._last_failure.problem))
        return self._library.search(question)

    def _find_external_ids(self, question: FindExternalIds) -> "concurrent.futures.Future[Message]":
        """Look the ids up beside the polls."""
        if self._last_failure is not None:
            return completed_future(ExternalIdsFound(reason=self._last_failure.problem))
        return self._external_ids.look_up(question)

    def _start_sign_in(self, question: StartPlexSignIn) -> "concurrent.futures.Future[Message]":
        """Ask plex.tv for a code, beside the polls."""
        return self._sign_ins.start(question)

    def _check_sign_in(self, question: CheckPlexSignIn) -> "concurrent.futures.Future[Message]":
        """Ask plex.tv for the state of a code, beside the polls."""
        return self._sign_ins.check(question)

    # -- messages to other actors --------------------------------------------------------------------------

    def _send_snapshot(self, taken: Moment, identity: ServerInfo, reading: ParsedSessions) -> None:
        self.ref("tracker").tell(
            PlaybackSnapshot(
                server_id=identity.server_id,
                server_name=identity.name,
                poller=self.context.name,
                taken=taken,
                playbacks=reading.playbacks,
                stopped_keys=tuple(self._stopped),
                unreadable=reading.unreadable,
            )
        )
        listed = {playback.session_key for playback in reading.playbacks} | set(reading.unreadable)
        # Stops are repeated: the tracker sees only the newest snapshot, and may miss the first with a stop when busy.
        since_s = time.monotonic() - REPEAT_STOP_S
        self._stopped = {key: at_s for key, at_s in self._stopped.items() if at_s >= since_s and key not in listed}
        self._last_alerts = {key: alert for key, alert in self._last_alerts.items() if key in listed}
        if reading.unreadable != self._unreadable:
            self._unreadable = reading.unreadable
            self._log_unreadable(reading)

    def _log_unreadable(self, reading: ParsedSessions) -> None:
        if reading.unreadable:
            total = len(reading.playbacks) + len(reading.unreadable)
            named = ", ".join(reading.unreadable[:10])
            self.log.warning("Plex describes %d of %d sessions unreadably: %s", len(reading.unreadable), total, named)
        else:
            self.log.info("Every session that Plex lists is readable again")

    def _note_answer(self, before: ServerInfo, identity: ServerInfo) -> None:
        """Note that the server answered; log it only if the poll before failed."""
        at = place_of(self._client.url)
        if not before.server_id:
            self.log.info("Polling %s at %s every %g s", identity.name, at, self._poll_s)
        elif before.server_id != identity.server_id:
            self.log.warning(
                "Another Plex server answers at %s: %s (%s) in place of %s (%s); its watches are counted apart",
                *(at, identity.name, identity.server_id, before.name, before.server_id),
            )
        if self._last_failure is not None:
            self.log.info("Plex at %s answers again, after %d polls that failed", at, self._failures)
        self._last_failure, self._failures, self._refusals = None, 0, 0
        self.report_recovered()

    def _on_poll_failed(self, failure: Failure) -> None:
        """Report a failure to the tracker and the health table; log it only if it differs from the last one."""
        self._failures += 1
        self._client.forget()
        if failure.kind in NEEDS_ACTION:
            self._refusals += 1
            self._polls_to_skip = min(MOST_SKIPPED, 2 ** min(self._refusals - 1, 10)) - 1
        else:
            self._refusals = 0
        if self._last_failure is None or self._last_failure.kind != failure.kind:
            level = logging.ERROR if failure.kind in NEEDS_ACTION else logging.WARNING
            self.log.log(level, "%s", failure.detail)
        self._last_failure = failure
        self.report_degraded(failure.problem)
        at, server_id = self.context.clock.now(), self._client.identity.server_id
        self.ref("tracker").tell(PollFailed(server_id, self.context.name, at, failure.kind, failure.detail))
