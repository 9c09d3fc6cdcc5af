"""Small helpers of the HTTP tests."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import httpx
from PIL import Image


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error in a response, after checking that it has the one shape and nothing else.

    Its request id, which is that of the header, is left out.
    """
    body = response.json()
    assert set(body) == {"error"}, body
    assert set(body["error"]) == {"code", "message", "detail", "request_id"}, body
    assert body["error"].pop("request_id") == response.headers["x-request-id"]
    assert isinstance(body["error"]["message"], str)
    assert body["error"]["message"]
    assert "Traceback" not in response.text
    found: dict[str, Any] = body["error"]
    return found


def ids(response: httpx.Response) -> list[str]:
    """Product ids of hits, items or products, in order."""
    assert response.status_code == 200, response.text
    body = response.json()
    listed = body.get("hits", body.get("items", body.get("products")))
    return [one["product_id"] for one in listed]


def picture(size: tuple[int, int] = (96, 96), kind: str = "PNG", colour: str = "red") -> bytes:
    """A plain image file."""
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def upload(data: bytes, field: str = "photo", name: str = "q.jpg") -> dict[str, tuple[str, bytes, str]]:
    """``files=`` of a multipart request."""
    return {field: (name, data, "image/jpeg")}
