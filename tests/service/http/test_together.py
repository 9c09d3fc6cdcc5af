"""Many requests at once: nothing but the right answer, or a refusal to come again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from service.http.app import create_app
from service.settings import Settings
from tests.service.fakes import FakeEmbedder
from tests.service.http.asking import upload


def test_reads_uploads_and_writes_at_once(shop: Path, catalogue: Path, fake_embedder: FakeEmbedder) -> None:
    app = create_app(Settings(shop=shop))
    photo = (catalogue.parent / "cross-blue.jpg").read_bytes()

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60) as client:
            asks = []
            for n in range(24):
                event = {
                    "event_id": f"e{n % 12}",
                    "customer_id": "c",
                    "product_id": "disc-red",
                    "event": "view",
                }
                asks += [
                    client.get("/v1/products/disc-red/similar", params={"k": 3}),
                    client.post("/v1/similar", files=upload(photo), params={"k": 1}),
                    client.post("/v1/interactions", json={"interactions": [event]}),
                    client.put(f"/v1/products/new-{n}", json={"title": "new"}),
                ]
            return await asyncio.gather(*asks)

    try:
        answers = asyncio.run(ask())
    finally:
        app.state.slot.close()
    similar, uploads, events, puts = (answers[kind::4] for kind in range(4))
    assert {tuple(h["product_id"] for h in one.json()["hits"]) for one in similar} == {
        tuple(h["product_id"] for h in similar[0].json()["hits"])
    }
    assert {one.status_code for one in uploads} <= {200, 503}
    assert {one.json()["hits"][0]["product_id"] for one in uploads if one.status_code == 200} == {
        "cross-blue"
    }
    assert sum(one.json()["stored"] for one in events) == 12
    assert sum(one.json()["repeated"] for one in events) == 12
    assert {one.status_code for one in puts} == {200}
