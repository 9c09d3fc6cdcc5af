"""GET /v1/products/{id}/heatmap on a shop whose photos a tiny network saw."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from service.engine import Engine
from service.http.app import PICTURES_WAITING, create_app
from service.requests import IndexRequest
from service.settings import Settings
from tests.embedder.kit import own_cache, tiny_folder
from tests.service.drawn import draw_photo, rows, write_catalogue
from tests.service.http.asking import error_of, picture, upload
from tests.service.http.held import SECONDS, together, until

PRODUCTS = ("disc-red", "disc-blue", "cross-red", "a/b")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A shop of four products with two photos each."""
    home = tmp_path_factory.mktemp("seen")
    known = {row["product_id"]: row for row in rows()}
    listed = []
    for name in PRODUCTS:
        row = known.get(name, known["bar-pink"]) | {"product_id": name}
        files = [f"{name.replace('/', '-')}-{n}.jpg" for n in range(2)]
        for n, file in enumerate(files):
            draw_photo(home / file, row["category"], row["colour"], shift=6 * n)
        listed.append(row | {"image": "|".join(files)})
    catalogue = write_catalogue(home / "catalogue.csv", listed)
    folder = tiny_folder(home / "tiny")
    with own_cache(home / "cache"):
        with Engine.create(home / "shop", runtime="torch") as engine:
            engine.index_catalogue(IndexRequest(catalogue, embedder=str(folder)))
        yield home / "shop"


@pytest.fixture(scope="module")
def asked(seen: Path) -> Iterator[TestClient]:
    settings = Settings(shop=seen, runtime="torch")
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def heat(client: TestClient, product: str = "disc-red", **params: Any) -> httpx.Response:
    return client.get(f"/v1/products/{product}/heatmap", params={"other": "disc-blue"} | params)


def pixels(response: httpx.Response) -> np.ndarray[Any, Any]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/jpeg"
    return np.asarray(Image.open(BytesIO(response.content)).convert("RGB"), np.int16)


def photos(client: TestClient, product: str) -> list[str]:
    return [photo["photo_id"] for photo in client.get(f"/v1/products/{product}").json()["photos"]]


def test_a_picture_of_the_photo_that_can_be_kept(asked: TestClient) -> None:
    first = heat(asked)
    assert pixels(first).shape == (96, 96, 3)
    tag = first.headers["etag"]
    again = asked.get(first.request.url, headers={"if-none-match": tag})
    assert again.status_code == 304
    assert again.headers["etag"] == tag
    assert not again.content
    assert heat(asked).content == first.content
    assert heat(asked, other="cross-red").headers["etag"] != tag


def test_on_the_product_or_on_the_hit(asked: TestClient) -> None:
    query, hit = heat(asked), heat(asked, which="hit")
    assert query.headers["etag"] != hit.headers["etag"]
    red, blue = pixels(query)[48, 48], pixels(hit)[48, 48]
    assert red[0] - red[2] > blue[0] - blue[2] + 30, "the red disc is the query's"
    assert heat(asked, "disc-blue", other="disc-red").content == hit.content


def test_photos_can_be_chosen(asked: TestClient) -> None:
    mine, others = photos(asked, "disc-red"), photos(asked, "disc-blue")
    tags = {heat(asked, photo=photo, other_photo=other).headers["etag"] for photo in mine for other in others}
    assert len(tags) == 4
    assert heat(asked).headers["etag"] in tags
    near = heat(asked, photo=mine[1]).headers["etag"]
    assert near in {heat(asked, photo=mine[1], other_photo=other).headers["etag"] for other in others}


def test_a_photo_agrees_most_with_itself(asked: TestClient) -> None:
    """Heat reddens: the same photo against itself has more of it than against anything else."""
    (photo, _), found = photos(asked, "disc-red"), {}
    for other in PRODUCTS:
        first = photos(asked, other)[0]
        told = pixels(heat(asked, "disc-red", other=other, photo=photo, other_photo=first))
        found[other] = float((told[..., 0] - told[..., 1]).mean())
    assert max(found, key=found.__getitem__) == "disc-red"


def test_ids_with_slashes_and_other_aspects(asked: TestClient) -> None:
    plain = heat(asked, "a/b", other="a/b")
    assert pixels(plain).any()
    texture = heat(asked, "a%2Fb", other="a/b", aspect="texture")
    assert pixels(texture).any()
    assert texture.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    ("product", "params", "status", "code"),
    [
        ("nobody", {}, 404, "unknown_product"),
        ("disc-red", {"other": "nobody"}, 404, "unknown_product"),
        ("disc-red", {"photo": "0" * 16}, 404, "unknown_photo"),
        ("disc-red", {"photo": "../shop.db"}, 422, "invalid_request"),
        ("disc-red", {"other": ""}, 422, "invalid_request"),
        ("disc-red", {"which": "both"}, 422, "invalid_request"),
        ("disc-red", {"aspect": "colour"}, 422, "usage"),
        ("disc-red", {"size": "9"}, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_drawn(
    asked: TestClient, product: str, params: dict[str, str], status: int, code: str
) -> None:
    response = heat(asked, product, **params)
    assert response.status_code == status
    assert error_of(response)["code"] == code


def test_a_product_without_photos(seen: Path, tmp_path: Path) -> None:
    shop = Path(shutil.copytree(seen, tmp_path / "shop"))
    with TestClient(create_app(Settings(shop=shop, runtime="torch"))) as client:
        client.put("/v1/products/bare", json={"title": "bare"})
        response = heat(client, "bare")
        assert response.status_code == 409
        assert error_of(response)["code"] == "no_vector"
        before = heat(client).headers["etag"]
        added = client.post("/v1/products/bare/photos", files=upload(picture(colour="blue")))
        assert added.status_code == 201
        assert pixels(heat(client, "bare")).shape == (96, 96, 3)
        assert heat(client).headers["etag"] == before


def test_an_embedder_without_a_network(client: TestClient) -> None:
    response = heat(client)
    assert response.status_code == 409
    assert error_of(response)["code"] == "not_ready"


def test_searches_go_on_while_pictures_wait(seen: Path) -> None:
    app = create_app(Settings(shop=seen, runtime="torch"))
    free = threading.Event()

    async def talk(client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        path, params = "/v1/products/disc-red/heatmap", {"other": "disc-blue"}
        bench = app.state.bench
        blocked = [asyncio.ensure_future(bench.run(lambda: free.wait(SECONDS)))]
        waiting = asyncio.ensure_future(client.get(path, params=params))
        await until(lambda: bench.waiting == 2)
        blocked += [asyncio.ensure_future(bench.run(lambda: None)) for _ in range(PICTURES_WAITING - 2)]
        await until(lambda: bench.waiting == PICTURES_WAITING)
        refused = await client.get(path, params=params)
        by_id = await client.get("/v1/products/disc-red/similar")
        assert not waiting.done()
        free.set()
        await asyncio.gather(*blocked)
        return await waiting, refused, by_id

    try:
        drawn, refused, by_id = together(app, talk)
    finally:
        app.state.bench.close()
        app.state.slot.close()
    assert drawn.status_code == by_id.status_code == 200
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert error_of(refused)["code"] == "overloaded"
