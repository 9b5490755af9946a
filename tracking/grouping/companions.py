"""Remembers who watched a film together: if they begin the next one together, they are one screening at once."""

from collections.abc import Iterable, Iterator, Set

import msgspec

from messages import Moment
from tracking.grouping.session_group import SessionGroup

BREAK_S = 600.0
"""How long after a film its company may begin the next one."""


class Companions(msgspec.Struct):
    """The accounts that watched a film together until its end, or until one of them left a short while ago."""

    _left: dict[str, tuple[Set[str], Moment]] = msgspec.field(default_factory=dict)
    """By account (viewer id): with whom it was when its session ended, and when that was."""

    def note_end(self, account: str, group: SessionGroup, at: Moment) -> None:
        """Note the end of an account's session that was part of a group."""
        self._left[account] = (frozenset(_list_company(group, at)), at)
        group.ended[account] = at

    def forget_old(self, at: Moment) -> None:
        """Forget accounts whose film has been over for too long."""
        self._left = {account: left for account, left in self._left.items() if _is_recent(left[1], at)}

    def find(self, account: str, groups: Iterable[SessionGroup], at: Moment) -> Iterator[str]:
        """Yield the accounts that watched with this one lately; `groups`: those that its other sessions belong to."""
        found = {account}
        left = self._left.get(account)
        for company in [left[0]] if left is not None and _is_recent(left[1], at) else []:
            yield from company - found
            found |= company
        for group in groups:
            yield from set(_list_company(group, at)) - found


def _is_recent(then: Moment, at: Moment) -> bool:
    return at.steady_s - then.steady_s <= BREAK_S


def _list_company(group: SessionGroup, at: Moment) -> Iterator[str]:
    yield from (session.account for session in group.joined)
    yield from (account for account, ended in group.ended.items() if _is_recent(ended, at))
