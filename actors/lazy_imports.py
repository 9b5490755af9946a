"""Defers imports that libraries make and that an actor's process, or the launcher's, hardly ever uses.

Each process has its own copy of every module. `DEFERRED` names the modules whose deferral was measured to save memory;
all others are imported as usual. A deferred module is loaded when an attribute is first looked up in it, by the first
thread that does so; other threads wait. (`importlib.util.LazyLoader` of Python 3.11 lets them see a half-loaded
module.) Modules inside a deferred package are loaded without loading the package.
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
    from importlib.abc import Loader  # importing it at runtime would load modules that are deferred here


def _is_coroutine(value: object) -> bool:
    return isinstance(value, CoroutineType)


def _call_later(module_name: str, name: str) -> Callable[..., Any]:
    """Return a function that loads a module when it is called, and calls the module's function."""

    def call(*arguments: Any, **named: Any) -> Any:
        module = importlib.import_module(module_name)
        getattr(module, "__all__", None)  # loads it
        return getattr(module, name)(*arguments, **named)

    return call


def _drop_default(kind: type[Any]) -> Callable[..., Any]:
    """Return a function that makes a type variable without its default: typing has none before Python 3.13."""

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
"""By the name of the process: modules that are loaded when first used, and attributes that they have before that.

dataclasses imports inspect, in which a class that finds the source of classes has a class of ast as its base: unused.
hashlib and secrets load OpenSSL; msgspec uses three names of typing_extensions that typing has; SQLAlchemy
uses one function of asyncio, and looks for dialects in the metadata of every package; requests checks the version of
charset_normalizer, and needs it only for answers without an encoding; PlexAPI unpacks downloads. urllib.parse uses
ipaddress for hosts in brackets, requests and yarl use idna for hosts beyond ASCII, logging uses traceback for
exceptions. The page's server uses only aiohttp.web: the package's client reads every certificate of the system, and
its version is for a header that is not sent. aiohttp uses html, urllib.request and the parser of e-mail headers for
its client and for multipart forms.
"""


def defer_imports(process: str) -> None:
    """Defer the imports of the launcher's or an actor's process, before it imports anything; plex-2 counts as plex."""
    for name, attributes in DEFERRED.get(process.partition("-")[0], {}).items():
        defer_import(name, **attributes)


def defer_import(name: str, **attributes: Any) -> None:
    """Load a module only when an attribute beside `attributes` is looked up in it. A loaded module is not changed."""
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
    """Return the class of a module that is not loaded yet: looking up an attribute not in `ready` loads it.

    `package`: the module's name if it is a package, whose modules can be loaded without it; empty otherwise.

    Another `import` of the module looks up its `__spec__` and `__path__`: that alone does not load it.
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
                with lock:  # reentrant, for the thread that loads the module comes here again
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
    """Return a module of a package, or None if it has no module of that name."""
    full = f"{package}.{name}"
    if full not in sys.modules and importlib.util.find_spec(full) is None:
        return None
    return importlib.import_module(full)
