"""Languages: every text is in every catalogue, and none is said beside them."""

import ast
import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import discord
import pytest
import requests
from babel.messages.catalog import Message

from actors.chat.discord.core.api_errors import classify
from actors.media.plex.errors import classify_failure
from languages import catalogues
from languages.__main__ import main
from messages import Problem
from wording import dates
from wording.dates import format_decade
from wording.durations import format_duration
from wording.numbers import format_number, format_percent
from wording.problem_texts import TEXTS
from wording.problems import english, translate, translate_all
from wording.text import join_names
from wording.times import format_choice
from wording.times.reader import read_time
from wording.translation import _, gettext_badge, set_language

LANGUAGES = catalogues.list_languages()
GAP = re.compile(r"\{(\w+)(?::\w+)?\}")
COMMAND = re.compile(r"`!\w+|[A-Z]+_[A-Z_]+|!starttracking")
ENDS = re.compile(r"^[^\w\s`*(\[{“„«\"'…]+|^\s+|\s+$")

LOGGED = {
    "announcement_queue.py", "api_errors.py", "chart_renderer.py", "connection.py", "degraded_reasons.py", "state.py",
    "voice_presence.py",
}  # fmt: skip
"""Files that speak to the log and the health table only: those are English in every language."""
PROTOCOL = {
    "admission.py", "connections.py", "document_answers.py", "event_stream.py", "guards.py", "http_post.py",
    "metrics.py", "nights_calendar.py", "nights_feed.py", "posters.py", "readers.py", "server.py", "static_files.py",
    "web_readers.py",
}  # fmt: skip
"""Files that speak HTTP or a format of its kind: headers, addresses, and what a program is told that asks too much."""
PROGRAMS = {"api"}
"""Folders of what speaks to programs: their answers and their description are English, as their field names are."""
LOGS = {"debug", "info", "warning", "error", "exception", "add", "classify", "PendingPost"}
"""What else speaks to the log."""
INTERNAL = {
    "AuditEntry",
    "ValueError",
    "TimeoutError",
    "RuntimeError",
    "TypeError",
    "TypeVar",
    "compile",
    "replace",
    "removesuffix",
    "NewType",
}
"""What people do not see."""
ALLOWED = {
    "Bot", "Usher", "Plex", "🎟️ Usher",  # names
    "!help", "usher:page:", "[movies|time|streak|badges]",  # what is typed is the same in every language
    "invite the bot to it again, with the scopes bot and applications.commands", "slash commands",  # bot.py: logged
    "{what}; {cure}", "{found} {cure}",  # problems that are made of others
    " MB", " ms", "p50 ", "p99 ",  # units and figures of statistics, the same everywhere
}  # fmt: skip
SAID_BY = {
    "build_embed",
    "build_problem",
    "Field",
    "Section",
    "Found",
    "RefusedError",
    "UnansweredError",
    "CheckFailure",
    "refuse",
}
"""The building blocks of what people read: each text in them, one word alone too."""
VERDICTS = {"good", "note", "bad"}
"""The first argument of what `diagnose` found."""
SAID_AS = {"label", "placeholder", "description", "footer", "usage"}
"""The same, by the name of the argument."""


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each language that there is, spoken."""
    set_language(request.param)
    yield request.param
    set_language("en")


def of(language: str) -> list[Message]:
    """All of a language's texts."""
    return [one for one in catalogues.update_catalogue(language) if one.id]


def forms(text: object) -> tuple[str, ...]:
    """A text's one form, or its forms for one and many."""
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]  # Babel: str or a row of them


