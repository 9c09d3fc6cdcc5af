"""Why a hit has its score: which photo of the examples it is like, and what each aspect adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from index.blocks import unit
from index.objective import Best, Objective

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AspectPart:
    """One aspect of a score.

    share: how much the aspect counts in this search; the shares of a search add up to 1. cosine: between the
    hit's photo and what it was compared with, in this aspect. part: what it adds to the score; the parts of a
    hit add up to its score. With the strategy ``average`` a part is share times cosine.
    """

    share: float
    cosine: float
    part: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit has its score.

    example: place of the closest example among the query's. photo_id: that example's closest photo; None for
    an example that came as a vector. cosine: between that photo and the hit's, under the search's weights.
    aspects: by name.
    """

    example: int
    photo_id: str | None
    cosine: float
    aspects: dict[str, AspectPart]


@dataclass(frozen=True, slots=True)
class Shown:
    """What hits are compared with one by one: photos of the examples.

    vectors (m, d): as they are stored. examples (m,): whose each is. photo_ids: None for a vector from
    outside. strengths (m,): the example's weight over the largest one.
    """

    vectors: Floats
    examples: NDArray[np.int64]
    photo_ids: Sequence[str | None]
    strengths: Floats


def explained(
    layout: AspectLayout, objective: Objective, shares: Floats, shown: Shown, hits: Floats
) -> list[Explanation]:
    """Explanations of hits by the vectors (n, d) of the photos that matched; shares (n_aspects,): of the
    search.
    """
    close = np.clip(unit(hits, layout) @ _weighed(unit(shown.vectors, layout), shares, layout).T, -1, 1)
    judged = close * shown.strengths if isinstance(objective, Best) else close
    cosines = np.clip(_summed(hits * objective.nearest(hits), layout) / layout.shares, -1, 1)
    parts = _summed(objective.terms(hits), layout)
    return [
        Explanation(
            example=int(shown.examples[place]),
            photo_id=shown.photo_ids[int(place)],
            cosine=float(close[row, place]),
            aspects={
                name: AspectPart(float(shares[i]), float(cosines[row, i]), float(parts[row, i]))
                for i, name in enumerate(layout.names)
            },
        )
        for row, place in enumerate(judged.argmax(axis=1))
    ]


def _weighed(vectors: Floats, shares: Floats, layout: AspectLayout) -> Floats:
    """Stored vectors as queries under the shares of a search."""
    weighed: Floats = vectors * layout.spread(shares / layout.shares)
    return weighed


def _summed(terms: Floats, layout: AspectLayout) -> Floats:
    """Terms (n, d) added up within each block (n, n_aspects)."""
    summed: Floats = np.add.reduceat(terms, [where.start for where in layout.slices], axis=1)
    return summed
