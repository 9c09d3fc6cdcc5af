"""What was acknowledged is there after kill -9 right behind the answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx

from data.shop import Shop
from service.engine import Engine
from service.requests import Look, SimilarRequest
from tests.service.drawn import draw_photo
from tests.service.fakes import FakeEmbedder
from tests.service.http.serving import served

EVENT = {"event_id": "e-1", "customer_id": "c-1", "product_id": "disc-red", "event": "like"}


def _killed_behind(shop: Path, ask: Callable[[httpx.Client], httpx.Response]) -> None:
    """Start the service, ask once, and kill it as soon as the answer is there."""
    with served(shop) as (server, address), httpx.Client(base_url=address, timeout=60) as client:
        response = ask(client)
        server.kill()
        assert response.status_code in (200, 201), response.text
        server.wait(60)
    database = sqlite3.connect(shop / "shop.db")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def test_every_acknowledged_write_survives_kill_9(
    shop: Path, tmp_path: Path, fake_embedder: FakeEmbedder
) -> None:
    photo = draw_photo(tmp_path / "p.jpg", "disc", "red").read_bytes()
    batch = {"products": [{"product_id": f"batch-{n}", "title": "one"} for n in range(50)]}

    def writes(client: httpx.Client) -> httpx.Response:
        """One of each kind, the last one answered right before the kill."""
        assert client.delete("/v1/customers/customer-00").status_code == 200
        assert client.put("/v1/products/put", json={"title": "put", "in_stock": False}).status_code == 200
        assert client.patch("/v1/products/bar-red", json={"price": 0.5}).status_code == 200
        assert client.delete("/v1/products/bar-pink").status_code == 200
        url = client.get("/v1/products/disc-blue").json()["photos"][1]["url"]
        assert client.delete(url).status_code == 200
        assert client.post("/v1/products", json=batch).status_code == 200
        assert client.post("/v1/interactions", json={"interactions": [EVENT]}).status_code == 200
        return client.post("/v1/products/put/photos", files={"photo": photo})

    _killed_behind(shop, writes)
    with Engine.open(shop) as engine:
        records: Shop = engine.shop
        assert records.product("put").in_stock is False
        assert records.product("bar-red").price == 0.5
        assert not records.products(["bar-pink"])
        assert len(records.photos_of("disc-blue")) == 1
        assert len(records.products([f"batch-{n}" for n in range(50)])) == 50
        assert len(records.history("c-1")) == 1
        assert not records.history("customer-00")
        (kept,) = records.photos_of("put")
        assert records.photo_path(kept).read_bytes() == photo
        found = engine.similar(SimilarRequest((Look(photo=photo),), k=24)).hits
        assert "put" in [hit["product_id"] for hit in found[:2]]
        assert "bar-pink" not in [hit["product_id"] for hit in found]
