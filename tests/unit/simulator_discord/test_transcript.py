"""What a person sees of a message."""

import datetime
from typing import Any

import pytest

from simulator.discord.model.guild import Member
from simulator.discord.model.ids import snowflake
from simulator.discord.model.messages import Attachment, ChannelMessage
from simulator.discord.model.polls import Poll
from simulator.discord.model.world import DiscordWorld
from simulator.discord.transcript.markdown import MarkdownReader, relative_time, strip_markdown
from simulator.discord.transcript.terminal import format_size, render_transcript

NOW_S = 1_700_000_000.0
READER = MarkdownReader(lambda kind, number: f"{kind}{number}", NOW_S)


@pytest.fixture
def world() -> DiscordWorld:
    """A Discord on a clock that stands."""
    return DiscordWorld(now=lambda: NOW_S)


def member(world: DiscordWorld, name: str) -> Member:
    """Somebody."""
    return next(each for each in world.members() if each.display_name == name)


def post(world: DiscordWorld, **parts: Any) -> ChannelMessage:
    """A message of the bot."""
    return world.post(ChannelMessage(snowflake(), next(iter(world.guild.channels)), world.bot, **parts))


READ = {
    "**bold** and *italic*": "bold and italic",
    "_lined_ but snake_case_name": "lined but snake_case_name",
    r"\*not\* \_so\_ \`code\`": "*not* _so_ `code`",
    r"**Dr. \*Noodle\***": "Dr. *Noodle*",
    "`a * b` ``c ` d``": "a * b c ` d",
    "2 * 3 * 4": "2 * 3 * 4",
    "~~gone~~ ||secret|| __u__": "gone secret u",
    "[Plex](https://plex.tv/x) <https://a.b>": "Plex https://a.b",
    "<@5> <@!6> <@&7> <#8> </stats:9>": "@user5 @user6 @role7 #channel8 /stats",
    "<:popcorn:123> @everyone": ":popcorn: @everyone",
    "# Head\n-# small\n> quoted\n- point": "Head\nsmall\n▏ quoted\n• point",
    "before\n```py\na = *1*\n```\nafter": "before\n  a = *1*\nafter",
    "<t:1700000000:t> <t:1700000000:f> <t:1700000000>": "22:13 14 November 2023 22:13 14 November 2023 22:13",
    "<t:1699999880:R> <t:1700007200:R> <t:99999999999999:f>": "2 minutes ago in 2 hours Invalid Date",
}


@pytest.mark.parametrize("source", READ)
def test_markdown_is_read_as_discord_shows_it(source: str) -> None:
    """Marks become styles; what is escaped, stays."""
    assert READER.read(source).plain == READ[source]


def test_styles_are_where_the_marks_were() -> None:
    """Nested ones too."""
    read = READER.read("a **b *c***")
    assert [(read.plain[span.start : span.end], span.style) for span in read.spans] == [
        ("b ", "bold"),
        ("c", "bold italic"),
    ]


def test_a_terminal_is_told_nothing() -> None:
    """Escape sequences and marks of direction are not passed on."""
    assert strip_markdown("a\x1b[31mb\u202ec\x07") == "a[31mbc"


def test_times_are_said_as_people_say_them() -> None:
    """Before and after."""
    said = [relative_time(seconds) for seconds in (-1, -59, -61, -3_700, 90_000, 86_400 * 40, -86_400 * 800)]
    assert said == [
        "a second ago", "59 seconds ago", "a minute ago", "an hour ago", "in a day", "in a month", "2 years ago",
    ]  # fmt: skip
    assert [format_size(count) for count in (812, 23_456, 5_200_000)] == ["812 bytes", "23.5 kB", "5.2 MB"]


