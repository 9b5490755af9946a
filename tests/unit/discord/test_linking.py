"""`link` and `unlink` in a simulated Discord: who may, what is asked of the store and of plex.tv, what people read."""

from typing import Any

import discord
import pytest

from actors.chat.discord.commands.privacy import link as link_module
from messages import (
    AccountsFound,
    AccountSummary,
    CheckPlexSignIn,
    FindAccounts,
    GetViewerAccount,
    GetViewerStats,
    LinkAccount,
    LinkedAccount,
    PlexSignedIn,
    PlexSignIn,
    StartPlexSignIn,
    UnlinkAccount,
    ViewerAccount,
    ViewerProfile,
)
from tests.unit.discord import samples

fails = pytest.mark.simcord(check_errors=False)
"""A test in which a command is refused: simcord would take the refusal for a bug."""

PLEX_ID = f"plex:{'a' * 40}:4711"
ANTON = AccountSummary(PLEX_ID, "Anton *A*", 12)
CODE = PlexSignIn("0123abcd", "WXYZ", "https://plex.tv/link", 600.0)


@pytest.fixture(autouse=True)
def store(room: Any, actors: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A store in which ana has three watches, and twelve more as soon as she is linked."""
    monkeypatch.setattr(link_module, "CHECK_S", 0.01)
    state: dict[str, Any] = {"links": ()}

    def person(asked: Any) -> ViewerAccount:
        return ViewerAccount(asked.viewer_id, "open", state["links"], 15 if state["links"] else 3)

    def link(asked: LinkAccount) -> ViewerAccount:
        name = asked.plex_name or ANTON.name
        state["links"] += (LinkedAccount(asked.plex_id, name, asked.viewer_id, asked.username),)
        return person(asked)

    def unlink(asked: UnlinkAccount) -> ViewerAccount:
        state["links"] = tuple(one for one in state["links"] if one.plex_id != asked.plex_id)
        return person(asked)

    def profile(asked: GetViewerStats) -> ViewerProfile:
        badges = tuple(samples.make_badge(f"Badge {number}") for number in range(4 if state["links"] else 1))
        return ViewerProfile(samples.viewer(), badges, ())

    def accounts(asked: FindAccounts) -> AccountsFound:
        return AccountsFound(tuple(one for one in state["accounts"] if asked.part.lower() in one.name.lower()))

    state["accounts"] = (ANTON,)
    actors.answers |= {
        GetViewerAccount: person, LinkAccount: link, UnlinkAccount: unlink, GetViewerStats: profile,
        FindAccounts: accounts,
        StartPlexSignIn: CODE, CheckPlexSignIn: PlexSignedIn("signed_in", (PLEX_ID,), "Anton"),
    }  # fmt: skip
    return state


async def test_a_member_signs_in_at_plex_tv_and_nobody_else_sees_it(room: Any, actors: Any) -> None:
    """The code in an answer for the asker alone; then what was merged."""
    answers = [PlexSignedIn("waiting"), PlexSignedIn("waiting", problem="plex.tv didn't give a PIN.")]
    done = PlexSignedIn("signed_in", (PLEX_ID, "plex:other:4711"), "Anton")
    actors.answers[CheckPlexSignIn] = lambda _: answers.pop(0) if answers else done
    result = await room.ana.slash(room.channel, "link")
    callback = next(r for r in room.env.http_requests if r.path.endswith("/callback"))
    assert callback.json["type"] == 5 and callback.json["data"]["flags"] & 64
    sent = next(r for r in room.env.http_requests if "WXYZ" in str(r.json))
    assert "plex.tv/link" in str(sent.json)
    assert result.response.ephemeral
    said = result.response.embeds[0].description
    assert "**ana** and the Plex account **Anton** are one viewer now." in said
    assert "Watches: 3 → 15" in said and "Badges: 1 → 4" in said
    asked = actors.questions(LinkAccount)
    assert [one.plex_id for one in asked] == [PLEX_ID, "plex:other:4711"]
    assert {(one.viewer_id, one.confirmed_by) for one in asked} == {(str(room.ana.id), "plex.tv")}
    assert {one.sign_in_id for one in actors.questions(CheckPlexSignIn)} == {CODE.sign_in_id}


async def test_a_link_reports_each_server(room: Any, actors: Any, store: Any) -> None:
    """Linked on one server, somebody else's on the other; a third does not answer."""
    link = actors.answers[LinkAccount]
    taken = "That Plex account is linked to another member already: unlink it there first."

    def one_only(asked: LinkAccount) -> ViewerAccount:
        if asked.plex_id == PLEX_ID:
            return ViewerAccount(asked.viewer_id, "open", store["links"], 3, taken)
        answer: ViewerAccount = link(asked)
        return answer

    actors.answers[LinkAccount] = one_only
    silent = "A Plex server doesn't answer, so that can't be checked."
    actors.answers[CheckPlexSignIn] = PlexSignedIn("signed_in", (PLEX_ID, "plex:other:4711"), "Anton", silent)
    said = (await room.ana.slash(room.channel, "link")).response.embeds[0].description
    assert "**ana** and the Plex account **Anton** are one viewer now." in said
    assert f"Not linked on the Plex server {'a' * 40}: {taken}" in said
    assert f"Not every Plex server could be asked: {silent}" in said
    assert "`/link` again for the rest" in said
    assert "Watches: 3 → 15" in said


async def test_a_link_is_reported_if_the_store_then_restarts(room: Any, actors: Any, store: Any) -> None:
    """It linked one account first: without figures, but not as if nothing had been done."""
    link = actors.answers[LinkAccount]

    def once(asked: LinkAccount) -> ViewerAccount:
        actors.answers.clear()
        answer: ViewerAccount = link(asked)
        return answer

    actors.answers[LinkAccount] = once
    actors.answers[CheckPlexSignIn] = PlexSignedIn("signed_in", (PLEX_ID, "plex:other:4711"), "Anton")
    said = (await room.ana.slash(room.channel, "link")).response.embeds[0].description
    assert "are one viewer now." in said and "Watches" not in said
    assert "Not linked on the Plex server other: The store (persistence) is restarting" in said


@pytest.mark.parametrize(
    ("signed", "said"),
    [
        (PlexSignedIn("expired"), "The code expired."),
        (PlexSignedIn("expired", problem="plex.tv did not list the servers (X)."), "did not list the servers"),
        (PlexSignedIn("expired"), "`/link` gives a new one."),
        (PlexSignedIn("no_access", (), "Anton"), "Anton has access to none"),
        (PlexSignedIn("no_access", (), "Anton"), "share it with that account"),
        (
            PlexSignedIn("no_access", (), "Anton", "A Plex server doesn't answer, so that can't be checked."),
            "Try again",
        ),
    ],
)
async def test_a_failed_sign_in_at_plex_tv_is_reported(room: Any, actors: Any, signed: PlexSignedIn, said: str) -> None:
    """Nothing is linked."""
    actors.answers[CheckPlexSignIn] = signed
    result = await room.ana.slash(room.channel, "link")
    assert said in result.response.embeds[0].description
    assert not actors.questions(LinkAccount)


async def test_a_code_ends_even_if_plex_tv_says_nothing(room: Any, actors: Any) -> None:
    """The poller is away all the time."""
    actors.answers[StartPlexSignIn] = PlexSignIn("1", "WXYZ", "https://plex.tv/link", 0.05)
    del actors.answers[CheckPlexSignIn]
    result = await room.ana.slash(room.channel, "link")
    assert "The code expired." in result.response.embeds[0].description


@fails
async def test_without_plex_tv_an_administrator_can_link(room: Any, actors: Any) -> None:
    """The answer says why there is no code, and names this way."""
    actors.answers[StartPlexSignIn] = PlexSignIn(problem="plex.tv didn't give a PIN (ConnectTimeout).")
    result = await room.ana.slash(room.channel, "link")
    said = result.response.embeds[0].description
    assert "plex.tv didn't give a PIN (ConnectTimeout)." in said and "asks an administrator" in said


async def ask_for_account(room: Any) -> discord.Message:
    """Ana asks for Anton's account."""
    result = await room.ana.slash(room.channel, "link", account=f"{PLEX_ID} {ANTON.name}")
    assert not result.response.ephemeral
    message: discord.Message = room.channel.last_message
    said = room.text()
    assert "says that the Plex account" in said and f"<@{room.ana.id}>" in said
    assert f"user name `{room.ana.name}`" in said and ":R>)" in said
    return message


async def test_an_administrator_confirms_a_request_after_a_restart(room: Any, actors: Any, make_bot: Any) -> None:
    """Nobody else may; nothing is done before; the member's name comes from Discord."""
    message = await ask_for_account(room)
    assert not actors.questions(LinkAccount)
    await room.env.restart_bot(make_bot())
    for nosy in (room.ana, room.guild.add_member(room.env.create_user("eve"))):
        denied = await nosy.click(message, label="Confirm")
        assert "Only administrators" in denied.response.embeds[0].description and denied.response.ephemeral
    assert not actors.questions(LinkAccount)
    await room.boss.click(message, label="Confirm")
    assert actors.questions(LinkAccount) == [LinkAccount(PLEX_ID, "", str(room.ana.id), "ana", str(room.boss.id))]
    assert "Watches: 3 → 15" in room.text()
    assert not room.channel.last_message.components


async def test_a_request_is_refused_or_taken_back(room: Any, actors: Any) -> None:
    """By an administrator or the member; by nobody else."""
    eve = room.guild.add_member(room.env.create_user("eve"))
    for who in (room.ana, room.boss):
        message = await ask_for_account(room)
        denied = await eve.click(message, label="Refuse or withdraw")
        assert "Only administrators" in denied.response.embeds[0].description
        await who.click(message, label="Refuse or withdraw")
        assert "Not linked" in room.text() and not room.channel.last_message.components
    assert not actors.questions(LinkAccount)


async def test_a_failed_confirmation_can_be_pressed_again(room: Any, actors: Any) -> None:
    """The store is away, or declines with a reason: the request stays as it is."""
    message = await ask_for_account(room)
    actors.answers[LinkAccount] = ViewerAccount("1", "open", (), 0, "It is linked to somebody else.")
    denied = await room.boss.click(message, label="Confirm")
    assert "linked to somebody else" in denied.followups[0].embeds[0].description
    del actors.answers[LinkAccount]
    denied = await room.boss.click(message, label="Confirm")
    assert "is restarting" in denied.followups[0].embeds[0].description
    assert room.channel.last_message.components


async def test_an_administrator_links_at_once(room: Any, actors: Any) -> None:
    """In one line, with a name of several words and a mention; and themselves."""
    await room.boss.send(room.channel, f"!link anton *a* {room.ana.mention}")
    assert "**ana** and the Plex account **Anton \\*A\\*** are one viewer now." in room.text()
    await room.boss.send(room.channel, "!link anton")
    assert [one.viewer_id for one in actors.questions(LinkAccount)] == [str(room.ana.id), str(room.boss.id)]
    assert {one.confirmed_by for one in actors.questions(LinkAccount)} == {str(room.boss.id)}


@fails
async def test_others_are_linked_by_administrators_only(room: Any, actors: Any) -> None:
    """A member is told so; an administrator who names no account is asked which."""
    await room.ana.send(room.channel, f"!link anton {room.boss.mention}")
    assert "Only administrators" in room.text()
    await room.boss.send(room.channel, f"!link {room.ana.mention}")
    assert "Which Plex account?" in room.text()
    await room.ana.send(room.channel, f"!unlink {room.boss.mention}")
    assert "Only administrators" in room.text()
    assert not actors.questions(LinkAccount) + actors.questions(StartPlexSignIn) + actors.questions(UnlinkAccount)


@fails
async def test_an_account_that_is_not_clear_is_asked_for(room: Any, store: Any) -> None:
    """None of the name, several of it; a name that is whole wins over a part."""
    await room.ana.send(room.channel, "!link nobody")
    assert "account called nobody" in room.text()
    store["accounts"] = (ANTON, AccountSummary("plex:m:2", "Antonia", 1))
    await room.ana.send(room.channel, "!link ant")
    assert "Anton \\*A\\* (12 watches) and Antonia (1 watch)" in room.text()
    store["accounts"] = (AccountSummary("plex:m:1", "Ann", 1), AccountSummary("plex:m:2", "Anna", 1))
    await room.ana.send(room.channel, "!link ann")
    assert "the Plex account **Ann (1 watch)** is theirs" in room.text()


@fails
async def test_hidden_accounts_are_only_counted_in_the_channel(room: Any, actors: Any, store: Any) -> None:
    """Also to an administrator, for everybody reads it: who chose to be private was named there."""
    tv, phone, pc = (AccountSummary(f"plex:m:{name}", f"shirin_{name}", 1) for name in ("tv", "phone", "pc"))
    open_to_all = [pc]

    def accounts(asked: FindAccounts) -> AccountsFound:
        return AccountsFound((phone, tv, pc) if asked.with_hidden else tuple(open_to_all))

    actors.answers[FindAccounts] = accounts
    await room.boss.send(room.channel, f"!link shirin {room.ana.mention}")
    assert "called like shirin: 2 hidden accounts and shirin\\_pc (1 watch)." in room.text()
    assert "tv" not in room.text() and "phone" not in room.text()
    assert "Use `/link` and choose one" in room.text()
    open_to_all.clear()
    await room.boss.send(room.channel, f"!link shirin {room.ana.mention}")
    assert "called like shirin: 3 hidden accounts." in room.text()
    open_to_all += [phone, tv, pc]
    await room.boss.send(room.channel, f"!link shirin {room.ana.mention}")
    assert "shirin\\_phone (1 watch), shirin\\_tv (1 watch) and shirin\\_pc (1 watch)." in room.text()
    assert not actors.questions(LinkAccount)


async def test_accounts_are_offered_while_typing(room: Any, actors: Any) -> None:
    """Those that are nobody's, to link; one's own, to unlink; none where the store is away."""
    offered = await room.ana.autocomplete(room.channel, "link", "account", "ant")
    assert [(one["name"], one["value"]) for one in offered] == [("Anton *A* (12 watches)", f"{PLEX_ID} {ANTON.name}")]
    assert not await room.ana.autocomplete(room.channel, "unlink", "account", "")
    await room.boss.send(room.channel, f"!link anton {room.ana.mention}")
    await room.boss.autocomplete(room.channel, "link", "account", "ant")
    hidden = [asked.with_hidden for asked in actors.questions(FindAccounts)]
    assert hidden == [False, True, True], "hidden accounts are for administrators"
    offered = await room.ana.autocomplete(room.channel, "unlink", "account", "")
    assert [(one["name"], one["value"]) for one in offered] == [("Anton *A*", PLEX_ID)]
    actors.answers.clear()
    assert not await room.ana.autocomplete(room.channel, "link", "account", "ant")


@fails
async def test_a_link_is_taken_back(room: Any, actors: Any, store: Any) -> None:
    """The only one without its name; of several the one that is named; of somebody's by an administrator."""
    one, other = (LinkedAccount(f"plex:m:{n}", f"Anton {n}", str(room.ana.id), "ana") for n in (1, 2))
    store["links"] = (one, other)
    result = await room.ana.slash(room.channel, "unlink")
    assert "Anton 1 and Anton 2" in result.response.embeds[0].description
    result = await room.ana.slash(room.channel, "unlink", account="plex:m:2")
    assert result.response.ephemeral
    assert "**ana** and the Plex account **Anton 2** are two viewers again" in result.response.embeds[0].description
    await room.boss.send(room.channel, f"!unlink {room.ana.mention}")
    assert "direct messages" in room.text(), "the figures are for the administrator alone"
    await room.ana.send(room.channel, "!unlink")
    assert "No Plex account is linked." in room.text()
    assert actors.questions(UnlinkAccount) == [
        UnlinkAccount("plex:m:2", str(room.ana.id), str(room.ana.id)),
        UnlinkAccount("plex:m:1", str(room.ana.id), str(room.boss.id)),
    ]
