"""Uploads that come together: one pass for several, places, limits on time, clients that leave, a switch."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.engine import Engine
from service.settings import Settings
from tests.service.drawn import COLOURS, SHAPES
from tests.service.http.asking import error_of, ids, picture, upload
from tests.service.http.held import SECONDS, HeldEmbedder, serving, together, until
from tests.service.two import TINTED, fill, opening

NAMES = [f"{shape}-{colour}" for shape in SHAPES for colour in COLOURS]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> HeldEmbedder:
    embedder = HeldEmbedder()
    monkeypatch.setattr("embedder.registry.open_embedder", lambda *_, **__: embedder)
    return embedder


def ask(client: httpx.AsyncClient, data: bytes, k: int = 5) -> Awaitable[httpx.Response]:
    return client.post("/v1/similar", files=upload(data), params={"k": k})


def test_uploads_at_once_share_passes_and_get_the_answers_of_single_ones(
    shop: Path, catalogue: Path, held: HeldEmbedder
) -> None:
    photos = [(catalogue.parent / f"{name}-2.jpg").read_bytes() for name in NAMES]

    async def talk(client: httpx.AsyncClient) -> tuple[list[httpx.Response], list[httpx.Response]]:
        single = [await ask(client, data) for data in photos]
        held.held.passes.clear()
        held.held.arrived.clear()
        held.held.hold()
        first = asyncio.ensure_future(ask(client, photos[0]))
        await until(held.held.arrived.is_set)
        rest = [asyncio.ensure_future(ask(client, data)) for data in photos[1:]]
        await until(lambda: counting.decodings == 2 * len(photos))
        held.held.let_go()
        return single, [await first, *[await one for one in rest]]

    with serving(Settings(shop=shop)) as (app, counting):
        single, several = together(app, talk)
        assert app.state.uploads.waiting == 0
    assert [one.json() for one in several] == [one.json() for one in single]
    assert [ids(one)[0] for one in several] == NAMES
    # One was under way; the 23 others of batches of 8 take three passes, or one more if the last to be
    # decoded was not handed in yet.
    assert sum(held.held.passes) == len(photos)
    assert len(held.held.passes) <= 5


def test_a_photo_that_is_added_shares_the_pass(shop: Path, catalogue: Path, held: HeldEmbedder) -> None:
    data = (catalogue.parent / "cross-blue.jpg").read_bytes()

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        await client.put("/v1/products/late", json={"title": "late"})
        held.held.hold()
        asks: list[Awaitable[httpx.Response]] = [ask(client, data)]
        first = asyncio.ensure_future(asks[0])
        await until(held.held.arrived.is_set)
        rest = [
            asyncio.ensure_future(client.post("/v1/products/late/photos", files=upload(data))),
            asyncio.ensure_future(ask(client, data)),
        ]
        await until(lambda: app.state.uploads._batcher._coming == 0 and counting.decodings == 3)
        held.held.let_go()
        return [await first, *[await one for one in rest], await ask(client, data, k=2)]

    with serving(Settings(shop=shop)) as (app, counting):
        first, added, other, after = together(app, talk)
    assert held.held.passes[:2] == [1, 2]
    assert ids(first)[0] == ids(other)[0] == "cross-blue"
    assert added.status_code == 201
    assert set(ids(after)) == {"cross-blue", "late"}


def test_a_full_queue_refuses_and_searches_by_product_go_on(shop: Path, held: HeldEmbedder) -> None:
    places = 60  # more than the 40 threads on which routes run

    async def talk(client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response, list[httpx.Response]]:
        held.held.hold()
        waiting = [asyncio.ensure_future(ask(client, picture())) for _ in range(places)]
        await until(lambda: app.state.uploads.waiting == places)
        refused = await ask(client, picture())
        by_id = await asyncio.wait_for(client.get("/v1/products/disc-red/similar"), SECONDS / 2)
        assert not any(one.done() for one in waiting)
        held.held.let_go()
        return refused, by_id, [await one for one in waiting]

    with serving(Settings(shop=shop, upload_queue=places)) as (app, counting):
        refused, by_id, answered = together(app, talk)
        assert counting.refusals == 1
        assert app.state.uploads.waiting == 0
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert error_of(refused)["code"] == "overloaded"
    assert by_id.status_code == 200
    assert {one.status_code for one in answered} == {200}


def test_a_broken_photo_among_good_ones(shop: Path, catalogue: Path, held: HeldEmbedder) -> None:
    good = (catalogue.parent / "bar-pink.jpg").read_bytes()
    broken = (good[: len(good) // 2], b"", b"no photo at all")

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        files = [good, broken[0], good, broken[1], good, broken[2], good]
        return await asyncio.gather(*(ask(client, data) for data in files))

    with serving(Settings(shop=shop)) as (app, _):
        answers = together(app, talk)
        assert app.state.uploads.waiting == 0
    assert [one.status_code for one in answers] == [200, 422, 200, 422, 200, 422, 200]
    assert {ids(one)[0] for one in answers[::2]} == {"bar-pink"}
    assert [error_of(one)["code"] for one in answers[1::2]] == ["bad_photo", "usage", "bad_photo"]


def test_a_photo_that_takes_too_long_is_given_up(shop: Path, held: HeldEmbedder) -> None:
    async def talk(client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response]:
        held.held.hold()
        late = await ask(client, picture())
        held.held.let_go()
        await until(lambda: app.state.uploads.waiting == 0)
        return late, await ask(client, picture())

    with serving(Settings(shop=shop, upload_seconds=0.5)) as (app, counting):
        late, after = together(app, talk)
        assert counting.refusals == 1
    assert late.status_code == 503
    assert "retry-after" in late.headers
    assert error_of(late)["code"] == "overloaded"
    assert after.status_code == 200


def test_the_photo_of_a_client_that_left_is_not_encoded(
    shop: Path, held: HeldEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk(client: httpx.AsyncClient) -> int:
        held.held.hold()
        first = asyncio.ensure_future(ask(client, picture()))
        await until(held.held.arrived.is_set)
        leave = asyncio.Event()
        gone = asyncio.ensure_future(leaving(app, client, leave))
        await until(lambda: counting.decodings == 2)
        leave.set()
        status = await gone
        await until(lambda: app.state.uploads.waiting == 1)
        held.held.let_go()
        await first
        return status

    with serving(Settings(shop=shop)) as (app, counting):
        assert together(app, talk) == 499
    assert held.held.passes == [1]
    gc.collect()
    assert not [one for one in caplog.records if one.name == "asyncio"], "asyncio complains of nothing"


async def leaving(app: FastAPI, client: httpx.AsyncClient, leave: asyncio.Event) -> int:
    """The status that a client gets which sends an upload and then is gone."""
    request = client.build_request("POST", "/v1/similar", files=upload(picture()))
    body = [{"type": "http.request", "body": request.read(), "more_body": False}]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/similar",
        "raw_path": b"/v1/similar",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("shop", 80),
    }
    sent: list[Any] = []

    async def receive() -> Any:
        if body:
            return body.pop()
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0]["status"])


def test_a_switch_between_encoding_and_searching(shop: Path, catalogue: Path) -> None:
    first = HeldEmbedder()
    data = (catalogue.parent / "cross-blue.jpg").read_bytes()

    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        first.held.hold()
        asked = asyncio.ensure_future(ask(client, data))
        await until(first.held.arrived.is_set)
        await asyncio.to_thread(app.state.slot.engine().switch)
        first.held.let_go()
        return await asked

    with opening(lambda spec, *_, **__: first if spec == "bundled" else TINTED):
        with Engine.open(shop) as engine:
            fill(engine)
        with serving(Settings(shop=shop)) as (app, counting):
            answer = together(app, talk)
    assert answer.json()["space"] == TINTED.space
    assert ids(answer)[0].endswith("-blue")
    assert counting.batches == [1, 1], "encoded once in either space"


def test_the_service_answers_what_it_took_before_it_closes(shop: Path, held: HeldEmbedder) -> None:
    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        held.held.hold()
        asked = [asyncio.ensure_future(ask(client, picture())) for _ in range(5)]
        await until(lambda: app.state.uploads.waiting == 5)
        closing = asyncio.ensure_future(asyncio.to_thread(app.state.uploads.close))
        held.held.let_go()
        await closing
        return [await one for one in asked]

    with serving(Settings(shop=shop)) as (app, _):
        answers = together(app, talk)
    assert {one.status_code for one in answers} == {200}
