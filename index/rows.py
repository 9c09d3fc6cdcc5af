"""Which photo and product each row of a matrix belongs to. Row numbers never leave this package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import Damaged
from index.allowed import NONE, Allowed

PHOTOS_FILE = "photos.npy"
PRODUCTS_FILE = "products.json"
FEW_QUESTIONS = 8


@dataclass(frozen=True)
class Rows:
    """Rows grouped by product: product p owns rows starts[p] to starts[p + 1].

    photo_ids: fixed-width ASCII (n,), one per row.
    products: product ids (P,), each once.
    starts: int64 (P + 1,).
    """

    photo_ids: NDArray[np.bytes_]
    products: Sequence[str]
    starts: NDArray[np.int64]
    _asked: Iterator[int] = field(default_factory=count, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.photo_ids)

    @classmethod
    def of(cls, photo_ids: Sequence[str], products: Sequence[str], counts: Sequence[int]) -> Rows:
        """From lists: ``counts`` says how many consecutive photos each product has, all >= 1."""
        starts = np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64))]).astype(np.int64)
        return cls(np.asarray(photo_ids, dtype="S16"), tuple(products), starts)

    @cached_property
    def single(self) -> bool:
        """Whether every product has one row."""
        return len(self.photo_ids) == len(self.products)

    @cached_property
    def slot_of(self) -> dict[str, int]:
        """Product id → its number p."""
        return dict(zip(self.products, range(len(self.products)), strict=True))

    def slot(self, product: str) -> int | None:
        """Number p of a product, or None. The first few questions go through all names: whoever asks no
        more, as a command does, need not wait for the dictionary, which takes ten times as long.
        """
        if next(self._asked) >= FEW_QUESTIONS or "slot_of" in self.__dict__:
            return self.slot_of.get(product)
        try:
            return self.products.index(product)
        except ValueError:
            return None

    @cached_property
    def slot_of_row(self) -> NDArray[np.int32]:
        """Number p of the product of each row (n,)."""
        slots: NDArray[np.int32] = np.repeat(
            np.arange(len(self.products), dtype=np.int32), np.diff(self.starts)
        )
        return slots

    def allowed(self, slots: Allowed) -> Allowed:
        """The rows of allowed products."""
        if self.single:
            return slots
        if slots.mask is not None:
            return Allowed.only(slots.mask[self.slot_of_row])
        parts = [np.arange(self.starts[slot], self.starts[slot + 1]) for slot in slots.banned]
        return Allowed.all_but(len(self), np.concatenate([NONE, *parts]))

    def photo(self, row: int) -> str:
        """The photo id of a row."""
        return str(self.photo_ids[row], "ascii")

    def of_product(self, slot: int) -> slice:
        """The rows of a product."""
        return slice(int(self.starts[slot]), int(self.starts[slot + 1]))

    def of_products(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows (m,) of several products, one product after the other, and how many each has (p,)."""
        counts = self.starts[slots + 1] - self.starts[slots]
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        return np.repeat(self.starts[slots] - ends + counts, counts) + np.arange(total), counts

    def save(self, directory: Path) -> None:
        """Write the two files."""
        np.save(directory / PHOTOS_FILE, self.photo_ids, allow_pickle=False)
        record = {"products": list(self.products), "photos": np.diff(self.starts).tolist()}
        (directory / PRODUCTS_FILE).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Rows:
        """Read the two files; Damaged where they do not fit together."""
        photo_ids = np.load(directory / PHOTOS_FILE, mmap_mode="r", allow_pickle=False).view(np.ndarray)
        record = json.loads((directory / PRODUCTS_FILE).read_text(encoding="utf-8"))
        rows = cls.of((), record["products"], record["photos"])
        if int(rows.starts[-1]) != len(photo_ids) or len(rows.starts) != len(rows.products) + 1:
            raise Damaged(f"{directory} lists other numbers of photos and products; rebuild the index")
        return cls(photo_ids, rows.products, rows.starts)
