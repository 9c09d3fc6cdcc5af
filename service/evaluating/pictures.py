"""Small pictures of a shop's photos inside a page: one by one as data, or many on one board."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import BadPhoto, UnknownPhoto
from data.photos import decode, probe
from data.shop import Shop

if TYPE_CHECKING:
    from PIL.Image import Image

WHITE = (255, 255, 255)
QUALITY = 80
_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
_READERS = 4


def tile(path: Path, side: int) -> Image:
    """A photo, upright and whole, in the middle of a white square. Raises BadPhoto.

    JPEGs are decoded at the smallest scale that will do, so that a thousand of them take seconds.
    """
    from PIL import Image

    width, height, _ = probe(path)
    with Image.open(path) as header:
        sideways = header.getexif().get(_ORIENTATION, 1) in _SIDEWAYS
    if sideways:
        width, height = height, width
    shrink = side / max(width, height)
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = Image.fromarray(decode(path, (2 * size[0], 2 * size[1]))).resize(size, Image.Resampling.BOX)
    board = Image.new("RGB", (side, side), WHITE)
    board.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
    return board


def tiles(shop: Shop, photo_ids: Sequence[str], side: int) -> list[Image | None]:
    """A tile for each photo; None where its file is gone or cannot be read."""
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda photo_id: _tile(shop, photo_id, side), photo_ids))


def data_uri(picture: Image) -> str:
    """A picture as a JPEG inside an address."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def board(pictures: Sequence[Image | None], side: int, across: int) -> Image:
    """All pictures as one, ``across`` in a row; what is absent stays white."""
    from PIL import Image

    down = -(-len(pictures) // across)
    whole = Image.new("RGB", (across * side, max(1, down) * side), WHITE)
    for place, picture in enumerate(pictures):
        if picture is not None:
            whole.paste(picture, (place % across * side, place // across * side))
    return whole


def _tile(shop: Shop, photo_id: str, side: int) -> Image | None:
    try:
        return tile(shop.photo_path(shop.photo(photo_id)), side)
    except (BadPhoto, UnknownPhoto, OSError):
        return None
