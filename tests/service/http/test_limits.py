"""How often and how many at a time: 429 and 503 with Retry-After, and whom they do not concern."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from service.http.app import create_app
from service.http.crowd import Crowd
from service.http.limits import by_address
from service.keys import Role, key_file
from service.settings import Settings
from tests.service.http.asking import error_of


def ask(client: TestClient, key: str | None = None, path: str = "/v1/rules") -> int:
    return client.get(path, headers={"x-api-key": key} if key else {}).status_code


def refused(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert 1 <= int(response.headers["retry-after"]) <= 3600
    error: dict[str, Any] = error_of(response)
    assert error["code"] == code
    return error


def test_each_key_has_its_own_limit(shop: Path) -> None:
    file = key_file(shop)
    one, two = file.add("one", Role.READ), file.add("two", Role.READ)
    settings = Settings(shop=shop, rate_limit_per_key="3/hour")
    with TestClient(create_app(settings)) as client:
        assert [ask(client, one) for _ in range(4)] == [200, 200, 200, 429]
        error = refused(client.get("/v1/rules", headers={"x-api-key": one}), 429, "rate_limited")
        assert error["detail"] == {"limit": "3 per 1 hour"}
        assert ask(client, two) == 200
        assert ask(client) == 401


def test_each_address_has_its_own_limit_whatever_its_key(shop: Path) -> None:
    secret = key_file(shop).add("one", Role.READ)
    app = create_app(Settings(shop=shop, rate_limit_per_address="100/second;3/hour"))
    with TestClient(app, client=("192.0.2.1", 1)) as client:
        assert [ask(client, "guess"), ask(client, secret), ask(client, "guess"), ask(client, secret)] == [
            401,
            200,
            401,
            429,
        ]
        assert {ask(client, path="/health/live") for _ in range(5)} == {200}
        assert ask(TestClient(app, client=("192.0.2.1", 2)), secret) == 429
        assert ask(TestClient(app, client=("192.0.2.2", 1)), secret) == 200


def test_off_by_default(shop: Path) -> None:
    with TestClient(create_app(Settings(shop=shop))) as client:
        assert {ask(client) for _ in range(30)} == {200}


@pytest.mark.parametrize(
    ("client", "same"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("::ffff:192.0.2.1", 5), "192.0.2.1"),
        (("2001:db8:1:2:3::4", 5), "2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::", 5), "2001:db8:1:2::/64"),
        (None, None),
    ],
)
def test_whom_an_address_stands_for(client: tuple[str, int] | None, same: str | None) -> None:
    assert by_address({"client": client}) == same


@pytest.mark.parametrize(("trusted", "statuses"), [((), [200, 429, 429]), (("10.0.0.1",), [200, 200, 429])])
def test_a_proxys_word_on_addresses_counts_only_where_it_is_trusted(
    shop: Path, trusted: tuple[str, ...], statuses: list[int]
) -> None:
    secret = key_file(shop).add("one", Role.READ)
    settings = Settings(shop=shop, rate_limit_per_address="1/hour", trusted_proxies=trusted)
    with TestClient(create_app(settings), client=("10.0.0.1", 5), headers={"x-api-key": secret}) as proxy:
        told = ["192.0.2.1", "192.0.2.1, 192.0.2.2", "192.0.2.9, 192.0.2.2"]  # what clients forge comes first
        found = [proxy.get("/v1/rules", headers={"x-forwarded-for": one}).status_code for one in told]
    assert found == statuses


def test_too_many_at_a_time_are_told_to_come_again() -> None:
    inside = asyncio.Event()
    let_go = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            inside.set()
            await let_go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def run() -> list[int]:
        transport = httpx.ASGITransport(app=Crowd(slow, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            first = asyncio.create_task(client.get("/slow"))
            await asyncio.wait_for(inside.wait(), 20)
            second = await client.get("/v1/x")
            assert second.headers["retry-after"] == "1"
            live = await client.get("/health/live")
            let_go.set()
            return [
                second.status_code,
                live.status_code,
                (await first).status_code,
                (await client.get("/")).status_code,
            ]

    assert asyncio.run(asyncio.wait_for(run(), 60)) == [503, 200, 200, 200]


ORIGIN = "https://shop.example"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


def test_other_origins_are_told_nothing_unless_set(shop: Path) -> None:
    with TestClient(create_app(Settings(shop=shop))) as client:
        answer = client.get("/v1/rules", headers={"origin": ORIGIN})
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert client.options("/v1/search", headers={"origin": ORIGIN, **PREFLIGHT}).status_code == 405


def test_an_origin_that_is_set_may_call_with_a_key_and_no_other(shop: Path) -> None:
    secret = key_file(shop).add("one", Role.WRITE)
    settings = Settings(shop=shop, cors_origins=(ORIGIN,))
    with TestClient(create_app(settings), client=("192.0.2.1", 5)) as client:
        asked = client.options("/v1/search", headers={"origin": ORIGIN, **PREFLIGHT})
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in asked.headers
        for near in ("https://shop.example.evil.example", "http://shop.example", f"{ORIGIN}:8443", "null"):
            other = client.options("/v1/search", headers={"origin": near, **PREFLIGHT})
            assert other.status_code == 400
            assert "access-control-allow-origin" not in other.headers
        browser = {"origin": ORIGIN, "sec-fetch-site": "cross-site"}
        wrote = client.put("/v1/products/x", json={}, headers={**browser, "x-api-key": secret})
        assert wrote.status_code == 200
        assert wrote.headers["access-control-allow-origin"] == ORIGIN
        refused = client.put("/v1/products/x", json={}, headers=browser)
        assert refused.status_code == 401  # the page that asked may read why
        assert refused.headers["access-control-allow-origin"] == ORIGIN
        evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site", "x-api-key": secret}
        assert client.put("/v1/products/x", json={}, headers=evil).status_code == 403
