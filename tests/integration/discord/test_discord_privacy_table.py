"""Everything that others are told, against everything that a viewer can choose: one table.

A row is a surface: a command, a suggestion, a card, a picture in words, a digest, a webhook. A column is how it stands
with Pia: open, anonymous, private, untracked, forgotten, or gone from the server. Of who is hidden others are told what
they would be told if she had never watched (`privacy_worlds`), letter by letter, except where everybody is counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import pytest

from actors.chat.discord.features import bot_activity, weekly_digest
from actors.chat.discord.features.announcements import announcement_embeds
from actors.chat.discord.features.live_card import live_card_embeds
from actors.webhooks.payload import build_payload, make_event
from messages import (
    GetLeaderboard,
    GetMovieStats,
    GetVisibleViewers,
    ScreeningEnded,
    ScreeningStarted,
)
from tests.integration.discord.privacy_worlds import (
    ACCOUNT,
    ACCOUNT_NAME,
    ALONE,
    ALONE_NOW,
    BEN,
    NOW,
    OLGA,
    PIA,
    SHARED,
    Worlds,
    open_worlds,
)
from wording import chart_data

Standing = Literal["open", "anonymous", "private", "untracked", "left", "forgotten"]
HIDDEN: tuple[Standing, ...] = ("private", "untracked", "forgotten")


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Both worlds for all rows, which only ask. What Pia is comes in the order of the columns."""
    with open_worlds(tmp_path_factory.mktemp("worlds")) as made:
        yield made


def use(worlds: Worlds, name: str, **options: object) -> str:
    """Somebody who is none of them uses a / command; all that comes of it, buttons too."""
    asked = worlds.stage.discord.slash(worlds.add_asker(), name, options)  # type: ignore[arg-type]  # as people fill in
    reply = asked.wait_reply()
    controls = [(each.get("label"), each.get("options")) for each in reply.controls]
    return f"{reply.text}\n{json.dumps(controls, ensure_ascii=False)}"


def suggest(worlds: Worlds, name: str, option: str, typed: str) -> str:
    """What is suggested to somebody who types."""
    return str(worlds.stage.discord.autocomplete(worlds.add_asker(), name, option, typed))


def show_now(worlds: Worlds) -> str:
    """Cards, lines of announcements and the line below the bot's name, of all that plays now."""
    shown = worlds.world.tracker().now_playing(NOW).screenings
    said = [bot_activity.build_line(shown)]
    for each in shown:
        said.append(str(live_card_embeds.build_playing(each, NOW).to_dict()))
        said.append(announcement_embeds.build_line(ScreeningStarted(NOW, each)))
    return "\n".join(said)


def show_record(worlds: Worlds) -> str:
    """The night's record and its picture in words, of all that plays now."""
    said = []
    for each in worlds.world.tracker().now_playing(NOW).screenings:
        ended = ScreeningEnded(NOW, each)
        picture = chart_data.night_chart(ended)
        said += [str(live_card_embeds.build_record(ended).to_dict()), picture.alt if picture is not None else ""]
    return "\n".join(said)


def show_webhooks(worlds: Worlds) -> str:
    """What is posted of all that plays now."""
    viewers = worlds.world.store.ask(GetVisibleViewers())
    shown = worlds.world.tracker().now_playing(NOW).screenings
    notices = [notice for each in shown for notice in (ScreeningStarted(NOW, each), ScreeningEnded(NOW, each))]
    return json.dumps([build_payload(make_event(each), viewers, ZoneInfo("UTC")) for each in notices])


def digest(worlds: Worlds) -> str:
    """The weekly digest."""
    films, best = (
        worlds.world.store.ask(GetMovieStats(since_s=0.0)),
        worlds.world.store.ask(GetLeaderboard("time", 0.0, 3)),
    )
    return str(weekly_digest.build_embed(films, best).to_dict())


def about_her(name: str, **options: object) -> Callable[[Worlds], str]:
    """Give a command about her: by mention, by her id, by her account's id and by her name."""

    def ask(worlds: Worlds) -> str:
        ways = (f"<@{worlds.ids[PIA]}>", worlds.ids[PIA], ACCOUNT, ACCOUNT_NAME)
        return "\n".join(use(worlds, name, who=way, **options) for way in ways)

    return ask


