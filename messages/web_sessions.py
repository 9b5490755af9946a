"""The web page's readers: links to sign in, sessions, membership, and who is named to all."""

from __future__ import annotations

from messages.base import Answer, Question, Struct

__all__ = [
    "ConfirmDiscordSignIn",
    "EndSessions",
    "FindSession",
    "FindSignIn",
    "GetMember",
    "GetPublicName",
    "GetPublicNames",
    "MemberStanding",
    "OpenSignIn",
    "PublicNameSet",
    "PublicNames",
    "PublicNumber",
    "SessionsEnded",
    "SetPublicName",
    "SignInFound",
    "SignInOpened",
    "StartSession",
    "WebSession",
]

# Neither the secret of a link nor that of a session is in any message: both are hashed by whoever made or got them.


class SignInOpened(Answer, frozen=True, tag="sign_in_opened"):
    """Answer to OpenSignIn."""

    expires_at_s: float
    """Until when the link is good; seconds since 1970, UTC."""


class OpenSignIn(Question[SignInOpened], frozen=True, tag="open_sign_in", to="persistence"):
    """A link to sign in was made for a member (`web`, `run.py web-link`): good once, for five minutes."""

    token_hash: str
    """SHA-256 of its secret, in hexadecimal digits."""
    viewer_id: str
    """Discord id of the member, as digits."""
    username: str
    """The member's display name."""


class SignInFound(Answer, frozen=True, tag="sign_in_found"):
    """Answer to FindSignIn."""

    viewer_id: str
    """Discord id of whom the link is for, as digits; empty where it was used, is too old, or never was."""
    username: str
    """The member's name."""


class FindSignIn(Question[SignInFound], frozen=True, tag="find_sign_in", to="persistence"):
    """Whom is a link for? Nothing is changed by asking."""

    token_hash: str
    """SHA-256 of its secret, in hexadecimal digits."""


class WebSession(Answer, frozen=True, tag="web_session"):
    """Answer to FindSession and StartSession."""

    viewer_id: str
    """Discord id of who is signed in, as digits; empty where there is no such session."""
    username: str
    """The member's name when the session began."""
    started_at_s: float = 0.0
    """Seconds since 1970, UTC."""
    expires_at_s: float = 0.0
    """Seconds since 1970, UTC."""
    sessions: int = 0
    """How many sessions the member has, this one included."""


class StartSession(Question[WebSession], frozen=True, tag="start_session", to="persistence"):
    """A member signs in: a link is used up, or Discord said who it is."""

    session_hash: str
    """SHA-256 of the session's secret, in hexadecimal digits."""
    token_hash: str = ""
    """SHA-256 of the link's secret, in hexadecimal digits; empty where Discord said who it is."""
    viewer_id: str = ""
    """Discord id, as digits, as Discord said; empty where a link is used."""
    username: str = ""
    """The member's name, likewise."""
    is_token: bool = False
    """Whether it is for a program (`web token`), and lasts a year."""


class FindSession(Question[WebSession], frozen=True, tag="find_session", to="persistence"):
    """Whose session is it?"""

    session_hash: str
    """SHA-256 of its secret, in hexadecimal digits."""


class SessionsEnded(Answer, frozen=True, tag="sessions_ended"):
    """Answer to EndSessions."""

    sessions: int
    """How many were ended."""


class EndSessions(Question[SessionsEnded], frozen=True, tag="end_sessions", to="persistence"):
    """Somebody signs out, here or everywhere, or is no member any more."""

    session_hash: str = ""
    """SHA-256 of the secret of the session to end, in hexadecimal digits; empty for all of a member."""
    viewer_id: str = ""
    """Discord id of the member whose sessions and links are all to end, as digits; empty for the one session."""


class MemberStanding(Answer, frozen=True, tag="member_standing"):
    """Answer to GetMember."""

    viewer_id: str
    """Discord id, as digits; empty where that is no member of the Discord server."""
    name: str
    """The display name."""
    is_admin: bool
    """Whether the member has the permission Administrator."""


class GetMember(Question[MemberStanding], frozen=True, tag="get_member", to="discord"):
    """Is somebody a member of the Discord server, and an administrator? Declined where Discord does not say."""

    viewer_id: str = ""
    """Discord id, as digits; empty for the server's owner."""


class ConfirmDiscordSignIn(Question[MemberStanding], frozen=True, tag="confirm_discord_sign_in", to="discord"):
    """Who signed in at Discord (OAuth2, the scope identify alone)? Declined where Discord does not confirm it."""

    code: str
    """What Discord sent the browser back with."""
    code_verifier: str
    """What the challenge in the browser's way there was made of (PKCE)."""
    redirect_uri: str
    """Where Discord sent the browser back to."""


class PublicNumber(Struct, frozen=True):
    """What a viewer is called on a page that all may read."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>; linked accounts have the member's number."""
    number: int
    """From 1, in the order in which they were first seen."""
    is_named: bool = False
    """Whether the viewer chose to be named there."""


class PublicNames(Answer, frozen=True, tag="public_names"):
    """Answer to GetPublicNames."""

    viewers: tuple[PublicNumber, ...]
    """Everybody who ever watched anything, hidden viewers too."""


class GetPublicNames(Question[PublicNames], frozen=True, tag="get_public_names", to="persistence"):
    """What is everybody called on a page that all may read (WEB_ACCESS=public)?"""


class PublicNameSet(Answer, frozen=True, tag="public_name_set"):
    """Answer to SetPublicName and GetPublicName."""

    is_named: bool
    """Whether the member is named there."""


class SetPublicName(Question[PublicNameSet], frozen=True, tag="set_public_name", to="persistence"):
    """A member's choice of whether to be named on a page that all may read."""

    viewer_id: str
    """Discord id, as digits."""
    is_named: bool
    """The choice."""


class GetPublicName(Question[PublicNameSet], frozen=True, tag="get_public_name", to="persistence"):
    """Did a member choose to be named on a page that all may read?"""

    viewer_id: str
    """Discord id, as digits."""
