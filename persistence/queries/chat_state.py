"""The stored state of a chat platform's features, read at their start."""

from messages import ChatStateLoaded, LoadChatState
from persistence.queries.answers import answers
from persistence.records import chat_state
from persistence.store import StoreSnapshot


@answers(LoadChatState)
def load_chat_state(asked: LoadChatState, store: StoreSnapshot) -> ChatStateLoaded:
    """Return every entry."""
    return ChatStateLoaded(chat_state.read_entries(store.connection))
