"""What an event says about a customer's taste: its weight and its sign."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from data.errors import UsageError
from data.records import EVENTS

DEFAULT_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "view": 0.1,
        "click": 0.2,
        "like": 0.6,
        "cart": 0.6,
        "purchase": 1.0,
        "rate": 1.0,
        "dislike": 0.8,
        "return": 0.6,
    }
)
"""How strongly each event speaks, relative to a purchase. All are >= 0; the sign lies in the event."""

NEGATIVE_EVENTS = frozenset({"dislike", "return"})


def signed_weight(event: str, value: float | None, weights: Mapping[str, float] = DEFAULT_WEIGHTS) -> float:
    """How much one interaction speaks for (> 0) or against (< 0) its product.

    A rating of 1 … 3 … 5 counts −1 … 0 … +1 times the weight of ``rate``; dislike and return count
    negative; the value of other events (a quantity, an amount) does not matter.
    """
    weight = weights.get(event, DEFAULT_WEIGHTS.get(event, 0.0))
    if event == "rate":
        return weight * (min(max(value, 1.0), 5.0) - 3.0) / 2.0 if value is not None else 0.0
    return -weight if event in NEGATIVE_EVENTS else weight


def check_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """The default weights with ``weights`` laid over them; UsageError for an unknown event or bad number."""
    for event, weight in weights.items():
        if event not in EVENTS:
            raise UsageError(f"unknown event {event!r}: weights can be given for {', '.join(EVENTS)}")
        if not 0 <= weight <= 1000:
            raise UsageError(f"the weight of {event!r} must lie between 0 and 1000, not {weight}")
    return {**DEFAULT_WEIGHTS, **weights}
