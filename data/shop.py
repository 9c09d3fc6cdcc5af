"""The shop: one directory, its records in a database, and everything the other floors ask of them.

An import of a catalogue goes like this::

    import_id = shop.begin_import("catalogue", source)
    for chunk in read_catalogue(path, photos):
        shop.put_rows(chunk.rows, photos, import_id)
        shop.put_rejects(import_id, chunk.rejects)
    shop.drop_unlisted(import_id)                 # photos that the catalogue no longer lists
    ...                                           # encode what is pending: put_vectors(done, failed)
    rejected = shop.settle_rows(import_id)        # rows of which no photo works count as rejected
    shop.finish_import(import_id, rows, rows - rejected, rejected)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UnknownProduct, UsageError
from data.events import check_weights
from data.home import open_database, remember_database, remembered_database
from data.lock import writer_lock
from data.records import (
    Card,
    CatalogueRow,
    Changes,
    EncodedPhoto,
    Interaction,
    PendingPhoto,
    Photo,
    Product,
    PutInteractions,
    PutProducts,
    PutResult,
    Reject,
    RejectRecord,
    SpaceRecord,
    VectorBatch,
)
from data.store.catalogue import Catalogue
from data.store.counts import count_all
from data.store.database import Database
from data.store.interactions import Interactions
from data.store.meta import Meta
from data.store.photos import Photos
from data.store.products import Products
from data.store.recommendations import Recommendations
from data.store.rejects import Rejects
from data.store.rules import Rules
from data.store.spaces import Spaces
from data.store.vectors import Vectors
from data.uploads import drop_uploads, keep_upload

if TYPE_CHECKING:
    import pandas as pd

_WEIGHTS = "event_weights"


class Shop:
    """A shop that is open. Safe to use from several threads; processes see each other's changes at once."""

    def __init__(self, directory: Path, database: Database) -> None:
        self.directory = directory
        self._database = database
        self._meta = Meta(database)
        self._spaces = Spaces(database)
        self._products = Products(database)
        self._catalogue = Catalogue(database, self._products)
        self._photos = Photos(database, self._products, directory)
        self._rejects = Rejects(database)
        self._vectors = Vectors(database, self._products, self._rejects)
        self._interactions = Interactions(database)
        self._recommendations = Recommendations(database)
        self._rules = Rules(database)

    @classmethod
    def create(cls, directory: Path, database: str | None = None) -> Shop:
        """Open the shop in ``directory``, making it (and bringing an older one up to date) where needed.

        database: an SQLAlchemy URL, remembered in ``shop.json``; None means SQLite in the directory.
        """
        url = remember_database(directory, database)
        opened = open_database(directory, url)
        opened.migrate()
        return cls(directory, opened)

    @classmethod
    def open(cls, directory: Path) -> Shop:
        """Open a shop that exists. Raises ShopMissing, or SchemaMismatch for one of another version."""
        opened = open_database(directory, remembered_database(directory))
        opened.check_version()
        return cls(directory, opened)

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the database connections back."""
        self._database.close()

    def writer(self, who: str) -> AbstractContextManager[None]:
        """The right to run long writing work, one process at a time; raises ShopBusy naming the holder.

        Short transactions (events, single products, uploads) need no such right.
        """
        return writer_lock(self.directory, who)

    @property
    def revision(self) -> int:
        """The number of the last change to products, photos or vectors."""
        return self._products.revision()

    # catalogue

    def put_rows(
        self, rows: Sequence[CatalogueRow], photo_root: Path | None, import_id: int | None = None
    ) -> PutResult:
        """Upsert products with their photos, in one transaction; only real changes get a new revision.

        The photos of a row replace the product's earlier list; ``further`` rows add to it; uploads stay.
        With an ``import_id``, photos that are not listed wait until ``drop_unlisted``, as later rows may
        list them. photo_root: the folder from which relative paths start.
        """
        return self._catalogue.put_rows(rows, photo_root, import_id)

    def drop_unlisted(self, import_id: int) -> int:
        """Remove photos that the import did not list, of products of which it listed others; how many."""
        return self._catalogue.drop_unlisted(import_id)

    def put_product(self, product: Product) -> int:
        """Insert or replace one product, its photos untouched; returns the revision after it."""
        self._products.put([product])
        return self.revision

    def put_products(self, items: Sequence[Product]) -> PutProducts:
        """Insert or replace products, their photos untouched: all of them or none."""
        return self._products.put(items)

    def change_product(self, product_id: str, how: Callable[[Product], Product]) -> None:
        """Replace a product by what ``how`` makes of it, or UnknownProduct; changes at the same time wait for
        each other, so that none is lost.
        """
        if not self._products.change(product_id, how):
            raise UnknownProduct(f"no product {product_id!r:.80} in this shop", product_id=product_id)

    def drop_photo(self, photo_id: str) -> None:
        """Delete one photo, or UnknownPhoto. A file of the catalogue stays; an uploaded one goes."""
        drop_uploads(self.directory, self._photos.drop(photo_id))

    def add_photo(self, product_id: str, data: bytes, name: str) -> Photo:
        """Keep an uploaded photo of a product; BadPhoto where it cannot be used, UnknownProduct.

        The file is stored by its content's digest; the client's ``name`` only appears in error messages.
        """
        self.product(product_id)
        sha256, path = keep_upload(self.directory, data, name)
        return self._photos.add_upload(product_id, path, sha256)

    def delete_products(self, ids: Sequence[str]) -> int:
        """Take products off the shop, with their photos; their interactions stay. Returns how many."""
        alive, unused = self._photos.bury(ids)
        drop_uploads(self.directory, unused)
        return len(alive)

    def product(self, product_id: str) -> Product:
        """One live product, or UnknownProduct."""
        found = self._products.by_id([product_id])
        if product_id not in found:
            raise UnknownProduct(f"no product {product_id!r:.80} in this shop", product_id=product_id)
        return found[product_id]

    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        """The live products among ``ids``."""
        return self._products.by_id(ids)

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        """What lists show of the live products among ``ids``."""
        return self._products.cards(ids)

    def all_products(self, batch: int = 2000) -> Iterator[list[Product]]:
        """All live products by id, in batches."""
        return self._products.stream(batch)

    def known_products(self, ids: Sequence[str]) -> set[str]:
        """Those of ``ids`` that the shop has or once had: interactions may speak of them."""
        return self._products.known(ids)

    def photos_of(self, product_id: str) -> list[Photo]:
        """A product's photos, first one first."""
        return self._photos.of_product(product_id)

    def photos_of_products(self, ids: Sequence[str]) -> dict[str, list[Photo]]:
        """The photos of several products; products without one are absent."""
        return self._photos.of_products(ids)

    def photo(self, photo_id: str) -> Photo:
        """One photo of a live product, or UnknownPhoto."""
        return self._photos.by_id(photo_id)

    def photo_path(self, photo: Photo) -> Path:
        """Where a photo's file lies."""
        return self._photos.path(photo)

    def counts(self) -> dict[str, Any]:
        """products, live, deleted, photos, photos_done, photos_rejected, pending, vectors (by space),
        interactions, customers, rejects (of the newest imports).

        pending: photos without a usable vector in the shop's current space, failed ones not counted.
        """
        return count_all(self._database, self.state[1])

    def changes_since(self, revision: int, limit: int | None = None) -> Changes:
        """Changes of looks and existence after ``revision``; ``Changes.revision`` is where to go on from.

        limit: about how many products to answer; a revision is never cut in two.
        """
        return self._products.changes(revision, limit)

    def looks_changed(self, revision: int, most: int) -> int:
        """How many products changed their looks after ``revision``; counted up to ``most``."""
        return self._products.looks_changed(revision, most)

    def changed_products(self, revision: int) -> list[str]:
        """Ids of products with any change after ``revision``, deleted ones included."""
        return self._products.changed(revision)

    # vectors

    def pending_photos(self, space: str, batch: int) -> Iterator[list[PendingPhoto]]:
        """Photos that lack a vector in ``space``, failed before, or whose file changed, in batches."""
        return self._photos.pending(space, batch)

    def known_sha(self, space: str, shas: Sequence[str]) -> set[str]:
        """Those file digests for which the space has a vector."""
        return self._vectors.known_sha(space, shas)

    def put_vectors(
        self, space: str, done: Sequence[EncodedPhoto], failed: Sequence[tuple[str, str, str]]
    ) -> None:
        """What encoding found, in one transaction: vectors, states of photos, rejects, revision.

        failed: (photo_id, reason, detail). One that is found already and whose file is missing goes on being
        found, and counts as rejected. Photos that are gone meanwhile are passed over. Raises
        SpaceMismatch for an unknown space or a vector of the wrong width, UsageError for one that is not
        finite.
        """
        layout = self._spaces.get(space).layout
        width = sum(int(str(d)) for d in layout["dims"]) if "dims" in layout else None
        self._vectors.put(space, done, failed, width)

    def read_vectors(self, space: str, batch: int = 4096) -> Iterator[VectorBatch]:
        """All vectors of live products' photos, by product id and position, in bounded memory."""
        return self._vectors.read(space, batch)

    def vectors_of_products(self, space: str, product_ids: Sequence[str]) -> VectorBatch:
        """The vectors of these products' photos, by product id and position."""
        return self._vectors.of_products(space, product_ids)

    # spaces

    def put_space(self, record: SpaceRecord) -> None:
        """Keep what a space means."""
        self._spaces.put(record)

    def space(self, space: str) -> SpaceRecord:
        """What a space means; SpaceMismatch where this shop does not know it."""
        return self._spaces.get(space)

    def spaces(self) -> list[str]:
        """All spaces of the shop."""
        return self._spaces.names()

    @property
    def state(self) -> tuple[int, str | None]:
        """The revision and the space that is searched (None before the first index), as of one moment."""
        return self._spaces.state()

    def current_space(self) -> SpaceRecord | None:
        """The space that is searched, or None before the first index."""
        return self._spaces.current()

    def previous_space(self) -> SpaceRecord | None:
        """The space that was searched before the present one, or None."""
        name = self._spaces.previous()
        return None if name is None else self._spaces.get(name)

    def set_current_space(self, space: str, complete: bool = False) -> int:
        """Choose the space that is searched, a known one, in one step; the former becomes the previous one.

        Returns how many photos are found in the former space and lack a vector in this one; with
        ``complete`` nothing is changed where there are any.
        """
        return self._spaces.use(space, complete)

    def photos_lost(self, space: str) -> int:
        """How many photos have a vector in the current space and none in this one."""
        return self._spaces.lost(space)

    def photos_in(self, space: str) -> int:
        """How many photos of live products have a vector in a space."""
        return self._spaces.photos(space)

    def drop_space(self, space: str) -> int:
        """Forget a space with its vectors, which must not be the current one; how many vectors."""
        if self.space(space).space == self.state[1]:
            raise UsageError(f"the space {space} is the one that is searched; switch to another one first")
        return self._spaces.drop(space)

    # interactions

    def put_interactions(
        self, items: Sequence[Interaction], undated: Collection[int] = ()
    ) -> PutInteractions:
        """Store interactions; when this returns they are on the disk. The same one twice is kept once.

        One whose ``event_id`` another one bears is a conflict, and not stored. undated: places of those that
        came without a moment, which is not compared then.
        """
        return self._interactions.put(items, undated)

    def history(self, customer_id: str, limit: int | None = None) -> list[Interaction]:
        """A customer's interactions, oldest first; with a limit, the newest so many."""
        return self._interactions.history(customer_id, limit)

    def met(self, customer_id: str) -> list[str]:
        """Ids of all products that a customer had anything to do with, in order."""
        return self._interactions.met(customer_id)

    def interactions(self) -> pd.DataFrame:
        """All interactions: customer_id, product_id, event, value (float), timestamp (UTC); oldest first."""
        return self._interactions.frame()

    @property
    def interactions_revision(self) -> int:
        """A number that grows whenever interactions are stored or forgotten."""
        return self._interactions.revision()

    def customers(self, limit: int | None = None, offset: int = 0) -> list[tuple[str, int]]:
        """Customers by id, each with the number of their interactions."""
        return self._interactions.customers(limit, offset)

    def forget_customer(self, customer_id: str) -> int:
        """Delete all that is known of a customer, also what was recommended to them; returns how many
        interactions that was. ``sweep_forgotten`` clears what the database's free space may still hold.
        """
        gone = self._interactions.forget(customer_id)
        self._database.empty_log()
        return gone

    def sweep_forgotten(self) -> bool:
        """Write anew what may still hold bytes of forgotten customers; whether there was anything to do.

        For quiet hours: it takes about as long as reading all interactions, and writers wait for it.
        """
        swept = self._interactions.sweep()
        if swept:
            self._database.empty_log()
        return swept

    @property
    def recommendation_log(self) -> Recommendations:
        """The log of what was recommended."""
        return self._recommendations

    @property
    def rules(self) -> Rules:
        """What merchandisers ordered: products pinned, blocked and boosted."""
        return self._rules

    @property
    def event_weights(self) -> Mapping[str, float]:
        """How strongly each event speaks: the shop's own weights over the defaults."""
        return check_weights(self._meta.get(_WEIGHTS, {}))

    @event_weights.setter
    def event_weights(self, weights: Mapping[str, float]) -> None:
        check_weights(weights)
        self._meta.set(_WEIGHTS, dict(weights))

    # imports and rejects

    def begin_import(self, kind: str, source: str) -> int:
        """Open an import of a kind (``catalogue``, ``interactions``) from a source; returns its number."""
        return self._rejects.begin(kind, source)

    def newest_import(self, kind: str) -> int | None:
        """The number of the newest import of a kind, finished or not; None where there is none."""
        return self._rejects.newest(kind)

    def put_rejects(self, import_id: int, rejects: Sequence[Reject]) -> None:
        """Keep what an import could not use."""
        self._rejects.put(import_id, rejects)

    def settle_rows(self, import_id: int) -> int:
        """Count the rejected rows of an import, among them rows of which no photo could be used."""
        return self._rejects.settle_rows(import_id)

    def finish_import(self, import_id: int, rows: int, used: int, rejected: int) -> None:
        """Close an import with its sums; rows must be used + rejected."""
        self._rejects.finish(import_id, rows, used, rejected)

    def rejects(self, import_id: int | None = None, kind: str | None = None) -> list[RejectRecord]:
        """Rejects of one import; without a number, of the newest import of every source, and of uploads."""
        return self._rejects.read(import_id, kind)

    def reject_summary(self, import_id: int) -> dict[str, int]:
        """Reason code → number of rejects of an import, the most frequent first."""
        return self._rejects.summary(import_id)

    # copies

    def snapshot(self, target: Path) -> None:
        """Write all records as of one moment into a new SQLite file, whatever database they are in, while
        others go on writing. Raises Damaged where the copy is not sound.
        """
        from data.store.snapshot import write_snapshot  # only backups need it

        write_snapshot(self._database, target)

    def uploads(self) -> list[str]:
        """Paths within the shop of the files of uploaded photos."""
        return self._photos.uploads()

    # meta

    def meta(self, key: str, default: Any = None) -> Any:
        """A JSON value kept under a key, or ``default``."""
        return self._meta.get(key, default)

    def set_meta(self, key: str, value: Any) -> None:
        """Keep a JSON value under a key."""
        self._meta.set(key, value)
