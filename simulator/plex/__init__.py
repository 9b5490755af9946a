"""A simulated Plex Media Server on loopback, faithful enough for the real PlexAPI and its AlertListener."""

from simulator.plex.faults import ODDITIES, Fault, FaultKind, Oddity, SocketFault
from simulator.plex.http.request_gate import Request
from simulator.plex.server import ADMIN_TOKEN, MEMBER_TOKEN, OLD_MEMBER_TOKEN, SimulatedPlex
from simulator.plex.world.library import Group, Item, Library
from simulator.plex.world.sessions import (
    ACCOUNTS,
    BROWSER,
    NOBODY,
    OWNER,
    PHONE,
    TELEVISION,
    Account,
    HistoryRow,
    Player,
    PlayingSession,
)
from simulator.plex.world.world import NoSuchSessionError

__all__ = [
    "ACCOUNTS",
    "ADMIN_TOKEN",
    "BROWSER",
    "MEMBER_TOKEN",
    "NOBODY",
    "ODDITIES",
    "OLD_MEMBER_TOKEN",
    "OWNER",
    "PHONE",
    "TELEVISION",
    "Account",
    "Fault",
    "FaultKind",
    "Group",
    "HistoryRow",
    "Item",
    "Library",
    "NoSuchSessionError",
    "Oddity",
    "Player",
    "PlayingSession",
    "Request",
    "SimulatedPlex",
    "SocketFault",
]
