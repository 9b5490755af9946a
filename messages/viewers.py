"""Viewers: linked accounts, privacy and a member's own data."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from messages.base import Answer, Command, Delivery, Event, Question, Struct
from messages.problems import Problem

__all__ = [
    "PLEX_TV",
    "SOMEBODY",
    "AccountSummary",
    "AccountsFound",
    "DropViewerWatches",
    "EraseViewer",
    "FindAccounts",
    "GetMyData",
    "GetViewerAccount",
    "GetVisibleViewers",
    "LinkAccount",
    "LinkedAccount",
    "MyData",
    "Privacy",
    "PrivacyChosen",
    "SetPrivacy",
    "UnlinkAccount",
    "ViewerAccount",
    "ViewerDirectoryChanged",
    "ViewerErased",
    "VisibleViewers",
]

Privacy = Literal["open", "anonymous", "private", "untracked"]
"""open: visible to all; anonymous: without a name in rankings; private: visible to nobody else; untracked: nothing is
recorded from then on."""
PLEX_TV: Final = "plex.tv"
"""The `confirmed_by` of a link whose member signed in to the account at plex.tv, which proves that it is theirs."""
SOMEBODY: Final = "Somebody"
"""The name of a hidden viewer in every answer; Discord translates it."""


class LinkedAccount(Struct, frozen=True):
    """A Plex account that belongs to a Discord member: the two are one viewer."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>."""
    plex_name: str
    """The account's name when last seen."""
    viewer_id: str
    """Discord id of the member, as digits; the one viewer's id."""
    username: str
    """The member's name when last seen."""


class ViewerDirectoryChanged(Event, frozen=True, tag="people_known"):
    """Persistence -> tracker: all links and choices of privacy at its start, and then each change.

    Delivered at least once: the next one may be months away, and a lost choice of privacy would not be respected.
    """

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    links: tuple[LinkedAccount, ...]
    """Every link; in a change only the new and changed ones."""
    privacy: tuple[tuple[str, Privacy], ...]
    """Viewer id and choice of everybody who is not open; a member's choice also applies to the linked accounts. In a
    change only the changed choices, including "open"."""
    is_change: bool = False
    """Whether this is a change, so that everything it does not name stays."""
    unlinked: tuple[str, ...] = ()
    """Removed links, as plex:<machineIdentifier>:<account id>; only in a change."""


class VisibleViewers(Answer, frozen=True, tag="visible_viewers"):
    """Answer to GetVisibleViewers."""

    links: tuple[LinkedAccount, ...]
    """Every link."""
    privacy: tuple[tuple[str, Privacy], ...]
    """As in ViewerDirectoryChanged."""
    erasures: tuple[tuple[str, float], ...] = ()
    """Erased viewers, and when; seconds since 1970, UTC. Earlier events about them must not be passed on any more."""


class GetVisibleViewers(Question[VisibleViewers], frozen=True, tag="get_visible_viewers", to="persistence"):
    """The viewers who may be named outside Usher; asked right before each text is sent."""


class DropViewerWatches(Command, frozen=True, tag="viewer_forgotten"):
    """Persistence -> tracker: drop the running and resumable watches of these viewers, without a record."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    viewer_ids: tuple[str, ...]
    """Discord ids as digits, and plex:<machineIdentifier>:<account id>."""
    began_by_s: float | None = None
    """Only watches that began at or before this time, seconds since 1970, UTC: persistence sends this at its start for
    viewers who were erased earlier. None: all watches."""


class ViewerAccount(Answer, frozen=True, tag="person"):
    """Answer to GetViewerAccount, and to the questions that change it."""

    viewer_id: str
    """Discord id, as digits."""
    privacy: Privacy
    """The member's choice."""
    links: tuple[LinkedAccount, ...]
    """Plex accounts linked to the member."""
    watches: int
    """Records in the history."""
    problem: str = ""
    """Why nothing was changed, and what to do; empty if something was."""
    reason: Problem | None = None
    """The same as a problem, for wording in another language; None if there is none."""
    unproven: tuple[str, ...] = ()
    """Ids of linked accounts that only an administrator confirmed: the member has not signed in to them."""