SURFACES: dict[str, Callable[[Worlds], str]] = {
    **{
        f"leaderboard {kind}": lambda worlds, kind=kind: use(worlds, "leaderboard", by=kind)  # type: ignore[misc]
        for kind in ("movies", "time", "streak", "badges")
    },
    "topwatchers": lambda worlds: use(worlds, "topwatchers"),
    "wrapped server": lambda worlds: use(worlds, "wrapped", year=2026, whole="server"),
    "digest": digest,
    "cards": show_now,
    "record": show_record,
    "webhooks": show_webhooks,
    "activewatches": lambda worlds: use(worlds, "activewatches"),
    "nowplaying": lambda worlds: use(worlds, "nowplaying"),
    "moviestats": lambda worlds: use(worlds, "moviestats"),
    "moviestats of a shared film": lambda worlds: use(worlds, "moviestats", title=SHARED),
    "moviestats of hers": lambda worlds: use(worlds, "moviestats", title=ALONE[:6]),
    "whosaw a shared film": lambda worlds: use(worlds, "whosaw", title=SHARED),
    "whosaw hers": lambda worlds: use(worlds, "whosaw", title=ALONE[:6]),
    "whosaw what she watches": lambda worlds: use(worlds, "whosaw", title=ALONE_NOW[:6]),
    "history of all": lambda worlds: use(worlds, "history"),
    "history of a shared film": lambda worlds: use(worlds, "history", title=SHARED),
    "history of hers": lambda worlds: use(worlds, "history", title=ALONE[:6]),
    "allbadges": lambda worlds: use(worlds, "allbadges"),
    "suggestions": lambda worlds: use(worlds, "suggestions"),
    "Olga's stats": lambda worlds: use(worlds, "stats", who=worlds.ids[OLGA]),
    "Olga's progress": lambda worlds: use(worlds, "progress", who=worlds.ids[OLGA]),
    "Olga's year": lambda worlds: use(worlds, "wrapped", year=2026, who=worlds.ids[OLGA]),
    "Ben's year": lambda worlds: use(worlds, "wrapped", year=2026, who=worlds.ids[BEN]),
    "titles of whosaw": lambda worlds: suggest(worlds, "whosaw", "title", ALONE[:6]),
    "titles of moviestats": lambda worlds: suggest(worlds, "moviestats", "title", ""),
    "titles of history": lambda worlds: suggest(worlds, "history", "title", ""),
    "viewers of stats": lambda worlds: suggest(worlds, "stats", "who", ""),
    "viewers by her name": lambda worlds: suggest(worlds, "badges", "who", "pi"),
    "accounts of link": lambda worlds: suggest(worlds, "link", "account", ""),
    "link": lambda worlds: use(worlds, "link", account=ACCOUNT_NAME),
}
ABOUT_HER: dict[str, Callable[[Worlds], str]] = {
    "stats": about_her("stats"),
    "badges": about_her("badges"),
    "progress": about_her("progress"),
    "history": about_her("history"),
    "wrapped": about_her("wrapped", year=2026),
}
COUNT_EVERYBODY = {"moviestats", "wrapped server", "digest"}
"""Their totals are over everything, and count everybody (spec: what is hidden)."""


NAMED_ANONYMOUSLY = {
    "leaderboard movies", "leaderboard time", "leaderboard streak", "leaderboard badges", "topwatchers",
    "wrapped server", "digest",
}  # fmt: skip
"""Where who is anonymous stands as Somebody."""
HER_TITLES = (ALONE, ALONE_NOW)
Sayings = dict[Standing, dict[str, str]]


@pytest.fixture(scope="module")
def sayings(worlds: Worlds) -> Sayings:
    """Return what every surface says, by Pia's choice; at the end she leaves the server, and is forgotten."""
    everything: Sayings = {}
    for standing in get_args(Standing):
        if standing == "left":
            worlds.with_pia.choose("open")
            worlds.stage.discord.remove_member(PIA)
        elif standing == "forgotten":
            worlds.with_pia.forget_pia()
        else:
            worlds.with_pia.choose(standing)
        worlds.enter(worlds.with_pia)
        everything[standing] = ask_all(worlds)
    return everything


@pytest.fixture(scope="module")
def never(worlds: Worlds, sayings: Sayings) -> dict[str, str]:
    """Return what every surface says in the world in which she never watched."""
    worlds.enter(worlds.without_pia)
    return ask_all(worlds)


