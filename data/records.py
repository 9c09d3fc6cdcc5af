"""The records of a shop: frozen values that check themselves when they are built."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from data.errors import UsageError
from data.ids import check_id

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EVENTS = ("view", "click", "like", "cart", "purchase", "rate", "dislike", "return")
CORE_COLUMNS = ("product_id", "title", "category", "price", "in_stock")
"""Columns that every product has; an attribute cannot bear one of these names."""

Cell = str | float | bool | None
FIRST_YEAR, LAST_YEAR = 1970, 2199


@dataclass(frozen=True, slots=True)
class Product:
    """A thing for sale.

    price: in the shop's own currency, >= 0. attributes: every further column, typed. first_seen: when the
    shop got it (aware, UTC); None lets the store note the moment of arrival.
    """

    product_id: str
    title: str | None = None
    category: str | None = None
    price: float | None = None
    in_stock: bool = True
    attributes: Mapping[str, Cell] = field(default_factory=dict)
    first_seen: datetime | None = None

    def __post_init__(self) -> None:
        check_id(self.product_id, "product")
        if self.price is not None and not (math.isfinite(self.price) and self.price >= 0):
            raise UsageError(
                f"the price of {self.product_id!r} is {self.price}: it must be a number of 0 or more"
            )
        taken = [name for name in self.attributes if name in CORE_COLUMNS or not name.strip()]
        if taken:
            raise UsageError(f"{taken[0]!r} cannot be the name of an attribute of {self.product_id!r}")


class Card(NamedTuple):
    """What every list shows of a product."""

    product_id: str
    title: str | None
    category: str | None
    price: float | None
    in_stock: bool


@dataclass(frozen=True, slots=True)
class PhotoRef:
    """A photo as a catalogue names it: a path relative to the photo folder, or absolute inside it."""

    path: str


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One accepted row of a catalogue.

    row: its number in the file; the first row after a header is 1. further: the product came in an earlier
    row of the same file, and this row only adds its photos.
    """

    row: int
    product: Product
    photos: tuple[PhotoRef, ...] = ()
    further: bool = False


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as the shop keeps it.

    path: relative to ``root``, a folder; an empty root means the shop's own directory (uploads). position:
    0 is the product's first photo. sha256: of the file's bytes when last read. status: pending, done or
    rejected; done is also one that is searched by its vector while its file is missing.
    """

    photo_id: str
    product_id: str
    path: str
    position: int
    sha256: str | None
    status: str
    root: str = ""


@dataclass(frozen=True, slots=True)
class Interaction:
    """What a customer did with a product, and when (an aware datetime, kept as UTC)."""

    customer_id: str
    product_id: str
    event: str
    timestamp: datetime
    value: float | None = None
    event_id: str | None = None

    def __post_init__(self) -> None:
        check_id(self.customer_id, "customer")
        check_id(self.product_id, "product")
        if self.event_id is not None:
            check_id(self.event_id, "event")
        if self.event not in EVENTS:
            raise UsageError(f"unknown event {self.event!r:.40}: it must be one of {', '.join(EVENTS)}")
        if self.timestamp.tzinfo is None:
            raise UsageError("an interaction's timestamp needs a time zone, e.g. 2024-05-01T12:00:00Z")
        if not FIRST_YEAR <= self.timestamp.year <= LAST_YEAR:
            raise UsageError(f"an interaction's timestamp must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
        if self.value is not None and not math.isfinite(self.value):
            raise UsageError("an interaction's value must be a finite number")
        if self.event == "rate" and (self.value is None or not 1 <= self.value <= 5):
            raise UsageError("a rate event needs a value from 1 to 5")

    @property
    def identity(self) -> str:
        """Its ``event_id``, or where it has none a digest of customer, product, event and moment."""
        if self.event_id is not None:
            return self.event_id
        moment = self.timestamp.astimezone(UTC).isoformat()
        whole = "\0".join((self.customer_id, self.product_id, self.event, moment))
        return "auto:" + hashlib.sha256(whole.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Reject:
    """An input row or photo that could not be used.

    scope ``"row"``: the row counts as rejected; ``"photo"``: one photo of a row that is otherwise used.
    reason: a code of ``data.rejects``.
    """

    scope: str
    row: int | None
    id: str | None
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class RejectRecord:
    """A reject as kept in the shop, with the import it came from."""

    import_id: int | None
    kind: str
    source: str
    reject: Reject


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """What an embedder's vectors mean: fingerprint, name, aspect layout and config (JSON values)."""

    space: str
    embedder: str
    layout: Mapping[str, list[object]]
    config: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PendingPhoto:
    """A photo that lacks a vector in a space, or failed before.

    row: its row in the catalogue that last listed it. size and mtime_ns: of the file now; 0 where it cannot
    be found. sha256: of its bytes where they were read before and the file is unchanged since. searched: of
    the bytes by whose vector it is found in the space now; None where it is not.
    """

    photo_id: str
    product_id: str
    path: Path
    row: int | None
    size: int
    mtime_ns: int
    sha256: str | None
    searched: str | None = None


@dataclass(frozen=True, slots=True)
class EncodedPhoto:
    """A photo that was read: its file's digest, size, time and vector.

    vector: float32 (d,), unit-norm blocks, not scaled by aspect weights; None where the space already has a
    vector for this digest. same: and the photo is found by it already, so that nothing changes but the file's
    size or time.
    """

    photo_id: str
    sha256: str
    size: int
    mtime_ns: int
    vector: NDArray[np.float32] | None
    same: bool = False


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """Photos and their vectors: float32 (n, d), unit-norm blocks, in the order of ``photo_ids``."""

    photo_ids: list[str]
    product_ids: list[str]
    matrix: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed after a revision, up to and including ``revision``.

    looks_changed: live products that are new or whose photos or vectors changed. deleted: products that are
    gone.
    """

    revision: int
    looks_changed: list[str]
    deleted: list[str]


@dataclass(frozen=True, slots=True)
class PutResult:
    """What ``Shop.put_rows`` found to do."""

    products_new: int
    products_changed: int
    products_same: int
    photos_new: int
    photos_gone: int


@dataclass(frozen=True, slots=True)
class PutProducts:
    """How many products a batch added, how many it changed, and how many it found as they were."""

    added: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class PutInteractions:
    """How many interactions were new, and how many the shop had already.

    conflicts: place in what was given → in what it differs from the event that has its ``event_id``.
    """

    stored: int
    repeated: int
    conflicts: Mapping[int, str] = field(default_factory=dict)
