"""A film night in German: commands, slash commands, announcements; and no text that bypasses the catalogue."""

import gettext
import re
from collections.abc import Iterator
from typing import Any

import pytest

from actors.chat.discord.commands.statistics.history import parse_since
from actors.chat.discord.features import bot_activity, weekly_digest
from actors.chat.discord.features.announcements import announcement_embeds
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.pages import PageRegistry, pack_arguments
from messages import (
    ActiveWatches,
    BadgesAwarded,
    GetHealth,
    GetSaveStatus,
    GetViewerStats,
    HealthReport,
    Leaderboard,
    ListActiveWatches,
    MovieStats,
    SaveStatus,
    ScreeningEnded,
    ScreeningStarted,
    StartTracking,
    TitleCount,
    TrackingOutcome,
    TrackingPlan,
    ViewerProfile,
    YearFigures,
    YearOfViewer,
)
from tests.unit.discord import samples
from tests.unit.discord.test_limits import ARGUMENTS, LONG, answer_at_length, check
from wording import cards, translation

PROFILE = ViewerProfile(
    samples.viewer(), (samples.make_badge("Night Owl"), samples.make_badge("Our own")), (samples.towards(),), 2
)
fails = pytest.mark.simcord(check_errors=False)


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("!activewatches", ("Laufende Sichtungen", "läuft · 0:42:10 von 2:00:00", "41 Min. geschaut", "dabei ab 0:01")),
        ("!nowplaying", ("Jetzt läuft", "noch 1 Std. 18 Min.", "Läuft bei filmnight")),
        (
            "!stats",
            ("🎬 Filme", "12 (9 zu Ende gesehen)", "22 Std. 30 Min.", "Rekord 7", "22.11.2026", "1990er 5"),
        ),
        ("!badges", ("Nachteule", "Our own", "gewöhnlich", "2 Abzeichen")),
        ("!health", ("Alle Systeme in Ordnung", "läuft seit 2 Std. 1 Min.", "1.234 erledigt", "p50 0,2 ms")),
        ("!starttracking 7", ("1 Person zählt jetzt mit", "**Ana** ▶️ zählt jetzt mit")),
        ("!help", ("Nimm `!` oder `/`", "Was gerade läuft", "🔧 Admins", "Alle Abzeichen, und wie viele sie haben")),
        ("!help history", ("!history [@jemand oder ein Name] [Titel] [seit]",)),
        ("!help nixda", ("Einen Befehl nixda gibt es nicht.",)),
    ],
)
async def test_commands_answer_in_german(
    german: None, room: Any, actors: Any, command: str, parts: tuple[str, ...]
) -> None:
    """What people read most."""
    plan = TrackingPlan((samples.session(),), (), "7", (TrackingOutcome("1", "Ana", "started"),), "")
    actors.answers.update({
        ListActiveWatches: ActiveWatches(samples.NOW, (samples.active(),), (samples.screening(),)),
        GetSaveStatus: SaveStatus(samples.NOW.wall_s, 5.0),
        GetViewerStats: PROFILE,
        GetHealth: HealthReport(samples.NOW, (samples.health("plex"),), 4242),
        StartTracking: plan,
    })  # fmt: skip
    await room.boss.send(room.channel, command)
    for part in parts:
        assert part in room.text()


@fails
async def test_errors_are_in_german(german: None, room: Any) -> None:
    """What went wrong, and what to do."""
    await room.ana.send(room.channel, "!activewatches")
    assert "Das hat nicht geklappt" in room.text()
    assert "Der Tracker startet gerade neu; verloren geht nichts.\nVersuch es in ein paar Sekunden" in room.text()
    await room.ana.send(room.channel, "!savedata")
    assert "Das dürfen nur die Admins dieses Servers." in room.text()


async def test_slash_commands_are_described_in_german(german: None, room: Any, bot: Any) -> None:
    """Descriptions of commands and of what they take, within Discord's 100; the names stay."""
    told = {command.name: command.to_dict(bot.tree) for command in bot.tree.get_commands()}
    assert told["stats"]["description"] == "Filme, Stunden und Serien einer Person"
    assert (
        told["stats"]["options"][0]["description"] == "Von wem: ein Mitglied oder der Name eines Zuschauers; "
        "ohne Angabe deine eigenen"
    )
    assert told["stats"]["options"][0]["name"] == "who"
    for one in told.values():
        assert not one["description"].endswith("…")
        assert all(1 < len(option["description"]) <= 100 for option in one["options"])
        assert not any(option["description"].endswith("…") for option in one["options"])


async def test_slash_commands_are_described_in_english_again(room: Any, bot: Any) -> None:
    """What was German in another life of the bot: the English text is what is kept."""
    told = {command.name: command.to_dict(bot.tree) for command in bot.tree.get_commands()}
    assert told["stats"]["options"][0]["description"] == "Whose: a member, or a viewer's name; leave out for your own"
    assert told["stats"]["description"] == "Films, hours and streaks of a viewer"


