"""Switches for lasting outages of Discord; REST and the gateway read them."""

from dataclasses import dataclass


@dataclass
class OutageSwitches:
    """Each may be set at any time, from any thread."""

    refuse_token: bool = False
    """REST answers 401, the gateway closes with 4004."""
    disallowed_intents: bool = False
    """The gateway closes with 4014, whatever intents are requested."""
    closes_before_hello: int = 0
    """The gateway accepts each connection and closes it at once with this code; 0: off."""
    gateway_refused: bool = False
    """The gateway's websocket is refused with 503; REST works."""
    closes_at_activity: int = 0
    """The gateway closes with this code when the bot shows an activity; 0: off."""
    names_no_members: bool = False
    """Servers arrive without the members who are in voice, so that only the ids of those are known."""
