"""Keeps out of a process what a library imports by habit and the process hardly ever uses.

Five processes each carry their own copy of every module, so this counts: it saves 12 MB in all. A module that is put
off is imported as always when somebody first looks into it; nothing else changes.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands in for a module until an attribute of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        # Whoever walks through sys.modules looks at names like __file__: that is no use of the module.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            sys.modules.pop(self.__name__, None)
        return getattr(importlib.import_module(self.__name__), name)


def put_off(name: str, **known: Any) -> None:
    """Import a module when it is first used. `known` attributes are there without it."""
    if name in sys.modules:
        return
    later = _Later(name)
    later.__dict__.update(known)
    sys.modules[name] = later
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(importlib.import_module(parent), child, later)


def leave_out(name: str) -> None:
    """Make an optional dependency look as if it were not installed."""
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None is how Python says it: imports of it fail


def _tracker() -> None:
    leave_out("typing_extensions")  # msgspec takes typing where it is not there: 0.4 MB
    put_off("traceback")  # with tokenize and textwrap, for logging: 0.3 MB
    put_off("ipaddress")  # for addresses in brackets: 0.3 MB
    put_off("hashlib")  # until the first watch needs an id; it brings OpenSSL: 1.1 MB


def _plex() -> None:
    import warnings

    leave_out("typing_extensions")
    # requests guesses at encodings with it. Plex answers in UTF-8, and wire.py says so: 2.2 MB
    leave_out("charset_normalizer")
    warnings.filterwarnings("ignore", "Unable to find acceptable character detection")
    put_off("idna")  # for host names beyond ASCII: 0.3 MB
    put_off("zipfile")  # PlexAPI unpacks downloads, requests certificates in a zip: 0.4 MB


def _persistence() -> None:
    import inspect
    import logging

    # SQLAlchemy asks it for one function, and whether an error is one of its own: 3.3 MB, mostly OpenSSL.
    put_off("asyncio", iscoroutine=inspect.iscoroutine)
    vars(logging)["logAsyncioTasks"] = False  # since Python 3.12 logging would ask it for the task of every line
    put_off("importlib.metadata")  # for dialects of other packages: 1.1 MB
    put_off("hashlib")  # SQLAlchemy shortens very long names with it: 1.3 MB


def _discord() -> None:
    put_off("idna")  # as for plex


def _launcher() -> None:
    put_off("secrets")  # filelock waits for a random time with it, and we never wait; it brings OpenSSL: 1.5 MB
    put_off("hashlib")


_BY_ROLE = {"tracker": _tracker, "plex": _plex, "persistence": _persistence, "discord": _discord, "launcher": _launcher}


def lighten(role: str) -> None:
    """Do so for one process, before it imports anything; for plex-2 as for plex. Other names change nothing."""
    known = _BY_ROLE.get(role.partition("-")[0])
    if known is not None:
        known()
