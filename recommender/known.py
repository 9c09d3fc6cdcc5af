"""What is known of the one who asks: the newest of what they did, and every product that they have met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from data.events import signed_weight
from data.records import Interaction
from recommender.dataset import customer_key
from recommender.histories import Histories
from recommender.items import Ints, Items
from recommender.request import Request
from recommender.rules import Shelf

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

    def history(self, request: Request, shelf: Shelf, weights: Mapping[str, float]) -> Histories:
        """The events with products that are live, as arrays; weights: of the shop's events."""
        rows = shelf.items.rows([event.product_id for event in self.events]).tolist()
        live = [
            (event, row) for event, row in zip(self.events, rows, strict=True) if row >= 0 and shelf.live[row]
        ]
        return Histories.single(
            [row for _, row in live],
            [signed_weight(event.event, event.value, weights) for event, _ in live],
            [event.timestamp.timestamp() for event, _ in live],
            (request.at or datetime.now(UTC)).timestamp(),
            customer_key(request.customer_id or ""),
        )


def _products(events: Sequence[Interaction]) -> list[str]:
    return sorted({event.product_id for event in events})
