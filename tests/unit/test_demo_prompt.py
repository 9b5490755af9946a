"""The demo's prompt: what is typed is read kindly, names are completed, and the club has a year behind it."""

import datetime
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from awards import Totals, add_watches
from messages import WatchRecord
from simulator.nights.demo.club_year import HOME_HABITS, PARTY_HABITS, Club, build_year
from simulator.nights.demo.prompt import LineCompleter
from simulator.nights.demo.typed_lines import LineError, Names, read_cue, split_asker
from simulator.plex.world.default_library import build_default_library

FILMS = build_default_library()
EVENING_S = datetime.datetime(2026, 11, 28, 20, 30, tzinfo=datetime.UTC).timestamp()


class FakeNames(Names):
    """Names without a stage."""

    def __init__(self) -> None:
        pass

    @property
    def accounts(self) -> list[str]:
        """Two."""
        return ["Rosa", "Cem"]

    @property
    def guests(self) -> list[str]:
        """Three."""
        return ["Iris", "Björn", "Dr. *Noodle*"]

    @property
    def films(self) -> list[str]:
        """Those of the demo."""
        return [film.title for film in FILMS.in_section(1)]

    @property
    def slash_commands(self) -> dict[str, list[str]]:
        """Three of Usher's."""
        return {"night": ["title", "when"], "stats": ["who"], "health": []}


def read(line: str) -> Any:
    """The cue of a line, for Cem who is at minute ten."""
    return read_cue(line, FakeNames(), lambda who: 10.0 if who == "Cem" else None)


@pytest.mark.parametrize(
    ("line", "verb", "who", "what"),
    [
        ('play Cem "Duck Soup"', "play", "Cem", "Duck Soup"),
        ("play cem duck soup", "play", "Cem", "Duck Soup"),
        ("play rosa casab", "play", "Rosa", "Casablanca"),
        ("play rosa amelie", "play", "Rosa", "Amélie"),
        ("join bjorn", "join", "Björn", ""),
        ("leave noodle", "leave", "Dr. *Noodle*", ""),
        ("kill tracker", "kill", "tracker", ""),
        ("recover", "heal", "", ""),
        ("!stats Cem", "say", "Iris", "!stats Cem"),
        ("/stats", "slash", "Iris", "stats"),
        ("/stats Cem", "slash", "Iris", "stats who=Cem"),
        ("/night title=The Third Man when=friday 8pm", "slash", "Iris",
         "night title='The Third Man' when='friday 8pm'"),
    ],
)  # fmt: skip
def test_a_line_is_read(line: str, verb: str, who: str, what: str) -> None:
    """Names in any case, with or without accents, and as much of them as tells them apart."""
    cue = read(line)
    assert (cue.verb, cue.who, cue.what) == (verb, who, what)


def test_another_member_can_ask() -> None:
    """By name, before the line; a film with a colon in its title is no member."""
    assert split_asker("bjorn: !suggest Alien", FakeNames()) == ("Björn", "!suggest Alien")
    assert split_asker('play Cem "2001: A Space Odyssey"', FakeNames()) == ("Iris", 'play Cem "2001: A Space Odyssey"')
    assert split_asker("play Cem 2001: A Space", FakeNames()) == ("Iris", "play Cem 2001: A Space")
    assert split_asker("!stats Cem", FakeNames()) == ("Iris", "!stats Cem")
    with pytest.raises(LineError, match="There are Iris, Björn and"):
        split_asker("nobody: !stats", FakeNames())


def test_a_minute_is_jumped_to() -> None:
    """From where the film is."""
    assert read("seek Cem 45").amount == 35 * 60


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("foo", "Type help"),
        ("statz", "Did you mean !stats?"),
        ("plya Cem", "Did you mean play?"),
        ("play", "Who? There are Rosa and Cem."),
        ("play Cem", "Which film? Type films for the list."),
        ("play Cem Duk Soup", "Did you mean Duck Soup?"),
        ("play Cem the", "may be"),
        ("play Björn Alien", "Members of the voice channel join and leave."),
        ('play Cem "Duck', "quotation mark"),
        ("seek Cem", "To which minute?"),
        ("seek Cem soon", '"soon" is no minute.'),
        ("seek Rosa 5", "Rosa plays nothing."),
        ("join Nobody", "There are Iris, Björn and Dr. *Noodle*."),
        ("kill sun", "No actor is called"),
        ("pause Cem now", "more than pause takes"),
        ("/nigth", "Did you mean /night?"),
        ("/night film=Alien", "/night has no film=: it takes title and when."),
        ("/health now", "takes nothing"),
        ("/", "Write a command after it, like /stats"),
        ("!", "Write a command after it, like !stats"),
        ("!statz Cem", "Usher has no command !statz. Did you mean !stats?"),
    ],
)
def test_what_is_not_understood_is_said_kindly(line: str, said: str) -> None:
    """With what to write instead."""
    with pytest.raises(LineError) as error:
        read(line)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("pl", {"play"}),
        ("!st", {"!stats"}),
        ("play c", {"Cem"}),
        ("play Cem duck", {"'Duck Soup'"}),
        ("play Cem 'duck", {"'Duck Soup'"}),
        ("join b", {"Björn"}),
        ("kill t", {"tracker"}),
        ("/night title=duck", {"Duck Soup"}),
        ("!whosaw metro", {"Metropolis"}),
    ],
)
def test_names_are_completed(typed: str, offered: set[str]) -> None:
    """Commands, people and films."""
    found = LineCompleter(FakeNames()).get_completions(Document(typed), CompleteEvent())
    assert {each.text for each in found} == offered


def year() -> Iterator[WatchRecord]:
    """The records of the club's year."""
    accounts = {name: number for number, name in enumerate(("Rosa", *HOME_HABITS), 1)}
    members = {name: str(500 + number) for number, name in enumerate(PARTY_HABITS)}
    club = Club("server", "1", "2", members, accounts, "Rosa")
    for records in build_year(club, list(FILMS), EVENING_S):
        yield from records


def test_the_year_is_one_of_a_believable_club() -> None:
    """Every week has its films, nobody finishes everything but the host, and nothing lies in the evening or after."""
    records = list(year())
    assert len({record.watch_id for record in records}) == len(records) > 250
    assert max(record.ended_at_s for record in records) < EVENING_S
    assert EVENING_S - min(record.started_at_s for record in records) > 350 * 86_400
    by_viewer: dict[str, list[WatchRecord]] = {}
    for record in records:
        assert record.coverage_ms == sum(end - start for start, end in record.spans)
        by_viewer.setdefault(record.username, []).append(record)
    assert set(by_viewer) == {"Rosa", *PARTY_HABITS, *HOME_HABITS}
    for name, own in by_viewer.items():
        finished = sum(record.completed for record in own) / len(own)
        assert finished == 1 if name == "Rosa" else 0.2 < finished < 1
        assert add_watches(Totals(), own, datetime.UTC).films > 0
        starts = sorted((record.started_at_s, record.ended_at_s) for record in own)
        assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(starts)), name


def test_the_year_is_the_same_each_time() -> None:
    """A bug seen in it can be looked for."""
    assert list(year()) == list(year())
