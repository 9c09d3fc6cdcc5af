"""Photos in the database: reading them, finding those that wait for a vector, noting how it went."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, and_, bindparam, delete, func, select, tuple_, update

from data.errors import UnknownPhoto
from data.ids import photo_id_of, storable
from data.records import EncodedPhoto, PendingPhoto, Photo
from data.rejects import MISSING_FILE
from data.store.catalogue import UPLOADS
from data.store.database import Database, execute_many, next_revision, parts
from data.store.products import Products
from data.store.schema import photos, products, vectors

PENDING, DONE, REJECTED = "pending", "done", "rejected"


class Photos:
    """The photos of a shop."""

    def __init__(self, database: Database, items: Products, directory: Path) -> None:
        self._database = database
        self._products = items
        self._directory = directory

    def of_product(self, product_id: str) -> list[Photo]:
        """A product's photos, first one first."""
        return self.of_products([product_id]).get(product_id, [])

    def of_products(self, ids: Sequence[str]) -> dict[str, list[Photo]]:
        """The photos of several products; products without one are absent."""
        found: dict[str, list[Photo]] = {}
        order = (photos.c.product_id, photos.c.position, photos.c.photo_id)
        with self._database.read() as connection:
            for part in parts(ids):
                query = select(photos).where(photos.c.product_id.in_(part)).order_by(*order)
                for row in connection.execute(query):
                    found.setdefault(row.product_id, []).append(_photo(row))
        return found

    def by_id(self, photo_id: str) -> Photo:
        """One photo of a live product, or UnknownPhoto."""
        query = (
            select(photos)
            .join(products, products.c.product_id == photos.c.product_id)
            .where(photos.c.photo_id == photo_id, products.c.deleted.is_(False))
        )
        with self._database.read() as connection:
            row = connection.execute(query).first() if storable(photo_id) else None
        if row is None:
            raise UnknownPhoto(f"no photo {photo_id!r:.60} in this shop; photo ids come with every hit")
        return _photo(row)

    def path(self, photo: Photo) -> Path:
        """Where a photo's file lies."""
        return self._path(photo.root, photo.path)

    def _path(self, root: str, path: str) -> Path:
        return (self._directory if root == UPLOADS else _folder(root)) / path

    def add_upload(self, product_id: str, path: str, sha256: str) -> Photo:
        """Note an uploaded file as the last photo of a live product; the same file twice is one photo."""
        photo_id = photo_id_of(product_id, path)
        with self._database.write() as connection:
            last = connection.execute(
                select(func.max(photos.c.position)).where(photos.c.product_id == product_id)
            ).scalar()
            position = 0 if last is None else int(last) + 1
            put = self._database.upsert(photos).values(
                photo_id=photo_id,
                product_id=product_id,
                root=UPLOADS,
                path=path,
                position=position,
                status=PENDING,
                sha256=sha256,
            )
            if connection.execute(put.on_conflict_do_nothing()).rowcount:
                self._products.touch_looks(connection, [product_id], next_revision(connection))
        return self.by_id(photo_id)

    def bury(self, ids: Sequence[str]) -> tuple[list[str], list[str]]:
        """Delete products with their photos: the ids that were alive, and uploads that no photo uses now."""
        with self._database.write() as connection:
            alive = self._products.delete(connection, ids)
            mine: set[str] = set()
            for part in parts(alive):
                uploads = select(photos.c.path).where(photos.c.product_id.in_(part), photos.c.root == UPLOADS)
                mine.update(connection.execute(uploads).scalars())
                connection.execute(delete(photos).where(photos.c.product_id.in_(part)))
            used: set[str] = set()
            for part in parts(sorted(mine)):
                others = select(photos.c.path).where(photos.c.root == UPLOADS, photos.c.path.in_(part))
                used.update(connection.execute(others).scalars())
        return alive, sorted(mine - used)

    def drop(self, photo_id: str) -> list[str]:
        """Delete one photo of a live product, or UnknownPhoto; later photos of the product move up.

        Returns its uploaded file if no photo uses it now.
        """
        photo = self.by_id(photo_id)
        with self._database.write() as connection:
            found = delete(photos).where(photos.c.photo_id == photo_id).returning(photos.c.position)
            position = connection.execute(found).scalar()
            if position is None:
                raise UnknownPhoto(f"no photo {photo_id!r:.60} in this shop; it was deleted meanwhile")
            later = (photos.c.product_id == photo.product_id, photos.c.position > position)
            connection.execute(update(photos).where(*later).values(position=photos.c.position - 1))
            self._products.touch_looks(connection, [photo.product_id], next_revision(connection))
            same = select(photos.c.photo_id).where(photos.c.root == UPLOADS, photos.c.path == photo.path)
            used = connection.execute(same.limit(1)).first() is not None
        return [photo.path] if photo.root == UPLOADS and not used else []

    def uploads(self) -> list[str]:
        """Paths within the shop of uploaded files that photos use."""
        query = select(photos.c.path).where(photos.c.root == UPLOADS).distinct().order_by(photos.c.path)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def pending(self, space: str, batch: int) -> Iterator[list[PendingPhoto]]:
        """Photos of live products that lack a vector in ``space``, failed before, or whose file changed.

        The file of every photo is looked at (size and time, not content). Batches are of at most ``batch``,
        in order of product and position; each is one short query, so writing between them is fine.
        """
        last: tuple[str, int, str] | None = None
        while True:
            with self._database.read() as connection:
                rows = connection.execute(_page(space, last, max(batch, 1))).all()
            if not rows:
                return
            last = (rows[-1].product_id, rows[-1].position, rows[-1].photo_id)
            found = [waiting for row in rows if (waiting := self._waiting(row)) is not None]
            if found:
                yield found

    def _waiting(self, row: Row[Any]) -> PendingPhoto | None:
        path = self._path(row.root, row.path)
        size, mtime_ns = _stat(path)
        unchanged = size > 0 and row.sha256 is not None and (size, mtime_ns) == (row.size, row.mtime_ns)
        if unchanged and row.status == DONE and row.has_vector:
            return None
        digest = row.sha256 if unchanged else None
        searched = row.sha256 if row.status == DONE and row.has_vector else None
        return PendingPhoto(row.photo_id, row.product_id, path, row.row, size, mtime_ns, digest, searched)


