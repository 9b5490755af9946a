"""Which ids and names are removed from announcements made before a choice, and for how long."""

from msgspec.structs import replace

from actors.chat.discord.core.state import ViewerIdentity
from actors.chat.discord.features.announcements.redactor import KEPT_S, ON_THE_WAY_S, Redactor
from actors.runtime import Clock
from messages import SOMEBODY, BadgesAwarded, LinkedAccount, Moment, ScreeningEnded, ScreeningStarted, ViewerAccount
from tests.unit.discord import samples
from tests.unit.discord.memory_store import MemoryStore

LINK = LinkedAccount("plex:m:7", "quirin_p", "4711", "Quirin")
PERSON = ViewerIdentity.from_account(ViewerAccount("4711", "private", (LINK,), 3))


class Stopped(Clock):
    """A clock that a test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s = samples.NOW.wall_s

    def now(self) -> Moment:
        """As it was set."""
        return Moment(self.at_s, self.at_s)


def test_ids_and_names_of_one_person_are_taken_out() -> None:
    """The host by name, too, with the player; who is somebody else stays, and so does what names nobody of them."""
    veil = Redactor(MemoryStore().open("hidden_viewers", float), Stopped())
    seats = (samples.seat("Quirin", viewer_id="4711"), samples.seat("Ana", viewer_id="1"))
    hosted = samples.screening(host="QUIRIN_P", player="Quirin's TV", seats=seats)
    badges = BadgesAwarded("plex:m:7", "quirin_p", (samples.make_badge(),))
    started, ended = ScreeningStarted(samples.NOW, hosted), ScreeningEnded(samples.NOW, replace(hosted, host="Ana"))
    assert veil.redact(started) is started and veil.redact(badges) is badges
    veil.hide(PERSON)
    assert veil.redact(badges) is None
    others = BadgesAwarded("1", "Ana", (samples.make_badge(),))
    assert veil.redact(others) is others
    seen = veil.redact(started)
    assert isinstance(seen, ScreeningStarted)
    assert (seen.screening.host, seen.screening.player) == (SOMEBODY, "")
    assert [(seat.viewer_id, seat.username) for seat in seen.screening.seats] == [("", SOMEBODY), ("1", "Ana")]
    seen_end = veil.redact(ended)
    assert isinstance(seen_end, ScreeningEnded)
    assert (seen_end.screening.host, seen_end.screening.player) == ("Ana", "Quirin's TV")
    alone = ScreeningStarted(samples.NOW, replace(hosted, host="Ana", seats=seats[1:]))
    assert veil.redact(alone) is alone


def test_only_earlier_announcements_are_redacted() -> None:
    """Later ones are the senders' matter. Only hashes are stored, and survive a restart; old ones are removed."""
    memory, clock = MemoryStore(), Stopped()
    veil = Redactor(memory.open("hidden_viewers", float), clock)
    veil.hide(PERSON)
    later = Moment(clock.at_s + ON_THE_WAY_S + 1, 0.0)
    shown = samples.screening(seats=(samples.seat("Quirin", viewer_id="4711"),))
    assert veil.redact(told := ScreeningStarted(later, shown)) is told
    assert veil.redact(ScreeningStarted(samples.NOW, shown)) != ScreeningStarted(samples.NOW, shown)
    assert not any(word in str(memory.entries) for word in ("4711", "uirin", "plex:"))
    saves = memory.saves
    veil.hide(PERSON)
    assert memory.saves == saves, "asked again at once, nothing new is written"
    clock.at_s += KEPT_S
    assert len(memory.open("hidden_viewers", float).records) == 4
    clock.at_s += ON_THE_WAY_S
    state = memory.open("hidden_viewers", float)
    Redactor(state, clock).drop_outdated()
    assert state.records == {} and memory.entries == {}
