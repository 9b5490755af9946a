"""The lasting ways in which a Discord turns everybody away; REST and the gateway look at them."""

from dataclasses import dataclass


@dataclass
class OutageSwitches:
    """Each may be set at any time, from any thread."""

    refuse_token: bool = False
    """REST answers 401, the gateway closes with 4004."""
    disallowed_intents: bool = False
    """The gateway closes with 4014, whatever is asked for."""
    gateway_refused: bool = False
    """The gateway's websocket is refused with 503; REST works."""
