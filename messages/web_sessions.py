"""The web page's readers: sign-in links, sessions, membership, and names on a public page."""

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

# No message contains the secret of a link or a session: the sender hashes both.


class SignInOpened(Answer, frozen=True, tag="sign_in_opened"):
    """Answer to OpenSignIn."""

    expires_at_s: float
    """When the link expires; seconds since 1970, UTC."""


class OpenSignIn(Question[SignInOpened], frozen=True, tag="open_sign_in", to="persistence"):
    """Store a sign-in link for a member (`web`, `run.py web-link`), which is valid once, for five minutes."""

    token_hash: str
    """SHA-256 of the link's secret, in hexadecimal digits."""
    viewer_id: str
    """Discord id of the member, as digits."""
    username: str
    """The member's display name."""


class SignInFound(Answer, frozen=True, tag="sign_in_found"):
    """Answer to FindSignIn."""

    viewer_id: str
    """Discord id of the member whom the link is for, as digits; empty if it was used, has expired, or never existed."""
    username: str
    """The member's name."""


class FindSignIn(Question[SignInFound], frozen=True, tag="find_sign_in", to="persistence"):
    """The member whom a link is for. The link can still be used afterwards."""

    token_hash: str
    """SHA-256 of the link's secret, in hexadecimal digits."""


class WebSession(Answer, frozen=True, tag="web_session"):
    """Answer to FindSession and StartSession."""

    viewer_id: str
    """Discord id of the member who is signed in, as digits; empty if there is no such session."""
    username: str
    """The member's name when the session began."""
    started_at_s: float = 0.0
    """Start of the session; seconds since 1970, UTC."""
    expires_at_s: float = 0.0
    """End of the session; seconds since 1970, UTC."""
    sessions: int = 0
    """Number of the member's sessions, including this one."""


class StartSession(Question[WebSession], frozen=True, tag="start_session", to="persistence"):
    """A member signs in, with a link (which cannot be used again) or at Discord."""

    session_hash: str
    """SHA-256 of the session's secret, in hexadecimal digits."""
    token_hash: str = ""
    """SHA-256 of the link's secret, in hexadecimal digits; empty after a sign-in at Discord."""
    viewer_id: str = ""
    """Discord id from the sign-in at Discord, as digits; empty if a link is used."""
    username: str = ""
    """The member's name from the sign-in at Discord; empty if a link is used."""
    is_token: bool = False
    """Whether it is a program's token (`web token`), which lasts a year."""


class FindSession(Question[WebSession], frozen=True, tag="find_session", to="persistence"):
    """The session that has this secret."""

    session_hash: str
    """SHA-256 of the session's secret, in hexadecimal digits."""


class SessionsEnded(Answer, frozen=True, tag="sessions_ended"):
    """Answer to EndSessions."""

    sessions: int
    """How many sessions were ended."""


class EndSessions(Question[SessionsEnded], frozen=True, tag="end_sessions", to="persistence"):
    """Somebody signs out, here or everywhere, or is no longer a member."""

    session_hash: str = ""
    """SHA-256 of the session's secret, in hexadecimal digits; empty to end all sessions of a member."""
    viewer_id: str = ""
    """Discord id of the member whose sessions and links all end, as digits; empty to end one session."""


class MemberStanding(Answer, frozen=True, tag="member_standing"):
    """Answer to GetMember."""

    viewer_id: str
    """Discord id, as digits; empty if the person is not a member of the Discord server."""
    name: str
    """The display name."""
    is_admin: bool
    """Whether the member has the permission Administrator."""


class GetMember(Question[MemberStanding], frozen=True, tag="get_member", to="discord"):
    """Whether somebody is a member of the Discord server, and an administrator. Declined if Discord does not tell."""

    viewer_id: str = ""
    """Discord id, as digits; empty for the server's owner."""


class ConfirmDiscordSignIn(Question[MemberStanding], frozen=True, tag="confirm_discord_sign_in", to="discord"):
    """The member who signed in at Discord (OAuth2, scope identify only). Declined if Discord does not confirm it."""

    code: str
    """The authorization code from Discord's redirect."""
    code_verifier: str
    """The PKCE verifier, from which the challenge was made."""
    redirect_uri: str
    """The address to which Discord redirected the browser."""


class PublicNumber(Struct, frozen=True):
    """A viewer's number on a public page."""

    viewer_id: str
    """Discord id as digits, or plex:<machineIdentifier>:<account id>; linked accounts have the member's number."""
    number: int
    """The number that stands for the viewer: from 1, in the order in which viewers were first seen."""
    is_named: bool = False
    """Whether the viewer chose to be named instead."""


class PublicNames(Answer, frozen=True, tag="public_names"):
    """Answer to GetPublicNames."""

    viewers: tuple[PublicNumber, ...]
    """Everybody who ever watched anything, including hidden viewers."""


class GetPublicNames(Question[PublicNames], frozen=True, tag="get_public_names", to="persistence"):
    """Everybody's number or name on a public page (WEB_ACCESS=public)."""


class PublicNameSet(Answer, frozen=True, tag="public_name_set"):
    """Answer to SetPublicName and GetPublicName."""

    is_named: bool
    """Whether the member is named on a public page."""


class SetPublicName(Question[PublicNameSet], frozen=True, tag="set_public_name", to="persistence"):
    """Set whether a member is named on a public page."""

    viewer_id: str
    """Discord id, as digits."""
    is_named: bool
    """The choice."""


class GetPublicName(Question[PublicNameSet], frozen=True, tag="get_public_name", to="persistence"):
    """Whether a member chose to be named on a public page."""

    viewer_id: str
    """Discord id, as digits."""
