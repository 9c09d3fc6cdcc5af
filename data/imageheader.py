"""What a file's first bytes say: which image format it is, and how large it claims to be.

The size is read here, before any decoder is built, because some decoders reserve memory for the whole
canvas as soon as they are opened.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@dataclass(frozen=True, slots=True)
class Header:
    """format: one of FORMATS. width, height: in pixels, 0 where only the decoder can say (JPEG)."""

    format: str
    width: int = 0
    height: int = 0


def read_header(start: bytes) -> Header | None:
    """The header in a file's first bytes (64 are enough), or None where it is no image that we read."""
    if start.startswith(b"\xff\xd8\xff"):
        return Header("JPEG")
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return _sized("PNG", ">II", start, 16)
    if start.startswith((b"GIF87a", b"GIF89a")):
        return _sized("GIF", "<HH", start, 6)
    if start.startswith(b"BM"):
        return _bmp(start)
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return _webp(start)
    return None


def _sized(name: str, layout: str, start: bytes, at: int) -> Header:
    try:
        width, height = struct.unpack_from(layout, start, at)
    except struct.error:
        return Header(name)
    return Header(name, abs(width), abs(height))


def _bmp(start: bytes) -> Header | None:
    if len(start) < 18:
        return None
    (info,) = struct.unpack_from("<I", start, 14)
    if info == 12:
        return _sized("BMP", "<HH", start, 18)
    return _sized("BMP", "<ii", start, 18) if 16 <= info <= 256 else None


def _webp(start: bytes) -> Header:
    kind = start[12:16]
    if kind == b"VP8X" and len(start) >= 30:
        return Header("WEBP", 1 + _uint24(start, 24), 1 + _uint24(start, 27))
    if kind == b"VP8L" and len(start) >= 25:
        bits = int.from_bytes(start[21:25], "little")
        return Header("WEBP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 " and len(start) >= 30:
        width, height = struct.unpack_from("<HH", start, 26)
        return Header("WEBP", width & 0x3FFF, height & 0x3FFF)
    return Header("WEBP")


def _uint24(start: bytes, at: int) -> int:
    return int.from_bytes(start[at : at + 3], "little")
