"""From which cosine on a hit looks like the query: calibrated on the shop's own photos, without labels.

Every photo is asked with its own product taken out of the shop, and the best cosine that is left is noted.
These are the cosines of photos that do have look-alikes here. A query that stays below nearly all of them
looks like nothing in the shop. Choosing the bound as a quantile is conformal anomaly detection with the
nearest neighbour's distance as the score (Vovk et al., 2005; Laxhammar & Falkman, 2010): a photo of the same
kind as the shop's own is wrongly told "nothing looks like this" at most with the chosen probability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from embedder.measures.similarity import Floats, Labels, Values, all_or, groups_or_rows, similarities

LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least cosine of a look-alike.

    cosine: hits below it do not look like the query. level: the largest probability of refusing every hit of
    a photo like the shop's own; with few photos it cannot be as small as wished. photos: how many were asked.
    """

    cosine: float
    level: float
    photos: int


def nearest_other(vectors: ArrayLike, groups: Labels, queries: ArrayLike | None = None) -> Values:
    """Of each query the largest inner product with a row of another group, (q,); NaN where there is none.

    vectors: (n, d) as a search compares them; they are not scaled again, so that this is a search's score.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    group, asked = groups_or_rows(groups, len(rows)), all_or(queries, len(rows))
    best = np.full(len(asked), np.nan)
    start = 0
    for query, score in similarities(rows, asked):
        score[group[query][:, None] == group[None, :]] = -np.inf
        largest = score.max(axis=1)
        best[start : start + len(query)] = np.where(np.isinf(largest), np.nan, np.clip(largest, -1.0, 1.0))
        start += len(query)
    return best


def look_alike_threshold(best: Values | Floats, level: float = LEVEL) -> Threshold:
    """The threshold from the best cosines of the shop's own photos, (n,); NaN are passed over.

    With the cosines in rising order it is the k-th, k = floor(level * (n + 1)), or the first where that is 0.
    Raises ValueError where there is none.
    """
    known = np.sort(np.asarray(best, np.float64)[~np.isnan(best)])
    if not len(known):
        raise ValueError("no photo has another product to be compared with")
    place = max(1, math.floor(level * (len(known) + 1) + 1e-9))
    return Threshold(float(known[place - 1]), place / (len(known) + 1), len(known))


def same_product_threshold(best: Values | Floats, false_matches: float = LEVEL) -> float:
    """The least cosine at which at most this share of photos, their own product taken out, would get a hit.

    ``best`` as above: they are the nearest impostors of an open-set identification (ISO/IEC 19795-1 calls the
    share false positive identification rate). A hit at or above it is most likely the very same product.
    """
    known = np.sort(np.asarray(best, np.float64)[~np.isnan(best)])[::-1]
    if not len(known):
        raise ValueError("no photo has another product to be compared with")
    allowed = min(math.floor(false_matches * len(known) + 1e-9), len(known) - 1)
    return float(np.nextafter(known[allowed], np.inf))
