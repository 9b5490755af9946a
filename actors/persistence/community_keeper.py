"""Keeps the further communities and their choices, in the environment's persistence actor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from actors.media.sealing import is_sealed
from actors.runtime import Actor
from actors.runtime.errors import Declined
from actors.runtime.owner_loop import Timer
from config import COMMUNITIES_DIR, DECLARED, PlexServer, check_value
from messages import (
    AuditEntry,
    AuditSubject,
    CommunitiesChanged,
    Community,
    CommunityList,
    ListCommunities,
    Problem,
    Question,
    RemoveCommunity,
    SaveCommunity,
)
from messages.base import storable
from persistence.audit_log import AuditLog
from persistence.records.communities import (
    count_communities,
    delete_community,
    read_communities,
    read_community,
    write_community,
)
from persistence.store import Store
from setting_checks import SNOWFLAKE
from wording.file_failures import explain_os_error

_LONGEST_NAME: Final = 100
MOST_SERVERS: Final = 20
"""Plex servers that one community may have."""
TELL_PAUSE_S, MOST_TELL_PAUSE_S = 0.01, 1.0
"""Pause between two messages to all hosts: for each community, and the longest; real seconds."""
_LISTENERS: Final = ("tracker", "discord", "plex", "launcher")


class CommunityKeeper:
    """Keeps the list, and sends it to the processes that host the communities' actors. Used on the actor's thread."""

    def __init__(self, actor: Actor, store: Store) -> None:
        self._actor = actor
        self._store = store
        self._sent: tuple[Community, ...] = ()
        self._sent_s = -math.inf
        self._telling: Timer | None = None
        """Set while a message to all hosts is due."""

    def list_all(self, _asked: ListCommunities) -> CommunityList:
        """Return every further community."""
        with self._store.reader.connect() as connection:
            return CommunityList(read_communities(connection))

    def save(self, asked: SaveCommunity) -> CommunityList:
        """Add a community, or apply new choices to its earlier ones. Raises Declined if a choice is not valid."""
        guild_id = check_guild_id(asked.guild_id, self._actor.context.settings.discord_guild_id)
        patch = {name: check_choice(name, storable(text).strip()) for name, text in asked.settings.items()}
        with self._store.transaction(keeps_figures=True) as connection:
            known = read_community(connection, guild_id)
            if known is None:
                self._check_addition(count_communities(connection))
            chosen = {**(known.settings if known else {}), **patch}
            name = " ".join(storable(asked.name).split())[:_LONGEST_NAME] or (known.name if known else guild_id)
            community = Community(guild_id, name, {name: text for name, text in chosen.items() if text})
            if known is None:
                self._make_folder(guild_id)
            write_community(connection, community, self._now_s())
        if known is None:
            self._note(asked.requested_by, "community add", community)
        else:  # the asker records it, with the name of the member
            changed = ", ".join(sorted(patch)) or "nothing"
            self._actor.log.info("%s (%s) changed %s", community.name, guild_id, changed)
        self._send_change()
        return CommunityList((community,), added=known is None)

    def _check_addition(self, count: int) -> None:
        """Raise Declined if no further community may be added to the `count` that exist."""
        settings = self._actor.context.settings
        if not settings.usher_keys:
            raise Declined(Problem.of("community.no_keys"))
        if count >= settings.max_communities:
            raise Declined(Problem.of("community.too_many", most=settings.max_communities))

    def remove(self, asked: RemoveCommunity) -> CommunityList:
        """Remove a community from the list; its data stay."""
        with self._store.transaction(keeps_figures=True) as connection:
            known = read_community(connection, asked.guild_id)
            if known is None:
                raise Declined(Problem.of("community.unknown", guild=asked.guild_id))
            delete_community(connection, asked.guild_id)
        self._note(asked.requested_by, "community remove", known)
        self._send_change()
        return self.list_all(ListCommunities())

    def tell_all(self) -> None:
        """Send the hosts the list of communities again: an earlier message may be lost."""
        if self._actor.context.community:
            return
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        self._sent_s = self._actor.endpoint.now()
        try:
            with self._store.reader.connect() as connection:
                now = read_communities(connection)
        except SQLAlchemyError:
            return  # the store is unreachable: the next tick sends the list
        if now or self._sent:
            self._sent = now
            changed = CommunitiesChanged(now)
            if (host := self._actor.context.host) is not None:
                host.on_changed(changed)
            for name in _LISTENERS:
                self._actor.ref(name).tell(changed)

    def _send_change(self) -> None:
        """Send a change to all hosts: at once, or with those that follow if a message was sent a moment ago.

        Each message has the whole list: with many communities, a message for each change would cost too much. With few,
        each change is sent at once, for somebody may press play on Plex right after the last choice.
        """
        self._sent = self._sent or (Community("", "", {}),)  # so that the removal of the last one is sent too
        endpoint = self._actor.endpoint
        next_s = self._sent_s + min(MOST_TELL_PAUSE_S, TELL_PAUSE_S * len(self._sent))
        if endpoint.now() >= next_s:
            self.tell_all()
        elif self._telling is None:
            self._telling = endpoint.call_at(next_s, self.tell_all)

    def _make_folder(self, guild_id: str) -> None:
        folder = self._folder(guild_id)
        try:
            folder.parent.mkdir(exist_ok=True)  # the data folder itself is made by the launcher alone
            folder.mkdir(exist_ok=True)
        except OSError as error:
            cause = error.strerror or type(error).__name__
            raise Declined(Problem.of("community.no_folder", folder=str(folder), cause=cause)) from error

    def _note(self, who: str, act: str, community: Community) -> None:
        """Write an act to the log, and to that community's audit log."""
        target = AuditSubject(community.guild_id, community.name)
        chosen = [
            AuditSubject(name, "" if name == "PLEX_SERVERS" else text[:60]) for name, text in community.settings.items()
        ]
        self._actor.log.warning("%s: %s (%s), asked for by %s", act, community.name, community.guild_id, who)
        entry = AuditEntry(self._now_s(), AuditSubject("", storable(who)), act, (target, *chosen), "done", "service")
        log = AuditLog(self._folder(community.guild_id))
        try:
            log.append(entry)
        except (OSError, TimeoutError) as error:
            self._actor.log.error(
                "This is not in the audit log, for %s cannot be written: %s", log.file, explain_os_error(error)
            )

    def _folder(self, guild_id: str) -> Path:
        return self._actor.context.data_dir / COMMUNITIES_DIR / guild_id

    def _now_s(self) -> float:
        return self._actor.context.clock.now().wall_s


