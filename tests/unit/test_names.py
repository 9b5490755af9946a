"""Names and shape of the product: what is easy to lose while many people work on it."""

from __future__ import annotations

import ast
import collections
import functools
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = (
    "actors", "awards", "charts", "diagnosis", "languages", "launcher", "messages", "persistence", "simulator",
    "tracking", "viewers", "wording",
)  # fmt: skip
FILES = ("atomic_file.py", "config.py", "foreign_input.py", "run.py", "setting_checks.py", "version.py")
AROUND_IT = ("bench", "deploy", "docs", "tests")
"""Folders that are no part of the product. Their functions are named by verbs too, and their files end in time."""

IRREGULAR_PARTICIPLES = """
    asked been begun bent bound bought broken brought built caught chosen done drawn driven fed felt forbidden
    forgotten fought found frozen given gone got gotten grown had heard held hidden kept known laid led left lent
    lit lost made meant met missed overdue paid proven said seen sent shown sold spoken spent stolen sworn taken
    taught thought thrown told torn understood unknown unwritten won woken worn written
"""
"""Not those that are the verb itself: cut, put, read, run, set, split."""
PAST_TENSES = "became came did fell gave knew ran saw stood struck took went were"
VERBS_IN_ED = "embed exceed feed heed need proceed seed shed shred speed succeed"
ADJECTIVES = """
    able absent alive alone apart away bad big blank busy cold common dead deadly deep different due early easy
    equal essential false fine foreign fresh full good great hard healthy high hopeless ill late least less long
    loud many more most nameless near new old other over plain possible previous quick quiet real right sad safe
    same short silent simple small stale strange strong such sure true usual valid visible wanting weak well whole
    wide wild wrong young
"""
"""Not those that are verbs as well: clean, complete, empty, free, own, present."""
ADVERBS_AND_PREPOSITIONS = """
    about above after again around before behind below besides earlier here instead later of off otherwise since
    still there to together until up within without
"""
BARE_WORDS = frozenset(f"{IRREGULAR_PARTICIPLES} {PAST_TENSES} {ADJECTIVES} {ADVERBS_AND_PREPOSITIONS}".split())
ALLOWED_FUNCTIONS = {
    "wrapped": "the name of the command",
    "until": "waits in a test until something is so",
    "of": "a class method that makes an object, as in `Problem.of(...)`",
}
ALLOWED_FOLDERS = {
    "actors/persistence": "the actor, and one file for each thing that it does beside saving",
    "actors/web/pages": "one file a page",
    "launcher/commands": "one file a command",
    "messages": "one file a topic: whoever looks for a message knows its topic",
    "persistence/queries": "one file a question",
    "persistence/database/migrations/versions": "one file a migration; none is ever changed or removed",
    "persistence/records": "one file a table",
    "persistence/database": "what every table needs; nothing in it knows a table's meaning",
    "simulator/nights": "script, ledger and judge that three stages share",
    "wording": "one file a kind of text",
}
MOST_MODULES, MOST_LINES = 9, 400


NO_VERBS = """
    A After All An Any As At Before By Each Every Everything For From Half He Here How If In It Its No Nobody None
    Nothing On One Other Others Our Ours She Some Somebody Something That The Their There These They This Those To
    Until Up What When Where Whether Which Who Whoever Whole Whom Whose With Without
"""
"""Words with which a docstring begins that does not say what its function does."""


class Function(NamedTuple):
    """A function or method."""

    file: str
    name: str
    is_property: bool
    docstring: str


def list_files(folders: Iterable[str] = FOLDERS) -> list[Path]:
    """Return every Python file of these folders, and those of the product that are in none."""
    inside = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted([*inside, *(ROOT / file for file in FILES)])


