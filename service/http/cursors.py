"""Cursors: where a list goes on, as text that a client hands back unread."""

from __future__ import annotations

import binascii
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from data.errors import UsageError

LONGEST_CURSOR = 2048
_SUM_BYTES = 12
_DIGITS = 16


def cursor_after(last: str, where: str | None) -> str:
    """The cursor of a list that a filter selects, to go on after the id ``last``."""
    body = json.dumps([last, _digest(where)], ensure_ascii=False, separators=(",", ":")).encode()
    return urlsafe_b64encode(_sum(body) + body).decode().rstrip("=")


def after(cursor: str, where: str | None) -> str:
    """The id that a cursor goes on after.

    Raises UsageError for text that no service gave out, and for a cursor of another filter. The checksum
    finds what was cut, changed or made up; it is no signature, as a cursor gives nobody anything that the
    list from its beginning would not.
    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        told, body = raw[:_SUM_BYTES], raw[_SUM_BYTES:]
        if told != _sum(body) or cursor != urlsafe_b64encode(raw).decode().rstrip("="):
            raise ValueError
        last, digest = json.loads(body)
    except (ValueError, binascii.Error):
        raise UsageError(
            "the cursor is not one that this service gave out: hand back next_cursor exactly as it came, or "
            "leave the cursor out to start from the beginning"
        ) from None
    if digest != _digest(where):
        raise UsageError(
            "the cursor belongs to a list with another where: keep where as it was, or leave the cursor out "
            "to start from the beginning"
        )
    return str(last)


def _sum(body: bytes) -> bytes:
    return hashlib.sha256(b"vitrine cursor 1\0" + body).digest()[:_SUM_BYTES]


def _digest(where: str | None) -> str:
    text = (where or "").strip()
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


EXAMPLE_CURSOR = cursor_after("0108775015", None)