class GetViewerAccount(Question[ViewerAccount], frozen=True, tag="get_person", to="persistence"):
    """A member's links and privacy (`link`, `privacy`, `forgetme`)."""

    viewer_id: str
    """Discord id, as digits."""


class AccountSummary(Struct, frozen=True):
    """A Plex account that watched something."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>."""
    name: str
    """Its name when last seen."""
    watches: int
    """Records in the history."""


class AccountsFound(Answer, frozen=True, tag="accounts_found"):
    """Answer to FindAccounts, by name."""

    accounts: tuple[AccountSummary, ...]
    """The accounts that fit."""


class FindAccounts(Question[AccountsFound], frozen=True, tag="find_accounts", to="persistence"):
    """Plex accounts that are not linked to anybody, for `link`."""

    part: str = ""
    """Part of the name, any case."""
    limit: int = 25
    """Maximum number of accounts."""
    with_hidden: bool = False
    """Whether to include private and untracked accounts; for administrators only."""


class LinkAccount(Question[ViewerAccount], frozen=True, tag="link_account", to="persistence"):
    """Link a Plex account to a Discord member, so that the two are one viewer."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>."""
    plex_name: str
    """The account's name; empty for the known name."""
    viewer_id: str
    """Discord id of the member, as digits."""
    username: str
    """The member's display name."""
    confirmed_by: str
    """Discord id of the admin who confirmed it, or "plex.tv" if the member signed in there."""


class UnlinkAccount(Question[ViewerAccount], frozen=True, tag="unlink_account", to="persistence"):
    """Remove a link; account and member each get their own records back."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>; must be linked to the member."""
    viewer_id: str
    """Discord id of the member, as digits."""
    requested_by: str
    """Discord id of the person who asked, for the log."""


class SetPrivacy(Question[ViewerAccount], frozen=True, tag="set_privacy", to="persistence"):
    """Set a member's choice of who may see them."""

    viewer_id: str
    """Discord id, as digits."""
    username: str
    """The member's display name."""
    privacy: Privacy
    """The choice."""


class PrivacyChosen(Event, frozen=True, tag="privacy_chosen"):
    """Web -> discord: a member made a choice of privacy on the page; earlier posts must not name them."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    viewer_id: str
    """Discord id, as digits."""


class MyData(Answer, frozen=True, tag="my_data"):
    """Answer to GetMyData: a part of a JSON file in UTF-8."""

    content: bytes
    """Bytes from `offset` on, at most 4 MiB."""
    total_bytes: int
    """Length of the whole file; 0 if nothing is stored."""
    watches: int
    """Number of watch records in the file."""


class GetMyData(Question[MyData], frozen=True, tag="get_my_data", to="persistence"):
    """Everything that is stored about a member and the linked accounts (`mydata`)."""

    viewer_id: str
    """Discord id, as digits."""
    offset: int = 0
    """Bytes to skip; 0 creates a new file."""


class ViewerErased(Answer, frozen=True, tag="person_forgotten"):
    """Answer to EraseViewer. The choice "untracked" is kept, and nothing else."""

    watches: int
    """Records removed from the history."""
    badges: int
    """Badges removed."""
    backups: int
    """Number of backups that may still contain the data."""
    oldest_backup_s: float | None = None
    """When the oldest of these backups was made; seconds since 1970, UTC. None if there is none."""
    newest_backup_s: float | None = None
    """When the newest of these backups was made; seconds since 1970, UTC. None if there is none."""
    backup_interval_hours: float = 0.0
    """BACKUP_INTERVAL_HOURS; 0 if there are no automatic backups."""
    backup_keep: int = 0
    """BACKUP_KEEP: after this many new backups the last one with the data is gone."""
    kept_accounts: tuple[str, ...] = ()
    """Names of accounts that an administrator had linked: they keep what they watched before that."""


class EraseViewer(Question[ViewerErased], frozen=True, tag="forget_person", to="persistence"):
    """Remove everything that is stored about a member and the linked accounts (`forgetme`)."""

    viewer_id: str
    """Discord id, as digits."""
