"""Pictures of where two photos agree, drawn when asked for and kept for a while."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from data.errors import UnknownPhoto
from service.browsing import photo_file
from service.parts import Parts

if TYPE_CHECKING:
    from embedder.heatmap import HeatMap, HeatMapper, Seen
    from index.view import IndexView

Which = Literal["query", "hit"]
Value = TypeVar("Value")

LOOK = "1"
"""Of the picture; to be counted up when it is drawn in another way, so that old ETags no longer hold."""
PICTURES_KEPT = 256
PHOTOS_KEPT = 16
"""What a network saw of a photo is 0.1 to 7 MB, and the photo asked about comes with every hit."""


@dataclass(frozen=True, slots=True)
class HeatmapRequest:
    """Two photos to compare.

    product_id, other: the product asked about, and the one found. photo, other_photo: which of their photos;
    None: those two that are closest. which: on whose photo the heat is drawn ("query": of ``product_id``).
    aspect: one that a network gives; None: the deep one that counts most.
    """

    product_id: str
    other: str
    photo: str | None = None
    other_photo: str | None = None
    which: Which = "query"
    aspect: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A photo and the one it is compared with, as they lie there now.

    space: whose embedder compares them. photo_id, path: on which the heat is drawn. other_photo_id,
    other_path: of the other. etag: changes with anything that the picture depends on.
    """

    space: str
    photo_id: str
    path: Path
    other_photo_id: str
    other_path: Path
    aspect: str | None
    etag: str


class HeatMaps:
    """Draws heat maps for one shop. Safe to use from several threads; nothing is loaded before the first."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pictures: Recent[bytes] = Recent(PICTURES_KEPT)
        self._seen: Recent[Seen] = Recent(PHOTOS_KEPT)
        self._mappers: Recent[HeatMapper] = Recent(2)

    def pair(self, request: HeatmapRequest) -> Pair:
        """The photos that a request means. Raises UnknownProduct, UnknownPhoto, NoVector, EmptyShop."""
        view = self._parts.index().pinned()
        ids = _closest(view, request)
        if request.which == "hit":
            ids = ids[1], ids[0]
        path, other = (photo_file(self._parts, photo_id) for photo_id in ids)
        marks = [LOOK, view.space, request.aspect or "", *ids, _mark(path), _mark(other)]
        etag = hashlib.sha256("\0".join(marks).encode()).hexdigest()[:24]
        return Pair(view.space, ids[0], path, ids[1], other, request.aspect, etag)

    def compared(self, pair: Pair) -> HeatMap:
        """Where the photos agree. Raises BadPhoto, NotReady for an embedder without a network, UsageError for
        an aspect that no network gives."""
        from embedder.heatmap import HeatMapper

        key = f"{pair.space}\0{pair.aspect}"
        embedder = self._parts.embedder(pair.space)
        mapper = self._mappers.get(key, lambda: HeatMapper(embedder, pair.aspect))

        def seen(path: Path) -> Seen:
            return self._seen.get(f"{key}\0{path}\0{_mark(path)}", lambda: mapper.see(embedder.prepare(path)))

        return mapper.compare(seen(pair.path), seen(pair.other_path))

    def jpeg(self, pair: Pair) -> bytes:
        """The picture: the photo with heat where it agrees with the other. Raises like ``compared``."""

        def drawn() -> bytes:
            from service.heat import heated

            return heated(pair.path, self.compared(pair).strength)

        return self._pictures.get(pair.etag, drawn)


class Recent(Generic[Value]):
    """The values asked for last, at most so many. Two threads that miss the same one both make it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        made = make()
        with self._lock:
            self._values[key] = made
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return made


def _closest(view: IndexView, request: HeatmapRequest) -> tuple[str, str]:
    """The photos named; where none is, those two of the products that are closest."""
    photos, vectors = view.vectors_of(request.product_id)
    others, other_vectors = view.vectors_of(request.other)
    rows = _rows(photos, request.photo, request.product_id)
    columns = _rows(others, request.other_photo, request.other)
    alike = vectors[rows] @ other_vectors[columns].T
    row, column = divmod(int(alike.argmax()), len(columns))
    return photos[rows[row]], others[columns[column]]


def _rows(photos: list[str], wanted: str | None, product_id: str) -> list[int]:
    if wanted is None:
        return list(range(len(photos)))
    if wanted not in photos:
        raise UnknownPhoto(
            f"product {product_id!r:.80} has no photo {wanted!r:.80} with a vector; its page lists its photos"
        )
    return [photos.index(wanted)]


def _mark(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size}-{state.st_mtime_ns}"