def ask_all(worlds: Worlds) -> dict[str, str]:
    """Return what every surface says in the world that is entered."""
    return {name: surface(worlds) for name, surface in (SURFACES | ABOUT_HER).items()}


def without_counts(text: str) -> str:
    """Return what is said without how many there were: hidden viewers count, at a film that others see as well."""
    text = re.sub(r"( ·|\.)? ?(\\n|\n)?and 1 hidden", "", text)
    return re.sub(r"(Watching|viewers|Active watches)? · \d+( viewers)?", "", text)


@pytest.mark.parametrize("standing", HIDDEN)
@pytest.mark.parametrize("surface", SURFACES)
def test_nothing_is_told_of_hidden_viewers(
    sayings: Sayings, never: dict[str, str], surface: str, standing: Standing
) -> None:
    """Neither name, title nor figure; apart from counts of everybody, the same as if she had never watched."""
    text = sayings[standing][surface]
    assert PIA not in text and ACCOUNT_NAME not in text.replace(f"called {ACCOUNT_NAME}", "")
    assert not any(title in text.replace(f"“{title[:6]}”", "") for title in HER_TITLES)
    if standing == "forgotten":
        assert text == never[surface]
    elif surface not in COUNT_EVERYBODY:
        assert without_counts(text) == without_counts(never[surface])


@pytest.mark.parametrize("standing", ["private", "untracked"])
@pytest.mark.parametrize("surface", sorted(COUNT_EVERYBODY))
def test_figures_by_title_leave_out_the_hidden_viewer(
    sayings: Sayings, never: dict[str, str], surface: str, standing: Standing
) -> None:
    """Figures of a film, or of a viewer, are those of the others."""
    lines = [line for line in re.split(r"\n|\\n", sayings[standing][surface]) if SHARED in line or OLGA in line]
    assert lines and lines == [line for line in re.split(r"\n|\\n", never[surface]) if SHARED in line or OLGA in line]


@pytest.mark.parametrize("standing", HIDDEN)
@pytest.mark.parametrize("surface", ABOUT_HER)
def test_a_question_about_a_private_viewer_says_so(
    sayings: Sayings, never: dict[str, str], surface: str, standing: Standing
) -> None:
    """By her mention or id; her account looks like one that never existed, however it is asked for."""
    text = sayings[standing][surface]
    if standing == "forgotten":
        assert text == never[surface]
    else:
        assert (text.count("keeps this private."), text.count("Nobody here is called")) == (2, 2)
    assert not re.search(r"\d+ (h|min|film|badge|watch)", text.replace("0 watches", "")), "a figure"


@pytest.mark.parametrize("surface", SURFACES)
def test_an_anonymous_viewer_is_unnamed_only_in_rankings(sayings: Sayings, surface: str) -> None:
    """As the choice is described: titles, single watches and company stay."""
    text, open_text = sayings["anonymous"][surface], sayings["open"][surface]
    if surface in NAMED_ANONYMOUSLY:
        assert PIA not in text and "Somebody" in text and not re.search(r"Somebody\*\* · \d", text)
    elif surface not in ("viewers of stats", "viewers by her name"):  # there in another order, without figures
        assert text == open_text


@pytest.mark.parametrize("surface", ["stats", "badges", "progress", "wrapped"])
def test_totals_of_an_anonymous_viewer_are_kept_back(sayings: Sayings, surface: str) -> None:
    """They would say which place in a ranking is hers."""
    text = sayings["anonymous"][surface]
    assert text.count("keeps this private.") == 3 and not re.search(r"\d+ (h|min|film|badge)", text)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_viewer_who_left_the_server_is_shown_as_before(sayings: Sayings, surface: str) -> None:
    """Leaving Discord is no choice of privacy: what was watched stays, under the stored name."""
    assert sayings["left"][surface] == sayings["open"][surface]


def test_the_table_detects_a_viewer_who_is_shown(sayings: Sayings, never: dict[str, str]) -> None:
    """An open viewer appears on most surfaces, by title on many: otherwise the other rows would prove nothing."""
    opened = sayings["open"]
    assert sum(PIA in opened[name] for name in SURFACES) > 15
    assert sum(any(title in opened[name] for title in HER_TITLES) for name in SURFACES) > 10
    assert sum(opened[name] != never[name] for name in SURFACES) > 25
    assert BEN in opened["suggestions"]
    broken = [
        name for name, text in (opened | never).items() if "went wrong inside" in text or "isn't answering" in text
    ]
    assert broken == []
