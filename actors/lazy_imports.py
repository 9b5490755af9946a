"""Defers imports that libraries make and that an actor's process, or the launcher's, hardly ever uses.

Each process has its own copy of every module. `DEFERRED` names the modules whose deferral was measured to save memory;
all others are imported as usual. A deferred module is loaded when an attribute is first looked up in it, by the first
thread that does so; other threads wait. (`importlib.util.LazyLoader` of Python 3.11 lets them see a half-loaded
module.) Modules inside a deferred package are loaded without loading the package.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
import typing
from collections.abc import Callable
from types import CoroutineType, ModuleType
from typing import TYPE_CHECKING, Any, NotRequired, Required, TypeVar, TypeVarTuple, get_type_hints

if TYPE_CHECKING:
    from importlib.abc import Loader  # importing it at runtime would load modules that are deferred here
    from importlib.machinery import ModuleSpec


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


def _defer_platform() -> dict[str, dict[str, Any]]:
    """Return what libraries ask of platform at their import, from the standard library's own sources; {} on Windows."""
    if sys.platform == "win32":
        return {}
    return {
        "platform": {
            "machine": lambda: os.uname().machine,
            "python_implementation": lambda: {"cpython": "CPython", "pypy": "PyPy"}[sys.implementation.name],
            "system": lambda: os.uname().sysname,
            "uname": os.uname,
        }
    }


def _get_config_var(name: str) -> Any:
    """Return what `sysconfig.get_config_var` returns; what is asked for at an import is known without loading it."""
    known = {
        "Py_GIL_DISABLED": int("t" in getattr(sys, "abiflags", "")),
        "TZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
    }
    return known[name] if name in known else _call_later("sysconfig", "get_config_vars")(name)[0]


_TYPING = {"get_type_hints": get_type_hints, "Required": Required, "NotRequired": NotRequired}
_AST = {"NodeVisitor": object}
_PICKLE = {"DEFAULT_PROTOCOL": 4, "HIGHEST_PROTOCOL": 5, "dumps": _call_later("_pickle", "dumps")}
_TYPING_WITH_DEFAULTS = {
    **_TYPING,
    "TypeVar": _drop_default(TypeVar),
    "TypeVarTuple": _drop_default(TypeVarTuple),
}
_TYPING_FOR_SQLALCHEMY = {
    **_TYPING_WITH_DEFAULTS,
    **{
        name: getattr(typing, name)
        for name in ("Literal", "LiteralString", "Never", "Self", "Unpack", "dataclass_transform")
    },
    "TypeAliasType": getattr(typing, "TypeAliasType", type("TypeAliasType", (), {})),
}
_PROXIES = {name: _call_later("urllib.request", name) for name in ("getproxies", "proxy_bypass")}
_HEADER_PARSERS = (
    *("get_unstructured", "parse_mime_version", "parse_content_type_header", "parse_content_disposition_header"),
    *("parse_content_transfer_encoding_header", "parse_message_id"),
)
_HEADER_PARSER = {name: _call_later("email._header_value_parser", name) for name in _HEADER_PARSERS}
_CODE_FLAGS = ("OPTIMIZED", "NEWLOCALS", "VARARGS", "VARKEYWORDS", "NESTED", "GENERATOR", "NOFREE", "COROUTINE",
               "ITERABLE_COROUTINE", "ASYNC_GENERATOR")  # fmt: skip
