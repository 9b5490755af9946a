"""Declares actions: an action makes the change that a page's form asks for, and chooses the next page."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from actors.web.page import Ask
from actors.web.readers import Access, Reader
from messages import Message, Moment

Tell = Callable[[str, Message], None]
"""Sends a message to the actor of this name."""


class ActionRequest(msgspec.Struct, frozen=True):
    """What an action needs. Membership and the Administrator permission have just been checked with Discord."""

    ask: Ask
    tell: Tell
    at: Moment
    reader: Reader
    note: Callable[[str], None]
    """Notes a text for the reader's next own page. It is never put into an address, which anybody could forge."""
    form: Mapping[str, str]
    """The fields of the form, at most 400 characters each."""


Act = Callable[[ActionRequest], Awaitable[str]]
"""Makes the change, and returns the path of the page that shows it."""


class ActionDeclaration(msgspec.Struct, frozen=True):
    """An action of a reader."""

    path: str
    act: Act
    access: Access


_ACTIONS: dict[str, ActionDeclaration] = {}


def action(path: str, *, access: Access = Access.SIGNED_IN) -> Callable[[Act], Act]:
    """Declare that the function below handles the form that is sent to this path."""

    def declare(act: Act) -> Act:
        if path in _ACTIONS:
            raise TypeError(f"the action {path} is declared twice: by {_ACTIONS[path].act!r} and {act!r}")
        _ACTIONS[path] = ActionDeclaration(path, act, access)
        return act

    return declare


def load_actions() -> tuple[ActionDeclaration, ...]:
    """Return every action that the modules of the folder `actions` declare."""
    from actors.web import actions

    for module in pkgutil.iter_modules(actions.__path__):
        importlib.import_module(f"{actions.__name__}.{module.name}")
    return tuple(_ACTIONS.values())
