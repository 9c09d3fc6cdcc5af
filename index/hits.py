"""One answer to a search: a product, how close it is, and the photo that matched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Hit(NamedTuple):
    """A product found.

    product_id: the shop's own id.
    score: cosine in [-1, 1] for the strategies ``average`` and ``best`` (higher is closer); for ``sum`` a
        weighted sum of cosines, in ± the sum of the examples' and negatives' weights.
    photo_id: the product's photo that matched best.
    aspects: cosine of each aspect between the query and that photo, where asked for.
    """

    product_id: str
    score: float
    photo_id: str
    aspects: Mapping[str, float] | None = None
