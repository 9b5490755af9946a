"""Votes on the next film: a poll on Discord, its end, and its winner."""

from actors.chat.discord.features.film_vote.film_votes import FilmVotes
from actors.chat.discord.features.film_vote.vote_embeds import build_card, end_card
from actors.chat.discord.features.film_vote.vote_record import MOST_FILMS, VoteFilm, VoteRecord

__all__ = ["MOST_FILMS", "FilmVotes", "VoteFilm", "VoteRecord", "build_card", "end_card"]