def test_a_language_is_begun_with_every_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make languages NEW=fr`: all to be translated, English until then; the next run keeps what was filled in."""
    monkeypatch.setattr(catalogues, "CATALOGUES", tmp_path)
    assert main(["--new", "fr"]) == 0 and main(["--check"]) == 1
    begun = catalogues.update_catalogue("fr")
    assert f"fr: {len(begun)} texts to translate" in capsys.readouterr().err
    begun["Genres"].string = "Genres à nous"
    catalogues.catalogue_path("fr").write_bytes(catalogues.format_po(begun))
    assert main([]) == 0
    monkeypatch.setattr("wording.translation.CATALOGUES", tmp_path)
    set_language("fr")
    assert (_("Genres"), _("Something went wrong")) == ("Genres à nous", "Something went wrong")
    set_language("en")


def test_a_text_put_together_before_it_is_looked_up_is_refused() -> None:
    """No catalogue could have it."""
    with pytest.raises(ValueError, match=r"x\.py:1"):
        list(catalogues.find_texts_in('_(f"{count} films")', "x.py"))


def test_german_is_there() -> None:
    """English, and one more."""
    assert "de" in LANGUAGES


def test_every_catalogue_is_current_and_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    """What `make languages` would write is what is there: a stranger has no such step."""
    assert main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("name", LANGUAGES)
def test_nothing_is_left_in_english(name: str) -> None:
    """No text is empty, or only perhaps right."""
    assert [one.id for one in catalogues.list_untranslated(catalogues.update_catalogue(name))] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_translations_have_the_same_placeholders(name: str) -> None:
    """Each of the English text and no other (the singular may leave out the number), and each command."""
    for one in of(name):
        english = set(GAP.findall(forms(one.id)[-1]))
        said = forms(one.string)
        for place, text in enumerate(said):
            gaps = set(GAP.findall(text))
            assert gaps == english or (place < len(said) - 1 and gaps == english - {"count"}), one.id
            assert set(COMMAND.findall(text)) == set(COMMAND.findall(forms(one.id)[-1])), one.id
            assert text.replace(":sentence}", "}").format(**dict.fromkeys(gaps, 7)) is not None


@pytest.mark.parametrize("name", LANGUAGES)
def test_translations_have_the_same_emoji_and_spaces(name: str) -> None:
    """At their ends: they belong to the layout, not to the language."""
    for one in of(name):
        english = forms(one.id)[-1]
        for text in forms(one.string):
            assert ENDS.findall(text) == re.findall(ENDS, english), one.id


def test_the_patterns_of_a_language_can_be_filled(language: str) -> None:
    """Figures, days and hours: a wrong pattern would fail only when one is shown."""
    assert re.fullmatch(r"1\D{0,2}234\D5", format_number(1234.5, 1))
    assert "2026" in dates.format_date("2026-11-02") and "2" in dates.format_short_day(datetime.date(2026, 11, 2))
    assert dates.format_weekday(datetime.date(2026, 11, 22)) and "1980" in format_decade("1980s")
    assert all(char not in "{}" for char in format_duration(4_800) + format_duration(5) + format_percent(38))
    evening = datetime.datetime(2026, 11, 23, 18, 0, tzinfo=datetime.UTC)
    for days in (1, 30, 400):
        start = evening + datetime.timedelta(days=days)
        assert read_time(format_choice(start, evening), evening, language).start == start


def test_an_unknown_language_is_english() -> None:
    """The setting allows none such; without a catalogue people are still spoken to."""
    set_language("tlh")
    assert _("Something went wrong") == "Something went wrong" and _("") == ""


def test_figures_are_written_as_the_language_does() -> None:
    """Groups, decimals, hours, decades, many and one."""
    set_language("de")
    try:
        assert format_number(1234.5, 1) == "1.234,5" and format_duration(4_800) == "1 Std. 20 Min."
        assert format_decade("1980s") == "1980er" and format_decade("Unknown") == "Unknown"
        assert join_names(["Ana", "Ben"]) == "Ana und Ben"
    finally:
        set_language("en")
    assert format_number(1234.5, 1) == "1,234.5" and format_duration(4_800) == "1 h 20 min"


def test_a_community_s_own_badges_stay_as_written() -> None:
    """Even where one is called like something else that is translated."""
    set_language("de")
    try:
        assert gettext_badge("Night Owl") == "Nachteule"
        assert gettext_badge("Refresh") == "Refresh" and gettext_badge("") == ""
    finally:
        set_language("en")


class Answer(requests.Response):
    """What Discord answered."""

    def __init__(self) -> None:
        super().__init__()
        self.status_code, self.reason = 403, "Forbidden"
        self.status = self.status_code  # as discord.py's own connections call it


def test_every_problem_is_worded_with_its_parameters() -> None:
    """In English as the log has it, and in German with its figures, titles, causes and cures."""
    forbidden = discord.Forbidden(Answer(), {"code": 50013, "message": "Missing Permissions"})
    posting = classify(forbidden, 1, Problem.of("discord.post", channel="7")).problem
    assert english(posting) == (
        "Discord forbids to post in the announce channel 7: give the bot View Channel, Send Messages, Embed Links and "
        "Attach Files there (Discord's code 50013)"
    )
    away = classify_failure(ConnectionRefusedError(), "http://10.0.0.2:32400").problem
    held = Problem.of("save.retry", store="usher.db", cause="disk full", cure=Problem.of("cure.free_disk"))
    set_language("de")
    try:
        assert translate(posting) == (
            "Discord verbietet dem Bot: im Ankündigungskanal 7 posten. Gib ihm dort „Kanal ansehen“, „Nachrichten "
            "senden“, „Links einbetten“ und „Dateien anhängen“ (Discords Code 50013)"
        )
        assert translate_all((away, posting)).startswith("Plex unter 10.0.0.2:32400 ist nicht erreichbar")
        assert translate(Problem.of("process.killed", signal="SIGKILL")) == "durch SIGKILL beendet"
        assert "schaff Platz" in translate(Problem.of("save.failed", error=held))
    finally:
        set_language("en")


def test_a_problem_of_another_version_is_shown_as_it_is() -> None:
    """An unknown code, and a gap without a parameter, cost no answer."""
    assert translate(Problem.of("new.code", what="x")) == "new.code {'what': 'x'}"
    assert translate(Problem.of("start.no_such_session", session="a {b}")).startswith("No session a {b} is playing.")


def test_a_cause_and_a_cure_begin_a_sentence() -> None:
    """As the text asks for it, in each language."""
    problem = Problem.of("store.unreadable", cause="disk full", cure=Problem.of("cure.free_disk"))
    assert english(problem) == "The store cannot be read now: disk full. Make room on the disk."


def codes_in(source: str) -> Iterator[str]:
    """Every code of a problem that a file makes."""
    yield from re.findall(r'Problem\.of\(\s*"([^"]+)"', source)
    yield from (
        f"actor.{name}"
        for name in re.findall(r'"(tracker|persistence|launcher|plex)"[,}]', source)
        if "actor.{" in source
    )
    yield from (f"plex.{part}" for pair in re.findall(r'_failure\("\w+", "(\w+)", "(\w+)"', source) for part in pair)
    yield from re.findall(r'code = "(\w+\.\w+)"', source)
    yield from (code for pair in re.findall(r'code = "(\w+\.\w+)" if .* else "(\w+\.\w+)"', source) for code in pair)


def test_every_problem_has_words_and_all_words_are_used() -> None:
    """Whoever makes a problem words it in one place."""
    packages = ("actors", "diagnosis", "launcher", "persistence", "tracking", "viewers", "awards", "wording")
    files = [path for package in packages for path in (catalogues.ROOT / package).rglob("*.py")]
    made = {code for path in files for code in codes_in(path.read_text(encoding="utf-8"))}
    assert made == set(TEXTS)


def loose(path: Path) -> Iterator[str]:
    """Every text of a file that people could see and that no catalogue knows."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed = {id(part) for node in ast.walk(tree) for part in _iterate_translated(node)}
    strict = {id(part) for node in ast.walk(tree) for part in _strict(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            text = re.sub(r"<t:|:[RtDdf]>", "", node.value)
            prose = re.search(r"[A-Za-z]{2}", text) and (" " in text or id(node) in strict)
            if prose and node.value not in ALLOWED | VERDICTS:
                yield f"{path.name}:{node.lineno}: {node.value}"


def _iterate_translated(node: ast.AST) -> Iterator[ast.AST]:
    """Texts that went through a catalogue, or that nobody on Discord sees."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in catalogues.KEYWORDS:
            for part in node.args[: catalogues.KEYWORDS[name]]:
                yield from ast.walk(part)
        elif name in LOGS | INTERNAL:
            yield from ast.walk(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value  # a docstring
    elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        yield from ast.walk(node.annotation)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
        yield from ast.walk(node.returns)
    elif isinstance(node, ast.Subscript):
        yield from ast.walk(node.slice)  # a key, or a type


def _strict(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = [*node.args, *(key.value for key in node.keywords)] if name in SAID_BY else []
        given += [key.value for key in node.keywords if key.arg in SAID_AS]
        for part in given:
            if not isinstance(part, ast.Call):
                yield from ast.walk(part)


SOURCES = [path for path in catalogues.list_sources() if path.parent.name != "vocabulary"]
"""Words that are read, and never said, are of one language each."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_text_goes_through_the_catalogues(path: Path) -> None:
    """No sentence, and no word of an answer, is written without `_()`."""
    if path.name in LOGGED | PROTOCOL or path.parent.name in PROGRAMS:
        return
    assert list(loose(path)) == []
