"""The JSON API beside a real store: held against its own description, for every kind of reader."""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from msgspec.structs import replace
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from actors.sign_in_links import make_program_token
from actors.web.api.description import describe_api
from actors.web.api.endpoint import ENDPOINTS, PREFIX, TEXTS, TextAddress
from actors.web.document import load_documents
from messages import EndSessions, SetPrivacy, StartSession
from tests.deadlines import WITHIN_S
from tests.integration.web.members_house import ADMIN, MembersHouse, open_members_house
from tests.integration.web.page_house import IDS, PageHouse, make_club, open_house
from tests.unit.web.page_stage import make_screening, make_seat

NIGHTS = 8
ROUNDS = 12
"""Requests for each operation and kind of reader: about four seconds in all."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def show_a_film(house: PageHouse) -> None:
    """Have the tracker say what plays: with Iris, and somebody who is hidden."""
    seats = (
        make_seat("Iris", (0, 30), viewer_id=IDS["Iris"]),
        replace(make_seat("Somebody", (0, 30)), viewer_id=""),
    )
    house.show(make_screening(house.clock.now(), 30, seats))


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with film nights."""
    return make_club(tmp_path_factory.mktemp("club") / "data", NIGHTS)


@pytest.fixture(scope="module")
def house(club: Path) -> Iterator[PageHouse]:
    """A page for this machine; nobody changes its store."""
    with open_house(club) as opened:
        show_a_film(opened)
        yield opened


@pytest.fixture
def members_house(tmp_path: Path) -> Iterator[MembersHouse]:
    """A page for members."""
    with open_members_house(make_club(tmp_path / "data", NIGHTS)) as opened:
        yield opened


def make_token(house: MembersHouse, name: str) -> str:
    """Return a token for a member, as `/web token` makes it."""
    token = make_program_token()
    viewer_id = IDS.get(name, "900")
    asked = StartSession(token.token_hash, viewer_id=viewer_id, username=name, is_token=True)
    session = house.caller.ask("persistence", asked, WITHIN_S)
    assert session.expires_at_s - session.started_at_s == 365 * 86_400
    return token.secret


def list_addresses(house: PageHouse) -> list[str]:
    """Return an address of every endpoint that has something to answer."""
    viewer = json.loads(house.get(PREFIX + "/viewers")[2])["viewers"][0]["viewer"]
    film = json.loads(house.get(PREFIX + "/films")[2])["films"][0]["slug"]
    slugs = {"/films/{slug}": film, "/viewers/{slug}": viewer, "/viewers/{slug}/{year}": viewer}
    addresses = []
    for path in ENDPOINTS:
        filled = path.replace("{slug}", slugs.get(path, "")).replace("{year}", "2026")
        addresses.append(PREFIX + filled.replace("{screening_id}", f"night{NIGHTS - 1}"))
    return [*addresses, PREFIX + "/nights?m=2026-11"]


def find_schema(path: str) -> dict[str, Any]:
    """Return the schema of what an endpoint answers."""
    described = describe_api()
    answer = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return {**answer, "components": described["components"]}


def test_every_answer_is_as_described(house: PageHouse) -> None:
    """With something in it: no field more, none less, no id of anybody, and nothing of the servers."""
    found = dict(zip([*ENDPOINTS, "/nights"], list_addresses(house), strict=True))
    for path, address in found.items():
        status, headers, text = house.get(address)
        assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8"), address
        jsonschema.validate(json.loads(text), find_schema(path))
        for viewer_id in IDS.values():
            assert not re.search(rf'"{viewer_id}"', text), address
        for word in ("server_id", "guild", "channel_id", '"player"', "machine"):
            assert word not in text, (address, word)


