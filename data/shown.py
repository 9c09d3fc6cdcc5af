"""What was shown: one recommended product at one position of one answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from data.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the log of recommendations.

    request_id: of the answer; it has one row a position. timestamp: when it was given (aware, UTC). surface:
    what asked, e.g. "recommendations" or "session". position: from 1. score: of the product, comparable
    within the answer only. propensity: the probability with which the policy put this product at this
    position, above 0 and up to 1; None where it is not known. policy: the recommender with the digest of
    what was trained. customer_id: None for an anonymous session. fallback: why the answer was not personal,
    or None.
    """

    request_id: str
    timestamp: datetime
    surface: str
    position: int
    product_id: str
    score: float
    propensity: float | None
    policy: str
    customer_id: str | None = None
    fallback: str | None = None

    def __post_init__(self) -> None:
        if self.position < 1:
            raise UsageError(f"positions of an answer count from 1, not {self.position}")
        if self.propensity is not None and not 0 < self.propensity <= 1:
            raise UsageError(f"a propensity lies above 0 and up to 1, not {self.propensity}")
        if not math.isfinite(self.score):
            raise UsageError(f"the score of a product that was shown is a finite number, not {self.score}")
        if self.timestamp.tzinfo is None:
            raise UsageError("the moment of an answer needs a time zone")
