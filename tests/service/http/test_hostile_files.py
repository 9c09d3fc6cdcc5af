"""Damaged and invented files: each is refused with a reason or answered; none is a fault of the service."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from fastapi.testclient import TestClient
from PIL import Image

from tests.service.http.asking import error_of, upload


def _photo(kind: str, **options: object) -> bytes:
    out = BytesIO()
    noise = Image.effect_noise((64, 48), 60).convert("RGB")
    noise.save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def _png(width: int, height: int, *, depth: int = 8, colour: int = 2, data: bytes = b"") -> bytes:
    """A PNG that claims a size, with whatever data."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    packed = zlib.compress(data)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _hostile() -> Iterator[bytes]:
    rng = random.Random(5)
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP"):
        whole = _photo(kind)
        for _ in range(10):
            damaged = bytearray(whole)
            for _ in range(rng.randint(1, 40)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            yield bytes(damaged)
        for share in (0.1, 0.5, 0.95):
            yield whole[: int(len(whole) * share)]
        yield whole + b"<?php system($_GET[0]); ?>" * 50
        yield whole[:12] + rng.randbytes(500)
    yield _png(2**31 - 1, 2**31 - 1)
    yield _png(0, 0)
    yield _png(100_000, 100)
    yield _png(64, 64, data=b"\0" * 10)
    yield _png(600, 600, data=b"\0" * 10_000_000)
    yield _png(64, 64, depth=16, colour=6, data=b"\0" * (64 * 8 + 1) * 64)
    yield b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\0" * 20
    yield b"RIFF\xff\xff\xff\xffWEBPVP8 "
    yield b"BM" + b"\xff" * 60
    yield b"\xff\xd8\xff\xe1\xff\xff" + b"Exif\0\0" + b"\xff" * 200
    yield b"\0" * 1000
    yield b"%PDF-1.7\n" + b"x" * 100
    yield b"MZ" + b"\0" * 100
    yield b"<html><script>alert(1)</script>"


def test_no_file_makes_the_service_fail(reader: TestClient) -> None:
    answered = refused = 0
    for number, data in enumerate(_hostile()):
        response = reader.post("/v1/similar", files=upload(data), params={"k": 1})
        assert response.status_code in (200, 422), f"file {number}: {response.text}"
        if response.status_code == 422:
            refused += 1
            assert error_of(response)["detail"]["reason"], number
        else:
            answered += 1
            assert -1.0001 <= response.json()["hits"][0]["score"] <= 1.0001, number
    assert answered + refused >= 60
    assert refused >= 30


def test_no_file_is_half_stored(client: TestClient, tmp_path: Path) -> None:
    """The other route that takes files: a photo that is refused leaves nothing, neither a row nor a file."""
    kept = 0
    for number, data in enumerate(_hostile()):
        response = client.post("/v1/products/disc-red/photos", files=upload(data, name=f"../../{number}"))
        assert response.status_code in (201, 422), f"file {number}: {response.text}"
        kept += response.status_code == 201
    photos = client.get("/v1/products/disc-red").json()["photos"]
    assert len(photos) <= 2 + kept  # the same bytes twice are one photo
    stored = {path.name for path in (tmp_path / "shop" / "photos").iterdir()}
    assert len(stored) == len(photos) - 2
    assert not [name for name in stored if name.startswith(".")]
    for photo in photos:
        assert client.get(photo["url"], params={"size": 96}).status_code in (200, 422)
    assert client.get("/v1/products/disc-red/similar", params={"k": 3}).status_code == 200
    assert {path.name for path in tmp_path.iterdir()} == {"shop"}
