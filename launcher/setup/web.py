"""The questions of `setup` about the web page: who may use it, its port, and its address."""

from __future__ import annotations

import config
from launcher.doctor.web_page import DEFAULT_PORT, explain_busy_port
from launcher.setup.prompter import Option, Prompter

_NONE, _LOCAL, _MEMBERS, _PUBLIC = "", "local", "members", "public"


def ask_about_page(prompter: Prompter, current: config.Settings) -> dict[str, str]:
    """Ask who may use the page, its port and address; return no answers if there was no page and will be none."""
    options = [
        Option("none", _NONE),
        Option("for this machine only", _LOCAL),
        Option("for members of the Discord server, who sign in", _MEMBERS),
        Option("for everybody, with numbers instead of names", _PUBLIC),
    ]
    kinds = [option.value for option in options]
    before = current.web_access if current.web_port else _NONE
    access = prompter.choose("A web page, too?", options, kinds.index(before))
    if access == _NONE:
        return {"WEB_PORT": ""} if current.web_port else {}
    answers = {"WEB_ACCESS": access, "WEB_PORT": _ask_for_port(prompter, current)}
    if access == _LOCAL:
        return answers | {"WEB_BIND": "127.0.0.1"}
    answers["WEB_URL"] = _ask(prompter, "WEB_URL", "Address at which people open it", current.web_url)
    ways = [
        Option("yes, on this machine", value=True),
        Option("no: Usher listens on every address itself", value=False),
    ]
    if prompter.choose("Is a proxy in front of it (nginx, Caddy, Traefik)?", ways, 0):
        return answers | {"WEB_BIND": "127.0.0.1", "WEB_TRUSTED_PROXIES": "127.0.0.1,::1"}
    return answers | {"WEB_BIND": "0.0.0.0"}  # noqa: S104  # it was chosen


def _ask_for_port(prompter: Prompter, current: config.Settings) -> str:
    """Ask until Usher can listen at the port."""
    while True:
        port = _ask(prompter, "WEB_PORT", "Port of the page", str(current.web_port or DEFAULT_PORT))
        busy = explain_busy_port("127.0.0.1", int(port))
        if not busy or int(port) == current.web_port:  # the service itself may be using it
            return port
        prompter.print(f"✘ Usher cannot listen there: {busy}.", "red")


def _ask(prompter: Prompter, name: str, question: str, default: str) -> str:
    """Ask until the answer is valid for this setting."""
    while True:
        answer = prompter.text(question, default)
        try:
            return str(config.check_value(name, answer))
        except ValueError as wrong:
            prompter.print(f"✘ That doesn't work: it takes {wrong}.", "red")
