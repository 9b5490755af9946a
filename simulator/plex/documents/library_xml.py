"""The XML of a Plex Media Server, built from the model. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias
from xml.etree.ElementTree import Element, SubElement, tostring

from simulator.plex.world.library import SECTIONS, ItemGroup, LibraryItem, LibrarySection

Attributes: TypeAlias = Mapping[str, str | int | float | bool | None]

VERSION = "1.41.3.9314-a0bfb8370"
"""A version string of the real form."""
GROUP_TYPES = {"show": 2, "season": 3, "artist": 8, "album": 9}
ITEM_TYPES = {"movie": 1, "episode": 4, "track": 10, "clip": 12, "photo": 13}
"""Plex's numbers for `?type=`."""


def attributes(given: Attributes) -> dict[str, str]:
    """Return XML attributes: None and "" are left out, as a real server does; booleans are 0 and 1."""
    return {
        name: str(int(value) if isinstance(value, bool) else value)
        for name, value in given.items()
        if value is not None and value != ""
    }


def container(children: Iterable[Element] = (), **extra: str | int | None) -> Element:
    """Return a MediaContainer with its size."""
    kids = list(children)
    root = Element("MediaContainer", attributes({"size": len(kids), **extra}))
    root.extend(kids)
    return root


def encode(root: Element) -> bytes:
    """Return the document as a server sends it."""
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def page(children: Sequence[Element], start: int, size: int | None, **extra: str | int | None) -> Element:
    """Return a MediaContainer with one page of the children, and the counts that a real server gives."""
    shown = children[start:] if size is None else children[start : start + size]
    return container(shown, totalSize=len(children), offset=start, **extra)


def server_root(machine_id: str, name: str, now_s: float, transcodes: int) -> Element:
    """Return the answer to `GET /`."""
    root = container(
        [Element("Directory", {"count": "1", "key": key, "title": key}) for key in ("library", "hubs", "status")],
        machineIdentifier=machine_id,
        friendlyName=name,
        version=VERSION,
        platform="Linux",
        platformVersion="6.1 (simulated)",
        updatedAt=int(now_s),
        transcoderActiveVideoSessions=transcodes,
        transcoderVideoBitrates="64,96,208,320,720,1500,2000,3000,4000,8000,10000,12000,20000",
        transcoderVideoQualities="0,1,2,3,4,5,6,7,8,9,10,11,12",
        transcoderVideoResolutions="128,128,160,240,320,480,768,720,720,1080,1080,1080,1080",
        diagnostics="logs,databases,streaminglogs",
        myPlexMappingState="mapped",
        myPlexSigninState="ok",
        myPlexUsername="rosa@example.invalid",
        ownerFeatures="adaptive_bitrate,session_bandwidth_restrictions,webhooks",
        streamingBrainVersion=2,
        readOnlyLibraries=0,
    )
    for flag in (
        *("allowCameraUpload", "allowChannelAccess", "allowSharing", "allowSync", "backgroundProcessing"),
        *(
            "certificate",
            "companionProxy",
            "eventStream",
            "hubSearch",
            "multiuser",
            "myPlex",
            "myPlexSubscription",
        ),
        *("photoAutoTag", "pluginHost", "sync", "transcoderAudio", "transcoderLyrics", "transcoderPhoto"),
        *("transcoderSubtitles", "transcoderVideo", "updater", "voiceSearch"),
    ):
        root.set(flag, "1")
    # A real server mixes both spellings of a boolean in one document.
    root.set("allowMediaDeletion", "true")
    root.set("requestParametersInCookie", "true")
    return root


def identity(machine_id: str) -> Element:
    """Return the answer to `GET /identity`, the one address that needs no token."""
    return container(claimed=1, machineIdentifier=machine_id, version=VERSION, apiVersion="1.1.1")


def metadata(item: LibraryItem, *, details: bool = True) -> Element:
    """Return one item as the library shows it, with its tags and, if wanted, its media."""
    section = next((s for s in SECTIONS if s.id == item.section_id), None)
    element = Element(
        item.tag,
        attributes(
            {
                "addedAt": 1_700_000_000,
                "updatedAt": 1_700_000_000,
                "duration": item.duration_ms,
                "guid": item.guid,
                "key": item.key,
                "ratingKey": item.rating_key,
                "librarySectionID": item.section_id,
                "librarySectionKey": f"/library/sections/{section.id}" if section else None,
                "librarySectionTitle": section.title if section else None,
                "originallyAvailableAt": f"{item.year}-01-01" if item.year else None,
                "thumb": item.thumb,
                "title": item.title,
                "type": item.kind,
                "subtype": item.subtype,
                "year": item.year,
                "live": item.live or None,
                **_list_family_attributes(item),
            }
        ),
    )
    if details and item.kind != "photo":
        _add_media(element, item)
    for tag, names in (("Genre", item.genres), ("Director", item.directors)):
        for number, name in enumerate(names, start=1):
            SubElement(
                element,
                tag,
                {"count": "1", "filter": f"{tag.lower()}={number}", "id": str(number), "tag": name},
            )
    if item.guid.startswith("plex://"):
        SubElement(element, "Guid", {"id": f"imdb://tt{int(item.rating_key):07d}"})
        SubElement(element, "Guid", {"id": f"tmdb://{item.rating_key}"})
    return element


