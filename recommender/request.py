"""What is asked of the recommender and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from data.errors import UsageError
from data.records import Interaction
from data.where import Where

Seen = Literal["drop", "keep"]

NO_HISTORY = "no_history"
ONLY_DELETED = "only_deleted_products"
NO_SIGNAL = "no_personal_signal"


@dataclass(frozen=True, slots=True)
class Request:
    """A question for recommendations.

    customer_id: whose stored history counts; or history: interactions handed in with the question (a
    session). With both, ``history`` is used. k: how many. where: only products that a filter selects.
    exclude: ids that must not be shown. seen: "drop" leaves out every product that the history speaks of.
    diversity: 0 best first … 1 as different as can be; None is 0. category_cap: at most so many of one
    category. why: whether to give reasons.
    at: the moment of the question; None is now.
    """

    customer_id: str | None = None
    history: Sequence[Interaction] | None = None
    k: int = 10
    where: Where | None = None
    exclude: frozenset[str] = frozenset()
    seen: Seen = "drop"
    diversity: float | None = None
    category_cap: int | None = None
    why: bool = True
    at: datetime | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UsageError(f"k must be at least 1, not {self.k}")
        if self.seen not in ("drop", "keep"):
            raise UsageError(f"seen must be drop or keep, not {self.seen!r}")
        if not 0.0 <= (self.diversity or 0.0) <= 1.0:
            raise UsageError(f"diversity must be between 0 and 1, not {self.diversity}")
        if self.category_cap is not None and self.category_cap < 1:
            raise UsageError(f"a category cap must be at least 1, not {self.category_cap}")
        if self.at is not None and self.at.tzinfo is None:
            raise UsageError("the moment of a request needs a time zone")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a product was recommended.

    source: which source proposed it. share: of the product's score, in (0, 1]; the shares of a product add
    up to 1.
    because_product_id: the product of the history that speaks most for it. photo_id: the recommended
    product's photo that looks most like that one. text: the reason in words.
    """

    source: str
    share: float
    because_product_id: str | None
    photo_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """product_id; score in [0, 1], comparable within one answer only; reasons, largest share first."""

    product_id: str
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """items: distinct live products, best first; fallback: None when personal, else the word for why it is
    not. warnings: what a person should know of this answer.
    """

    items: tuple[Recommendation, ...]
    fallback: str | None
    warnings: tuple[str, ...] = ()
