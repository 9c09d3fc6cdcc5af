"""Vectors in the database: one float16 blob for each photo file and space, streamed in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select, tuple_

from data.errors import SpaceMismatch, UsageError
from data.records import EncodedPhoto, VectorBatch
from data.store.database import Database, execute_many, next_revision, parts
from data.store.photos import DONE, mark_done, mark_rejected
from data.store.products import Products
from data.store.rejects import Rejects
from data.store.schema import photos, products, vectors
from data.store.spaces import current_space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ORDER = (photos.c.product_id, photos.c.position, photos.c.photo_id)


# By hand for SQLite: what upserts wait for is read in a quarter of the time.
_OF_PRODUCTS_IN_SQLITE = (
    "SELECT photos.photo_id, photos.product_id, photos.position, photos.status, "
    "(SELECT vector FROM vectors WHERE space = ? AND vectors.sha256 = photos.sha256) FROM photos "
    "JOIN products ON products.product_id = photos.product_id "
    "WHERE NOT products.deleted AND photos.product_id IN ({}) "
    "ORDER BY photos.product_id, photos.position, photos.photo_id"
)
_KNOWN_IN_SQLITE = "SELECT sha256 FROM vectors WHERE space = ? AND sha256 IN ({})"


class Vectors:
    """The vectors of a shop, by space."""

    def __init__(self, database: Database, items: Products, refused: Rejects) -> None:
        self._database = database
        self._products = items
        self._rejects = refused

    def known_sha(self, space: str, shas: Sequence[str]) -> set[str]:
        """Those digests for which the space has a vector."""
        found: set[str] = set()
        for part in parts(shas):
            text = _KNOWN_IN_SQLITE.format(",".join("?" * len(part)))
            rows = self._database.rows(text, [space, *part], partial(_known, space, part))
            found.update(sha256 for (sha256,) in rows)
        return found

    def put(
        self,
        space: str,
        done: Sequence[EncodedPhoto],
        failed: Sequence[tuple[str, str, str]],
        width: int | None,
    ) -> None:
        """Vectors, states of photos, rejects and revision in one transaction; see ``Shop.put_vectors``."""
        new = [photo for photo in done if photo.vector is not None]
        blobs = [
            {"space": space, "sha256": photo.sha256, "vector": blob}
            for photo, blob in zip(new, _to_blobs(new, width), strict=True)
        ]
        with self._database.write() as connection:
            if blobs:
                put = self._database.upsert(vectors)
                kept = {"vector": put.excluded.vector}
                put = put.on_conflict_do_update(index_elements=["space", "sha256"], set_=kept)
                execute_many(connection, put, blobs)
            searched = current_space(connection) or space
            looks = mark_done(connection, done, searched=searched == space)
            self._rejects.forget_photos(connection, [photo.photo_id for photo in done])
            if failed:
                rows, lost = mark_rejected(connection, failed, searched)
                looks |= lost
                self._rejects.put_photos(connection, rows, failed)
            if looks:
                self._products.touch_looks(connection, sorted(looks), next_revision(connection))

    def read(self, space: str, batch: int) -> Iterator[VectorBatch]:
        """All vectors of live photos, by product id and position; each batch is one short query."""
        last: tuple[str, int, str] | None = None
        while True:
            query = _live(space).order_by(*_ORDER).limit(max(batch, 1))
            if last is not None:
                query = query.where(tuple_(*_ORDER) > last)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            found = _batch(rows)
            if found.photo_ids:
                yield found
            last = (rows[-1].product_id, rows[-1].position, rows[-1].photo_id)

    def of_products(self, space: str, ids: Sequence[str]) -> VectorBatch:
        """The vectors of these products' photos, by product id and position."""
        rows: list[Any] = []
        for part in parts(sorted(set(ids))):
            marks = ",".join("?" * len(part))
            text = _OF_PRODUCTS_IN_SQLITE.format(marks)
            rows += self._database.rows(text, [space, *part], partial(_of_products, space, part))
        return _batch(rows)


def _known(space: str, shas: Sequence[str]) -> Select[Any]:
    return select(vectors.c.sha256).where(vectors.c.space == space, vectors.c.sha256.in_(shas))


def _live(space: str) -> Select[Any]:
    """Photos of live products, each with its state, and its vector if it has one.

    The vector is asked for photo by photo, and the state is looked at by ``_batch``: given more to choose
    from, SQLite begins at the vectors or at all photos that are done, at every page again.
    """
    vector = select(vectors.c.vector).where(vectors.c.sha256 == photos.c.sha256, vectors.c.space == space)
    return (
        select(
            photos.c.photo_id,
            photos.c.product_id,
            photos.c.position,
            photos.c.status,
            vector.scalar_subquery().label("vector"),
        )
        .join(products, products.c.product_id == photos.c.product_id)
        .where(products.c.deleted.is_(False))
    )


def _of_products(space: str, ids: Sequence[str]) -> Select[Any]:
    return _live(space).where(photos.c.product_id.in_(ids)).order_by(*_ORDER)


def _batch(rows: Sequence[Any]) -> VectorBatch:
    """Of rows of photo id, product id, position, state, vector: those that are done and have one."""
    import numpy as np  # a tenth of a second to import, and most of the store does not need it

    rows = [row for row in rows if row[3] == DONE and row[4] is not None]
    blobs = [row[4] for row in rows]
    width = len(blobs[0]) // 2 if rows else 0
    if any(len(blob) != 2 * width for blob in blobs):
        raise SpaceMismatch(
            "vectors of different widths lie in one space: index the shop again with --rebuild"
        )
    joined = b"".join(blobs)
    matrix: NDArray[np.float32] = np.frombuffer(joined, "<f2").reshape(len(rows), width).astype(np.float32)
    return VectorBatch([row[0] for row in rows], [row[1] for row in rows], matrix)


def _to_blobs(new: Sequence[EncodedPhoto], width: int | None) -> list[bytes]:
    """The vectors as they are stored; SpaceMismatch and UsageError name the first photo at fault."""
    import numpy as np

    given = [np.asarray(photo.vector, np.float32) for photo in new]
    for photo, vector in zip(new, given, strict=True):
        if vector.ndim != 1 or (width is not None and len(vector) != width):
            raise SpaceMismatch(
                f"the vector of photo {photo.photo_id} has shape {vector.shape}, its space wants ({width},)"
            )
    if width is None:  # each may have its own
        return [_checked([photo], vector[None, :])[0] for photo, vector in zip(new, given, strict=True)]
    return _checked(new, np.stack(given)) if given else []


def _checked(new: Sequence[EncodedPhoto], matrix: NDArray[np.float32]) -> list[bytes]:
    import numpy as np

    largest = np.abs(matrix).max(axis=1, initial=0.0)
    bad = np.flatnonzero(~(largest <= 1.001))  # also where it is NaN
    if len(bad):
        raise UsageError(
            f"the vector of photo {new[int(bad[0])].photo_id} is not made of unit blocks (NaN, or a part "
            "above 1)"
        )
    return [row.tobytes() for row in matrix.astype("<f2")]
