"""Every page of every command within Discord's limits: 250 viewers, names and titles as long as Plex allows."""

import datetime
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from actors.chat.discord.commands.privacy import account_link, privacy
from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.pages import PageRegistry, pack_arguments
from actors.chat.discord.ui import embeds
from messages import (
    CATALOGUE,
    AccountsFound,
    AccountSummary,
    ActiveWatches,
    AuditEntry,
    AuditPage,
    AuditSubject,
    BadgeCatalogue,
    CommunityYear,
    FindAccounts,
    GetAuditLog,
    GetBadgeCatalogue,
    GetCommunityYear,
    GetHealth,
    GetHistory,
    GetLeaderboard,
    GetMovieStats,
    GetSaveStatus,
    GetSuggestions,
    GetViewerAccount,
    GetViewerStats,
    GetWhoSaw,
    GetYear,
    HealthReport,
    HistoryPage,
    Leaderboard,
    LeaderboardRow,
    LinkAccount,
    LinkedAccount,
    ListActiveWatches,
    MovieStats,
    Question,
    SaveStatus,
    SeenBy,
    StartTracking,
    SuggestedFilm,
    SuggestionsPage,
    TitleCount,
    TrackingPlan,
    UnlinkAccount,
    ViewerAccount,
    ViewerProfile,
    VoiceMember,
    WhoSaw,
    YearFigures,
    YearOfViewer,
)
from tests.golden.write import example
from tests.unit.discord import samples
from wording.text import utf16_length
from wording.translation import set_language

CROWD = 250
LONG = "*_`Ж🎬" * 60
"""As long as a text of Plex is kept, of characters that are escaped, and of those that count twice."""
CUSTOM_ID = 100


