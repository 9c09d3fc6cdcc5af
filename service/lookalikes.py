"""The least score of a look-alike: kept for each space of a shop, and applied to searches that want it.

``vitrine embedders evaluate`` calibrates it (``embedder.measures.threshold`` says how); a search with
``min_score="auto"`` uses it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from data.errors import Damaged, NotReady, UsageError
from data.shop import Shop
from service.answers import Json
from service.requests import AUTO, SimilarRequest

if TYPE_CHECKING:
    from data.aspects import AspectLayout


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was calibrated on a shop's photos in one space.

    cosine: hits below it do not look like the query. level: the largest share of photos like the shop's own
    that this is wrongly said of. same_product: at or above this cosine a hit is most likely the very same
    product. photos: how many were asked. made: when (ISO 8601, UTC).
    """

    cosine: float
    level: float
    same_product: float
    photos: int
    made: str

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.cosine, self.level, self.same_product))):
            raise Damaged("a calibration holds numbers that are not finite; calibrate again")

    def as_json(self) -> Json:
        """Plain values."""
        return asdict(self)


def remember_calibration(shop: Shop, space: str, found: Calibration) -> None:
    """Keep the calibration of a space."""
    shop.set_meta(_key(space), found.as_json())


def calibration_of(shop: Shop, space: str) -> Calibration | None:
    """The calibration of a space, or None where there is none yet. Raises Damaged."""
    kept = shop.meta(_key(space))
    if kept is None:
        return None
    try:
        return Calibration(**kept)
    except TypeError as error:
        raise Damaged(
            f"the calibration of the space {space} cannot be read ({error}); run `vitrine embedders "
            "evaluate` again"
        ) from error


def least_score(shop: Shop, space: str, layout: AspectLayout, request: SimilarRequest) -> float | None:
    """The least score of a hit that a search asks for, as a number; None for none.

    Raises NotReady where the space is not calibrated, UsageError where a calibration says nothing about the
    search's scores: with other weights of the aspects, with negatives, with the strategy ``sum``.
    """
    if request.min_score != AUTO:
        return request.min_score
    import numpy as np

    if not np.allclose(layout.chosen(request.aspects), layout.shares):
        raise UsageError(
            "a min_score of auto holds for the embedder's own weights of the aspects only; leave the weights "
            "as they are, or give a number"
        )
    if request.negatives or request.strategy == "sum":
        what = "negatives" if request.negatives else "the strategy sum"
        raise UsageError(
            f"a min_score of auto does not hold with {what}, whose scores are others; give a number"
        )
    found = calibration_of(shop, space)
    if found is None:
        raise NotReady(
            f"the least score of a look-alike is not known yet for the space {space}; run "
            f"`vitrine embedders evaluate --shop {shop.directory}` once, or give a number"
        )
    return found.cosine


def nothing_alike(best: float, least: float, filtered: bool) -> str:
    """What to say where the best score stays below the least one."""
    what = "nothing that passes the filter" if filtered else "nothing in this shop"
    return f"{what} looks like this (best score {best:.2f}, threshold {least:.2f})"


def _key(space: str) -> str:
    return f"look-alike:{space}"
