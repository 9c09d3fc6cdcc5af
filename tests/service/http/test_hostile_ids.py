"""Hostile ids on every route: answered or refused with a reason; nothing breaks, nothing leaves the shop."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx
from fastapi.testclient import TestClient

from tests.service.http.asking import error_of, picture, upload

WANTED = 500
KNOWN = (200, 201, 304, 400, 404, 405, 409, 413, 422)
WRITTEN = (
    "..",
    ".",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/shadow",
    "C:\\boot.ini",
    "file:///etc/passwd",
    "a/../../b",
    "....//....//x",
    "shop.db",
    "%2e%2e%2f",
    "%252e%252e%252f",
    "%00",
    "a\0b",
    "a\r\nSet-Cookie: x=1",
    "' OR 1=1 --",
    '"; DROP TABLE products; --',
    "{{7*7}}",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "$(touch /tmp/x)",
    "`id`",
    "|ls",
    "*",
    "%",
    "?",
    "#",
    "&a=b",
    "NUL",
    "con",
    "nan",
    "null",
    "undefined",
    "true",
    "-1",
    "1e999",
    " ",
    "\u00a0",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\U0001f600" * 64,
    "e\u0301",
    "é",
    "A" * 255,
    "A" * 256,
    "A" * 257,
    "A" * 5000,
    "ä" * 256,
    "similar",
    "x/similar",
    "x/photos",
    "x/recommendations",
    "x/heatmap/",
)


def _characters(rng: random.Random) -> str:
    """A character of any plane: letters, marks, controls, lone surrogates, what is not assigned."""
    ranges = ((0, 0x20), (0x20, 0x7F), (0x80, 0x100), (0x300, 0x370), (0xD800, 0xE000), (0x1F300, 0x1F700))
    low, high = rng.choice((*ranges, (0, 0x110000)))
    return chr(rng.randrange(low, high))


def hostile_ids() -> list[str]:
    """Those that people write, and drawn ones, each once."""
    rng = random.Random(11)
    found = dict.fromkeys(WRITTEN)
    while len(found) < WANTED:
        length = rng.choice((1, 1, 2, 3, 8, 40, 300))
        found["".join(_characters(rng) for _ in range(length))] = None
    return list(found)


def _in_path(id_: str, way: int) -> str:
    """An id in an address: encoded wholly, but for slashes, or twice."""
    raw = id_.encode("utf-8", "surrogatepass")
    return (quote(raw, safe=""), quote(raw, safe="/"), quote(quote(raw, safe=""), safe=""))[way % 3]


Ask = Callable[[], httpx.Response]


def _asks(client: TestClient, id_: str, n: int) -> list[Ask]:
    """One request of every route, with the id in its address, its query or its body."""
    at, get, delete = _in_path(id_, n), client.get, client.delete
    json_kind = {"content-type": "application/json"}
    return [
        lambda: get(f"/v1/products/{at}"),
        lambda: get(f"/v1/products/{at}/similar?k=1"),
        lambda: get(f"/v1/products/disc-red/heatmap?other={at}"),
        lambda: get(f"/v1/customers/{at}/recommendations?k=1"),
        lambda: get(f"/v1/photos/{at}"),
        lambda: get(f"/v1/products/disc-red/similar?k=1&exclude={at}&where=product_id%20%3D%20%22{at}%22"),
        lambda: get(f"/v1/products?size=1&cursor={at}"),
        lambda: delete(f"/v1/photos/{at}"),
        lambda: delete(f"/v1/rules/{at}"),
        lambda: delete(f"/v1/customers/{at}"),
        lambda: client.patch(f"/v1/products/{at}", json={}),
        *(partial(client.post, path, content=body, headers=json_kind) for path, body in _bodies(id_)),
    ]


def _bodies(id_: str) -> Iterator[tuple[str, bytes]]:
    text = _json_text(id_)
    yield "/v1/search", b'{"examples": [{"product_id": %s}], "k": 1}' % text
    yield "/v1/search", b'{"examples": [{"product_id": "disc-red"}], "k": 1, "exclude": [%s]}' % text
    yield "/v1/sessions/recommendations", b'{"history": [{"product_id": %s}], "k": 1}' % text
    event = b'{"interactions": [{"customer_id": %s, "product_id": %s, "event": "view"}]}' % (text, text)
    yield "/v1/interactions", event
    yield "/v1/rules", b'{"action": "block", "product_id": %s}' % text


def _json_text(id_: str) -> bytes:
    return json.dumps(id_).encode("ascii")  # a lone surrogate goes as an escape, as clients send it


def _everything_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "shop" not in path.relative_to(folder).parts[:1]}


def test_no_id_makes_the_service_fail(client: TestClient, tmp_path: Path) -> None:
    outside = _everything_in(tmp_path)
    statuses: set[int] = set()
    ids = hostile_ids()
    assert len(ids) >= WANTED
    assert any(unicodedata.category(c) == "Cs" for id_ in ids for c in id_)
    for n, id_ in enumerate(ids):
        asks = _asks(client, id_, n)
        # Every route with what people write; with what is drawn, two routes each, in turn.
        chosen = asks if n < len(WRITTEN) else [asks[(2 * n + one) % len(asks)] for one in range(2)]
        for response in (ask() for ask in chosen):
            where = f"{response.request.method} {str(response.request.url)[:200]} for {id_[:60]!r}"
            assert response.status_code in KNOWN, f"{where}: {response.status_code} {response.text[:300]}"
            if response.status_code >= 400:
                error_of(response)
            statuses.add(response.status_code)
    assert {200, 404, 422} <= statuses
    assert _everything_in(tmp_path) == outside


def test_what_can_be_an_id_can_be_stored_and_read_again(client: TestClient) -> None:
    stored = []
    fit = [id_ for id_ in hostile_ids() if "%" not in id_]  # the test's client decodes an address twice
    for n, id_ in enumerate(fit[::5]):
        at = _in_path(id_, 0)
        put = client.put(f"/v1/products/{at}", json={"title": str(n)})
        assert put.status_code in (200, 404, 405, 422), f"{id_!r}: {put.text}"
        if put.status_code == 200:
            stored.append(id_)
            assert client.get(f"/v1/products/{at}").json()["product_id"] == id_
    listed = client.get("/v1/products", params={"size": 500}).json()["products"]
    assert set(stored) <= {one["product_id"] for one in listed}
    assert stored


def test_no_name_of_a_file_leaves_the_shop(client: TestClient, tmp_path: Path) -> None:
    outside = _everything_in(tmp_path)
    names = [id_ for id_ in hostile_ids()[:80] if "\r" not in id_ and not _surrogate(id_)]
    for n, name in enumerate(names):
        photo = picture((40 + n, 40))
        response = client.post("/v1/products/disc-red/photos", files=upload(photo, name=name or "x"))
        assert response.status_code in (201, 400, 422), response.text
    kept = list((tmp_path / "shop" / "photos").iterdir())
    assert kept
    assert all(len(path.stem) == 64 and path.suffix == ".png" for path in kept)
    assert _everything_in(tmp_path) == outside


def _surrogate(text: str) -> bool:
    return any(unicodedata.category(c) == "Cs" for c in text)
