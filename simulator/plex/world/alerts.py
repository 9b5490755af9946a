"""The alerts of the server's websocket, and its listeners."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from simulator.plex.faults import SocketFault
from simulator.plex.world.sessions import PlayingSession


def playing_alert(
    one: PlayingSession, now_s: float, state: str, instead: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the alert of a client's report or change of state; `instead` overwrites fields of the notification."""
    notification: dict[str, Any] = {
        "sessionKey": one.key,
        "clientIdentifier": one.player.machine_id,
        "guid": one.item.guid,
        "ratingKey": one.item.rating_key,
        "url": "",
        "key": one.item.key,
        "viewOffset": one.offset_ms(now_s),
        "playQueueItemID": int(one.uid),
        "playQueueID": int(one.uid),
        "state": state,
    }
    if one.transcoding:
        notification["transcodeSession"] = one.uid
    return {
        "type": "playing",
        "size": 1,
        "PlaySessionStateNotification": [notification | dict(instead or {})],
    }


def unrelated_alerts(now_s: float) -> list[dict[str, Any]]:
    """Return one alert of each kind that does not concern playback."""
    activity = {
        "uuid": "0d6e1f",
        "type": "library.refresh.items",
        "cancellable": False,
        "userID": 1,
        "progress": 50,
    }
    entry = {
        "identifier": "com.plexapp.plugins.library",
        "sectionID": "1",
        "itemID": "1001",
        "type": 1,
        "title": "A Trip to the Moon",
        "state": 5,
        "updatedAt": int(now_s),
    }
    status = {"title": "Library scan complete", "description": "", "notificationName": "LIBRARY_UPDATE"}
    return [
        {"type": "timeline", "size": 1, "TimelineEntry": [entry]},
        {
            "type": "activity",
            "size": 1,
            "ActivityNotification": [{"event": "updated", "uuid": "0d6e1f", "Activity": activity}],
        },
        {"type": "status", "size": 1, "StatusNotification": [status]},
        {"type": "reachability", "size": 1, "ReachabilityNotification": [{"reachability": False}]},
        {"type": "update.statechange", "size": 1, "AutoUpdateNotification": [{"state": "idle"}]},
    ]


class Listeners:
    """The open websockets. Runs on the server's loop; only `count` may be read from other threads."""

    def __init__(self) -> None:
        self._sockets: set[web.WebSocketResponse] = set()
        self.fault: SocketFault | None = None

    @property
    def count(self) -> int:
        """Number of open connections."""
        return len(self._sockets)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one listener's connection until either side closes it."""
        # Pongs are sent by hand, so that a half-open connection can leave pings unanswered.
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if self.fault == "dropped":
            await socket.close(code=WSCloseCode.GOING_AWAY)
            return socket
        self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.PING and self.fault != "silent":
                    await socket.pong(message.data)
        finally:
            self._sockets.discard(socket)
        return socket

    async def send(self, alert: dict[str, Any]) -> None:
        """Send an alert to every listener, as the current fault allows."""
        if self.fault == "silent":
            return
        text = json.dumps({"NotificationContainer": alert}, ensure_ascii=False).encode()
        if self.fault == "invalid_utf8":
            text = b"\xff\xfe" + text
        elif self.fault == "garbage":
            text = b'{"NotificationContainer": ["playing", 1'
        for socket in list(self._sockets):
            try:
                # send_str accepts only valid text; a broken server sends anything.
                await socket.send_frame(text, WSMsgType.TEXT)
            except ConnectionError:
                self._sockets.discard(socket)

    async def close(self) -> None:
        """Close every listener's connection."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)
