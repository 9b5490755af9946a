"""The permissions that the bot needs on Discord, by their documented bits, and in which places."""

from wording.translation import N_

ADMINISTRATOR = 1 << 3
VIEW_CHANNEL = 1 << 10
MANAGE_ROLES = 1 << 28
"""Needed in the server to give the role of the top watchers, if one is set."""
CREATE_EVENTS, MANAGE_EVENTS = 1 << 44, 1 << 33
SEND_POLLS = 1 << 49
_SEND_MESSAGES, _EMBED_LINKS, _ATTACH_FILES = 1 << 11, 1 << 14, 1 << 15
_CONNECT, _MANAGE_CHANNELS, _MUTE_MEMBERS, _MOVE_MEMBERS = 1 << 20, 1 << 4, 1 << 22, 1 << 24

NAMES = {
    VIEW_CHANNEL: N_("View Channel"),
    _SEND_MESSAGES: N_("Send Messages"),
    _EMBED_LINKS: N_("Embed Links"),
    _ATTACH_FILES: N_("Attach Files"),
    CREATE_EVENTS: N_("Create Events"),
    MANAGE_EVENTS: N_("Manage Events"),
    SEND_POLLS: N_("Create Polls"),
    _CONNECT: N_("Connect"),
    _MANAGE_CHANNELS: N_("Manage Channels"),
    _MUTE_MEMBERS: N_("Mute Members"),
    _MOVE_MEMBERS: N_("Move Members"),
    MANAGE_ROLES: N_("Manage Roles"),
}
"""Names of the permissions in Discord's settings."""
ANNOUNCEMENTS = (VIEW_CHANNEL, _SEND_MESSAGES, _EMBED_LINKS, _ATTACH_FILES)
"""Needed in the channel of announcements."""
VOICE = (VIEW_CHANNEL,)
"""Needed in the voice channel of the watch parties."""
EVENTS = (CREATE_EVENTS, MANAGE_EVENTS)
"""Needed in the server to create events for planned film nights; everything else works without them."""
POLLS = (SEND_POLLS,)
"""Needed in the server for votes on the next film; everything else works without it."""
EVENT_CHANNEL = (_CONNECT,)
"""Also needed in the voice channel in which such an event takes place."""
STAGE_EVENT_CHANNEL = (_CONNECT, _MANAGE_CHANNELS, _MUTE_MEMBERS, _MOVE_MEMBERS)
"""Also needed if that is a stage channel. They are not part of the invitation, but granted in the channel."""
INVITATION = sum((*ANNOUNCEMENTS, *EVENTS, *POLLS, *EVENT_CHANNEL))
"""The permissions that an invitation asks for."""


def list_missing(granted: int, needed: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of the needed permissions that are not among the granted bits."""
    return tuple(NAMES[bit] for bit in needed if not granted & bit)


def invitation_url(application_id: int | str) -> str:
    """Return the address that invites the bot, with exactly the permissions that it uses."""
    return (
        f"https://discord.com/oauth2/authorize?client_id={application_id}&scope=bot%20applications.commands"
        f"&permissions={INVITATION}"
    )
