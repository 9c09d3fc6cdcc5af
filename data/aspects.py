"""How a photo's vector is made of aspects, and how a query weighs them anew.

A stored vector is the concatenation of one block per aspect. Each block is unit-norm times the square root of
the aspect's share of the weights, so the inner product of two stored vectors is the weighted mean of the
aspects' cosines. A query with other weights scales its own blocks only; the stored vectors stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError

Floats = NDArray[np.float32]
SMALLEST_SHARE = 0.005
LARGEST_WEIGHT = 1e6
"""That a query may give an aspect; only the proportions of its weights matter."""


@dataclass(frozen=True)
class AspectLayout:
    """Names, widths and default weights of a vector's blocks, in order.

    names: one per block, e.g. ``("shape", "texture", "colour")``.
    dims: width of each block; their sum is the vector's dimension d.
    weights: the default weights, all > 0; only their proportions matter.
    """

    names: tuple[str, ...]
    dims: tuple[int, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.names or not len(self.names) == len(self.dims) == len(self.weights):
            raise UsageError("an aspect layout needs as many widths and weights as names, and at least one")
        if len(set(self.names)) != len(self.names):
            raise UsageError(f"aspect names must differ: {', '.join(self.names)}")
        if min(self.dims) < 1:
            raise UsageError("every aspect needs a width of at least 1")
        if not all(np.isfinite(self.weights)) or min(self.weights) <= 0:
            raise UsageError(
                "default aspect weights must be positive: a block stored with weight 0 is lost to queries"
            )

    @classmethod
    def single(cls, name: str, d: int) -> AspectLayout:
        """The layout of an embedder with one aspect only."""
        return cls((name,), (d,), (1.0,))

    @property
    def d(self) -> int:
        """Dimension of a whole vector."""
        return sum(self.dims)

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Where each block lies in a vector."""
        ends = np.cumsum(self.dims)
        return tuple(slice(int(e) - d, int(e)) for e, d in zip(ends, self.dims, strict=True))

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each block begins (n_aspects,)."""
        return np.cumsum([0, *self.dims[:-1]], dtype=np.int64)

    @cached_property
    def shares(self) -> Floats:
        """The default weights divided by their sum, float32 (n_aspects,)."""
        raw = np.maximum(np.asarray(self.weights, np.float64) / sum(self.weights), SMALLEST_SHARE)
        shares: Floats = (raw / raw.sum()).astype(np.float32)
        return shares

    @cached_property
    def norms(self) -> Floats:
        """The norm that each block of a stored vector has, float32 (n_aspects,)."""
        norms: Floats = np.sqrt(self.shares)
        return norms

    @cached_property
    def block_of(self) -> NDArray[np.intp]:
        """To which block each number of a vector belongs (d,)."""
        return np.repeat(np.arange(len(self.dims), dtype=np.intp), self.dims)

    def spread(self, values: Floats) -> Floats:
        """A value for each block (..., n_aspects) for each of its numbers (..., d)."""
        return values.take(self.block_of, axis=-1)

    def scale(self, blocks: Floats) -> Floats:
        """Unit blocks (n, d) → vectors (n, d) of unit norm under the default weights.

        A block of zeros (an aspect that a photo lacks) stays zero.
        """
        scaled: Floats = blocks * self.spread(self.norms)
        return scaled

    def unit_blocks(self, vectors: Floats) -> Floats:
        """The inverse of ``scale``."""
        blocks: Floats = vectors / self.spread(self.norms)
        return blocks

    def chosen(self, weights: Mapping[str, float] | None) -> Floats:
        """Shares (n_aspects,) that a query wants: its own where named, else the default's.

        Raises UsageError for an unknown name, a negative weight, one that is too large or no number, or no
        positive weight left.
        """
        if not weights:
            return self.shares
        unknown = sorted(set(weights) - set(self.names))
        if unknown:
            raise UsageError(
                f"no aspect {', '.join(unknown)!r} in this shop's embedder; it has {', '.join(self.names)}"
            )
        mixed = np.asarray(
            [weights.get(n, w) for n, w in zip(self.names, self.shares, strict=True)], np.float64
        )
        if (mixed > LARGEST_WEIGHT).any():
            raise UsageError(
                f"the weight of an aspect is at most {LARGEST_WEIGHT:,.0f}; only their proportions matter"
            )
        if not np.isfinite(mixed).all() or (mixed < 0).any() or mixed.sum() <= 0:
            raise UsageError("aspect weights must be numbers >= 0, and at least one of them above 0")
        wanted: Floats = (mixed / mixed.sum()).astype(np.float32)
        return wanted

    def reweigh(self, queries: Floats, weights: Mapping[str, float] | None) -> Floats:
        """Queries (n, d) whose inner product with stored vectors is the mean of cosines under ``weights``.

        The result is not unit-norm in general: it is to be compared with stored vectors, never with itself.
        """
        if not weights:
            return queries
        weighed: Floats = queries * self.spread(self.factors(weights))
        return weighed

    def factors(self, weights: Mapping[str, float] | None) -> Floats:
        """What ``reweigh`` multiplies each block with, (n_aspects,)."""
        chosen: Floats = self.chosen(weights) / self.shares
        return chosen

    def cosines(self, query: Floats, vectors: Floats) -> Floats:
        """Cosine of every aspect: query (d,) and vectors (n, d), both stored-style → (n, n_aspects)."""
        out = np.empty((len(vectors), len(self.names)), np.float32)
        for column, (where, share) in enumerate(zip(self.slices, self.shares, strict=True)):
            out[:, column] = vectors[:, where] @ query[where] / share
        clipped: Floats = np.clip(out, -1.0, 1.0)
        return clipped

    def as_json(self) -> dict[str, list[object]]:
        """For manifests."""
        return {"names": list(self.names), "dims": list(self.dims), "weights": list(self.weights)}

    @classmethod
    def from_json(cls, value: Mapping[str, list[object]]) -> AspectLayout:
        """The inverse of ``as_json``."""
        names = tuple(str(n) for n in value["names"])
        dims = tuple(int(str(d)) for d in value["dims"])
        return cls(names, dims, tuple(float(str(w)) for w in value["weights"]))
