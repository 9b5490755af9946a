"""The messages between actors, and their encoding on the wire."""

from messages import (
    audit,
    chat,
    communities,
    community_times,
    control,
    films,
    history,
    media,
    nights,
    service,
    sharing,
    statistics,
    suggestions,
    tracking,
    viewer_list,
    viewers,
    watches,
    web_sessions,
)
from messages.audit import *
from messages.base import *
from messages.chat import *
from messages.communities import *
from messages.community_times import *
from messages.control import *
from messages.films import *
from messages.history import *
from messages.media import *
from messages.nights import *
from messages.problems import *
from messages.service import *
from messages.sharing import *
from messages.statistics import *
from messages.suggestions import *
from messages.tracking import *
from messages.viewer_list import *
from messages.viewers import *
from messages.watches import *
from messages.web_sessions import *

MODULES = (
    media,
    chat,
    watches,
    tracking,
    history,
    statistics,
    nights,
    films,
    community_times,
    viewer_list,
    suggestions,
    viewers,
    web_sessions,
    sharing,
    audit,
    communities,
    control,
    service,
)
CATALOGUE: tuple[type[Message], ...] = tuple(
    kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind.__module__ == module.__name__
)
"""Every message, by topic, in the order of definition."""
