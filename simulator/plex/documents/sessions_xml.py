"""The XML of sessions, history, accounts and devices. Pure."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from simulator.plex.documents.library_xml import attributes, container, metadata
from simulator.plex.world.sessions import Player, PlayHistoryRow, PlayingSession, SimulatedAccount


def sessions(playing: Iterable[PlayingSession], now_s: float) -> Element:
    """Return `/status/sessions`. Real servers ignore the paging headers for it: all sessions come at once."""
    return container(session(one, now_s) for one in playing)


def session(one: PlayingSession, now_s: float) -> Element:
    """Return one session with its item, user, player, session and, perhaps, transcode."""
    element = metadata(one.item)
    element.set("sessionKey", one.key)
    if not one.item.live:
        element.set("viewOffset", str(one.offset_ms(now_s)))
    SubElement(
        element,
        "User",
        {"id": str(one.account.id), "title": one.account.name, "thumb": f"/users/{one.account.id}/avatar"},
    )
    element.append(_build_player(one))
    bandwidth = {"id": one.session_id or f"session-{one.uid}", "bandwidth": "9410"}
    SubElement(element, "Session", bandwidth | {"location": one.player.location})
    if one.transcoding:
        element.append(_build_transcode(one, now_s))
    return _distort(element, one)


def _build_player(one: PlayingSession) -> Element:
    player = one.player
    return Element(
        "Player",
        attributes(
            {
                "address": player.address,
                "device": player.device,
                "machineIdentifier": player.machine_id,
                "model": player.device,
                "platform": player.platform,
                "platformVersion": "14",
                "product": player.product,
                "profile": player.platform,
                "remotePublicAddress": player.address,
                "state": one.state,
                "title": player.title,
                "version": "10.23.0",
                "local": player.local,
                "relayed": False,
                "secure": True,
                "userID": one.account.id,
            }
        ),
    )


def _build_transcode(one: PlayingSession, now_s: float) -> Element:
    duration_ms = one.item.duration_ms or 0
    progress = 100 * one.offset_ms(now_s) / duration_ms if duration_ms else 0.0
    return Element(
        "TranscodeSession",
        attributes(
            {
                "key": f"/transcode/sessions/{one.uid}",
                "throttled": False,
                "complete": False,
                "progress": f"{progress:.1f}",
                "size": -22,
                "speed": "2.4",
                "error": False,
                "duration": duration_ms,
                "context": "streaming",
                "sourceVideoCodec": "hevc",
                "sourceAudioCodec": "flac",
                "videoDecision": "transcode",
                "audioDecision": "copy",
                "protocol": "dash",
                "container": "mp4",
                "videoCodec": "h264",
                "audioCodec": "flac",
                "audioChannels": 2,
                "width": 1280,
                "height": 720,
                "transcodeHwRequested": True,
                "timeStamp": f"{one.started_s:.3f}",
            }
        ),
    )


def _distort(element: Element, one: PlayingSession) -> Element:
    """Return the element with the defects that a test asked for."""
    for path, value in one.attributes.items():
        child, dot, name = path.rpartition(".")
        target = element.find(child) if dot else element
        if target is None:
            continue
        if value is None:
            target.attrib.pop(name, None)
        else:
            target.set(name, value)
    for left_out in [child for child in element if child.tag in one.without]:
        element.remove(left_out)
    return element


def history(row: PlayHistoryRow) -> Element:
    """Return one completed play: no start, no end, no duration; a deleted item has no key."""
    item = row.item
    given = {
        "historyKey": f"/status/sessions/history/{row.history_id}",
        "title": item.title,
        "type": item.kind,
        "grandparentTitle": item.grandparent_title,
        "parentIndex": item.parent_index,
        "index": item.index,
        "originallyAvailableAt": f"{item.year}-01-01" if item.year else None,
        "viewedAt": row.viewed_at_s,
        "accountID": row.account_id,
        "deviceID": row.device_id,
    }
    if not row.deleted:
        given |= {
            "key": item.key,
            "ratingKey": item.rating_key,
            "librarySectionID": item.section_id,
            "thumb": item.thumb,
        }
    return Element(item.tag, attributes(given))


def account(held: SimulatedAccount) -> Element:
    """Return one row of `/accounts`; account 0 keeps its empty name."""
    return Element(
        "Account",
        {
            "id": str(held.id),
            "key": f"/accounts/{held.id}",
            "name": held.name,
            "defaultAudioLanguage": "en",
            "autoSelectAudio": "1",
            "defaultSubtitleLanguage": "en",
            "subtitleMode": "1",
            "thumb": f"/users/{held.id}/avatar" if held.name else "",
        },
    )


def device(device_id: int, player: Player) -> Element:
    """Return one row of `/devices`."""
    return Element(
        "Device",
        attributes(
            {
                "id": device_id,
                "name": player.title,
                "platform": player.platform,
                "clientIdentifier": player.machine_id,
                "createdAt": 1_700_000_000,
            }
        ),
    )
