"""What the blend sees of a source: how high it ranks a product.

Scores of different sources are not comparable: cosines, co-occurrences, decayed counts. Each is brought to
one number in [0, 1] per product, its *standing*, for the ``depth`` products that the source ranks highest
(the source's candidates), by rank r from 0, equal scores sharing their mean rank:

    standing = 1 - ln(1 + r) / ln(1 + depth)

Exponentiated and normalised over products, a weight on it is a power law of the rank, which is how choices
from ranked lists fall off in practice.
"""

from __future__ import annotations

import numpy as np

from recommender.items import Bools, Doubles, Floats
from recommender.topk import best_columns


def standings(scores: Floats, silence: float, barred: Bools | None, depth: int) -> Floats:
    """float32 (c, n) in [0, 1]; 0 for products that are not among the source's candidates.

    scores: (c, n). silence: only higher scores are candidates. barred: bool (c, n), products that will not
    be shown and take no rank.
    """
    c, n = scores.shape
    depth = min(depth, n)
    standing = np.zeros((c, n), np.float32)
    if not depth or not c:
        return standing
    audible = np.where(scores > silence, scores, -np.inf).astype(np.float32)
    if barred is not None:
        audible[barred] = -np.inf
    top = best_columns(audible, depth)
    values = np.take_along_axis(audible, top, axis=1)
    order = np.lexsort((top, -values), axis=1)
    top, values = np.take_along_axis(top, order, 1), np.take_along_axis(values, order, 1)
    places = np.where(np.isfinite(values), _places(values, depth), 0)
    np.put_along_axis(standing, top, places.astype(np.float32), axis=1)
    return standing


def standings_of_best(scores: Floats, depth: int) -> Floats:
    """float32 (m,): the same for the m <= depth candidates of one customer's source, in any order."""
    standing = np.zeros(len(scores), np.float32)
    if not len(scores):
        return standing
    order = np.argsort(-scores, kind="stable")
    standing[order] = _places(scores[order][None, :], depth)[0]
    return standing


def _places(values: Floats, depth: int) -> Doubles:
    """Standings of rows that are sorted downwards."""
    # A lone candidate at depth 1 has nothing to be compared with: ln(2) keeps its standing at 1.
    places: Doubles = 1 - np.log1p(_mean_ranks(values)) / np.log1p(max(depth, 1))
    return places


def _mean_ranks(values: Floats) -> Doubles:
    """Rank (from 0) of every value in rows sorted downwards, equal values sharing the mean of their ranks."""
    places = np.arange(values.shape[1], dtype=np.float64)
    begins = np.ones(values.shape, np.bool_)
    begins[:, 1:] = values[:, 1:] != values[:, :-1]
    ends = np.ones(values.shape, np.bool_)
    ends[:, :-1] = begins[:, 1:]
    first = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, places, places[-1])[:, ::-1], axis=1)[:, ::-1]
    means: Doubles = (first + last) / 2
    return means