def test_pages_and_api_say_the_same(house: PageHouse) -> None:
    """They ask the same."""
    films = json.loads(house.get(PREFIX + "/films?sort=title")[2])
    page = house.get("/films?sort=title")[2]
    assert [film["slug"] for film in films["films"]] == re.findall(r'href="/films/([a-z2-7]+)"', page)
    viewer = json.loads(house.get(PREFIX + "/viewers?q=iri")[2])["viewers"]
    assert [each["username"] for each in viewer] == ["Iris"]
    assert f'href="/viewers/{viewer[0]["viewer"]}"' in house.get("/viewers?q=iri")[2]
    board = json.loads(house.get(PREFIX + "/board?by=time&days=30")[2])
    assert board["kind"] == "time"
    history = json.loads(house.get(PREFIX + "/history")[2])
    assert f"{history['total']} watches" in house.get("/history")[2]


def test_now_lists_what_is_playing(house: PageHouse) -> None:
    """With the short names of visible viewers; hidden ones are counted, without their minutes."""
    house.wait_for("/", "Iris")
    now = json.loads(house.get(PREFIX + "/now")[2])
    seats = now["screenings"][0]["seats"]
    assert [seat["username"] for seat in seats] == ["Iris"]
    assert now["screenings"][0]["hidden"] == 1
    assert f"/viewers/{seats[0]['viewer']}" in house.get("/viewers")[2]


def test_a_hidden_viewers_minutes_are_in_no_answer(members_house: MembersHouse) -> None:
    """The page of the night says how many there were, and no more; to themselves they are who they are."""
    where = f"{PREFIX}/nights/night{NIGHTS - 1}"
    members_house.caller.ask("persistence", SetPrivacy(IDS["Iris"], "Iris", "private"), WITHIN_S)
    other, own = members_house.open_browser(ADMIN), members_house.open_browser("Iris")
    end = time.monotonic() + WITHIN_S
    while "Iris" in (text := other.get(where).text):
        assert time.monotonic() < end
    shown, whole = (json.loads(each)["screening"] for each in (text, own.get(where).text))
    assert (shown["hidden"], whole["hidden"]) == (1, 0)
    assert len(shown["seats"]) == len(whole["seats"]) - 1
    assert all(seat["viewer"] for seat in shown["seats"])


@pytest.mark.parametrize("path", ["/nope", "/films/aaaa", "/nights?m=2026-15", "/server/0000", "/viewers/x/2026"])
def test_an_unknown_address_is_answered_as_json(house: PageHouse, path: str) -> None:
    """With the right status."""
    status, headers, text = house.get(PREFIX + path)
    assert (status, headers["Content-Type"].partition(";")[0]) == (404, "application/json")
    assert json.loads(text)["error"]


def ask_anything(operation: Any, base_url: str, headers: dict[str, str]) -> set[int]:
    """Ask what the description of an operation allows, and more; return the statuses of the answers."""
    statuses = set()

    @settings(
        max_examples=ROUNDS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(base_url=base_url, headers=headers)
        case.validate_response(answer, checks=CHECKS)
        statuses.add(answer.status_code)

    ask()
    return statuses


@pytest.mark.parametrize("kind", ["local", "stranger", "member", "admin", "public"])
def test_no_request_causes_a_server_error(kind: str, club: Path, tmp_path: Path) -> None:
    """Whatever the description allows, and what it does not: no 5xx, and no answer outside its schema."""
    access = "local" if kind == "local" else "public" if kind == "public" else "members"
    folder = make_club(tmp_path / "data", NIGHTS)
    opening = open_house(folder) if access == "local" else open_members_house(folder, web_access=access)
    with opening as house:
        show_a_film(house)
        headers = {}
        if isinstance(house, MembersHouse) and kind in ("member", "admin"):
            headers["Authorization"] = f"Bearer {make_token(house, 'Iris' if kind == 'member' else ADMIN)}"
        schema = schemathesis.openapi.from_dict(describe_api())
        statuses: set[int] = set()
        for result in schema.get_all_operations():
            operation: Any = result.ok()  # type: ignore[union-attr]  # the description is in order
            if operation.path == "/events":  # it has no end: there is a test of it below
                continue
            beginning = PREFIX if operation.path in ENDPOINTS else ""

            statuses |= ask_anything(operation, f"http://127.0.0.1:{house.port}{beginning}", headers)
    assert statuses == ({401} if kind == "stranger" else {200, 404})


def test_every_endpoint_is_described() -> None:
    """Every document, under the path at which it is."""
    documents = {each.path for each in load_documents()} - {"/me/data", "/api/openapi.json"}
    described = {PREFIX + path.replace("{year}", r"{year:\d{4}}") for path in ENDPOINTS}
    described |= {each.path for each in TEXTS if each.server == "/"}
    assert documents == described
    paths = describe_api()["paths"]
    assert set(paths) == {*ENDPOINTS, *(each.path for each in TEXTS)}
    assert len({path["get"]["operationId"] for path in paths.values()}) == len(paths)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.path)
