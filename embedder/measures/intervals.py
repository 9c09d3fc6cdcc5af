"""Means over queries and over classes, with percentile intervals from resampled products (the bootstrap).

Queries of one product are no independent evidence. Where products have several photos, whole products are
resampled with all their queries (the cluster bootstrap; Field & Welsh, 2007): intervals over single photos
would be too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embedder.measures.similarity import Ints, Labels, Values, groups_or_rows, numbers

ROUNDS = 1000
_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over queries and its bootstrap interval; ``queries`` that had a value."""

    mean: float
    low: float
    high: float
    queries: int


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are drawn: how many rounds, which share they hold, and the seed."""

    rounds: int = ROUNDS
    level: float = 0.95
    seed: int = 0

    def weights(self, clusters: int) -> Iterator[Values]:
        """How often each cluster is drawn in each round, a few rounds at a time, (c, clusters)."""
        rng = np.random.default_rng(self.seed)
        yield from self._counted(lambda: rng.integers(0, clusters, clusters), clusters)

    def weights_within(self, starts: Ints, parts: int) -> Iterator[Values]:
        """The same where parts are drawn only among those of their own stretch, which begin at ``starts``."""
        rng = np.random.default_rng(self.seed)
        length = np.diff(np.append(starts, parts))
        first, room = np.repeat(starts, length), np.repeat(length, length)
        yield from self._counted(lambda: first + (rng.random(parts) * room).astype(np.int64), parts)

    def _counted(self, draw: Callable[[], Ints], parts: int) -> Iterator[Values]:
        for start in range(0, self.rounds, _CHUNK):
            many = range(min(_CHUNK, self.rounds - start))
            yield np.stack([np.bincount(draw(), minlength=parts) for _ in many]).astype(np.float64)

    def intervals(self, means: Values, rounds: Values, queries: int) -> list[Interval]:
        """Means (k,) with the percentiles of the means of all rounds (rounds, k)."""
        low, high = np.quantile(rounds, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0)
        told = zip(means.tolist(), low.tolist(), high.tolist(), strict=True)
        return [Interval(*three, queries) for three in told]


DEFAULT = Resampling()


def bootstrap(
    values: Values, rounds: int = ROUNDS, level: float = 0.95, seed: int = 0, clusters: Labels | None = None
) -> Interval:
    """Mean over the queries that have a value, with the percentile interval of resampled queries.

    clusters: which queries belong together, (n,); they are then drawn together.
    """
    return over_queries(np.asarray(values)[:, None], clusters, Resampling(rounds, level, seed))[0]


def over_queries(
    values: ArrayLike, clusters: Labels | None = None, how: Resampling = DEFAULT
) -> list[Interval]:
    """Means over queries (micro) of several measures, (n, k), all resampled by the same draws.

    Raises ValueError where no query has a value, or one has a value in some of the measures only.
    """
    kept, known = _known(values)
    cluster = numbers(groups_or_rows(clusters, len(known))[known])
    count = np.bincount(cluster).astype(np.float64)
    sums = np.stack([np.bincount(cluster, weights=column) for column in kept.T], axis=1)
    drawn = [(weight @ sums) / (weight @ count)[:, None] for weight in how.weights(len(count))]
    return how.intervals(kept.mean(axis=0), np.concatenate(drawn), len(kept))


def over_classes(
    values: ArrayLike, classes: Labels, clusters: Labels | None = None, how: Resampling = DEFAULT
) -> list[Interval]:
    """Means over classes (macro: every class counts the same) of the class means of several measures, (n, k).

    The classes stay what they are, and every class's clusters are resampled among themselves, so that a small
    class is in every round. Where each class is one cluster (the label is the product itself) the classes are
    resampled instead.
    """
    kept, known = _known(values)
    cluster = numbers(groups_or_rows(clusters, len(known))[known])
    label = numbers(np.asarray(classes)[known])
    plain = class_means(kept, label)[1]
    both, part = np.unique(np.stack([label, cluster], axis=1), axis=0, return_inverse=True)
    part = part.reshape(-1)
    if len(both) == len(plain):
        drawn = [weight @ plain / len(plain) for weight in how.weights(len(plain))]
        return how.intervals(plain.mean(axis=0), np.concatenate(drawn), len(kept))
    size = np.bincount(part).astype(np.float64)
    sums = np.stack([np.bincount(part, weights=column) for column in kept.T], axis=1)
    starts = np.flatnonzero(np.diff(both[:, 0], prepend=-1))
    drawn = []
    for weight in how.weights_within(starts, len(both)):
        count = np.add.reduceat(weight * size, starts, axis=1)
        means = [np.add.reduceat(weight * column, starts, axis=1) / count for column in sums.T]
        drawn.append(np.stack(means, axis=2).mean(axis=1))
    return how.intervals(plain.mean(axis=0), np.concatenate(drawn), len(kept))


def class_means(values: ArrayLike, classes: Labels) -> tuple[Ints, Values]:
    """Of every class in sorted order: how many queries have a value (c,), and their means (c, k); NaN for
    none."""
    rows = np.asarray(values, dtype=np.float64)
    label = numbers(classes)
    known = ~np.isnan(rows).any(axis=1)
    count = np.bincount(label[known], minlength=int(label.max(initial=-1)) + 1)
    sums = [np.bincount(label[known], weights=column, minlength=len(count)) for column in rows[known].T]
    with np.errstate(invalid="ignore"):
        return count.astype(np.int64), np.stack(sums, axis=1) / count[:, None]


def _known(values: ArrayLike) -> tuple[Values, NDArray[np.bool_]]:
    """The rows that have values, and which those are."""
    rows = np.asarray(values, dtype=np.float64)
    absent = np.isnan(rows)
    if (absent.any(axis=1) != absent.all(axis=1)).any():
        raise ValueError("a query has a value in every measure or in none")
    known = np.asarray(~absent.any(axis=1), dtype=np.bool_)
    if not known.any():
        raise ValueError("no query has a value: every label occurs only once")
    kept: Values = rows[known]
    return kept, known