_INSPECT = {f"CO_{name}": 1 << bit for bit, name in enumerate(_CODE_FLAGS)}
_FOR_ALL: dict[str, dict[str, Any]] = {
    "ast": _AST,
    **_defer_platform(),
    "msgspec._json_schema": {
        name: _call_later("msgspec._json_schema", name) for name in ("schema", "schema_components")
    },
    "msgspec.inspect": {},
    "pickle": _PICKLE,
    "shutil": {},
}
_SYSCONFIG = {} if sys.platform == "win32" else {"sysconfig": {"get_config_var": _get_config_var}}
DEFERRED: dict[str, dict[str, dict[str, Any]]] = {
    "launcher": {
        **_FOR_ALL,
        "hashlib": {},
        "ipaddress": {},
        "locale": {},
        "random": {},
        "secrets": {},
        "tokenize": {},
        "typing_extensions": _TYPING,
    },
    "tracker": {
        **_FOR_ALL,
        "hashlib": {},
        "ipaddress": {},
        "inspect": _INSPECT,
        "json": {},
        "random": {},
        "tokenize": {},
        "traceback": {},
        "typing_extensions": _TYPING,
    },
    "persistence": {
        **_FOR_ALL,
        "asyncio": {"iscoroutine": _is_coroutine},
        "hashlib": {},
        "importlib.metadata": {},
        "ipaddress": {},
        "secrets": {},
        "sqlalchemy.dialects.sqlite.aiosqlite": {},
        "subprocess": {},
        **_SYSCONFIG,
        "tokenize": {},
        "traceback": {},
        "typing_extensions": _TYPING_FOR_SQLALCHEMY,
    },
    "discord": {
        **_FOR_ALL,
        "attr.validators": {},
        "ctypes.util": {},
        "email._header_value_parser": _HEADER_PARSER,
        "idna": {},
        "importlib.metadata": {},
        "importlib.resources": {},
        "locale": {},
        "multiprocessing": {},
        "pickle": {**_PICKLE, "_Unpickler": object},
        "typing_extensions": _TYPING_WITH_DEFAULTS,
        "urllib.request": _PROXIES,
        "zipfile": {},
        "zoneinfo": {},
    },
    "plex": {
        **_FOR_ALL,
        "calendar": {"timegm": _call_later("calendar", "timegm")},
        "charset_normalizer": {"__version__": "3.0.0"},
        "fractions": {},
        "idna": {},
        "importlib.metadata": {"version": _call_later("importlib.metadata", "version")},
        "inspect": _INSPECT,
        "locale": {},
        "tokenize": {},
        "traceback": {},
        "typing_extensions": _TYPING,
        "zipfile": {},
        "zoneinfo": {"ZoneInfo": _call_later("zoneinfo", "ZoneInfo"), "ZoneInfoNotFoundError": KeyError},
    },
    "web": {
        **_FOR_ALL,
        "aiohttp": {"__version__": ""},
        "argparse": {"ArgumentParser": object},
        "ast": {**_AST, "literal_eval": _call_later("ast", "literal_eval")},
        "attr.validators": {},
        "email._header_value_parser": _HEADER_PARSER,
        "html": {"escape": _call_later("html", "escape")},
        "idna": {},
        "locale": {},
        "subprocess": {"DEVNULL": -3, "PIPE": -1, "STDOUT": -2},
        **_SYSCONFIG,
        "tokenize": {},
        "typing_extensions": _TYPING_WITH_DEFAULTS,
        "urllib.request": _PROXIES,
    },
}
"""By the name of the process: modules that are loaded when first used, and attributes that they have before that.

Who imports them, and why that is not needed at the start:
- aiohttp: html for its pages of errors, urllib.request for proxies of the environment, the parser of e-mail headers for
  multipart forms, pickle for files of cookies. The page's server uses only aiohttp.web: the package's client reads
  every certificate of the system, and its version is for a header that is not sent.
- attrs: values are checked in classes that ask for it, as none of aiohttp's does.
- dataclasses: inspect, in which a class that finds the source of classes has a class of ast as its base: unused.
- discord.py: ctypes.util finds a library for sound. The bot needs time zones only for what it says.
- hashlib and secrets load OpenSSL; platform takes long to describe the system; tokenize is for lines of tracebacks.
- msgspec: three names of typing_extensions that typing has; nobody asks it for descriptions of types or JSON schemas.
- PlexAPI: zipfile for downloads, zoneinfo for times in other zones than UTC.
- pyzmq: pickle, json and random are for who sends objects or lets it choose a port; Cython takes the flags of code from
  inspect since Python 3.12.
- requests: the version of charset_normalizer, which it needs only for answers without an encoding.
- SQLAlchemy: names of typing_extensions that typing has, but for a class of Python 3.12 that it looks for in
  annotations of mapped classes; one function of asyncio and a dialect for it; the metadata of every package, for
  dialects.
- sysconfig reads a large file: SQLAlchemy asks it whether Python has its lock, zoneinfo where the time zones are.
- urllib.parse: ipaddress for hosts in brackets; requests and yarl: idna for hosts beyond ASCII; logging: traceback for
  exceptions; subprocess and calendar: locale for texts.
- urllib3: the version of a package for HTTP/2.
- websocket-client: inspect counts the frames of its stack in messages for debugging.
"""


def defer_imports(process: str) -> None:
    """Defer the imports of the launcher's or an actor's process, before it imports anything; plex-2 counts as plex."""
    deferred = DEFERRED.get(process.partition("-")[0], {})
    for name, attributes in deferred.items():
        _put_deferred(name, attributes)
    for name in deferred:  # a package may import several of its modules that are deferred
        _bind_to_package(name)


def defer_import(name: str, **attributes: Any) -> None:
    """Load a module only when an attribute beside `attributes` is looked up in it. A loaded module is not changed."""
    _put_deferred(name, attributes)
    _bind_to_package(name)


def _put_deferred(name: str, attributes: dict[str, Any]) -> None:
    spec = _find_spec(name) if name not in sys.modules else None
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    vars(module).update(attributes)
    sys.modules[name] = module
    package = "" if spec.submodule_search_locations is None else name
    module.__class__ = _make_class(spec.loader, package, {*attributes, "__class__", "__dict__", "__path__"})


def _find_spec(name: str) -> ModuleSpec | None:
    """Return the spec of a module, without importing the package that it is in."""
    parent, _, _child = name.rpartition(".")
    if not parent:
        return importlib.util.find_spec(name)
    package = _find_spec(parent)
    if package is None:
        return None
    specs = (finder.find_spec(name, package.submodule_search_locations) for finder in sys.meta_path)
    return next((spec for spec in specs if spec is not None), None)


def _bind_to_package(name: str) -> None:
    """Set a deferred module as an attribute of its package, as its import would."""
    parent, _, child = name.rpartition(".")
    if parent and name in sys.modules:
        setattr(importlib.import_module(parent), child, sys.modules[name])


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
