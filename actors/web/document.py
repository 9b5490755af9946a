"""Declares documents: answers that are not pages, such as a calendar or a feed."""

import hashlib
import hmac
import importlib
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from actors.web.page import PageRequest
from actors.web.readers import Access


class Document(msgspec.Struct, frozen=True):
    """A text to send."""

    text: str
    content_type: str
    file_name: str = ""
    """Name under which a browser saves it; empty if the browser shows it instead."""


class LongDocument(msgspec.Struct, frozen=True):
    """A text that is built while it is sent, because it is too long for memory."""

    parts: AsyncIterator[str]
    content_type: str
    file_name: str = ""


MakeDocument = Callable[[PageRequest], Awaitable[Document | LongDocument]]


class DocumentDeclaration(msgspec.Struct, frozen=True):
    """A document of the site."""

    name: str
    path: str
    make: MakeDocument
    access: Access = Access.READERS
    """Who may open it."""
    is_kept: bool = True
    """Whether it may be sent again unchanged until the store changes."""


_DOCUMENTS: dict[str, DocumentDeclaration] = {}


def document(
    name: str, path: str, *, access: Access = Access.READERS, is_kept: bool = True
) -> Callable[[MakeDocument], MakeDocument]:
    """Declare that the function below makes the document at this path."""

    def declare(make: MakeDocument) -> MakeDocument:
        if name in _DOCUMENTS:
            raise TypeError(f"the document {name} is declared twice: by {_DOCUMENTS[name].make!r} and {make!r}")
        _DOCUMENTS[name] = DocumentDeclaration(name, path, make, access, is_kept)
        return make

    return declare


def load_documents() -> tuple[DocumentDeclaration, ...]:
    """Return every document that the modules of the folders `documents` and `api` declare."""
    from actors.web import api, documents

    for folder in (documents, api):
        for module in pkgutil.iter_modules(folder.__path__):
            importlib.import_module(f"{folder.__name__}.{module.name}")
    return tuple(_DOCUMENTS.values())


def make_uuid(key: bytes, kind: str, own_id: str) -> str:
    """Return a stable public id for programs, which does not reveal the thing's own id. `key`: the store's key.

    It is a UUID of version 5, built here because the module `uuid` brings more than this needs.
    """
    digest = hmac.new(key, f"{kind}\0{own_id}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    text = f"{digest.hex()[:12]}5{digest.hex()[13:16]}{'89ab'[digest[16] % 4]}{digest.hex()[17:32]}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
