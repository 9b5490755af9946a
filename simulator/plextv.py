"""A plex.tv on loopback: PINs that people type in, accounts, and the servers that each may use."""

import http.server
import json
import threading
from dataclasses import dataclass
from typing import Any, Self

from simulator.plex import OWNER, SimulatedAccount, SimulatedPlex

OWNER_ID = 90001
"""The owner's id at plex.tv; on the owner's server it is 1."""
TOKEN = "account-secret"  # noqa: S105 - only this simulated plex.tv knows it
"""How every token begins."""


@dataclass
class SignInPin:
    """A PIN's code, and the account that typed it in."""

    number: int
    code: str
    account: SimulatedAccount | None = None


class SimulatedPlexTv:
    """What `setup` and `link` use of plex.tv. Every account may use the server, except `strangers`."""

    def __init__(self, plex: SimulatedPlex) -> None:
        self.plex = plex
        self.asked = 0
        """How often the state of a PIN was requested."""
        self.typed_in_after: int | None = None
        """After how many such requests the owner types it in; None: only calls of `type_in` do."""
        self.servers = True
        """Whether the owner's server is known to plex.tv."""
        self.strangers: set[int] = set()
        """Ids of accounts that may not use the server."""
        self.away = False
        self.void: list[str] = []
        """Tokens that were signed out."""
        self.pins: list[SignInPin] = []
        self._accounts: dict[str, SimulatedAccount] = {}
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _any(self) -> None:
                status, body = site.answer(self.command, self.path, self.headers.get("X-Plex-Token", ""))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_DELETE = _any  # noqa: N815 - the names are http.server's

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def type_in(self, code: str, account: SimulatedAccount) -> None:
        """Sign in at plex.tv/link as somebody and type the code."""
        next(pin for pin in self.pins if pin.code == code).account = account

    def answer(self, method: str, path: str, token: str) -> tuple[int, str]:
        """Return the status and body of the answer to a request."""
        if self.away:
            return 503, "<html>away</html>"
        if path.startswith("/api/v2/pins"):
            return self._answer_pin(method, path)
        account = self._accounts.get(token)
        if account is None or token in self.void:
            return 401, ""
        if path.startswith("/api/v2/users/signout") and method == "DELETE":
            self.void.append(token)
            return 204, ""
        if path.startswith("/api/v2/user"):
            return 200, json.dumps({"id": _find_plextv_id(account), "username": account.name, "authToken": token})
        if path.startswith("/api/v2/resources"):
            return 200, json.dumps(self._list_resources(account))
        return 404, ""

    def _answer_pin(self, method: str, path: str) -> tuple[int, str]:
        if method == "POST":
            pin = SignInPin(7 + len(self.pins), f"ABC{chr(ord('D') + len(self.pins) % 20)}")
            self.pins.append(pin)
            return 201, f'<pin id="{pin.number}" code="{pin.code}" authToken=""/>'
        self.asked += 1
        found = next((pin for pin in self.pins if path.endswith(f"/{pin.number}")), None)
        if found is None:
            return 404, ""
        if self.typed_in_after is not None and self.asked > self.typed_in_after:
            found.account = OWNER
        token = "" if found.account is None else self._create_token(found)
        return 200, f'<pin id="{found.number}" code="{found.code}" authToken="{token}"/>'

    def _create_token(self, pin: SignInPin) -> str:
        token = f"{TOKEN}-{pin.number}"
        if pin.account is not None:
            self._accounts[token] = pin.account
        return token

    def _list_resources(self, account: SimulatedAccount) -> list[dict[str, Any]]:
        here = {"address": "127.0.0.1", "port": self.plex.port, "local": True, "relay": False, "uri": self.plex.url}
        gone = {"address": "127.0.0.1", "port": 9, "local": True, "relay": False, "uri": "http://127.0.0.1:9"}
        home = {
            "name": "Home", "owned": account == OWNER, "provides": "server", "accessToken": self.plex.token,
            "connections": [gone, here], "clientIdentifier": self.plex.machine_id,
        }  # fmt: skip
        friend = {**home, "name": "Friend's", "owned": False, "clientIdentifier": "another-machine"}
        television = {"name": "TV", "provides": "player,controller", "clientIdentifier": "tv"}
        ours = self.servers and account.id not in self.strangers
        return [home, friend, television] if ours else [friend, television]


def _find_plextv_id(account: SimulatedAccount) -> int:
    return OWNER_ID if account == OWNER else account.id
