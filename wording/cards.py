"""Builds the data of cards for sharing (a year, previews of a year, a night and a badge) from the actors' answers."""

import datetime
from collections.abc import Sequence

from charts.geometry import count_viewers
from charts.picture import BadgeMark, Figure, PosterMark, PreviewCard, WrappedCard
from messages import SOMEBODY, CommunityYear, EarnedBadge, Screening, TitleCount, YearFigures, YearOfViewer
from wording.chart_data import chart_locale, describe_hours, measure_night
from wording.dates import format_decade, format_weekday
from wording.durations import format_duration
from wording.numbers import ALL_OF_IT_PERCENT, format_count, format_number, format_percent
from wording.text import clean_line, display_name, shorten
from wording.titles import display_title
from wording.translation import _, gettext_badge, ngettext

_ALT_UNITS = 1000
_MOST_BADGES = 8
MOST_FILMS = 3
"""Maximum number of posters on a card."""
_LONG_S = 3600.0 * 2


def viewer_card(answer: YearOfViewer, name: str) -> WrappedCard | None:
    """Return a viewer's year as a card to share, without its posters: `charts.picture.with_posters` adds them.

    None if there is nothing to show, or nothing that may be shown.
    """
    if answer.hidden or answer.figures_hidden or not answer.figures.days:
        return None
    badges = tuple(BadgeMark(badge.emoji, gettext_badge(badge.name)) for badge in answer.badges[:_MOST_BADGES])
    label = _describe_badges(len(answer.badges))
    name = clean_line(name, 60)
    title = _("{name}'s {year}").format(name=name, year=answer.figures.year)
    return _build_card(answer.figures, name, title, _count_films(answer.figures), answer.films, badges, label)


def community_card(answer: CommunityYear) -> WrappedCard | None:
    """Return everybody's year as a card to share, without its posters; None if there is nothing to show."""
    figures = answer.figures
    if not figures.days:
        return None
    viewers = Figure(format_number(answer.viewers), ngettext("viewer", "viewers", answer.viewers))
    title = _("Our {year}").format(year=figures.year)
    badges = tuple(BadgeMark(badge.emoji, gettext_badge(badge.name)) for badge in answer.badges[:_MOST_BADGES])
    label = _describe_badges(sum(badge.viewers for badge in answer.badges))
    return _build_card(figures, _("All of us"), title, [viewers, *_count_films(figures)], answer.films, badges, label)


def preview_year(answer: YearOfViewer, name: str, poster: bytes | None = None) -> PreviewCard:
    """Return the preview of a shared year. `poster`: of its most watched film; None to leave it out.

    For a year that may not be shown it contains only the name of the page.
    """
    figures = answer.figures
    title = _("{name}'s {year}").format(name=clean_line(name, 60), year=figures.year)
    if answer.hidden or answer.figures_hidden:
        return PreviewCard(heading="Usher", title=str(figures.year), alt=str(figures.year), locale=chart_locale())
    shown = [_build_time_figure(figures.watch_time_s), *_count_films(figures)[:1], _build_streak_figure(figures)]
    if answer.badges:
        shown.append(Figure(format_number(len(answer.badges)), ngettext("badge", "badges", len(answer.badges))))
    return PreviewCard(
        heading=_("A year of films"),
        title=title,
        figures=tuple(shown),
        poster=poster,
        days=figures.days,
        until=f"{figures.year}-12-31",
        alt=_describe_year(title, figures),
        locale=chart_locale(),
    )


def preview_night(screening: Screening, zone: datetime.tzinfo, poster: bytes | None = None) -> PreviewCard:
    """Return the preview of a shared, finished night, without hidden viewers. `poster`: of its film."""
    length_ms, everybody = measure_night(screening)
    seats = [seat for seat in everybody if seat.username != SOMEBODY]
    day = datetime.datetime.fromtimestamp(screening.started_at_s, zone).date()
    title = clean_line(display_title(screening.item), 200)
    facts = [format_duration(screening.item.duration_ms / 1000)] if screening.item.duration_ms else []
    if screening.host and screening.host != SOMEBODY:
        facts.append(_("played by {name}").format(name=clean_line(display_name(screening.host), 60)))
    shares = [seat.completion_percent for seat in seats if seat.completion_percent is not None]
    figures = [Figure(format_number(len(seats)), ngettext("viewer", "viewers", len(seats)))]
    if shares:
        whole = sum(share >= ALL_OF_IT_PERCENT for share in shares)
        figures.append(Figure(format_percent(sum(shares) / len(shares)), _("seen on average")))
        figures.append(Figure(format_number(whole), _("saw all of it")))
    heading = _("Film night · {day} {year}").format(day=format_weekday(day), year=day.year)
    return PreviewCard(
        heading=heading,
        title=title,
        note=" · ".join(facts),
        figures=tuple(figures),
        poster=b"" if poster is None else poster,
        watching=tuple(count_viewers((seat.spans for seat in seats), length_ms)) if length_ms else (),
        length_ms=length_ms,
        alt=shorten(". ".join([heading, title, *(f"{one.figure} {one.label}" for one in figures)]), _ALT_UNITS),
        locale=chart_locale(),
    )


