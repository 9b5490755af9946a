"""The page Tonight: what is playing, who is watching it, and what happened so far."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from actors.web.pages.clock import format_clock
from actors.web.pages.evening_feed import FeedEntry, build_feed
from actors.web.pages.night import NightRecord, build_night
from actors.web.pages.upcoming import UpcomingRow, build_upcoming, count_attendance
from messages import Item, Moment, Night, NightBadge, Screening, UpcomingNight
from wording.durations import format_duration, format_position
from wording.lanes import Face, LaneChart, build_lane_chart, list_lane_seats, make_faces, merge_seats
from wording.numbers import format_count
from wording.playback import player_state_name
from wording.text import clean_line, display_name, join_facts
from wording.titles import display_title
from wording.translation import _

TITLE_LENGTH = 200
MOST_FACES = 8
MOST_ALSO = 6
MOST_GENRES = 4


class Progress(msgspec.Struct, frozen=True):
    """The position in a film."""

    position: str
    rest: str
    """The film's length, the time left, and when it ends."""
    percent: float | None
    """None if the film's length is not known."""
    position_ms: int | None
    length_ms: int | None
    moves: bool
    """Whether the film is playing now, so that the page moves the position by itself."""
    at_ms: int
    """When the film was at this position; ms since 1970, UTC."""


class Hero(msgspec.Struct, frozen=True):
    """The film of the evening."""

    title: str
    year: str
    poster: Item
    state: str
    is_playing: bool
    kind: str
    """The label of a watch party; empty otherwise."""
    facts: str
    progress: Progress
    faces: tuple[Face, ...]
    more_faces: int
    """How many further viewers there are."""
    watching: str
    others: str
    """Who left, and how many RSVPs came; empty if nobody left and nothing was planned."""


class AlsoPlaying(msgspec.Struct, frozen=True):
    """Another film that is playing now."""

    title: str
    poster: Item
    facts: str
    percent: float | None


class Tonight(msgspec.Struct, frozen=True):
    """Everything on the page."""

    heading: str
    """Shown in the browser's tab."""
    hero: Hero | None
    """None if nothing is playing."""
    chart: LaneChart | None
    also: tuple[AlsoPlaying, ...]
    feed: tuple[FeedEntry, ...]
    notice: str
    """A warning; empty if there is none."""
    last_night: NightRecord | None = None
    """The last watch party, shown while nothing is playing; None if there was none."""
    upcoming: tuple[UpcomingRow, ...] = ()
    """The coming nights."""


def build_tonight(
    screenings: Iterable[Screening],
    at: Moment,
    zone: ZoneInfo,
    *,
    heard_at: Moment | None,
    silent_after_s: float,
    last_night: Night | None = None,
    upcoming: Sequence[UpcomingNight] = (),
    badges: Sequence[NightBadge] = (),
) -> Tonight:
    """Return what the page shows at `at`.

    `screenings` are those that others may see, `heard_at` is when the tracker last reported (None: not yet); after
    `silent_after_s` seconds without a report the page says so. `upcoming`: planned and running nights; `badges`:
    those earned at the present screenings.
    """
    notice = _describe_silence(at, zone, heard_at, silent_after_s)
    coming = build_upcoming(upcoming, at.wall_s, zone)
    ranked = sorted(screenings, key=_rank)
    watched = [screening for screening in ranked if any(seat.present for seat in screening.seats)]
    if not watched:
        over = build_night(last_night, zone) if last_night is not None else None
        return Tonight(_("Nothing is playing"), None, None, (), (), notice, over, coming)
    main, *others = watched
    position = main.estimate_position(at)
    return Tonight(
        heading=_("{title} is playing").format(title=clean_line(display_title(main.item), TITLE_LENGTH)),
        hero=_build_hero(main, at, zone, count_attendance(main, upcoming)),
        chart=build_lane_chart(main, position) if position is not None else None,
        also=tuple(_build_also(screening, at) for screening in others[:MOST_ALSO]),
        feed=build_feed(main, zone, badges),
        notice=notice,
        upcoming=coming,
    )


