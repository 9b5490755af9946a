"""What waits at an endpoint that many communities share."""

from actors.runtime.transport.queues.fair_queue import FairQueue


def take(queue: FairQueue[str], count: int) -> list[str]:
    """Send so many, or all there are."""
    sent: list[str] = []

    def send(item: str) -> bool:
        if len(sent) == count:
            return False
        sent.append(item)
        return True

    queue.send_all(send)
    return sent


def test_communities_send_in_turn() -> None:
    """A flood of one delays only that community; the order within a community is kept."""
    queue: FairQueue[str] = FairQueue()
    for number in range(100):
        assert queue.put("flood", f"f{number}", 10)
    assert queue.put("a", "a0", 10) and queue.put("b", "b0", 10) and queue.put("a", "a1", 10)
    assert take(queue, 6) == ["f0", "a0", "b0", "f1", "a1", "f2"]
    assert take(queue, 1000) == [f"f{number}" for number in range(3, 100)]
    assert queue.send_all(lambda _item: True)


def test_a_flood_does_not_block_other_communities() -> None:
    """Each may queue only so much; even if the total is too much, each has a little."""
    queue: FairQueue[str] = FairQueue(total_bytes=200, each_bytes=100, always_bytes=20, each_items=50)
    assert [queue.put("flood", "f", 10) for _ in range(12)] == [True] * 10 + [False] * 2
    assert [queue.put("other", "o", 10) for _ in range(12)] == [True] * 10 + [False] * 2
    assert [queue.put("small", "s", 10) for _ in range(3)] == [True, True, False]
    assert len(take(queue, 1000)) == 22
    assert queue.put("small", "s", 10)


def test_a_frame_that_is_not_accepted_stays_first() -> None:
    """Another process that accepts nothing loses nothing."""
    queue: FairQueue[str] = FairQueue()
    queue.put("a", "a0", 1)
    queue.put("b", "b0", 1)
    assert not queue.send_all(lambda _item: False)
    assert take(queue, 10) == ["a0", "b0"]


def test_the_number_of_frames_of_a_community_is_limited() -> None:
    """For small frames the number counts."""
    queue: FairQueue[str] = FairQueue(each_items=3)
    assert [queue.put("a", "x", 0) for _ in range(4)] == [True, True, True, False]
    assert queue.put("b", "x", 0)