def mark_done(connection: Connection, done: Sequence[EncodedPhoto], searched: bool) -> set[str]:
    """Note what was read. Returns the products whose looks change.

    searched: the vectors are of the space that is searched. Those of another change nobody's looks by
    themselves; only photos that are new, or have other content than before, then count.
    """
    columns = (photos.c.photo_id, photos.c.product_id, photos.c.status, photos.c.sha256)
    stored = _stored(connection, [photo.photo_id for photo in done], columns)
    values, owners = [], set()
    for photo in done:
        row = stored.get(photo.photo_id)
        if row is None:
            continue  # the product was deleted, or the photo dropped, while it was encoded
        if (searched and not photo.same) or (row.status, row.sha256) != (DONE, photo.sha256):
            owners.add(row.product_id)
        values.append(
            {
                "which": photo.photo_id,
                "to_sha256": photo.sha256,
                "to_size": photo.size,
                "to_mtime_ns": photo.mtime_ns,
            }
        )
    one = update(photos).where(photos.c.photo_id == bindparam("which"))
    read: dict[str, Any] = {name: bindparam(f"to_{name}") for name in ("sha256", "size", "mtime_ns")}
    execute_many(connection, one.values(status=DONE, **read), values)
    return owners


def mark_rejected(
    connection: Connection, failed: Sequence[tuple[str, str, str]], searched: str
) -> tuple[dict[str, Row[Any]], set[str]]:
    """Note photos that cannot be used: their rows as they were, and the products whose looks change by it.

    failed: (photo_id, reason, detail). A photo that is found in the space ``searched`` and whose file alone
    is missing goes on being found: a folder that is not mounted tonight is no reason to lose a shop's looks.
    Its file is read again as soon as it is back.
    """
    stored = _stored(connection, [photo_id for photo_id, _, _ in failed], photos.c)
    absent = {photo_id for photo_id, reason, _ in failed if reason == MISSING_FILE}
    done = {photo_id for photo_id, row in stored.items() if row.status == DONE}
    kept = _with_vector(connection, sorted(absent & done), searched)
    unread = {"size": None, "mtime_ns": None}
    unused = unread | {"status": REJECTED, "sha256": None}
    for ids, values in ((kept, unread), (stored.keys() - kept, unused)):
        for part in parts(sorted(ids)):
            connection.execute(update(photos).where(photos.c.photo_id.in_(part)).values(values))
    return stored, {stored[photo_id].product_id for photo_id in done - kept}


def _with_vector(connection: Connection, photo_ids: Sequence[str], space: str) -> set[str]:
    same = and_(vectors.c.sha256 == photos.c.sha256, vectors.c.space == space)
    found: set[str] = set()
    for part in parts(photo_ids):
        query = select(photos.c.photo_id).join(vectors, same).where(photos.c.photo_id.in_(part))
        found.update(connection.execute(query).scalars())
    return found


def _stored(
    connection: Connection, photo_ids: Sequence[str], columns: Iterable[Column[Any]]
) -> dict[str, Row[Any]]:
    """These columns of photos, of which the id is one, by it."""
    found: dict[str, Row[Any]] = {}
    for part in parts(photo_ids):
        query = select(*columns).where(photos.c.photo_id.in_(part))
        found.update((row.photo_id, row) for row in connection.execute(query))
    return found


def _page(space: str, last: tuple[str, int, str] | None, size: int) -> Select[Any]:
    key = tuple_(photos.c.product_id, photos.c.position, photos.c.photo_id)
    same = and_(vectors.c.sha256 == photos.c.sha256, vectors.c.space == space)
    query = (
        select(photos, vectors.c.sha256.is_not(None).label("has_vector"))
        .join(products, products.c.product_id == photos.c.product_id)
        .outerjoin(vectors, same)
        .where(products.c.deleted.is_(False))
        .order_by(photos.c.product_id, photos.c.position, photos.c.photo_id)
        .limit(size)
    )
    return query if last is None else query.where(key > last)


@lru_cache(maxsize=64)
def _folder(root: str) -> Path:
    return Path(root)


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _photo(row: Row[Any]) -> Photo:
    return Photo(row.photo_id, row.product_id, row.path, row.position, row.sha256, row.status, row.root)
