"""Who may ask for what: every route with every kind of key, and what opens the service to nobody else."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from service.http.app import create_app
from service.http.roles import ROLES, RoleTable, routes_of
from service.keys import Role, key_file
from service.settings import Settings
from tests.service.fakes import FakeEmbedder
from tests.service.http.asking import error_of

WRONG = "vitrine_admin_" + "A" * 43
FOUND = {"product_id": "none-such", "photo_id": "0" * 16, "customer_id": "nobody", "rule_id": "1"}
HOLDERS = ("nobody", "wrong", "read", "write", "admin")
CLIENT = ("203.0.113.9", 5)


class Guarded:
    """A service with one key of each role. secrets: by role, and one that is wrong."""

    def __init__(self, shop: Path) -> None:
        self.file = key_file(shop)
        self.secrets = {role.word: self.file.add(f"the-{role.word}", role) for role in Role}
        self.secrets["wrong"] = WRONG
        self.app = create_app(Settings(shop=shop))

    def headers(self, holder: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.secrets[holder]}"} if holder != "nobody" else {}


@pytest.fixture(scope="module")
def guarded(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return Guarded(Path(shutil.copytree(indexed, tmp_path_factory.mktemp("guarded") / "shop")))


@pytest.fixture(scope="module")
def guest(guarded: Guarded) -> Iterator[TestClient]:
    """Asks from another machine."""
    with pytest.MonkeyPatch.context() as patch:
        fake = FakeEmbedder()
        patch.setattr("embedder.registry.open_embedder", lambda *_, **__: fake)
        with TestClient(
            guarded.app, raise_server_exceptions=False, follow_redirects=False, client=CLIENT
        ) as client:
            yield client


def test_every_route_is_in_the_table_and_the_table_has_no_others(guarded: Guarded) -> None:
    there = routes_of(guarded.app.router.routes)
    assert not there - set(ROLES), "routes without a line in service/http/roles.py"
    assert not set(ROLES) - there, "lines of service/http/roles.py without a route"


def test_a_route_without_a_line_takes_an_admin_key(shop: Path) -> None:
    app = create_app(Settings(shop=shop))

    @app.get("/v1/forgotten")
    def forgotten() -> None:
        raise AssertionError("nobody gets here")

    assert ("GET", "/v1/forgotten") in routes_of(app.router.routes) - set(ROLES)
    assert RoleTable(app.router.routes).asked("GET", "/v1/forgotten").role is Role.ADMIN


def expected(holder: str, role: Role | None) -> int | None:
    """The status of a refusal; None where the route is reached."""
    if role is None:
        return None
    if holder in ("nobody", "wrong"):
        return 401
    return None if Role.named(holder) >= role else 403


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize(("route", "role"), ROLES.items(), ids=lambda value: str(value))
def test_each_route_with_each_key(
    guarded: Guarded, guest: TestClient, route: tuple[str, str], role: Role | None, holder: str
) -> None:
    method, template = route
    path = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: FOUND.get(found[1], "none"), template)
    if path == "/sign-in" and method == "POST":
        return  # its own refusals are tested with the page's sessions
    with guest.stream(method, path, headers=guarded.headers(holder)) as response:
        status = response.status_code
        response.read()
    wanted = expected(holder, role)
    if path == "/sign-out":
        assert error_of(response)["code"] == "forbidden"  # no page of the service sent it
    elif wanted is None:
        assert status not in (401, 403), response.text
    else:
        assert status == wanted
        error = error_of(response)
        assert error["code"] == {401: "unauthorized", 403: "role_too_low"}[status]
        assert ("www-authenticate" in response.headers) == (status == 401)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-api-key", "{}"),
        ("authorization", "bearer {}"),
        ("authorization", "Bearer  {} "),
    ],
)
def test_ways_to_send_a_key(guarded: Guarded, guest: TestClient, header: str, value: str) -> None:
    headers = {header: value.format(guarded.secrets["read"])}
    assert guest.get("/v1/products/disc-red", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic {}"},
        {"authorization": "{}"},
        {"authorization": "Bearer"},
        {"authorization": "Bearer ", "x-api-key": "{}"},
        {"cookie": "vitrine_session={}"},
        {"x-api-key": ""},
        {"x-api-key": "x" * 10_000},
    ],
)
def test_ways_that_are_none(guarded: Guarded, guest: TestClient, headers: dict[str, str]) -> None:
    sent = {name: value.replace("{}", guarded.secrets["admin"]) for name, value in headers.items()}
    response = guest.get("/v1/products/disc-red", headers=sent)
    assert response.status_code == 401
    assert guarded.secrets["admin"] not in response.text


def test_a_key_in_the_address_opens_nothing(guarded: Guarded, guest: TestClient) -> None:
    response = guest.get("/v1/products", params={"key": guarded.secrets["admin"]})
    assert response.status_code == 401


def test_strangers_do_not_learn_which_addresses_there_are(guarded: Guarded, guest: TestClient) -> None:
    assert guest.get("/v1/none").status_code == 401
    assert guest.get("/v1/none", headers=guarded.headers("read")).status_code == 404
    assert guest.patch("/v1/similar").status_code == 401
    assert guest.patch("/v1/similar", headers=guarded.headers("read")).status_code == 405
    assert guest.head("/v1/products").status_code == 401


def ask(guarded: Guarded, method: str, path: str, holder: str) -> tuple[int, bool]:
    """The status of an answer, and whether the body was read; past all clients, which would tidy the path."""
    asked = False
    statuses: list[int] = []

    async def receive() -> Message:
        nonlocal asked
        asked = True
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(k.encode(), v.encode()) for k, v in guarded.headers(holder).items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [*headers, (b"content-type", b"application/json"), (b"content-length", b"2")],
        "client": CLIENT,
        "server": ("192.0.2.1", 80),
    }
    asyncio.run(guarded.app(scope, receive, send))
    return statuses[0], asked


@pytest.mark.parametrize(
    "path",
    [
        "/v1/products/a/../../../health/live",
        "//health/live",
        "/health/live/",
        "/health/live/../../v1/rules",
        "/static/../v1/rules",
        "/static",
        "/sign-in/../v1/rules",
        "",
    ],
)
def test_an_open_address_does_not_open_others(guarded: Guarded, path: str) -> None:
    assert ask(guarded, "GET", path, "nobody")[0] in (401, 404)


def test_a_body_is_not_read_before_the_key_is_known(guarded: Guarded) -> None:
    assert ask(guarded, "POST", "/v1/interactions", "wrong") == (401, False)
    assert ask(guarded, "POST", "/v1/interactions", "read") == (403, False)
    assert ask(guarded, "POST", "/v1/interactions", "write") == (422, True)


def test_openapi_tells_the_role_of_each_operation_and_how_to_send_a_key(
    guarded: Guarded, guest: TestClient, reader: TestClient
) -> None:
    api = guest.get("/openapi.json", headers=guarded.headers("read")).json()
    roles = {(m.upper(), p): op["x-role"] for p, item in api["paths"].items() for m, op in item.items()}
    assert roles["GET", "/health/live"] == "none"
    assert roles["GET", "/v1/products/{product_id}/similar"] == "read"
    assert roles["PUT", "/v1/products/{product_id}"] == "write"
    assert roles["DELETE", "/v1/rules/{rule_id}"] == roles["DELETE", "/v1/customers/{customer_id}"] == "admin"
    assert api["paths"]["/v1/rules"]["post"]["security"] == [{"bearer": []}, {"key": []}]
    assert "security" not in api["paths"]["/health/live"]["get"]
    assert api["components"]["securitySchemes"]["key"]["name"] == "X-API-Key"
    without = reader.get("/openapi.json").json()
    assert "securitySchemes" not in without["components"]
    assert "security" not in without["paths"]["/v1/rules"]["post"]


def test_changes_carry_the_name_of_the_key(guarded: Guarded, guest: TestClient) -> None:
    rule = {"action": "block", "product_id": "disc-red"}
    made = guest.post("/v1/rules", json=rule, headers=guarded.headers("admin"))
    assert made.status_code == 201, made.text
    history = guest.get("/v1/rules/history", headers=guarded.headers("read")).json()
    assert history["changes"][0]["who"] == "the-admin"


def test_a_new_key_and_a_removed_one_count_from_the_next_request_on(shop: Path) -> None:
    file = key_file(shop)
    admin = file.add("admin", Role.ADMIN)
    with TestClient(create_app(Settings(shop=shop)), client=CLIENT) as client:
        fresh = file.add("fresh", Role.READ)
        sent = {"x-api-key": fresh}
        assert client.get("/v1/products", headers=sent).status_code == 200
        file.remove("fresh")
        assert client.get("/v1/products", headers=sent).status_code == 401
        file.path.rename(file.path.with_name("away"))
        gone = client.get("/v1/products", headers={"x-api-key": admin})
        assert gone.status_code == 503
        assert error_of(gone)["code"] == "damaged"
        assert client.get("/health/live").status_code == 200
        file.path.write_text("{}")
        assert client.get("/v1/products").status_code == 503


def test_the_keys_may_lie_elsewhere(shop: Path, tmp_path: Path) -> None:
    file = key_file(shop, tmp_path / "elsewhere.json")
    secret = file.add("one", Role.READ)
    settings = Settings(shop=shop, keys_file=file.path)
    with TestClient(create_app(settings), client=CLIENT) as client:
        assert client.get("/v1/products").status_code == 401
        assert client.get("/v1/products", headers={"x-api-key": secret}).status_code == 200


@pytest.fixture
def settings(indexed: Path) -> Settings:
    return Settings(shop=indexed)


class TestWithoutKeys:
    """Everything is allowed, to this machine alone."""

    @pytest.mark.parametrize(
        ("client", "url"),
        [("127.0.0.1", "http://127.0.0.1"), ("::1", "http://[::1]"), ("127.0.0.1", "http://localhost")],
    )
    def test_this_machine(self, settings: Settings, client: str, url: str) -> None:
        with TestClient(create_app(settings), url, client=(client, 9)) as local:
            assert local.get("/v1/products").status_code == 200
            assert local.get("/health/ready").status_code == 200

    @pytest.mark.parametrize(
        ("client", "url", "headers"),
        [
            ("203.0.113.9", "http://127.0.0.1", {}),
            ("2001:db8::9", "http://[::1]", {}),
            ("::ffff:203.0.113.9", "http://127.0.0.1", {}),
            ("127.0.0.1", "http://203.0.113.1", {}),
            ("127.0.0.1", "http://127.0.0.1", {"host": "evil.example"}),
            ("127.0.0.1", "http://127.0.0.1", {"host": "localhost.evil.example:80"}),
            ("127.0.0.1", "http://127.0.0.1", {"x-forwarded-for": "127.0.0.1"}),
            ("127.0.0.1", "http://127.0.0.1", {"forwarded": "for=127.0.0.1"}),
            ("127.0.0.1", "http://127.0.0.1", {"x-real-ip": "127.0.0.1"}),
        ],
    )
    def test_anybody_else(self, settings: Settings, client: str, url: str, headers: dict[str, str]) -> None:
        with TestClient(create_app(settings), url, client=(client, 9), headers=headers) as other:
            for path in ("/v1/products", "/", "/metrics", "/v1/none"):
                response = other.get(path)
                assert response.status_code == 403
                assert error_of(response)["code"] == "keys_required"
            assert other.get("/health/live").status_code == 200
