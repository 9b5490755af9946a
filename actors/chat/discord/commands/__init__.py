"""The commands: every decorated function in the modules below is one, and is registered automatically."""

import importlib
import pkgutil

from actors.chat.discord.framework.command import UsherCommand


def load_commands() -> tuple[UsherCommand, ...]:
    """Import every module below this package, and return the commands that they declare, sorted by name."""
    declared: dict[str, UsherCommand] = {}
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, UsherCommand) and declared.setdefault(value.name, value) is not value:
                raise ValueError(f"two commands are called {value.name}: rename the one in {module.name}")
    return tuple(declared[name] for name in sorted(declared))
