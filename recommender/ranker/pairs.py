"""Candidates: which products the sources propose to which customers, and how each source ranks them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.items import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """p pairs of a customer and a product that some source proposes, customers in order.

    owners: int64 (p,), row of the customer in the batch. rows: int64 (p,), row of the product.
    standing: float32 (sources, p), see ``recommender.features``. raw: float32 (sources, p), the sources' own
    scores, NaN where a source has nothing to say.
    """

    owners: Ints
    rows: Ints
    standing: Floats
    raw: Floats

    @classmethod
    def proposed(cls, standing: Floats, raw: Floats, silences: Floats, barred: Bools | None) -> Pairs:
        """From standings and scores of all products (sources, c, n); silences: (sources,)."""
        some = (standing > 0).any(axis=0)
        if barred is not None:
            some &= ~barred
        owners, rows = np.nonzero(some)
        said = raw[:, owners, rows]
        said = np.where(said > silences[:, None], said, np.float32(np.nan))
        return cls(owners.astype(np.int64), rows.astype(np.int64), standing[:, owners, rows], said)

    def part(self, places: Ints) -> Pairs:
        """Some of them, rising, by their places."""
        return Pairs(self.owners[places], self.rows[places], self.standing[:, places], self.raw[:, places])

    def __len__(self) -> int:
        return len(self.rows)

    def sizes(self, customers: int) -> Ints:
        """int64 (customers,): candidates of each customer."""
        return np.bincount(self.owners, minlength=customers).astype(np.int64)


def leaders(owners: Ints, scores: Floats, most: int) -> Ints:
    """int64, rising: the places of each customer's ``most`` best pairs; of equal scores the earlier ones.

    owners: int64 (p,), rising; scores: float32 (p,).
    """
    order = np.lexsort((-scores, owners))
    begins = np.searchsorted(owners, owners)  # owners are rising, so an order by owner keeps their places
    return np.sort(order[np.arange(len(owners)) - begins < most])
