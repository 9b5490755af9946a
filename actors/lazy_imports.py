"""Puts off imports that a library makes by habit and an actor's process, or the launcher's, hardly ever uses.

Each process carries its own copy of every module. `DEFERRED` names what was measured to pay; everything else is
imported as always. A deferred module is loaded when something is looked up in it, by whichever thread comes first; the
others wait. (`importlib.util.LazyLoader` of Python 3.11 shows them a module that is half loaded.) The modules of a
package that is deferred are loaded without it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable
from types import CoroutineType, ModuleType
from typing import TYPE_CHECKING, Any, NotRequired, Required, TypeVar, TypeVarTuple, get_type_hints

if TYPE_CHECKING:
    from importlib.abc import Loader  # it imports what is deferred here


def _is_coroutine(value: object) -> bool:
    return isinstance(value, CoroutineType)


def _call_later(module_name: str, name: str) -> Callable[..., Any]:
    """Return what calls a function of a module that is loaded then."""

    def call(*arguments: Any, **named: Any) -> Any:
        module = importlib.import_module(module_name)
        getattr(module, "__all__", None)  # loads it
        return getattr(module, name)(*arguments, **named)

    return call


def _drop_default(kind: type[Any]) -> Callable[..., Any]:
    """Return what makes a type variable without its default: typing has none before Python 3.13."""

    def make(*arguments: Any, default: object = None, **named: Any) -> Any:
        del default
        return kind(*arguments, **named)

    return make


_TYPING = {"get_type_hints": get_type_hints, "Required": Required, "NotRequired": NotRequired}
_AST = {"NodeVisitor": object}
_HEADER_PARSERS = (
    *("get_unstructured", "parse_mime_version", "parse_content_type_header", "parse_content_disposition_header"),
    *("parse_content_transfer_encoding_header", "parse_message_id"),
)
DEFERRED: dict[str, dict[str, dict[str, Any]]] = {
    "launcher": {"ast": _AST, "hashlib": {}, "ipaddress": {}, "secrets": {}, "typing_extensions": _TYPING},
    "tracker": {
        "ast": _AST,
        "hashlib": {},
        "ipaddress": {},
        "shutil": {},
        "traceback": {},
        "typing_extensions": _TYPING,
    },
    "persistence": {
        "ast": _AST,
        "asyncio": {"iscoroutine": _is_coroutine},
        "hashlib": {},
        "importlib.metadata": {},
        "ipaddress": {},
        "secrets": {},
        "subprocess": {},
        "traceback": {},
    },
    "discord": {
        "ast": _AST,
        "importlib.metadata": {},
        "importlib.resources": {},
        "multiprocessing": {},
        "shutil": {},
        "zipfile": {},
    },
    "plex": {
        "ast": _AST,
        "charset_normalizer": {"__version__": "3.0.0"},
        "fractions": {},
        "idna": {},
        "shutil": {},
        "traceback": {},
        "typing_extensions": _TYPING,
        "zipfile": {},
    },
    "web": {
        "aiohttp": {"__version__": ""},
        "argparse": {"ArgumentParser": object},
        "ast": {**_AST, "literal_eval": _call_later("ast", "literal_eval")},
        "email._header_value_parser": {
            name: _call_later("email._header_value_parser", name) for name in _HEADER_PARSERS
        },
        "html": {"escape": _call_later("html", "escape")},
        "idna": {},
        "pickle": {"DEFAULT_PROTOCOL": 4, "dumps": _call_later("_pickle", "dumps")},
        "shutil": {},
        "subprocess": {"DEVNULL": -3, "PIPE": -1, "STDOUT": -2},
        "typing_extensions": {
            **_TYPING,
            "TypeVar": _drop_default(TypeVar),
            "TypeVarTuple": _drop_default(TypeVarTuple),
        },
        "urllib.request": {name: _call_later("urllib.request", name) for name in ("getproxies", "proxy_bypass")},
    },
}
"""By the name of the process: modules that are loaded when they are first used, and what is there without loading them.

dataclasses imports inspect, which has a class of ast's as the base of one that finds the source of classes: nobody asks
for that. hashlib and secrets bring OpenSSL; msgspec takes three names of typing_extensions that typing has; SQLAlchemy
takes one function of asyncio, and looks for dialects in the metadata of every package; requests checks the version of
charset_normalizer, and needs it only for answers without an encoding; PlexAPI unpacks downloads. urllib.parse takes
ipaddress for hosts in brackets, requests and yarl take idna for hosts beyond ASCII, logging takes traceback for
exceptions. The page's server takes aiohttp.web alone: the package's client reads every certificate of the system, and
its version would stand in a header that is not sent. aiohttp takes html, urllib.request and the parser of e-mail
headers for what it does for clients and for forms with a type of their own.
"""


def defer_imports(process: str) -> None:
    """Defer the imports of the launcher's or an actor's process, before it imports anything; for plex-2 as for plex."""
    for name, attributes in DEFERRED.get(process.partition("-")[0], {}).items():
        defer_import(name, **attributes)


def defer_import(name: str, **attributes: Any) -> None:
    """Load a module when something is looked up in it beside `attributes`. One that is there already stays."""
    spec = importlib.util.find_spec(name) if name not in sys.modules else None
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    vars(module).update(attributes)
    sys.modules[name] = module
    package = "" if spec.submodule_search_locations is None else name
    module.__class__ = _make_class(spec.loader, package, {*attributes, "__class__", "__dict__", "__path__"})
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(importlib.import_module(parent), child, module)


def _make_class(loader: Loader, package: str, ready: set[str]) -> type[ModuleType]:
    """Return the class of a module that is not loaded yet: what is looked up in it beside `ready` loads it.

    `package`: its name where it is a package, of which a module is loaded alone; empty where it is none.

    An `import` of what is imported already looks at its `__spec__` and `__path__`: that alone does not load it.
    """
    lock, loading = threading.RLock(), threading.Event()

    class DeferredModule(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            is_ready = name in ready or (
                name.startswith("__") and name in ModuleType.__getattribute__(self, "__dict__")
            )
            if not is_ready:
                if package and (module := _import_from(package, name)) is not None:
                    return module
                with lock:  # the thread that loads it comes here again
                    if not loading.is_set():
                        loading.set()
                        try:
                            loader.exec_module(self)
                        except BaseException:
                            loading.clear()
                            raise
                        object.__setattr__(self, "__class__", ModuleType)
            return ModuleType.__getattribute__(self, name)

    return DeferredModule


def _import_from(package: str, name: str) -> ModuleType | None:
    """Return a module of a package; None where there is none of that name."""
    full = f"{package}.{name}"
    if full not in sys.modules and importlib.util.find_spec(full) is None:
        return None
    return importlib.import_module(full)
