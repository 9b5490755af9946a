"""Who is who, and who wants to be seen: linked accounts, privacy, one's own data."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from messages.base import Delivery, Message, Record

Privacy = Literal["open", "anonymous", "private", "untracked"]
"""open: seen like everybody; anonymous: without a name in rankings; private: seen by nobody else; untracked: nothing
is recorded from then on."""

SOMEBODY: Final = "Somebody"
"""The name of a person whom others are not to see, in every answer; Discord says it in its own language."""


class LinkedAccount(Record, frozen=True):
    """A Plex account that belongs to a Discord member: the two are one viewer."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>."""
    plex_name: str
    """The account's name when last seen."""
    viewer_id: str
    """Discord id of the member, as digits; the one viewer's id."""
    username: str
    """The member's name when last seen."""


class PeopleKnown(Message, frozen=True, tag="people_known"):
    """Persistence -> tracker: links and privacy as they stand, at its start and after each change.

    Kept: there may be no other for months, and a choice that was lost on the way would not be held.
    """

    delivery: ClassVar[Delivery] = Delivery.KEPT

    links: tuple[LinkedAccount, ...]
    """Every link."""
    privacy: tuple[tuple[str, Privacy], ...]
    """Viewer id and choice of everybody who is not open; a member's choice holds for the linked accounts too."""


class ViewerForgotten(Message, frozen=True, tag="viewer_forgotten"):
    """Persistence -> tracker: drop the running and resumable watches of these viewers, without a record."""

    delivery: ClassVar[Delivery] = Delivery.KEPT

    viewer_ids: tuple[str, ...]
    """Discord ids as digits, and plex:<machineIdentifier>:<account id>."""
    began_by_s: float | None = None
    """Only watches that began then or earlier, seconds since 1970, UTC: what persistence says at its start of those who
    were forgotten before. None: all of them."""


class GetPerson(Message, frozen=True, tag="get_person"):
    """-> persistence, asked: a member's links and privacy (`link`, `privacy`, `forgetme`)."""

    viewer_id: str
    """Discord id, as digits."""


class Person(Message, frozen=True, tag="person"):
    """Answer to GetPerson, and to whatever changes a person."""

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


class FindAccounts(Message, frozen=True, tag="find_accounts"):
    """-> persistence, asked: Plex accounts that nobody is linked to, for `link`."""

    part: str = ""
    """Part of the name, any case."""
    limit: int = 25
    """How many at most."""
    with_hidden: bool = False
    """Whether those whose record is private or not kept are among them: for administrators alone."""


class PlexAccount(Record, frozen=True):
    """A Plex account that watched something."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>."""
    name: str
    """Its name when last seen."""
    watches: int
    """Records in the history."""


class AccountsFound(Message, frozen=True, tag="accounts_found"):
    """Answer to FindAccounts, by name."""

    accounts: tuple[PlexAccount, ...]
    """Those that fit."""


class LinkAccount(Message, frozen=True, tag="link_account"):
    """-> persistence, asked: a Plex account and a Discord member are one viewer. Answered by Person."""

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


class UnlinkAccount(Message, frozen=True, tag="unlink_account"):
    """-> persistence, asked: take a link back; each gets back what was theirs. Answered by Person."""

    plex_id: str
    """plex:<machineIdentifier>:<account id>; must be linked to the member."""
    viewer_id: str
    """Discord id of the member, as digits."""
    requested_by: str
    """Discord id of who asked, for the log."""


class SetPrivacy(Message, frozen=True, tag="set_privacy"):
    """-> persistence, asked: a member's choice of who sees them. Answered by Person."""

    viewer_id: str
    """Discord id, as digits."""
    username: str
    """The member's display name."""
    privacy: Privacy
    """The choice."""


class GetMyData(Message, frozen=True, tag="get_my_data"):
    """-> persistence, asked: everything that is stored of a member and the linked accounts (`mydata`)."""

    viewer_id: str
    """Discord id, as digits."""
    offset: int = 0
    """Bytes to pass over; 0 makes the file anew."""


class MyData(Message, frozen=True, tag="my_data"):
    """Answer to GetMyData: a part of a JSON file in UTF-8."""

    content: bytes
    """Bytes from `offset` on, at most 4 MiB."""
    total_bytes: int
    """Length of the whole; 0 where nothing is stored."""
    watches: int
    """Watch records in it."""


class ForgetPerson(Message, frozen=True, tag="forget_person"):
    """-> persistence, asked: remove everything that is stored of a member and the linked accounts (`forgetme`)."""

    viewer_id: str
    """Discord id, as digits."""


class PersonForgotten(Message, frozen=True, tag="person_forgotten"):
    """Answer to ForgetPerson. A member who is not tracked stays so: that choice alone is kept."""

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


class StartPlexSignIn(Message, frozen=True, tag="start_plex_sign_in"):
    """Discord -> Plex poller, asked: a code with which somebody shows plex.tv which account is theirs (`link`)."""


class PlexSignIn(Message, frozen=True, tag="plex_sign_in"):
    """Answer to StartPlexSignIn."""

    sign_in_id: str = ""
    """By which to ask for it again; says nothing by itself."""
    code: str = ""
    """To be typed in at `address`."""
    address: str = ""
    """Where."""
    expires_s: float = 0.0
    """How long it holds, seconds."""
    problem: str = ""
    """Why there is no code, in one line without secrets; empty where there is one."""


class CheckPlexSignIn(Message, frozen=True, tag="check_plex_sign_in"):
    """Discord -> Plex poller, asked: was the code typed in, and by whom?"""

    sign_in_id: str
    """From PlexSignIn."""


class PlexSignedIn(Message, frozen=True, tag="plex_signed_in"):
    """Answer to CheckPlexSignIn. The token that plex.tv gives is used for this alone, and dropped."""

    state: Literal["waiting", "signed_in", "expired", "no_access"]
    """no_access: the account cannot use this Plex server."""
    plex_ids: tuple[str, ...] = ()
    """plex:<machineIdentifier>:<account id> on each server of this poller that the account can use."""
    name: str = ""
    """The account's name."""
    problem: str = ""
    """Why it cannot be known, or not of every server, in one line without secrets; empty where it is."""
