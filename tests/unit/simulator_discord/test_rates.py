"""The rate limits, on a clock that a test turns."""

import pytest

from simulator.discord.rest import rate_limits
from simulator.discord.rest.rate_limits import RateLimiter


class Clock:
    """A steady clock that stands until it is turned."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        """Now."""
        return self.now_s

    def time(self) -> float:
        """The wall clock runs with it."""
        return 1_700_000_000.0 + self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The module's clock."""
    made = Clock()
    monkeypatch.setattr(rate_limits, "time", made)
    return made


def test_five_messages_in_five_seconds_and_channel(clock: Clock) -> None:
    """The sixth waits for the window's end; another channel is free."""
    limiter = RateLimiter()
    left = [limiter.judge("POST", "/channels/1/messages").headers["X-RateLimit-Remaining"] for _ in range(5)]
    assert left == ["4", "3", "2", "1", "0"]
    clock.now_s += 2.0
    sixth = limiter.judge("POST", "/channels/1/messages")
    assert sixth.retry_after_s == pytest.approx(3.0)
    assert sixth.headers["X-RateLimit-Reset-After"] == "3.000"
    assert limiter.judge("POST", "/channels/2/messages").retry_after_s is None
    clock.now_s += 3.0
    assert limiter.judge("POST", "/channels/1/messages").retry_after_s is None


def test_two_renames_in_ten_minutes_are_in_no_header(clock: Clock) -> None:
    """Discord tells of this limit only when it strikes."""
    limiter = RateLimiter()
    verdicts = [limiter.judge("PATCH", "/channels/1", renames=True) for _ in range(3)]
    assert [verdict.retry_after_s for verdict in verdicts] == [None, None, pytest.approx(600.0)]
    assert verdicts[0].headers == {}
    assert limiter.judge("PATCH", "/channels/1").retry_after_s is None


def test_fifty_requests_a_second_in_all(clock: Clock) -> None:
    """Answers to interactions are not counted."""
    limiter = RateLimiter()
    assert all(limiter.judge("GET", f"/users/{number}").retry_after_s is None for number in range(50))
    over = limiter.judge("GET", "/users/51")
    assert over.scope == "global"
    assert over.retry_after_s == pytest.approx(1.0)
    assert limiter.judge("POST", "/interactions/1/x/callback").retry_after_s is None
    clock.now_s += 1.0
    assert limiter.judge("GET", "/users/51").retry_after_s is None