def _rank(screening: Screening) -> tuple[bool, int, float]:
    """Return the sort key of a screening: watch parties come first, then the one with most people, then the oldest."""
    present = sum(seat.present for seat in screening.seats)
    return not screening.party, -present, screening.started_at_s


def _build_hero(screening: Screening, at: Moment, zone: ZoneInfo, attendance: str) -> Hero:
    item = screening.item
    present = [seat for seat in screening.seats if seat.present]
    left = len({seat.viewer_id or seat for seat in screening.seats} - {seat.viewer_id or seat for seat in present})
    gone = format_count("{count} left", "{count} left", left) if left else ""
    host = clean_line(display_name(screening.host), 60)
    facts = [", ".join(clean_line(genre, 30) for genre in item.genres[:MOST_GENRES])]
    facts.append(format_duration(item.duration_ms / 1000) if item.duration_ms else "")
    facts.append(_("played by {name}").format(name=host) if host else "")
    is_playing = screening.state in ("playing", "buffering")
    title = clean_line(display_title(item, with_year=False), TITLE_LENGTH)
    return Hero(
        title=title,
        year=str(item.year) if item.year and item.kind == "movie" else "",
        poster=item,
        state=_("Playing now") if is_playing else player_state_name(screening.state).capitalize(),
        is_playing=is_playing,
        kind=_("Watch party") if screening.party else "",
        facts=join_facts(facts),
        progress=_build_progress(screening, at, zone),
        faces=(faces := _make_stack(screening))[:MOST_FACES],
        more_faces=max(0, len(faces) - MOST_FACES),
        watching=format_count("{count} watching", "{count} watching", len(present)),
        others=" · ".join(part for part in (gone, attendance) if part),
    )


def _make_stack(screening: Screening) -> tuple[Face, ...]:
    """Return the faces of visible viewers who are watching now, in the colours of their lanes."""
    shown = list_lane_seats(merge_seats(screening.seats, screening.item.duration_ms), is_over=False)
    faces = zip(shown, make_faces(shown), strict=True)
    return tuple(face for seat, face in faces if seat.present)


def _build_progress(screening: Screening, at: Moment, zone: ZoneInfo) -> Progress:
    position, length = screening.estimate_position(at), screening.item.duration_ms
    moves = screening.state == "playing" and position is not None
    at_ms = round(at.wall_s * 1000)
    if position is None or not length:
        word = _("Live") if screening.item.live else ""
        shown = format_position(position) if position is not None else word
        return Progress(shown, "", None, position, length, moves, at_ms)
    left_s = max(0, length - position) / 1000
    parts = {"length": format_position(length), "time": format_duration(left_s)}
    if moves:
        clock = format_clock(at.wall_s + left_s, zone)
        rest = _("of {length} · {time} left, until {clock}").format(clock=clock, **parts)
    else:
        rest = _("of {length} · {time} left").format(**parts)
    percent = round(100 * position / length, 2)
    return Progress(format_position(position), rest, percent, position, length, moves, at_ms)


def _build_also(screening: Screening, at: Moment) -> AlsoPlaying:
    position, length = screening.estimate_position(at), screening.item.duration_ms
    facts = [clean_line(display_name(screening.host), 60) if screening.host else ""]
    facts.append(player_state_name(screening.state))
    if position is not None:
        times = {"position": format_position(position), "length": format_position(length)}
        facts.append(_("{position} of {length}").format(**times) if length else times["position"])
    return AlsoPlaying(
        title=clean_line(display_title(screening.item), TITLE_LENGTH),
        poster=screening.item,
        facts=join_facts(facts),
        percent=round(100 * position / length, 2) if position is not None and length else None,
    )


def _describe_silence(at: Moment, zone: ZoneInfo, heard_at: Moment | None, silent_after_s: float) -> str:
    if heard_at is None:
        return _("Usher is starting and doesn't know yet what is playing.")
    if at.steady_s - heard_at.steady_s <= silent_after_s:
        return ""
    clock = format_clock(heard_at.wall_s, zone)
    return _("No news from the Plex server or the tracker: shown as of {clock}.").format(clock=clock)
