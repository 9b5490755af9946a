"""Style sheet, script and pictures: read once, named by their content, and cached by browsers for a year."""

import gzip
import hashlib
from pathlib import Path

import msgspec
from aiohttp import web

FOLDER = Path(__file__).resolve().parent.parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class StaticFile(msgspec.Struct, frozen=True):
    """A file to send."""

    path: str
    """Its address: /static/usher.0123456789ab.css."""
    content: bytes
    compressed: bytes
    content_type: str


class StaticFiles:
    """Every file of the folder `static`; requests open no other file."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._by_name = {path.name: _load_file(path) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}
        self._by_path = {file.path: file for file in self._by_name.values()}

    def find_path(self, name: str) -> str:
        """Return the address of a file by its name: "usher.css"."""
        return self._by_name[name].path

    def read(self, name: str) -> bytes:
        """Return a file's content by its name."""
        return self._by_name[name].content

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request for a file; 404 if no current file has this name."""
        file = self._by_path.get(request.path)
        if file is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return web.Response(body=file.compressed, content_type=file.content_type, headers=headers)
        return web.Response(body=file.content, content_type=file.content_type, headers=headers)


def _load_file(path: Path) -> StaticFile:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:12]
    return StaticFile(
        f"/static/{path.stem}.{digest}{path.suffix}", content, gzip.compress(content, 9, mtime=0), _TYPES[path.suffix]
    )
