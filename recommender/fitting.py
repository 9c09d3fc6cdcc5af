"""Fitting the blend's weights on validation windows: a conditional logit, then a climb by NDCG.

First the weights θ >= 0 of a conditional logit (McFadden 1974) are found: a customer who could choose any
product chose those of the validation window, with probability exp(θ·f_i) / Σ_j exp(θ·f_j) over all products
that could be shown, f being the sources' standings. The mean log-likelihood is concave and has one optimum;
a small quadratic penalty keeps θ finite where the data are few. It uses every choice at any rank, so it is
steady on small data, but what happens deep in the list weighs as much as what a customer gets to see.
Therefore the weights then climb, one after the other, to the highest NDCG of the validation lists, the
logit's being where the climb starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from recommender.items import Bools, Doubles, Floats, Ints
from recommender.topk import top_k

PENALTY = 0.01
LIST = 50
FACTORS = (0.0, 0.5, 0.8, 1.25, 2.0)
NUDGE = 0.1
LEAST_GAIN = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What q customers could choose from, at most w candidates each, and what they chose.

    features: float32 (f, q, w), standings. present: bool (q, w), False in the padding. chosen: bool (q, w).
    wanted: int64 (q,), how many products each chose, candidates or not. others: float64 (q,), how many more
    products could be shown, which no source proposes (their standings are 0).
    """

    features: Floats
    present: Bools
    chosen: Bools
    wanted: Ints
    others: Doubles

    @classmethod
    def gather(cls, standing: Floats, wanted: Bools, barred: Bools) -> Pool:
        """From standings (f, c, n) and masks (c, n) of what was chosen and of what is not shown."""
        proposed = (standing > 0).any(axis=0) & ~barred
        width = max(int(proposed.sum(axis=1).max(initial=0)), 1)
        # A stable sort of "not proposed" brings the candidates to the front, still in tie order.
        columns = np.argsort(~proposed, axis=1, kind="stable")[:, :width]
        present = np.take_along_axis(proposed, columns, 1)
        features = np.stack([np.take_along_axis(f, columns, 1) * present for f in standing])
        return cls(
            features=features,
            present=present,
            chosen=np.take_along_axis(wanted, columns, 1) & present,
            wanted=wanted.sum(axis=1).astype(np.int64),
            others=((~barred).sum(axis=1) - proposed.sum(axis=1)).astype(np.float64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Pool]) -> Pool:
        """Batches of customers, one after the other, padded to the widest."""
        width = max(p.present.shape[1] for p in parts)

        def pad(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, width - array.shape[-1])])

        return cls(
            features=np.concatenate([pad(p.features) for p in parts], axis=1).astype(np.float32),
            present=np.concatenate([pad(p.present) for p in parts]).astype(np.bool_),
            chosen=np.concatenate([pad(p.chosen) for p in parts]).astype(np.bool_),
            wanted=np.concatenate([p.wanted for p in parts]),
            others=np.concatenate([p.others for p in parts]),
        )

    def of(self, customers: Bools) -> Pool:
        """The customers that a mask (q,) selects."""
        return Pool(
            self.features[:, customers],
            self.present[customers],
            self.chosen[customers],
            self.wanted[customers],
            self.others[customers],
        )

    def ndcg(self, theta: Doubles, k: int = LIST) -> Doubles:
        """float64 (q,): NDCG@k of the lists that weights θ (f,) make of the candidates."""
        scores = np.tensordot(theta.astype(np.float32), self.features, axes=1)
        scores[~self.present] = -np.inf
        top = top_k(scores, k)
        hits = np.take_along_axis(self.chosen, np.maximum(top, 0), 1) & (top >= 0)
        discounts = 1 / np.log2(np.arange(2, k + 2))
        ideal = np.cumsum(discounts)[np.minimum(self.wanted, k) - 1]
        values: Doubles = (hits @ discounts) / ideal
        return values


def fit_weights(pool: Pool, default: Doubles) -> Doubles:
    """Weights >= 0 that add up to 1, float64 (f,).

    The default weights, the logit's, and where the climb leads from the better of them: each takes the
    place of the one before only if it beats it by more than one standard error of the difference, so that
    few customers with a little luck do not move the weights.
    """
    best = shares(default)
    best = _better(pool, best, shares(logit(pool)))
    return _better(pool, best, climb(pool, best))


def _better(pool: Pool, held: Doubles, tried: Doubles) -> Doubles:
    gain = pool.ndcg(tried) - pool.ndcg(held)
    error = float(gain.std()) / max(len(gain), 1) ** 0.5
    return tried if float(gain.mean()) > error else held


def shares(theta: Doubles) -> Doubles:
    """Weights that add up to 1 in the same proportions (all alike where none is above 0)."""
    total = float(theta.sum())
    found: Doubles = theta / total if total > 0 else np.full(len(theta), 1 / len(theta))
    return found


def logit(pool: Pool, penalty: float = PENALTY) -> Doubles:
    """θ >= 0, float64 (f,), of the highest penalised mean log-likelihood; every customer counts the same."""
    share = 1.0 / np.maximum(pool.wanted, 1)
    features = pool.features.astype(np.float64)
    customers = max(len(share), 1)
    picked = np.einsum("fqw,qw,q->f", features, pool.chosen, share)

    def loss(theta: Doubles) -> tuple[float, Doubles]:
        # Standings and θ are >= 0, so no utility is below the 0 of the products that nobody proposes.
        utility = np.tensordot(theta, features, axes=1)
        top = utility.max(axis=1, initial=0.0)
        weight = np.where(pool.present, np.exp(utility - top[:, None]), 0.0)
        mass = weight.sum(axis=1) + pool.others * np.exp(-top)
        likelihood = float(picked @ theta) - float((np.log(mass) + top).sum())
        expected = np.einsum("fqw,qw->f", features, weight / mass[:, None])
        value = -likelihood / customers + penalty * float(theta @ theta)
        return value, np.asarray(-(picked - expected) / customers + 2 * penalty * theta)

    width = len(features)
    found = minimize(loss, np.full(width, 0.5), jac=True, method="L-BFGS-B", bounds=[(0, None)] * width)
    theta: Doubles = np.maximum(found.x, 0)
    return theta


def climb(pool: Pool, start: Doubles, sweeps: int = 3) -> Doubles:
    """Coordinate ascent on the pool's mean NDCG: each weight in turn is scaled or nudged, kept if that
    helps.
    """
    best, value = start, float(pool.ndcg(start).mean())
    for _ in range(sweeps):
        before = value
        for position in range(len(start)):
            for tried in _neighbours(best, position):
                reached = float(pool.ndcg(tried).mean())
                if reached > value + LEAST_GAIN:
                    best, value = tried, reached
        if value == before:
            break
    return best


def _neighbours(theta: Doubles, position: int) -> list[Doubles]:
    """Weights that differ from θ in one place before they are brought back to a sum of 1."""
    values = [float(theta[position]) * factor for factor in FACTORS] + [float(theta[position]) + NUDGE]
    made = []
    for value in values:
        tried = theta.copy()
        tried[position] = value
        if tried.sum() > 0:
            made.append(shares(tried))
    return made
