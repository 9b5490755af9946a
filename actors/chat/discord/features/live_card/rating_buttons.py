"""The buttons below a night's record, with which its viewers rate the film from 1 to 5."""

from typing import Any, Self

import discord

from actors.chat.discord.framework.autocompletion import actors_of
from actors.chat.discord.framework.command_errors import RefusedError, report_errors
from actors.chat.discord.framework.pages import build_buttons
from actors.chat.discord.ui import embeds, formatting
from messages import FilmRated, RateFilm, ScreeningEnded
from wording.translation import _

HIGHEST = 5
STAR = "⭐"


def build_rating_buttons(ended: ScreeningEnded) -> discord.ui.View | None:
    """Return the buttons of a record, or None if no watch party saw the film."""
    screening = ended.screening
    if not screening.party or not any(not seat.brief for seat in screening.seats):
        return None
    return build_buttons(RateButton(rating, screening.screening_id) for rating in range(1, HIGHEST + 1))


class RateButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"usher:rate:(?P<rating>[1-{HIGHEST}]):(?P<screening>[^:]{{1,80}})",
):
    """Rates the film of a screening."""

    def __init__(self, rating: int, screening_id: str) -> None:
        self._rating, self._screening_id = rating, screening_id
        super().__init__(
            discord.ui.Button(
                label=str(rating),
                emoji=STAR,
                style=discord.ButtonStyle.secondary,
                custom_id=f"usher:rate:{rating}:{screening_id}",
            )
        )

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        """Return the button from the rating and the screening's id."""
        return cls(int(match["rating"]), match["screening"])

    async def callback(self, interaction: discord.Interaction[Any]) -> Any:
        """Store the rating, and answer privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        async with report_errors(interaction):
            question = RateFilm(self._screening_id, str(interaction.user.id), self._rating)
            embed = _build_thanks(await actors_of(interaction).ask(question), self._rating)
            await interaction.followup.send(embed=embed, ephemeral=True)


def _build_thanks(rated: FilmRated, rating: int) -> discord.Embed:
    if rated.outcome == "untracked":
        raise RefusedError(_("You've chosen not to be tracked."), _("`!privacy open` changes that."))
    if rated.outcome == "not_there":
        raise RefusedError(
            _("Only those who were there can rate it."),
            _("Watched it with a Plex account? Link it: `/link`. Just ended? Try again in a minute."),
        )
    heading = f"{STAR * rating} {formatting.escape(rated.title, 150)}"
    text = _("Thanks! Press another number to change it.")
    if rated.before and rated.before != rating:
        text = _("Changed from {before} to {rating}.").format(before=rated.before, rating=rating)
    return embeds.build_embed(heading, text, colour=embeds.GOLD)
