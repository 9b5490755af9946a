"""A simulated Plex Media Server on loopback, close enough to a real one for PlexAPI and its AlertListener."""

from simulator.plex.faults import ODDITIES, Fault, FaultKind, Oddity, SocketFault
from simulator.plex.http.request_gate import Request
from simulator.plex.server import ADMIN_TOKEN, MEMBER_TOKEN, OLD_MEMBER_TOKEN, SimulatedPlex
from simulator.plex.world.library import ItemGroup, LibraryItem, PlexLibrary
from simulator.plex.world.sessions import (
    ACCOUNTS,
    BROWSER,
    NOBODY,
    OWNER,
    PHONE,
    TELEVISION,
    Player,
    PlayHistoryRow,
    PlayingSession,
    SimulatedAccount,
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
    "Fault",
    "FaultKind",
    "ItemGroup",
    "LibraryItem",
    "NoSuchSessionError",
    "Oddity",
    "PlayHistoryRow",
    "Player",
    "PlayingSession",
    "PlexLibrary",
    "Request",
    "SimulatedAccount",
    "SimulatedPlex",
    "SocketFault",
]
