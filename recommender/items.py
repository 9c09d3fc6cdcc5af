"""The catalogue as the models see it: one row per product, with its looks, its category and when it
arrived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Keys = NDArray[np.uint64]

ALWAYS = -np.inf


def tie_order(ids: Sequence[str]) -> Ints:
    """Positions of ``ids`` ordered by a hash of the id (BLAKE2b, 8 bytes), then by the id itself.

    Products with equal scores keep this order everywhere: it is the same in every run and on every machine,
    and it says nothing about a product, so that no model gains from the order of a file.
    """
    return ordered_by(tie_keys(ids), ids)


def tie_keys(ids: Sequence[str]) -> Keys:
    """uint64 (n,): the hash of every id, as a number."""
    hashes = b"".join(hashlib.blake2b(i.encode(), digest_size=8).digest() for i in ids)
    return np.frombuffer(hashes, ">u8").astype(np.uint64)


def ordered_by(keys: Keys, ids: Sequence[str]) -> Ints:
    """Positions of ids in the order of their keys, then by the id itself."""
    order: Ints = np.argsort(keys, kind="stable").astype(np.int64)
    there = keys[order]
    if (there[1:] == there[:-1]).any():
        numbers = keys.tolist()
        return np.asarray(sorted(range(len(ids)), key=lambda row: (numbers[row], ids[row])), np.int64)
    return order


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """n products in tie order (see ``tie_order``); a row number is valid within one ``Items`` only.

    ids: the shop's product ids.
    vectors: float32 (n, d), unit-norm looks; a row of zeros where a product has no usable photo.
    has_vector: bool (n,).
    arrived: float64 (n,), UTC seconds since 1970 from which the product can be recommended; -inf: always.
    categories: int64 (n,), position in ``category_names``; -1 where a product has none.
    space: fingerprint of the embedder of ``vectors``; "" where there are none.
    attributes: column → int64 (n,), a number per value of a column of words, -1 where a product has none;
    ``category`` is among them. prices: float64 (n,), NaN where a product has none. keys: uint64 (n,), rising,
    by which they are ordered.
    """

    ids: tuple[str, ...]
    vectors: Floats
    has_vector: Bools
    arrived: Doubles
    categories: Ints
    category_names: tuple[str, ...]
    space: str
    row_of: Mapping[str, int]
    attributes: Mapping[str, Ints]
    prices: Doubles
    keys: Keys

    @classmethod
    def build(
        cls,
        ids: Sequence[str],
        *,
        vectors: Mapping[str, Floats] | tuple[Sequence[str], Floats] | None = None,
        arrived: Mapping[str, float] | None = None,
        categories: Mapping[str, str | None] | None = None,
        space: str = "",
        attributes: Mapping[str, Mapping[str, str | None]] | None = None,
        prices: Mapping[str, float] | None = None,
    ) -> Items:
        """Bring products into tie order and line up what is known of them.

        vectors: product id → unit vector (d,), or (ids, matrix (m, d)); products that are not in ``ids``
        are left out.
        arrived: product id → UTC seconds; categories: product id → name; attributes: column → product id →
        value; prices: product id → price. All of them may lack products.

        Raises UsageError for a repeated id or a vector that is not finite.
        """
        codes, names = _coded(ids, categories or {})
        others = {column: _coded(ids, told)[0] for column, told in (attributes or {}).items()}
        times = [float((arrived or {}).get(i, ALWAYS)) for i in ids]
        return cls.of_rows(
            ids,
            vectors=vectors,
            arrived=np.asarray(times, np.float64),
            categories=(codes, names),
            space=space,
            attributes=others,
            prices=np.asarray([float((prices or {}).get(i, np.nan)) for i in ids], np.float64),
        )

    @classmethod
    def of_rows(
        cls,
        ids: Sequence[str],
        *,
        vectors: Mapping[str, Floats] | tuple[Sequence[str], Floats] | None,
        arrived: Doubles,
        categories: tuple[Ints, tuple[str, ...]],
        space: str,
        attributes: Mapping[str, Ints],
        prices: Doubles,
        before: Items | None = None,
    ) -> Items:
        """The same from arrays (n,) in the order of ``ids``; before: other products, whose keys are kept.

        Raises what ``build`` does.
        """
        keys = _keys(ids, before)
        order = ordered_by(keys, ids)
        ordered = tuple(map(ids.__getitem__, order.tolist()))
        row_of = dict(zip(ordered, range(len(ordered)), strict=True))
        if len(row_of) != len(ordered):
            raise UsageError("the same product id stands twice in the catalogue handed to the recommender")
        matrix, has = _line_up(row_of, vectors)
        codes, names = categories[0][order], categories[1]
        return cls(
            ids=ordered,
            vectors=matrix,
            has_vector=has,
            arrived=arrived[order],
            categories=codes,
            category_names=names,
            space=space,
            row_of=row_of,
            attributes={
                **({"category": codes} if names else {}),
                **{name: of[order] for name, of in attributes.items()},
            },
            prices=prices[order],
            keys=keys[order],
        )

    def __len__(self) -> int:
        return len(self.ids)

    def arriving(self, arrived: Doubles) -> Items:
        """The same products with other moments of arrival (n,)."""
        return replace(self, arrived=arrived)

    def rows(self, ids: Sequence[str]) -> Ints:
        """Row of every id, -1 where the catalogue has no such product."""
        return np.fromiter(map(self.row_of.get, ids, repeat(-1)), np.int64, len(ids))


def _keys(ids: Sequence[str], before: Items | None) -> Keys:
    """The keys of ids; those that are known need not be hashed again."""
    if before is None or not len(before):
        return tie_keys(ids)
    rows = before.rows(ids)
    keys, new = before.keys[rows], np.flatnonzero(rows < 0)
    keys[new] = tie_keys([ids[at] for at in new.tolist()])
    return keys


def _coded(ids: Sequence[str], told: Mapping[str, str | None]) -> tuple[Ints, tuple[str, ...]]:
    """A number per value, int64 (n,), -1 where there is none; and the values by number, sorted."""
    values = [told.get(i) for i in ids]
    names = tuple(sorted({str(value) for value in values if value is not None}))
    code = {name: position for position, name in enumerate(names)}
    return np.asarray([-1 if v is None else code[str(v)] for v in values], np.int64), names


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
    rows = np.fromiter(map(row_of.get, names, repeat(-1)), np.int64, len(names))
    matrix = np.zeros((len(row_of), source.shape[1] if source.ndim == 2 else 1), np.float32)
    known, has = rows >= 0, np.zeros(len(row_of), np.bool_)
    if not known.all():
        rows, source = rows[known], source[known]
    matrix[rows] = source
    has[rows] = source.any(axis=1)
    return matrix, has
