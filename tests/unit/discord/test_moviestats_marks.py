"""What the community thinks of a film, in `moviestats`."""

from typing import Any

from messages import GetMovieStats, MovieStats, TitleCount


def stats(*films: TitleCount) -> MovieStats:
    """The figures of these films."""
    return MovieStats(9, 9, 4, len(films), 9e4, films, (), (), (), ())


async def test_the_mark_stands_beside_its_film(room: Any, actors: Any) -> None:
    """In the list of all, and for one film in words; nothing where too few rated it."""
    rated, other = TitleCount("Alien", 1979, 3, 2, 9e4, 4.5, 2), TitleCount("Brazil", 1985, 2, 2, 8e4)
    actors.answers[GetMovieStats] = stats(rated, other)
    await room.ana.send(room.channel, "!moviestats")
    lines = room.text().splitlines()
    assert any("Alien (1979)" in line and "⭐ 4.5 (2)" in line for line in lines)
    assert not any("Brazil" in line and "⭐" in line for line in lines)
    actors.answers[GetMovieStats] = stats(rated)
    await room.ana.send(room.channel, "!moviestats alien")
    assert "⭐ **4.5** of 5 · 2 ratings" in room.text()
    actors.answers[GetMovieStats] = stats(other)
    await room.ana.send(room.channel, "!moviestats brazil")
    assert "⭐" not in room.text()