def test_an_embed_is_laid_out(world: DiscordWorld) -> None:
    """Bar, title, text, three fields in a row, picture, footer, files, buttons."""
    field = {"name": "Dr. \\*N\\*", "value": "0:42", "inline": True}
    embed = {
        "title": "Watching", "description": "**now**", "color": 0xE5A00D, "fields": [field] * 4,
        "footer": {"text": "1 of 2"}, "image": {"url": "attachment://p.png"},
    }  # fmt: skip
    controls = [
        {"type": 2, "style": 2, "label": "Back", "custom_id": "b", "disabled": True},
        {"type": 2, "style": 1, "emoji": {"name": "▶️"}, "custom_id": "n"},
    ]
    select = {"type": 3, "custom_id": "s", "placeholder": "Which?", "options": [{"label": "A", "value": "a"}]}
    rows = [{"type": 1, "components": controls}, {"type": 1, "components": [select]}]
    files = [Attachment(1, "p.png", b"x" * 1500), Attachment(2, "all.json", b"y")]
    post(world, embeds=[embed], components=rows, attachments=files)
    lines = render_transcript(world.messages.values(), world, width=80).splitlines()
    assert lines[0] == "Usher  APP   22:13"
    assert lines[1:3] == ["▌ Watching", "▌ now"]
    assert lines[4].split("  ")[0] == "▌ Dr. *N*" and lines[4].count("Dr. *N*") == 3
    assert [line for line in lines if "Dr. *N*" in line][1].count("Dr. *N*") == 1
    assert "▌ 🖼  p.png (1.5 kB)" in lines and "▌ 1 of 2" in lines
    assert lines[-4:] == ["📎 all.json (1 bytes)", "[ Back ] [ ▶️ ]", "[ Which? ▾ ]", ""]
    assert max(map(len, lines)) <= 80


def test_two_embeds_stand_apart(world: DiscordWorld) -> None:
    """And a code block leaves no empty line behind."""
    post(world, embeds=[{"description": "```\na\n```"}, {"title": "b"}])
    assert render_transcript(world.messages.values(), world).splitlines()[1:4] == ["▌   a", "", "▌ b"]


def test_who_asked_and_who_sees_it_is_said(world: DiscordWorld) -> None:
    """Above and below the answer."""
    iris = member(world, "Iris")
    question = world.post(ChannelMessage(snowflake(), next(iter(world.guild.channels)), iris.user, "!stats *now*"))
    post(world, content="There.", reply_to=question.id)
    post(world, content="Saved.", asked_by=iris.user, asked_with="savedata", flags=64)
    post(world, asked_by=iris.user, asked_with="stats", flags=128)
    shown = render_transcript(world.messages.values(), world, tz=datetime.timezone(datetime.timedelta(hours=1)))
    assert "Iris  23:13\n!stats now\n" in shown
    assert "╭ Iris  !stats now\nUsher  APP   23:13\nThere.\n" in shown
    assert "╭ Iris used /savedata\nUsher  APP   23:13\nSaved.\nOnly Iris can see this\n" in shown
    assert shown.rstrip().endswith("Usher is thinking ...")


def test_a_message_made_of_components_is_laid_out(world: DiscordWorld) -> None:
    """Containers, sections, texts and rules."""
    section = {
        "type": 9, "components": [{"type": 10, "content": "**Film**"}],
        "accessory": {"type": 2, "style": 3, "label": "Join", "custom_id": "j"},
    }  # fmt: skip
    inner = [{"type": 10, "content": "## Now playing"}, {"type": 14}, section]
    message = post(world, components=[{"type": 17, "accent_color": 255, "components": inner}], flags=1 << 15)
    lines = render_transcript([message], world).splitlines()
    assert [lines[1], lines[3], lines[4]] == ["▌ Now playing", "▌ Film", "▌ [ Join ]"]
    assert message.text == "## Now playing\n**Film**"
    assert [each["custom_id"] for each in message.controls] == ["j"]


def test_colour_only_where_it_is_wanted(world: DiscordWorld) -> None:
    """Plain text has no escape sequence."""
    message = post(world, content="**x**")
    assert "\x1b[1m" in render_transcript([message], world, styled=True)
    assert "\x1b" not in render_transcript([message], world)


def test_a_poll_is_read_with_its_votes_and_its_end(world: DiscordWorld) -> None:
    """The message that says how it ended shows no fields of Discord's own."""
    body = {"question": {"text": "Which *film*?"}, "answers": [{"poll_media": {"text": "Alien"}}], "duration": 1}
    message = post(world, poll=Poll.from_request(body, NOW_S))
    assert message.poll is not None
    message.poll.votes[1] = [member(world, "Iris").id]
    assert "○ Alien · 1 vote" in message.text and "Poll closed" not in message.text
    world.end_poll(message)
    shown = render_transcript(list(world.messages.values()), world)
    assert "Alien · 1 vote" in shown and "Poll closed" in shown and "The poll has closed." in shown
    assert "victor_answer" not in shown