@functools.cache
def parse_file(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def parse_files(folders: Iterable[str] = FOLDERS) -> Mapping[str, ast.Module]:
    """Return the syntax tree of every file, by its path in the project."""
    return {path.relative_to(ROOT).as_posix(): parse_file(path) for path in list_files(folders)}


@functools.cache
def list_functions() -> tuple[Function, ...]:
    """Return every function, method and function within a function, those of the tests too."""
    functions = []
    for file, tree in parse_files((*FOLDERS, *AROUND_IT)).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                decorators = {getattr(each, "attr", getattr(each, "id", "")) for each in node.decorator_list}
                is_property = bool(decorators & {"property", "cached_property", "setter"})
                functions.append(Function(file, node.name, is_property, ast.get_docstring(node) or ""))
    return tuple(functions)


def is_participle_or_adjective(name: str) -> bool:
    """Tell whether a name is one word that says what something is, not what the function does."""
    word = name.strip("_")
    if "_" in word or name.startswith("__"):
        return False
    is_regular = len(word) > 3 and word.endswith("ed") and word not in VERBS_IN_ED.split()
    return is_regular or word in BARE_WORDS


def test_functions_are_named_by_verbs() -> None:
    """No function is called `found`, `kept` or `whole`: a name says what is done, and with what.

    One word alone is looked at: `is_connected`, `read_kept_rows` are fine. Properties may be participles, for they read
    as what the object is (`watch.completed`). Verbs that end in -ed (`feed`, `embed`) and participles that are their
    own verb (`read`, `set`, `split`) are verbs.
    """
    wrong = {
        f"{function.file}: {function.name}"
        for function in list_functions()
        if is_participle_or_adjective(function.name) and not function.is_property
        if function.name not in ALLOWED_FUNCTIONS
    }
    assert wrong == set()


def test_docstrings_say_what_a_function_does() -> None:
    """The first word is a verb, as in the standard library: "Return the watches that overlap."

    Those of the tests tell what people and servers do ("Somebody joins"). Migrations stay.
    """
    wrong = {
        f"{function.file}: {function.name}: {function.docstring.splitlines()[0]}"
        for function in list_functions()
        if function.docstring and not function.is_property and "/versions/" not in function.file
        if not function.file.startswith("tests")
        if function.docstring.split()[0].rstrip(".,:;") in NO_VERBS.split()
    }
    assert wrong == set()


def test_a_class_name_exists_once() -> None:
    """Whoever reads `Change` or `Running` knows which one is meant, private classes included."""
    places = collections.defaultdict(list)
    for file, tree in parse_files().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(file)
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert twice == {}


def test_a_folder_is_seen_at_a_glance() -> None:
    """About nine modules: more are two concepts."""
    modules = collections.Counter(
        path.parent.relative_to(ROOT).as_posix() for path in list_files() if not path.name.startswith("__")
    )
    modules.pop(".", None)
    full = {folder: n for folder, n in modules.items() if n > MOST_MODULES and folder not in ALLOWED_FOLDERS}
    assert full == {}
    assert [folder for folder in ALLOWED_FOLDERS if modules[folder] <= MOST_MODULES] == [], "no longer needed"


def test_a_file_has_one_concept() -> None:
    """400 lines is the ceiling."""
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in list_files((*FOLDERS, *AROUND_IT))
    }
    long = {file: n for file, n in lines.items() if n > MOST_LINES}
    assert long == {}


def test_no_modules_import_each_other() -> None:
    """Not in a circle of any length, imports for the type checker and inside functions included."""
    assert find_circles(read_imports()) == []


def read_imports() -> dict[str, set[str]]:
    """Return which modules of the product each imports. Packages are their `__init__`."""
    modules = {name_module(file): tree for file, tree in parse_files().items()}
    imports: dict[str, set[str]] = {module: set() for module in modules}
    for module, tree in modules.items():
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in modules else node.module for name in inside]
            imports[module] |= {name for name in names if name in modules and name != module}
    return imports


def name_module(file: str) -> str:
    """Return the dotted name of a file's module."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def find_circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one node (Tarjan)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    circles: list[list[str]] = []
    count = itertools.count()

    def visit(node: str) -> None:
        numbers[node] = lowest[node] = next(count)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in numbers:
                visit(target)
                lowest[node] = min(lowest[node], lowest[target])
            elif target in stack:
                lowest[node] = min(lowest[node], numbers[target])
        if lowest[node] == numbers[node]:
            component = [stack.pop()]
            while component[-1] != node:
                component.append(stack.pop())
            if len(component) > 1:
                circles.append(sorted(component))

    for node in sorted(graph):
        if node not in numbers:
            visit(node)
    return circles