def test_documents_other_than_json_are_as_described(members_house: MembersHouse, text: TextAddress) -> None:
    """Their type, for members; others are told to sign in."""
    show_a_film(members_house)
    path = ("" if text.server == "/" else text.server) + text.path
    url = f"http://127.0.0.1:{members_house.port}{path}"
    headers = {"Authorization": f"Bearer {make_token(members_house, 'Iris')}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=WITHIN_S) as answer:
        assert answer.headers.get_content_type() == text.content_type
        lines = iter(answer.readline, b"")
        if text.content_type == "text/event-stream":
            assert b"event: now\n" in lines
            assert json.loads(next(lines).removeprefix(b"data: "))["screenings"]
        else:
            assert next(lines)
    assert members_house.open_browser().get(path, Accept="*/*").status == 401


def test_a_token_has_its_owners_rights(members_house: MembersHouse) -> None:
    """Until they sign out everywhere; who is hidden sees themselves with it, and nobody else does."""
    iris, rosa = make_token(members_house, "Iris"), make_token(members_house, ADMIN)
    browser = members_house.open_browser()
    members_house.caller.ask("persistence", SetPrivacy(IDS["Iris"], "Iris", "private"), WITHIN_S)

    def find_names(token: str) -> list[str]:
        reply = browser.get(PREFIX + "/history", Accept="", Authorization=f"Bearer {token}")
        assert reply.status == 200, reply
        return [each["username"] for each in json.loads(reply.text)["records"]]

    end = time.monotonic() + WITHIN_S
    while "Iris" in find_names(rosa):
        assert time.monotonic() < end
    assert browser.get(PREFIX + "/history").status == 401
    assert browser.get(PREFIX + "/history", Authorization="Bearer usher_nonsense").status == 401
    assert browser.get(PREFIX + "/history", Authorization="Basic nonsense").status == 401
    basic = base64.b64encode(f"calendar:{iris}".encode()).decode()
    assert browser.get("/nights.ics", Accept="", Authorization=f"Basic {basic}").status == 200
    assert browser.post("/me/sign-out-everywhere", Authorization=f"Bearer {iris}").status != 303
    assert find_names(iris)
    members_house.caller.ask("persistence", EndSessions(viewer_id=IDS["Iris"]), WITHIN_S)
    end = time.monotonic() + WITHIN_S
    while browser.get(PREFIX + "/history", Authorization=f"Bearer {iris}").status != 401:
        assert time.monotonic() < end


def test_anonymous_viewers_have_no_figure_in_rankings(members_house: MembersHouse) -> None:
    """Equal figures elsewhere would say who it is."""
    members_house.caller.ask("persistence", SetPrivacy(IDS["Björn"], "Björn", "anonymous"), WITHIN_S)
    token, browser = make_token(members_house, ADMIN), members_house.open_browser()
    end = time.monotonic() + WITHIN_S
    while True:
        reply = browser.get(PREFIX + "/board?by=time", Authorization=f"Bearer {token}")
        rows = json.loads(reply.text)["rows"]
        if "Björn" not in reply.text:
            break
        assert time.monotonic() < end
    (hidden,) = (row for row in rows if row["username"] == "Somebody")
    assert (hidden["viewer"], hidden["value"]) == (None, None)
