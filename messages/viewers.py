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
"""open: seen like everybody; anonymous: without a name in rankings; private: seen by nobody else; untracked: nothing
is recorded from then on."""
PLEX_TV: Final = "plex.tv"
"""Who confirmed a link where the member signed in to the account there: the account is proven to be theirs."""
SOMEBODY: Final = "Somebody"
"""The name of a person whom others are not to see, in every answer; Discord says it in its own language."""


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
    """Persistence -> tracker: links and privacy, as they stand at its start, and then what changes of them.

    Kept: there may be no other for months, and a choice that was lost on the way would not be held.
    """

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    links: tuple[LinkedAccount, ...]
    """Every link; of a change those that are new, or say something else by now."""
    privacy: tuple[tuple[str, Privacy], ...]
    """Viewer id and choice of everybody who is not open; a member's choice holds for the linked accounts too. Of a
    change the choices that are other ones by now, "open" among them."""
    is_change: bool = False
    """Whether it is a change, and all that it does not name stays."""
    unlinked: tuple[str, ...] = ()
    """Of a change: plex:<machineIdentifier>:<account id> of the links that are no more."""


class VisibleViewers(Answer, frozen=True, tag="visible_viewers"):
    """Answer to GetVisibleViewers."""

    links: tuple[LinkedAccount, ...]
    """Every link."""
    privacy: tuple[tuple[str, Privacy], ...]
    """As in ViewerDirectoryChanged."""
    erasures: tuple[tuple[str, float], ...] = ()
    """Who was forgotten, and when; seconds since 1970, UTC. What was said of them before must not be told any more."""


class GetVisibleViewers(Question[VisibleViewers], frozen=True, tag="get_visible_viewers", to="persistence"):
    """Who may be named in what leaves Usher, asked right before it does."""


class DropViewerWatches(Command, frozen=True, tag="viewer_forgotten"):
    """Persistence -> tracker: drop the running and resumable watches of these viewers, without a record."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    viewer_ids: tuple[str, ...]
    """Discord ids as digits, and plex:<machineIdentifier>:<account id>."""
    began_by_s: float | None = None
    """Only watches that began then or earlier, seconds since 1970, UTC: what persistence says at its start of those who
    were forgotten before. None: all of them."""


class ViewerAccount(Answer, frozen=True, tag="person"):
    """Answer to GetViewerAccount, and to whatever changes it."""

    viewer_id: str
    """Discord id, as digits."""
    privacy: Privacy
    """The member's choice."""
    links: tuple[LinkedAccount, ...]
    """Plex accounts linked to the member."""
    watches: int
    """Records in the history."""
    problem: str = ""
    """Why nothing was changed, and what to do; empty where all is well."""
    reason: Problem | None = None
    """The same, to be worded in another language; None where nothing is in the way."""
    unproven: tuple[str, ...] = ()
    """Ids of the linked accounts that the member has not signed in to: an administrator said that they are theirs."""


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
    """Those that fit."""


class FindAccounts(Question[AccountsFound], frozen=True, tag="find_accounts", to="persistence"):
    """Plex accounts that nobody is linked to, for `link`."""

    part: str = ""
    """Part of the name, any case."""
    limit: int = 25
    """How many at most."""
    with_hidden: bool = False
    """Whether those whose record is private or not kept are among them: for administrators alone."""


class LinkAccount(Question[ViewerAccount], frozen=True, tag="link_account", to="persistence"):
    """A Plex account and a Discord member are one viewer."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>."""
    plex_name: str
    """The account's name; empty for the one that is known."""
    viewer_id: str
    """Discord id of the member, as digits."""
    username: str
    """The member's display name."""
    confirmed_by: str
    """Discord id of the admin who confirmed it, or "plex.tv" where the member signed in there."""


class UnlinkAccount(Question[ViewerAccount], frozen=True, tag="unlink_account", to="persistence"):
    """Take a link back; each gets back what was theirs."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>; must be linked to the member."""
    viewer_id: str
    """Discord id of the member, as digits."""
    requested_by: str
    """Discord id of who asked, for the log."""


class SetPrivacy(Question[ViewerAccount], frozen=True, tag="set_privacy", to="persistence"):
    """A member's choice of who sees them."""

    viewer_id: str
    """Discord id, as digits."""
    username: str
    """The member's display name."""
    privacy: Privacy
    """The choice."""


class PrivacyChosen(Event, frozen=True, tag="privacy_chosen"):
    """Web -> discord: a member made a choice of privacy on the page; what was posted until now must not name them."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    viewer_id: str
    """Discord id, as digits."""


class MyData(Answer, frozen=True, tag="my_data"):
    """Answer to GetMyData: a part of a JSON file in UTF-8."""

    content: bytes
    """Bytes from `offset` on, at most 4 MiB."""
    total_bytes: int
    """Length of the whole; 0 where nothing is stored."""
    watches: int
    """Watch records in it."""


class GetMyData(Question[MyData], frozen=True, tag="get_my_data", to="persistence"):
    """Everything that is stored of a member and the linked accounts (`mydata`)."""

    viewer_id: str
    """Discord id, as digits."""
    offset: int = 0
    """Bytes to pass over; 0 makes the file anew."""


class ViewerErased(Answer, frozen=True, tag="person_forgotten"):
    """Answer to EraseViewer. A member who is not tracked stays so: that choice alone is kept."""

    watches: int
    """Records removed from the history."""
    badges: int
    """Badges removed."""
    backups: int
    """Backups that may still have it."""
    oldest_backup_s: float | None = None
    """When the oldest of them was made; seconds since 1970, UTC. None where there is none."""
    newest_backup_s: float | None = None
    """When the newest of them was made; seconds since 1970, UTC. None where there is none."""
    backup_interval_hours: float = 0.0
    """BACKUP_INTERVAL_HOURS; 0 where none are made by themselves."""
    backup_keep: int = 0
    """BACKUP_KEEP: after so many new ones the last that has it is gone."""
    kept_accounts: tuple[str, ...] = ()
    """Names of accounts that an administrator had linked: they keep what was watched before that."""


class EraseViewer(Question[ViewerErased], frozen=True, tag="forget_person", to="persistence"):
    """Remove everything that is stored of a member and the linked accounts (`forgetme`)."""

    viewer_id: str
    """Discord id, as digits."""
