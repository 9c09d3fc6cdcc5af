"""All finished cells of a comparison as values by photo, whatever was run and whatever was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedder.comparing.answers import CellResult, Values
from embedder.comparing.grid import Cell, Entry

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """results: the finished cells. rows: seed → the photos it tests, in the order of the answers' values.

    groups: of every photo (n,); one is one product.
    """

    results: Mapping[Cell, CellResult]
    rows: Mapping[int, Rows]
    groups: NDArray[np.int64]

    def of(self, entry: Entry) -> list[CellResult]:
        """The finished cells of an entry, by seed."""
        found = [r for c, r in self.results.items() if (c.method, c.share) == (entry.method, entry.share)]
        return sorted(found, key=lambda result: result.cell.seed or 0)

    def seeds(self, entry: Entry) -> tuple[int, ...]:
        """The seeds on whose test photos an entry was measured."""
        return tuple(sorted({seed for result in self.of(entry) for seed in result.answers}))

    def common_seeds(self, one: Entry, other: Entry) -> tuple[int, ...]:
        """The seeds of both."""
        return tuple(sorted(set(self.seeds(one)) & set(self.seeds(other))))

    def by_photo(self, entry: Entry, label: str, measure: str, seeds: tuple[int, ...]) -> Values:
        """Every photo's value (n,), averaged over those of the seeds that test it; NaN where none does."""
        total, count = np.zeros(len(self.groups)), np.zeros(len(self.groups))
        for result in self.of(entry):
            for seed in set(result.answers) & set(seeds):
                values = result.answers[seed][label].values[measure]
                known = ~np.isnan(values)
                total[self.rows[seed][known]] += values[known]
                count[self.rows[seed][known]] += 1.0
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(count > 0, total / np.maximum(count, 1.0), np.nan), np.float64)

    def seed_means(self, entry: Entry, label: str, measure: str) -> dict[int, float]:
        """Seed → mean over its test photos; without those where no photo has a value."""
        found = {}
        for seed in self.seeds(entry):
            values = self.by_photo(entry, label, measure, (seed,))
            if np.isfinite(values).any():
                found[seed] = float(np.nanmean(values))
        return found
