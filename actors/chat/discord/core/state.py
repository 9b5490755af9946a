"""The features' state: in memory, loaded from the store once at the start; each change is written to the store.

Each feature owns a `FeatureState`: its records by key, of one type. A change is sent to persistence at once, and the
actor layer keeps it until it is in the store; code that must run only after that awaits the returned future.
"""

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from actors.runtime import OutboxFull
from messages import ChatStateEntry, SaveChatState, ViewerAccount

RecordT = TypeVar("RecordT")
Tell = Callable[[SaveChatState, Callable[[], None]], None]
"""Sends a save; calls back when it is in the store. Raises OutboxFull."""

_RETRY_S = 5.0
"""How long a save waits if too many are on their way (real seconds)."""


class ViewerIdentity(NamedTuple):
    """The ids and names under which a viewer appears."""

    ids: Set[str]
    names: Set[str]
    """Names of the viewer's Plex sessions. Not the name on Discord, which another member may have too."""

    @classmethod
    def from_account(cls, account: ViewerAccount) -> "ViewerIdentity":
        """Return the ids of a member and of the linked accounts, and the names of these."""
        names = {name for link in account.links for name in (link.plex_name, link.username) if name}
        return cls({account.viewer_id, *(link.plex_id for link in account.links)}, names)


class StateStore:
    """Writes the features' states to the store, and fills them at the start. Runs on the loop."""

    def __init__(self, tell: Tell, log: logging.Logger) -> None:
        self._tell = tell
        self._log = log
        self._features: dict[str, FeatureState[Any]] = {}
        self._unsent: dict[tuple[str, str], ChatStateEntry] = {}
        self._waiting: list[concurrent.futures.Future[None]] = []
        self.loaded = asyncio.Event()
        """Set as soon as the features have their states; until then they are empty."""

    def open(self, feature: str, kind: type[RecordT]) -> "FeatureState[RecordT]":
        """Return the state of a feature; `kind` is the type of its records."""
        state = FeatureState(self, feature, kind)
        self._features[feature] = state
        return state

    def load(self, entries: Iterable[ChatStateEntry]) -> None:
        """Fill the features' states; log and leave out what cannot be read."""
        for entry in entries:
            if (state := self._features.get(entry.feature)) is None:
                continue  # of another version
            try:
                state.restore(entry.key, entry.value)
            except msgspec.MsgspecError as error:
                self._log.warning("What %s remembers of %s cannot be read: %s", entry.feature, entry.key, error)
        self.loaded.set()

    async def wait_loaded(self, timeout_s: float) -> bool:
        """Wait until the states are loaded; return False if that takes longer than `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.loaded.wait()
        except TimeoutError:
            return False
        return True

    def save(self, entries: Iterable[ChatStateEntry]) -> concurrent.futures.Future[None]:
        """Send entries, in one transaction; the future is done when they are in the store."""
        saved: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._unsent |= {(entry.feature, entry.key): entry for entry in entries}
        self._waiting.append(saved)
        self._send()
        return saved

    def _send(self) -> None:
        if not self._waiting:
            return
        waiting = self._waiting
        try:
            self._tell(SaveChatState(tuple(self._unsent.values())), lambda: _finish(waiting))
        except OutboxFull as error:
            self._log.warning("What the bot remembers waits for the store: %s", error)
            asyncio.get_running_loop().call_later(_RETRY_S, self._send)
            return
        self._unsent, self._waiting = {}, []


class FeatureState(Generic[RecordT]):
    """The records of one feature, by key. After a change of a record in place, save it with `put`."""

    def __init__(self, store: StateStore, feature: str, kind: type[RecordT]) -> None:
        self._store = store
        self._feature = feature
        self._kind = kind
        self._records: dict[str, RecordT] = {}
        self._written: dict[str, str] = {}

    @property
    def records(self) -> Mapping[str, RecordT]:
        """Every record; the one that has been unchanged longest comes first."""
        return self._records

    def restore(self, key: str, value: str) -> None:
        """Add a record from the store, unless it was changed meanwhile. Raises MsgspecError."""
        if key in self._written:
            return
        self._records[key] = msgspec.json.decode(value, type=self._kind)
        self._written[key] = value

    def put(self, key: str, record: RecordT) -> concurrent.futures.Future[None]:
        """Add or replace a record."""
        return self.update({key: record})

    def remove(self, *keys: str) -> concurrent.futures.Future[None]:
        """Remove records; keys without a record are ignored."""
        return self.update({}, removed=keys)

    def replace(self, records: Mapping[str, RecordT]) -> concurrent.futures.Future[None]:
        """Replace all records by these."""
        return self.update(records, removed=self._records.keys() - records.keys())

    def update(self, records: Mapping[str, RecordT], removed: Iterable[str] = ()) -> concurrent.futures.Future[None]:
        """Put and remove records in one transaction; the future is done when that is in the store."""
        entries = []
        for key in removed:
            self._records.pop(key, None)
            if self._written.pop(key, None) is not None:
                entries.append(ChatStateEntry(self._feature, key, ""))
        for key, record in records.items():
            value = msgspec.json.encode(record).decode()
            self._records.pop(key, None)
            self._records[key] = record
            if self._written.get(key) != value:
                self._written[key] = value
                entries.append(ChatStateEntry(self._feature, key, value))
        if entries:
            return self._store.save(entries)
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        done.set_result(None)
        return done


def _finish(waiting: Iterable[concurrent.futures.Future[None]]) -> None:
    for saved in waiting:
        saved.set_result(None)