def check_guild_id(guild_id: str, own: int) -> str:
    """Return the id of a further community's server. Raises Declined if it is no such id, or is `own`."""
    try:
        number: int = SNOWFLAKE.read(guild_id)
    except ValueError:
        raise Declined(Problem.of("community.no_id", guild=guild_id)) from None
    if number == own:
        raise Declined(Problem.of("community.environments_own"))
    return str(number)


def check_choice(name: str, text: str) -> str:
    """Return a setting's text as it is stored. Raises Declined if a community may not choose it, or it is not valid."""
    setting = DECLARED.get(name)
    if setting is None or not setting.by_community:
        raise Declined(Problem.of("community.not_theirs", setting=name))
    if not text:
        return ""
    try:
        value = check_value(name, text)
    except ValueError as wrong:
        raise Declined(Problem.of("community.wrong_value", setting=name, takes=str(wrong))) from None
    if name == "PLEX_SERVERS" and not _are_sealed(value):
        raise Declined(Problem.of("community.unsealed_servers", most=MOST_SERVERS))
    return text


def _are_sealed(servers: tuple[PlexServer, ...]) -> bool:
    return len(servers) <= MOST_SERVERS and all(server.server_id and is_sealed(server.token) for server in servers)


COMMUNITY_REQUESTS: Mapping[type[Question[Any]], Callable[[CommunityKeeper, Any], CommunityList]] = {
    ListCommunities: CommunityKeeper.list_all,
    SaveCommunity: CommunityKeeper.save,
    RemoveCommunity: CommunityKeeper.remove,
}
"""Which method handles which question; only in the environment's own persistence actor."""
