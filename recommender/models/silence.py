"""What models whose scores may be negative say where they have nothing to say."""

from __future__ import annotations

import numpy as np

from recommender.items import Bools, Floats, Ints

# Below any score that such a model gives, and small enough to be added up and weighted in float32.
SILENT = -1e6


def spoken(block: Floats, asked: Ints, customers: int, known: Bools) -> Floats:
    """float32 (customers, n): scores for the customers ``asked`` and the products ``known``, else ``SILENT``.

    block: float32 (len(asked), n), the scores of these customers. known: bool (n,).
    """
    scores = np.full((customers, len(known)), SILENT, np.float32)
    scores[asked] = block
    scores[:, ~known] = SILENT
    return scores
