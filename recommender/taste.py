"""What customers like the looks of: one or several interests each, and what they do not want.

The taste of a customer is the recency-faded, event-weighted mean of the vectors of what they liked. Where a
history is broad, a mean lies between the things that were liked and resembles none of them; then the
history is split by Ward's method and every cluster is represented by its medoid, a product really in it,
with the cluster's share of the faded weights (PinnerSage: Pal et al., 2020). Dislikes and returns are kept
apart and push away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, ward

from recommender.histories import Histories
from recommender.items import Doubles, Floats, Ints, Items

Mode = Literal["mean", "interests", "each"]
MODES: tuple[Mode, ...] = ("mean", "interests", "each")

BROAD = 5  # liked products from which a history can be broad
CLUSTER_HEIGHT = 1.1  # Ward distance (of unit vectors) above which clusters are not merged
MOST_INTERESTS = 8
MOST_PRODUCTS = 40  # the strongest of a long history; Ward's method takes memory quadratic in their number
NO_PRODUCT = -1


@dataclass(frozen=True, slots=True, eq=False)
class Tastes:
    """The interests of c customers, one after the other.

    starts: int64 (c + 1,): customer r has interests ``starts[r]:starts[r + 1]``, none if nothing liked has
    looks.
    centres: float32 (j, d), unit norm. shares: float64 (j,), adding up to 1 within a customer.
    medoids: int64 (j,), the product that an interest stands for; -1 where it is a mean.
    """

    starts: Ints
    centres: Floats
    shares: Doubles
    medoids: Ints


def tastes_of(histories: Histories, items: Items, half_life: float, mode: Mode) -> Tastes:
    """Interests from what was liked on balance and has looks.

    half_life: days after which an event counts half. mode: "mean" always one interest; "interests" several
    where a history is broad; "each" one for every liked product (the strongest ``MOST_PRODUCTS``).
    """
    liked = histories.wanted(len(items), half_life)
    counts = np.zeros(len(histories) + 1, np.int64)
    centres: list[Floats] = []
    shares: list[Doubles] = []
    medoids: list[Ints] = []
    for row in range(len(histories)):
        products, weights = _strongest(liked, row, items)
        if not len(products):
            continue
        found = _interests(items.vectors[products], weights, mode)
        centres.append(found[0])
        shares.append(found[1])
        medoids.append(np.where(found[2] >= 0, products[found[2]], NO_PRODUCT))
        counts[row + 1] = len(found[1])
    d = items.vectors.shape[1]
    return Tastes(
        starts=np.cumsum(counts),
        centres=np.concatenate(centres) if centres else np.zeros((0, d), np.float32),
        shares=np.concatenate(shares) if shares else np.zeros(0),
        medoids=np.concatenate(medoids) if medoids else np.zeros(0, np.int64),
    )


@dataclass(frozen=True, slots=True)
class Interest:
    """One interest of a customer, for people to look at.

    share: of the faded weights, adding up to 1 over the interests. medoid: the product that stands for it.
    products: the liked products in it, strongest first, the medoid among them.
    """

    share: float
    medoid: str
    products: tuple[str, ...]


def interests_of(history: Histories, items: Items, half_life: float) -> tuple[Interest, ...]:
    """The interests of the one customer whose history it is, largest share first; () without any.

    A history of fewer than ``BROAD`` liked products is one interest.
    """
    products, weights = _strongest(history.wanted(len(items), half_life), 0, items)
    if not len(products):
        return ()
    vectors, share = items.vectors[products], weights / weights.sum()
    labels = clusters(vectors) if len(vectors) >= BROAD else np.zeros(len(vectors), np.int64)
    _, shares, medoids = _medoids(vectors, share, labels)
    found = []
    for label, (part, medoid) in enumerate(zip(shares.tolist(), medoids.tolist(), strict=True)):
        inside = np.flatnonzero(labels == label)
        inside = inside[np.argsort(-weights[inside], kind="stable")]
        names = tuple(items.ids[row] for row in products[inside].tolist())
        found.append(Interest(part, items.ids[int(products[medoid])], names))
    return tuple(sorted(found, key=lambda interest: (-interest.share, interest.medoid)))


def _strongest(liked: sparse.csr_array, row: int, items: Items) -> tuple[Ints, Doubles]:
    """Liked products of one customer that have looks, with their weights, at most ``MOST_PRODUCTS``."""
    where = slice(int(liked.indptr[row]), int(liked.indptr[row + 1]))
    products, weights = liked.indices[where].astype(np.int64), liked.data[where]
    seen = items.has_vector[products]
    products, weights = products[seen], weights[seen]
    if len(products) > MOST_PRODUCTS:
        keep = np.sort(np.lexsort((products, -weights))[:MOST_PRODUCTS])
        products, weights = products[keep], weights[keep]
    return products, weights


def _interests(vectors: Floats, weights: Doubles, mode: Mode) -> tuple[Floats, Doubles, Ints]:
    """Centres (j, d), shares (j,), and the position of each medoid in ``vectors`` (-1: a mean)."""
    share = weights / weights.sum()
    if mode == "each" or len(vectors) == 1:
        return vectors, share, np.arange(len(vectors))
    if mode == "interests" and len(vectors) >= BROAD:
        labels = clusters(vectors)
        if labels.max() > 0:
            return _medoids(vectors, share, labels)
    return unit_mean(vectors, share)[None, :], np.ones(1), np.full(1, NO_PRODUCT)


def unit_mean(vectors: Floats, shares: Doubles) -> Floats:
    """The weighted mean (d,) of unit vectors (m, d), scaled to unit norm (zeros if they cancel out)."""
    mean = shares @ vectors.astype(np.float64)
    norm = float(np.linalg.norm(mean))
    found: Floats = (mean / norm if norm > 1e-9 else np.zeros_like(mean)).astype(np.float32)
    return found


def clusters(vectors: Floats) -> Ints:
    """Ward clusters of unit vectors (m, d), m >= 2: labels from 0, at most ``MOST_INTERESTS`` of them."""
    tree = ward(vectors.astype(np.float64))
    labels = fcluster(tree, CLUSTER_HEIGHT, criterion="distance")
    if labels.max() > MOST_INTERESTS:
        labels = fcluster(tree, MOST_INTERESTS, criterion="maxclust")
    found: Ints = labels.astype(np.int64) - 1
    return found


def _medoids(vectors: Floats, share: Doubles, labels: Ints) -> tuple[Floats, Doubles, Ints]:
    chosen: list[int] = []
    shares: list[float] = []
    for label in range(int(labels.max()) + 1):
        inside = np.flatnonzero(labels == label)
        # Unit vectors: the smallest sum of squared distances is the largest sum of cosines.
        closeness = (vectors[inside] @ vectors[inside].T).sum(axis=1)
        chosen.append(int(inside[int(np.argmax(closeness))]))
        shares.append(float(share[inside].sum()))
    picked = np.asarray(chosen, np.int64)
    return vectors[picked], np.asarray(shares), picked
