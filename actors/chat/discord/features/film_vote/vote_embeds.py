"""Builds the embeds of a vote: its card while it runs, and its result."""

from collections.abc import Mapping

import discord

from actors.chat.discord.features.film_vote.vote_record import VoteRecord, VoteResult
from actors.chat.discord.ui import embeds, formatting
from wording.numbers import format_count
from wording.text import join_names
from wording.translation import _

_NAME = 80
_LINES_BELOW = 3
"""Lines below the films on the card of a running vote."""


def build_card(vote: VoteRecord, facts: Mapping[int, str], poll_url: str) -> discord.Embed:
    """Build the card of a running vote. `facts`: who wants each film and has seen it, by answer."""
    lines = [
        f"{film.answer_id}. **{formatting.escape(film.name, _NAME)}**{_add_fact(facts.get(film.answer_id, ''))}"
        for film in vote.films
    ]
    lines += [
        "",
        _("[To the poll]({url}) · ends {ago} · you can choose several").format(
            url=poll_url, ago=formatting.relative_time(vote.ends_s)
        ),
        "-# " + _("Ties go to the member whose suggestion hasn't won for the longest time."),
    ]
    return embeds.build_embed(_("🗳️ Which film is next?"), "\n".join(lines), colour=embeds.PURPLE)


def end_card(card: discord.Embed) -> discord.Embed:
    """Return the card of a vote that was ended early: it says so in place of the end time."""
    ended = card.copy()
    films = (card.description or "").split("\n")[:-_LINES_BELOW]
    ended.description = "\n".join([*films, "", _("Voting has ended.")])
    return ended


def _add_fact(fact: str) -> str:
    return f" · {fact}" if fact else ""


def build_result(vote: VoteRecord, result: VoteResult) -> discord.Embed:
    """Build the result of a vote: the winner, all votes, and how a tie was decided."""
    if result.winner is None:
        return embeds.build_embed(
            _("🗳️ Nobody voted"), _("The films stay on the list: `!suggestions`"), colour=embeds.GREY
        )
    order = sorted(vote.films, key=lambda film: (film is not result.winner, -result.counts.get(film.answer_id, 0)))
    lines = [
        f"{'🏆' if film is result.winner else '▫️'} **{formatting.escape(film.name, _NAME)}** · "
        + format_count("{count} vote", "{count} votes", result.counts.get(film.answer_id, 0))
        for film in order
    ]
    lines.append(f"-# {format_count('{count} member voted', '{count} members voted', result.voters)}")
    if result.tied:
        names = join_names([formatting.escape(film.name, _NAME) for film in result.tied])
        text = _("Tied with {names}. Ties go to the member whose suggestion hasn't won for the longest time.")
        lines.append(text.format(names=names))
    if result.winner.item is None:
        lines.append(_("It isn't in the library yet."))
    heading = _("🏆 {title} won the vote").format(title=formatting.escape(result.winner.name, 150))
    return embeds.build_embed(heading, embeds.join_lines_within(lines, embeds.DESCRIPTION), colour=embeds.GOLD)