def preview_badge(name: str, badge: EarnedBadge, zone: datetime.tzinfo) -> PreviewCard:
    """Return the preview of a shared badge. `name`: of the viewer who earned it."""
    day = datetime.datetime.fromtimestamp(badge.earned_at_s, zone).date()
    title = gettext_badge(badge.name)
    heading = _("{name} earned a badge").format(name=clean_line(name, 60))
    earned = _("{day} {year}").format(day=format_weekday(day), year=day.year)
    return PreviewCard(
        heading=heading,
        title=title,
        note=gettext_badge(badge.description),
        figures=(Figure(_(badge.rarity), earned),),
        emoji=clean_line(badge.emoji, 20),
        alt=shorten(f"{heading}: {title}. {earned}", _ALT_UNITS),
        locale=chart_locale(),
    )


def _build_card(
    figures: YearFigures,
    name: str,
    title: str,
    counts: list[Figure],
    most_seen: Sequence[TitleCount],
    badges: tuple[BadgeMark, ...] = (),
    badges_label: str = "",
) -> WrappedCard:
    shown = [*counts, _build_streak_figure(figures)]
    if figures.director:
        shown.append(Figure(clean_line(figures.director[0], 60), _("top director")))
    if figures.genre:
        shown.append(Figure(clean_line(figures.genre[0], 60), _("top genre")))
    if figures.decade:
        shown.append(Figure(format_decade(figures.decade[0]), _("top decade")))
    films = tuple(PosterMark(_name_film(film), f"{format_number(film.watches)}×") for film in most_seen[:MOST_FILMS])
    return WrappedCard(
        year=str(figures.year),
        name=name,
        big=_build_time_figure(figures.watch_time_s),
        figures=tuple(shown),
        films=films,
        days=figures.days,
        until=f"{figures.year}-12-31",
        badges=badges,
        badges_label=badges_label,
        alt=_describe_year(title, figures, films, badges_label),
        locale=chart_locale(),
    )


def _describe_badges(count: int) -> str:
    return format_count("{count} badge earned", "{count} badges earned", count) if count else ""


def _name_film(film: TitleCount) -> str:
    return clean_line(f"{film.title} ({film.year})" if film.year else film.title, 100)


def _build_time_figure(seconds: float) -> Figure:
    """Return the time watched: whole hours, or minutes if it is short."""
    if seconds < _LONG_S:
        minutes = round(seconds / 60)
        return Figure(format_number(minutes), ngettext("minute watched", "minutes watched", minutes))
    hours = round(seconds / 3600)
    return Figure(format_number(hours), ngettext("hour watched", "hours watched", hours))


def _count_films(figures: YearFigures) -> list[Figure]:
    """Return the number of films, or of episodes if there were no films."""
    films = figures.titles or figures.films
    if films or not figures.episodes:
        return [Figure(format_number(films), ngettext("film", "films", films))]
    return [Figure(format_number(figures.episodes), ngettext("episode", "episodes", figures.episodes))]


def _build_streak_figure(figures: YearFigures) -> Figure:
    days = figures.longest_streak_days
    return Figure(format_number(days), ngettext("day in a row", "days in a row", days))


def _describe_year(title: str, figures: YearFigures, films: Sequence[PosterMark] = (), badges: str = "") -> str:
    parts = [_("{year}: {hours}").format(year=title, hours=describe_hours(figures.days))]
    parts += [f"{film.title} {film.note}" for film in films]
    return shorten(". ".join([*parts, badges] if badges else parts), _ALT_UNITS)
