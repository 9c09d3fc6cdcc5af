"""What of a fitted model is kept on disk: named arrays that say which of their axes are products, and facts.

Products come and go after a training, so every axis of products is lined up anew on the catalogue of the
day: what is gone is left out, what came since holds zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.items import Items

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """ids: n product ids, the order of every axis of products.

    per_item: arrays (n, …). pairs: CSR (n, n). other: arrays without an axis of products (a network's
    weights). facts: JSON values.
    """

    ids: tuple[str, ...]
    per_item: Mapping[str, Array] = field(default_factory=dict)
    pairs: Mapping[str, sparse.csr_array] = field(default_factory=dict)
    other: Mapping[str, Array] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def over(self, items: Items) -> Kept:
        """The same, lined up on another catalogue."""
        if items.ids == self.ids:
            return self
        rows, n = items.rows(self.ids), len(items)
        stay = rows >= 0
        moved: dict[str, Array] = {}
        for name, values in self.per_item.items():
            fresh = np.zeros((n, *values.shape[1:]), values.dtype)
            fresh[rows[stay]] = values[stay]
            moved[name] = fresh
        pairs = {}
        for name, table in self.pairs.items():
            old = sparse.coo_array(table)
            first, second = rows[old.coords[0]], rows[old.coords[1]]
            both = (first >= 0) & (second >= 0)
            cells = (old.data[both], (first[both], second[both]))
            pairs[name] = sparse.csr_array(sparse.coo_array(cells, shape=(n, n), dtype=table.dtype))
        return Kept(items.ids, moved, pairs, self.other, self.facts)
