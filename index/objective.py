"""How several examples and negatives become one score: the strategies average, best and sum.

The definitions are those of Qdrant's recommendation API, in our words, with weights on the examples:

average  the query is the mean of the examples moved away from the mean of the negatives by their difference,
         mean(+) + (mean(+) - mean(-)), or just mean(+) without negatives; brought back to unit blocks. The
         score is the cosine to that one vector.
best     a candidate is judged by its closest example alone: s+ = the largest cosine to an example,
         s- = the largest cosine to a negative (each times the example's weight over the largest weight).
         The score is s+ where s+ > s-, else -(s- squared).
sum      the sum of weight x cosine over the examples, minus the same over the negatives.

Average and sum are linear in the candidate: one vector is searched for. Best is not: candidates are fetched
per example and ``bound`` says how good anything not fetched could still be.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import UsageError
from index.blocks import unit

Floats = NDArray[np.float32]


class Weighted(NamedTuple):
    """Vectors (n, d) with unit blocks, and their weights (n,) > 0."""

    vectors: Floats
    weights: Floats

    def mean(self) -> Floats:
        """The weighted mean (d,), not brought to unit blocks."""
        average: Floats = (self.weights @ self.vectors / self.weights.sum()).astype(np.float32)
        return average


class Objective(Protocol):
    """What a search maximises. Candidates are stored vectors (n, d); probes are searched for one by one."""

    @property
    def probes(self) -> Floats:
        """Queries (p, d) whose nearest rows are the candidates."""

    @property
    def span(self) -> float:
        """The largest possible score, to bring scores to the scale of a cosine."""

    def score(self, vectors: Floats) -> Floats:
        """Scores (n,) of candidates."""

    def bound(self, worst: Floats) -> float:
        """No row outside those fetched scores above this; worst (p,) is each probe's last inner product."""

    def terms(self, vectors: Floats) -> Floats:
        """Numbers (n, d), one for each of a candidate's, that add up to its score."""

    def nearest(self, vectors: Floats) -> Floats:
        """For each candidate (n, d) the default-weighted vector (n, d) it is to be explained against."""


class Linear(NamedTuple):
    """Inner product with one vector; ``cosine`` says whether scores are cosines, hence within [-1, 1]."""

    query: Floats
    reference: Floats
    span: float
    cosine: bool

    @property
    def probes(self) -> Floats:
        """The one query (1, d)."""
        return self.query[None, :]

    def score(self, vectors: Floats) -> Floats:
        """Scores (n,); cosines are clipped to [-1, 1] against the rounding of stored vectors."""
        # A matrix product would be shared with other cores, and wait for them where they are busy.
        scores: Floats = np.vecdot(vectors, self.query)
        return scores.clip(-1.0, 1.0, out=scores) if self.cosine else scores

    def bound(self, worst: Floats) -> float:
        """The last inner product itself."""
        return float(worst[0])

    def terms(self, vectors: Floats) -> Floats:
        """Products with the query."""
        terms: Floats = vectors * self.query
        return terms

    def nearest(self, vectors: Floats) -> Floats:
        """The same reference for all, (1, d), which stands for (n, d)."""
        return self.reference[None, :]


class Best(NamedTuple):
    """The closest example against the closest negative."""

    positives: Floats
    strengths: Floats
    references: Floats
    negatives: Floats
    against: Floats
    span: float = 1.0

    @property
    def probes(self) -> Floats:
        """One query per example (p, d)."""
        return self.positives

    def score(self, vectors: Floats) -> Floats:
        """Scores (n,) in [-1, 1]."""
        good: Floats = (np.clip(vectors @ self.positives.T, -1, 1) * self.strengths).max(axis=1)
        if not len(self.negatives):
            return good
        bad = (np.clip(vectors @ self.negatives.T, -1, 1) * self.against).max(axis=1)
        scores: Floats = np.where(good > bad, good, -np.square(bad)).astype(np.float32)
        return scores

    def bound(self, worst: Floats) -> float:
        """A row not fetched is at most ``worst`` close to every example; losing to a negative gives <= 0."""
        best = float((worst * self.strengths).max())
        return max(best, 0.0) if len(self.negatives) else best

    def terms(self, vectors: Floats) -> Floats:
        """Products with the closest example, or with the closest negative times minus its closeness."""
        good = vectors @ self.positives.T * self.strengths
        first = good.argmax(axis=1)
        terms: Floats = vectors * self.positives[first] * self.strengths[first, None]
        if len(self.negatives):
            bad = vectors @ self.negatives.T * self.against
            worst = bad.argmax(axis=1)
            lost = good.max(axis=1) <= bad.max(axis=1)
            factors = -bad.max(axis=1, keepdims=True) * self.against[worst, None]
            terms[lost] = (vectors * self.negatives[worst] * factors)[lost]
        return terms

    def nearest(self, vectors: Floats) -> Floats:
        """Each candidate's closest example."""
        closest: Floats = self.references[np.argmax(vectors @ self.positives.T * self.strengths, axis=1)]
        return closest


def make(
    strategy: str,
    positives: Weighted,
    negatives: Weighted | None,
    layout: AspectLayout,
    shares: Floats,
) -> Objective:
    """The objective of a strategy; ``shares`` (n_aspects,) are the weights that this query wants.

    Raises UsageError where negatives or weights leave nothing of the query.
    """
    # Most queries have the default weights, which change nothing.
    usual = shares is layout.shares
    factors = np.float32(1.0) if usual else layout.spread(shares / layout.shares)
    if strategy == "best":
        away = negatives or Weighted(positives.vectors[:0], positives.weights[:0])
        top = float(positives.weights.max())
        return Best(
            positives.vectors * factors,
            positives.weights / top,
            positives.vectors,
            away.vectors * factors,
            away.weights / float(away.weights.max()) if len(away.weights) else away.weights,
        )
    # One vector is its own mean, and of unit blocks already.
    one = len(positives.vectors) == 1
    if one and usual and strategy == "average" and negatives is None:
        return Linear(positives.vectors[0], positives.vectors[0], 1.0, cosine=True)
    mean = positives.mean()
    reference = positives.vectors[0] if one else unit(mean[None, :], layout)[0]
    if strategy == "sum":
        total = float(positives.weights.sum())
        query = mean * total
        if negatives is not None:
            query = query - negatives.mean() * float(negatives.weights.sum())
            total += float(negatives.weights.sum())
        return Linear(query * factors, reference, total, cosine=False)
    if negatives is not None:
        reference = unit((2.0 * mean - negatives.mean())[None, :], layout)[0]
    if not (reference * factors).any():
        raise UsageError(
            "nothing is left of the query under these negatives and aspect weights; leave some of them away"
        )
    return Linear(reference * factors, reference, 1.0, cosine=True)
