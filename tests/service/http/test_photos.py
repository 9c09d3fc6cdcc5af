from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.service.http.asking import error_of, picture, upload


@pytest.fixture(scope="module")
def photo_url(reader: TestClient) -> str:
    url: str = reader.get("/v1/products/disc-red").json()["photos"][0]["url"]
    return url


def test_the_photo_as_it_was_given(reader: TestClient, photo_url: str, catalogue: Path) -> None:
    response = reader.get(photo_url)
    assert response.content == (catalogue.parent / "disc-red.jpg").read_bytes()
    assert response.headers["content-type"] == "image/jpeg"
    assert "max-age" in response.headers["cache-control"]
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_part_of_a_photo(reader: TestClient, photo_url: str) -> None:
    whole = reader.get(photo_url).content
    part = reader.get(photo_url, headers={"range": "bytes=2-9"})
    assert (part.status_code, part.content) == (206, whole[2:10])
    beyond = reader.get(photo_url, headers={"range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert error_of(beyond)["code"] == "range_not_satisfiable"
    assert beyond.headers["content-range"] == f"bytes */{len(whole)}"
    other = reader.get(photo_url, headers={"range": "items=0-1"})
    assert (other.status_code, other.content) == (200, whole)
    unread = reader.get(photo_url, headers={"range": "bytes=x"})
    assert unread.status_code == 400
    assert error_of(unread)["code"] == "bad_request"


def test_a_thumbnail_fits_and_is_never_enlarged(reader: TestClient, photo_url: str) -> None:
    for size, side in ((50, 96), (96, 96), (500, 96)):
        response = reader.get(photo_url, params={"size": size})
        assert max(Image.open(BytesIO(response.content)).size) == side
        assert response.headers["content-type"] == "image/jpeg"


def test_a_large_photo_is_scaled_down(client: TestClient) -> None:
    added = client.post("/v1/products/disc-red/photos", files=upload(picture((600, 300)))).json()
    assert client.get(added["url"]).headers["content-type"] == "image/png"
    thumbnail = client.get(added["url"], params={"size": 100})
    assert Image.open(BytesIO(thumbnail.content)).size == (192, 96)


def test_a_known_tag_is_not_sent_again(reader: TestClient, photo_url: str) -> None:
    for params in ({}, {"size": 96}):
        first = reader.get(photo_url, params=params)
        tag = first.headers["etag"]
        for header in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = reader.get(photo_url, params=params, headers={"if-none-match": header})
            assert again.status_code == 304
            assert again.content == b""
            assert again.headers["etag"] == tag
        assert reader.get(photo_url, params=params, headers={"if-none-match": '"other"'}).status_code == 200


def test_sizes_have_their_own_tags(reader: TestClient, photo_url: str) -> None:
    tags = {reader.get(photo_url, params=p).headers["etag"] for p in ({}, {"size": 96}, {"size": 320})}
    assert len(tags) == 3