def test_announcements_are_in_german(german: None) -> None:
    """A start, an end, badges, the line below the name, the week, the chart."""
    shown, at = samples.screening(), samples.NOW
    started = announcement_embeds.build_embed(ScreeningStarted(at, shown))
    assert "noch 1 Std. 18 Min., bis <t:" in (started.description or "")
    assert started.fields[0].name == "🍿 Schauen zu · 1" and "von Anfang an" in (started.fields[0].value or "")
    ended = announcement_embeds.build_embed(ScreeningEnded(at, shown))
    assert "Lief 42 Min. · 1 Zuschauer" in (ended.description or "") and "35 % gesehen" in (ended.description or "")
    awarded = announcement_embeds.build_embed(
        BadgesAwarded("1", "Ana", (samples.make_badge("Night Owl"),), "screening-1")
    )
    assert awarded.title == "🏅 Ana hat sich 1 Abzeichen verdient" and "Nachteule" in (awarded.description or "")
    assert (
        bot_activity.build_line((samples.screening(state="paused"), shown))
        == "Metropolis (1927) (Pause) und noch einen"
    )
    week = weekly_digest.build_embed(
        MovieStats(1_200, 2, 2, 1, 7_200.0, (TitleCount("Metropolis", 1927, 2, 2, 7_200.0),), (), (), (), ()),
        Leaderboard("time", (), 0),
    )
    assert week.title == "🗞️ Die Kinowoche" and "2 Std." in (week.description or "")
    year = YearFigures(2026, 1, 0, 1, 7_200.0, 1, days=(("2026-11-22", 7_200.0),))
    picture = cards.viewer_card(YearOfViewer("Ana", year, ()), "Ana")
    assert picture is not None and picture.alt == "Das Jahr 2026 von Ana: 2 Std. an 1 Tag"
    assert (picture.big.figure, picture.big.label) == ("2", "Stunden geschaut")
    assert picture.locale.months[9] == "Okt" and picture.locale.number == "1.234,5"


@pytest.mark.parametrize(
    ("text", "days"), [("7t", 7), ("2w", 14), ("3m", 90), ("1j", 365), ("7d", 7), ("2 weeks", 14), ("1y", 365)]
)
def test_since_is_read_in_german(german: None, actor_client: ActorClient, text: str, days: int) -> None:
    """Tage, Wochen, Monate, Jahre; and the English ones."""
    since = parse_since(text, actor_client)
    assert since is not None and abs(actor_client.clock.now().wall_s - since - days * 86_400) < 60


def test_since_is_read_as_a_date_too(actor_client: ActorClient) -> None:
    """As 2026-10-31 or 31.10.2026; the German letters are none in English."""
    assert parse_since("31.10.2026", actor_client) == parse_since("2026-10-31", actor_client) == 1_793_404_800.0
    assert (
        parse_since("7t", actor_client)
        is parse_since("31.13.2026", actor_client)
        is parse_since("12 monkeys", actor_client)
        is None
    )


class Marked(gettext.NullTranslations):
    """A language in which every text stands in brackets."""

    def gettext(self, message: str) -> str:
        """In brackets; how figures are written is no text."""
        return message if message == "1,234.5" else f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """In brackets."""
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def pgettext(self, context: str, message: str) -> str:
        """A community's badge: as it is."""
        return message


@pytest.fixture
def bracketed_texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The bot speaks in brackets."""
    monkeypatch.setattr(translation, "_process_catalogue", Marked())
    yield


LATIN = {"p50", "p99", "ms", "MB", "launcher", "plex", "link"}
"""What is the same in every language: units, names of the parts and of acts in the audit log."""


@pytest.mark.parametrize("name", samples.PAGES)
async def test_every_text_on_pages_comes_from_the_catalogue(
    name: str, bracketed_texts: None, book: PageRegistry, actors: Any
) -> None:
    """With data without Latin letters, nothing outside the brackets has any."""
    answer_at_length(actors)
    reply, view = await book.build(name, ARGUMENTS.get(name, pack_arguments("1", LONG)))
    check(reply.embed)
    shown = [reply.embed.title, reply.embed.description, reply.embed.footer.text]
    shown += [text for field in reply.embed.fields for text in (field.name, field.value)]
    shown += [getattr(item, "label", "") for item in (view.children if view is not None else ())]
    for text in filter(None, shown):
        bare = re.sub(r"<t:-?\d+(:\w)?>|-\d+\b", "", text)
        while (inner := re.sub(r"⟦[^⟦⟧]*⟧", "", bare)) != bare:
            bare = inner
        bare = re.sub(r"⟦[^⟧]*$", "", bare)  # cut short
        assert set(re.findall(r"[A-Za-z]{2,}\d*|p\d\d", bare)) <= LATIN, (text, bare)
