"""The catalogue as the models see it: one row per product, with its looks, its category and when it
arrived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ALWAYS = -np.inf


def tie_order(ids: Sequence[str]) -> Ints:
    """Positions of ``ids`` ordered by a hash of the id (BLAKE2b, 8 bytes), then by the id itself.

    Products with equal scores keep this order everywhere: it is the same in every run and on every machine,
    and it says nothing about a product, so that no model gains from the order of a file.
    """
    keys = [hashlib.blake2b(i.encode(), digest_size=8).digest() for i in ids]
    return np.asarray(sorted(range(len(ids)), key=lambda row: (keys[row], ids[row])), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """n products in tie order (see ``tie_order``); a row number is valid within one ``Items`` only.

    ids: the shop's product ids.
    vectors: float32 (n, d), unit-norm looks; a row of zeros where a product has no usable photo.
    has_vector: bool (n,).
    arrived: float64 (n,), UTC seconds since 1970 from which the product can be recommended; -inf: always.
    categories: int64 (n,), position in ``category_names``; -1 where a product has none.
    space: fingerprint of the embedder of ``vectors``; "" where there are none.
    """

    ids: tuple[str, ...]
    vectors: Floats
    has_vector: Bools
    arrived: Doubles
    categories: Ints
    category_names: tuple[str, ...]
    space: str
    row_of: Mapping[str, int]

    @classmethod
    def build(
        cls,
        ids: Sequence[str],
        *,
        vectors: Mapping[str, Floats] | tuple[Sequence[str], Floats] | None = None,
        arrived: Mapping[str, float] | None = None,
        categories: Mapping[str, str | None] | None = None,
        space: str = "",
    ) -> Items:
        """Bring products into tie order and line up what is known of them.

        vectors: product id → unit vector (d,), or (ids, matrix (m, d)); products that are not in ``ids``
        are left out.
        arrived: product id → UTC seconds; categories: product id → name. Both may lack products.

        Raises UsageError for a repeated id or a vector that is not finite.
        """
        ordered = tuple(ids[row] for row in tie_order(ids))
        row_of = {product: row for row, product in enumerate(ordered)}
        if len(row_of) != len(ordered):
            raise UsageError("the same product id stands twice in the catalogue handed to the recommender")
        matrix, has = _line_up(row_of, vectors)
        known = categories or {}
        names = tuple(sorted({str(c) for c in (known.get(i) for i in ordered) if c is not None}))
        code = {name: position for position, name in enumerate(names)}
        codes = [code[str(c)] if (c := known.get(i)) is not None else -1 for i in ordered]
        times = [float((arrived or {}).get(i, ALWAYS)) for i in ordered]
        return cls(
            ids=ordered,
            vectors=matrix,
            has_vector=has,
            arrived=np.asarray(times, np.float64),
            categories=np.asarray(codes, np.int64),
            category_names=names,
            space=space,
            row_of=row_of,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def arriving(self, arrived: Doubles) -> Items:
        """The same products with other moments of arrival (n,)."""
        return replace(self, arrived=arrived)

    def rows(self, ids: Sequence[str]) -> Ints:
        """Row of every id, -1 where the catalogue has no such product."""
        return np.fromiter((self.row_of.get(i, -1) for i in ids), np.int64, len(ids))


def _line_up(
    row_of: Mapping[str, int], vectors: Mapping[str, Floats] | tuple[Sequence[str], Floats] | None
) -> tuple[Floats, Bools]:
    if isinstance(vectors, tuple):
        names, source = list(vectors[0]), np.asarray(vectors[1], np.float32)
    else:
        names = list(vectors or {})
        source = np.stack([vectors[n] for n in names]) if vectors else np.zeros((0, 1), np.float32)
    if not np.isfinite(source).all():
        raise UsageError("a product's vector holds NaN or infinity; index the catalogue again")
    rows = np.fromiter((row_of.get(n, -1) for n in names), np.int64, len(names))
    matrix = np.zeros((len(row_of), source.shape[1] if source.ndim == 2 else 1), np.float32)
    matrix[rows[rows >= 0]] = source[rows >= 0]
    has: Bools = np.any(matrix != 0, axis=1)
    return matrix, has
