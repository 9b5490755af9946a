"""`whosaw`: who has seen a film, to be asked before a film night."""

from actors.chat.discord.framework.actor_client import ActorClient
from actors.chat.discord.framework.autocompletion import suggest_titles
from actors.chat.discord.framework.command import CommandGroup, Cooldown, command
from actors.chat.discord.framework.command_errors import RefusedError
from actors.chat.discord.framework.pages import pack_arguments, read_slice
from actors.chat.discord.framework.replies import CommandContext, show_page
from actors.chat.discord.ui import embeds, formatting
from actors.chat.discord.ui.embeds import Field, Reply, Section
from messages import GetWhoSaw, SeenBy, TitleCount, WhoSaw
from wording.numbers import format_count, format_number, format_percent
from wording.text import unquote
from wording.translation import N_, _

ROWS = 20
_HEADINGS = {"not_yet": N_("🆕 __Not yet__"), "in_part": N_("🌓 __In part__"), "seen": N_("✅ __Seen__")}


async def build_page(actors: ActorClient, arguments: str, page: int) -> Reply:
    """Build a page of who has seen a film: everybody in the voice channel, then others who have seen it.

    If the channel is empty, all viewers are listed.
    """
    members = await actors.ask_channel_members()

    async def read(offset: int) -> WhoSaw:
        question = GetWhoSaw(arguments, actors.settings.watched_percent, members, ROWS, offset)
        return await actors.ask(question)

    answer, page, pages = await read_slice(read, _count_rows, page, ROWS)
    if answer.film is None:
        heading = f"🎟️ {formatting.escape(arguments, 100)}"
        text = _("Nobody here has watched a film with that title. `!moviestats` lists what was watched.")
        return Reply(embeds.build_embed(heading, text, colour=embeds.GREY))
    top = _("**{not_yet}** not yet · **{in_part}** in part · **{seen}** seen").format(
        not_yet=answer.not_yet, in_part=answer.in_part, seen=answer.seen
    )
    top += f"\n{_describe_asked(_count_asked(answer), bool(members))}"
    sections = [
        Section(_(heading), [_format_viewer(each) for each in answer.viewers if each.state == state and not each.other])
        for state, heading in _HEADINGS.items()
    ]
    others = [_format_other(each) for each in answer.viewers if each.other]
    sections.append(
        Section(_("👥 __Not in the channel__ · {count}").format(count=format_number(_count_others(answer))), others)
    )
    text = embeds.split_pages([section for section in sections if section.lines], lines=ROWS, units=3500)[0]
    fields = []
    if answer.others:
        fields.append(Field(_("Also found"), embeds.join_lines_within([_format_film(film) for film in answer.others])))
    heading = _("🎟️ Who saw {title}?").format(title=_format_film(answer.film))
    return Reply(embeds.build_embed(heading, f"{top}\n\n{text}", fields=fields), page, pages)


def _count_asked(answer: WhoSaw) -> int:
    return answer.not_yet + answer.in_part + answer.seen


def _count_others(answer: WhoSaw) -> int:
    return answer.others_in_part + answer.others_seen


def _count_rows(answer: WhoSaw) -> int:
    return _count_asked(answer) + _count_others(answer)


def _describe_asked(total: int, present: bool) -> str:
    """Return whom the answer is about, in the same words with and without hidden viewers, so as not to reveal them."""
    if present:
        return format_count(
            "{count} in the voice channel (hidden members not counted)",
            "{count} in the voice channel (hidden members not counted)",
            total,
        )
    return format_count(
        "nobody is in the voice channel: {count} known viewer (hidden members not counted)",
        "nobody is in the voice channel: {count} known viewers (hidden members not counted)",
        total,
    )


def _format_film(film: TitleCount) -> str:
    return formatting.escape(f"{film.title} ({film.year})" if film.year else film.title, 100)


def _format_other(viewer: SeenBy) -> str:
    """Return the line of a viewer who is not in the channel: how much of the film they saw."""
    return f"{'✅' if viewer.state == 'seen' else '🌓'} {_format_viewer(viewer)}"


def _format_viewer(viewer: SeenBy) -> str:
    facts = [f"**{formatting.escape_person(viewer.username, 40)}**"]
    if viewer.state == "in_part" and viewer.percent is not None:
        facts.append(format_percent(viewer.percent))
    if viewer.now:
        facts.append(_("▶️ watching now"))
    elif viewer.at_s is not None:
        facts.append(formatting.relative_time(viewer.at_s))
    return " · ".join(facts)


@command(
    "whosaw",
    N_("Who has seen a film, and who has not"),
    group=CommandGroup.NOW,
    usage=N_("<title>"),
    cooldown=Cooldown(3, 10.0),
    parameters={"title": N_("Part of its title is enough")},
    autocomplete={"title": suggest_titles},
    page=build_page,
)
async def whosaw(ctx: CommandContext, *, title: str = "") -> None:
    """Answer with who of those present has seen a film."""
    if not title.strip():
        raise RefusedError(_("Which film?"), _("Add its title, or part of it: `!whosaw metropolis`."))
    await show_page(ctx, pack_arguments(unquote(title)))