@pytest.fixture(params=["en", "de"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """English, and German, which takes more room."""
    set_language(request.param)
    yield request.param
    set_language("en")


def answer_at_length(actors: Any) -> None:
    """Have every actor answer with as much as there can be; by a full example to questions that are not named here."""
    questions = [kind for kind in CATALOGUE if issubclass(kind, Question)]
    actors.answers |= {kind: example(kind.answer_type, lambda _name: LONG) for kind in questions}
    films = tuple(TitleCount(f"{n}{LONG}", 1900 + n, 99_999, 9_999, 9e7, 4.56, 9_999) for n in range(10))
    rows = tuple(LeaderboardRow(n + 1, str(n), f"{n}{LONG}", 9e7) for n in range(10))
    kinds = tuple((f"{n}{LONG}", 99_999) for n in range(10))
    badges = tuple(samples.make_badge(f"{n}{LONG}", badge_id=f"b{n}", description=LONG) for n in range(60))
    ways = tuple(samples.towards(f"{n}{LONG}", description=LONG) for n in range(60))
    records = tuple(samples.record(f"{n}{LONG}", watch_id=f"w{n}", username=LONG) for n in range(10))
    watches = tuple(
        samples.active(f"{n}{LONG}", viewer_id=str(n), watch_id=str(n), item=samples.item(LONG)) for n in range(CROWD)
    )
    seats = tuple(samples.seat(f"{n}{LONG}", viewer_id=str(n)) for n in range(CROWD))
    playing = tuple(samples.screening(n, LONG, seats=seats, host=LONG) for n in range(10))
    most = (LONG, 9e7)
    year = YearFigures(
        2026, 9_999, 9_999, 9_999, 9e7, 365, most, most, most, ("2026-11", 9e7), ("2026-11-22", 9e4), most, most,
        (("2026-11-22", 9e4),),
    )  # fmt: skip
    named = dict.fromkeys((f"{n}{LONG}" for n in range(30)), 99)
    stats = samples.viewer(LONG, genres=named, decades=named, directors=named)
    members = tuple(VoiceMember(str(n), f"{n}{LONG}") for n in range(CROWD))
    seen = tuple(SeenBy(str(n), f"{n}{LONG}", "in_part", samples.NOW.wall_s, 55.5, True) for n in range(20))
    wanted = tuple(
        SuggestedFilm(
            f"{n:016x}", f"{n}{LONG}", 1900 + n, None, str(n), samples.NOW.wall_s, CROWD,
            tuple(f"{m}{LONG}" for m in range(CROWD - 1)), False, 5, CROWD,
        )
        for n in range(8)
    )  # fmt: skip
    subject = AuditSubject(LONG, LONG)
    act = AuditEntry(samples.NOW.wall_s, subject, "link", (subject,) * 10, LONG, LONG)
    ill = tuple(samples.health(f"plex-{n}", state="degraded", last_error=LONG) for n in range(1, 12))
    actors.answers.update({
        ListActiveWatches: ActiveWatches(samples.NOW, watches, playing, notice=LONG),
        GetSaveStatus: SaveStatus(samples.NOW.wall_s, 5.0, last_error=LONG),
        GetViewerStats: ViewerProfile(stats, badges, ways, 99_999),
        GetBadgeCatalogue: BadgeCatalogue(ways),
        GetLeaderboard: lambda asked: Leaderboard(asked.kind, rows, CROWD),
        GetHistory: HistoryPage(records, CROWD),
        GetMovieStats: MovieStats(99_999, 99_999, CROWD, 9_999, 9e9, films, kinds, kinds, records[:5], records),
        GetHealth: HealthReport(samples.NOW, ill, 4242),
        GetWhoSaw: WhoSaw(films[0], films[1:6], seen, 0, CROWD, 0),
        GetAuditLog: AuditPage((act,) * 10, CROWD),
        GetSuggestions: SuggestionsPage(wanted, CROWD),
        GetYear: YearOfViewer(LONG, year, badges),
        GetCommunityYear: CommunityYear(year, CROWD, films, rows),
        StartTracking: TrackingPlan((), members, "", ()),
    })  # fmt: skip


def check(embed: Any) -> None:
    """Within what Discord takes, counted at its strictest."""
    assert utf16_length(embed.title or "") <= embeds.TITLE
    assert utf16_length(embed.description or "") <= embeds.DESCRIPTION
    assert len(embed.fields) <= embeds.MOST_FIELDS
    for part in embed.fields:
        assert 0 < utf16_length(part.name) <= embeds.FIELD_NAME
        assert 0 < utf16_length(part.value) <= embeds.FIELD_VALUE
    assert 0 < embeds.count_units(embed) <= embeds.MOST_IN_MESSAGE


ARGUMENTS = {
    "history": pack_arguments("", "", LONG),
    "leaderboard": "time",
    "moviestats": pack_arguments(LONG),
    "whosaw": pack_arguments(LONG),
    "wrapped": pack_arguments("2026", "1", LONG),
}
"""Of the commands that take something other than whose."""


@pytest.mark.parametrize("name", samples.PAGES)
async def test_every_page_is_within_the_limits(name: str, language: str, book: PageRegistry, actors: Any) -> None:
    """From the first to the last, with its buttons; what is beside a picture too."""
    answer_at_length(actors)
    arguments = ARGUMENTS.get(name, pack_arguments("1", LONG))
    page, pages = 0, 1
    while page < pages:
        reply, view = await book.build(name, arguments, page)
        check(reply.embed)
        if reply.beside is not None:
            check(reply.beside)
        for item in view.children if view is not None else ():
            assert utf16_length(getattr(item, "custom_id", "") or "") <= CUSTOM_ID
        assert reply.page == page
        page, pages = page + 1, reply.pages
    assert "away" not in (reply.embed.description or "") and "startet gerade neu" not in (reply.embed.description or "")


async def test_the_community_s_year_is_within_the_limits(language: str, book: PageRegistry, actors: Any) -> None:
    """The other kind of wrapped."""
    answer_at_length(actors)
    reply, _ = await book.build("wrapped", pack_arguments("2026", "", ""))
    check(reply.embed)


async def test_what_concerns_one_person_is_within_the_limits(
    language: str, actor_client: ActorClient, actors: Any
) -> None:
    """Links, requests and choices, of accounts and members with the longest names there are."""
    links = tuple(LinkedAccount(f"plex:{'m' * 40}:{n}", f"{n}{LONG}", "1", LONG) for n in range(30))
    account = AccountSummary(f"plex:{'m' * 40}:{10**12}", LONG, 99_999)
    person = ViewerAccount("1", "untracked", links, 99_999)
    answer_at_length(actors)
    same = tuple(AccountSummary(f"plex:m:{n}", LONG, 1) for n in range(99))
    actors.answers |= {
        GetViewerAccount: person,
        LinkAccount: person,
        UnlinkAccount: person,
        FindAccounts: AccountsFound(same),
    }
    check(privacy.build_choices(person))
    check(await account_link.link_accounts(actor_client, LinkAccount(links[0].plex_id, LONG, "1", LONG, "2")))
    check(await account_link.unlink_account(actor_client, links[3].plex_id, "1", "2"))
    began = datetime.datetime(2015, 5, 13, tzinfo=datetime.UTC)
    member = SimpleNamespace(id=10**19, display_name=LONG, name=LONG, mention=f"<@{10**19}>", created_at=began)
    reply, view = account_link.build_request(account, member)  # type: ignore[arg-type]  # as much as it reads
    check(reply.embed)
    assert all(
        utf16_length(button.item.custom_id or "") <= CUSTOM_ID
        for button in view.children
        if isinstance(button, account_link.LinkButton)
    )
    for refused in (
        account_link.unlink_account(actor_client, "", "1", "2"),
        account_link.find_account(actor_client, LONG),
    ):
        with pytest.raises(RefusedError) as error:
            await refused
        check(embeds.build_problem(error.value.what, error.value.cure))


@pytest.mark.parametrize("name", ["activewatches", "nowplaying"])
async def test_titles_in_notices_are_escaped(name: str, book: PageRegistry, actors: Any) -> None:
    """They are not read as markdown."""
    actors.answers[ListActiveWatches] = ActiveWatches(samples.NOW, (), (), notice="2 films play (“*Up*”, “_F_ @here”)")
    reply, _ = await book.build(name)
    assert "“\\*Up\\*”, “\\_F\\_ @\u200bhere”" in (reply.embed.description or "")