def _list_family_attributes(item: LibraryItem) -> dict[str, str | int | None]:
    """Return the attributes that name the season and series, or the album and artist."""
    family: dict[str, str | int | None] = {
        "parentTitle": item.parent_title,
        "grandparentTitle": item.grandparent_title,
        "parentIndex": item.parent_index,
        "index": item.index,
    }
    for place, key in (("parent", item.parent_key), ("grandparent", item.grandparent_key)):
        if key:
            family |= {
                f"{place}Key": f"/library/metadata/{key}",
                f"{place}RatingKey": key,
                f"{place}Thumb": f"/library/metadata/{key}/thumb/1700000000",
            }
    return family


def _add_media(element: Element, item: LibraryItem) -> None:
    """Add a media version that is not played and one that is, as a film in two qualities has them."""
    number = int(item.rating_key or 0)
    heights = (1080,) if item.kind == "track" else (2160, 1080)
    for place, height in enumerate(heights):
        chosen = "1" if height == 1080 else None
        media_id = number * 10 + place
        length: Attributes = {
            "duration": item.duration_ms,
            "container": "flac" if item.kind == "track" else "mkv",
        }
        picture: Attributes = (
            {} if item.kind == "track" else {"height": height, "width": height * 16 // 9, "videoCodec": "hevc"}
        )
        media = SubElement(
            element,
            "Media",
            attributes(
                {
                    "id": media_id,
                    "audioChannels": 2,
                    "audioCodec": "flac",
                    "bitrate": 8000,
                    "selected": chosen,
                    **length,
                    **picture,
                }
            ),
        )
        part = SubElement(
            media,
            "Part",
            attributes(
                {
                    "id": media_id,
                    "key": f"/library/parts/{media_id}/file",
                    "decision": "directplay" if chosen else None,
                    "file": f"/media/{item.rating_key or 'live'}-{height}.mkv",
                    "selected": chosen,
                    **length,
                }
            ),
        )
        if item.kind != "track":
            SubElement(
                part,
                "Stream",
                attributes(
                    {
                        "id": media_id * 10,
                        "streamType": 1,
                        "codec": "hevc",
                        "index": 0,
                        "displayTitle": f"{height}p",
                        "selected": chosen,
                        "height": height,
                    }
                ),
            )
        SubElement(
            part,
            "Stream",
            attributes(
                {
                    "id": media_id * 10 + 1,
                    "streamType": 2,
                    "codec": "flac",
                    "index": 1,
                    "displayTitle": "English (FLAC Stereo)",
                    "channels": 2,
                    "selected": chosen,
                }
            ),
        )


def group(held: ItemGroup, children: int) -> Element:
    """Return a series, season, artist or album."""
    return Element(
        "Directory",
        attributes(
            {
                "ratingKey": held.rating_key,
                "key": f"/library/metadata/{held.rating_key}/children",
                "guid": f"plex://{held.kind}/{int(held.rating_key):024x}",
                "type": held.kind,
                "title": held.title,
                "year": held.year,
                "index": held.index,
                "librarySectionID": held.section_id,
                "leafCount": children,
                "childCount": children,
                "parentRatingKey": held.parent_key,
                "parentKey": f"/library/metadata/{held.parent_key}" if held.parent_key else None,
                "parentTitle": held.parent_title,
                "thumb": held.thumb,
                "addedAt": 1_700_000_000,
            }
        ),
    )


def section(held: LibrarySection) -> Element:
    """Return a library section as `/library/sections` lists it."""
    element = Element(
        "Directory",
        attributes(
            {
                "key": held.id,
                "type": held.kind,
                "title": held.title,
                "agent": f"tv.plex.agents.{held.kind}",
                "scanner": f"Plex {held.title}",
                "language": "en-GB",
                "uuid": f"00000000-0000-4000-8000-{held.id:012d}",
                "allowSync": True,
                "filters": True,
                "refreshing": False,
                "hidden": 0,
                "createdAt": 1_700_000_000,
                "updatedAt": 1_700_000_000,
                "scannedAt": 1_700_000_000,
            }
        ),
    )
    SubElement(element, "Location", {"id": str(held.id), "path": f"/media/{held.kind}"})
    return element


def hub(kind: str, found: Sequence[Element]) -> Element:
    """Return one group of search results."""
    element = Element(
        "Hub",
        attributes(
            {
                "type": kind,
                "hubIdentifier": kind,
                "title": f"{kind}s".title(),
                "size": len(found),
                "more": False,
            }
        ),
    )
    element.extend(found)
    return element
