"""What is known of the one who asks: the newest of what they did, and every product that they have met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.records import Interaction
from recommender.items import Ints, Items
from recommender.request import Request

if TYPE_CHECKING:
    from data.shop import Shop

LONGEST = 500  # newest interactions that make a taste


@dataclass(frozen=True, slots=True)
class Known:
    """events: the newest ``LONGEST``, oldest first. products: ids of all that the whole history speaks of."""

    events: Sequence[Interaction] = ()
    products: Sequence[str] = ()

    @classmethod
    def of(cls, shop: Shop, request: Request) -> Known:
        """From the history that was handed in, in any order, else from what the shop has stored."""
        if request.history is not None:
            events = sorted(request.history, key=lambda event: event.timestamp)
            return cls(events[-LONGEST:], _products(events))
        if request.customer_id is None:
            return cls()
        stored = shop.history(request.customer_id, LONGEST)
        whole = len(stored) < LONGEST
        return cls(stored, _products(stored) if whole else shop.met(request.customer_id))

    def met(self, items: Items) -> Ints:
        """int64: the rows of ``products`` that are in the catalogue."""
        rows = items.rows(self.products)
        return rows[rows >= 0]


def _products(events: Sequence[Interaction]) -> list[str]:
    return sorted({event.product_id for event in events})
