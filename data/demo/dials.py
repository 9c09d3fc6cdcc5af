"""The dials of the simulated customers: all of them, published, with their defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

STYLE = 32
"""The most numbers that a hidden style can have."""
VISIBLE = ("colour", "pattern", "shape", "category")
"""The parts of taste that photos show, in the order of the dial ``visible``."""
HIDDEN = ("style", "gender", "price")
"""The parts of taste that no photo shows, in the order of the dial ``hidden``."""

_SHARES = ("visual_share", "drift", "one_event_share", "new_share", "recent_share", "out_of_stock")
_STRENGTHS = ("taste", "popularity", "popularity_drift", "season", "errand", "novelty", "sessions")


@dataclass(frozen=True, slots=True)
class Dials:
    """What decides whom likes what in the demo shop.

    What a customer truly likes has variance 1 over the products::

        liking = √visual_share · visible + √(1 - visual_share) · hidden

    and their utility for a product at a time is, in natural log-odds::

        taste · liking + popularity · log-popularity(time) + novelty · just-arrived
        + √visual_share · (season · in-season + errand · category-of-the-day) + noise · Gumbel

    At visual_share 0 nothing that a photo shows, its category neither, moves anybody.
    """

    visual_share: float = 0.6
    """Share ρ (0..1) of the variance of liking that visible attributes explain: colour, pattern, shape and
    category. The rest is hidden: no photo shows it, only others' behaviour reveals it."""
    visible: tuple[float, ...] = (0.35, 0.25, 0.1, 0.3)
    """Variance shares within the visible part of colour, pattern, shape, category; they add up to 1."""
    hidden: tuple[float, ...] = (0.75, 0.2, 0.05)
    """Variance shares within the hidden part of style, gender, closeness to the usual price; they add up to
    1."""
    hidden_factors: int = 16
    """How many numbers (1..32) of a product and of a customer make up the hidden style. The more, the more
    interactions it takes to learn it from others' behaviour."""
    taste: float = 1.9
    """Strength of liking; one deviation of it changes the log-odds by this much."""
    popularity: float = 0.7
    """Strength of popularity; a product's popularity is Zipf-like over its hidden rank."""
    popularity_drift: float = 0.25
    """Deviation per four weeks of the random walk of a product's log-popularity."""
    season: float = 0.8
    """Bonus in log-odds for what is in season, and the same malus out of season; times √visual_share."""
    errand: float = 2.2
    """Bonus in log-odds for the category that a visit is about; times √visual_share."""
    novelty: float = 0.7
    """Bonus in log-odds for products in their first three weeks."""
    noise: float = 1.0
    """Scale of the Gumbel noise on each choice; 1 is the plain multinomial logit."""
    drift: float = 0.5
    """Share of a customer's visible taste that has been replaced at the end of the time (0: constant)."""
    sessions: float = 3.1
    """Median number of visits of a customer over the whole time (log-normal, deviation 0.75)."""
    one_event_share: float = 0.03
    """Share of customers with one single event."""
    new_share: float = 0.3
    """Share of products added after the first day of the records."""
    recent_share: float = 0.08
    """Share of products added in the last four weeks (part of ``new_share``)."""
    out_of_stock: float = 0.08
    """Share of products out of stock at the end."""
    start: datetime = datetime(2026, 2, 1, tzinfo=UTC)
    """First moment of the records."""
    days: int = 273
    """Length of the records in days, about nine months."""

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"the dial {name} is {getattr(self, name)}; it is a share from 0 to 1")
        for name in _STRENGTHS:
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ValueError(f"the dial {name} is {getattr(self, name)}; it is a number of 0 or more")
        for name, parts in (("visible", VISIBLE), ("hidden", HIDDEN)):
            shares = getattr(self, name)
            if len(shares) != len(parts) or min(shares) < 0 or not math.isclose(sum(shares), 1.0):
                raise ValueError(
                    f"the dial {name} is {shares}; it is {len(parts)} shares that add up to 1, of "
                    f"{', '.join(parts)}"
                )
        if self.hidden_factors not in range(1, STYLE + 1):
            raise ValueError(
                f"the dial hidden_factors is {self.hidden_factors}; it is a number from 1 to {STYLE}"
            )
        if not 0 < self.noise < math.inf or self.days < 60 or self.start.tzinfo is None:
            raise ValueError("noise must be above 0, days at least 60, and start must carry its time zone")

    @property
    def end(self) -> datetime:
        """The moment after the last event."""
        return self.start + timedelta(days=self.days)

    def as_json(self) -> dict[str, Any]:
        """All dials by name, for the truth file and the shop's note of them."""
        return {name: _plain(getattr(self, name)) for name in _names()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Dials:
        """The inverse of ``as_json``. Raises ``ValueError`` for names that are no dials."""
        unknown = sorted(set(values) - set(_names()))
        if unknown:
            raise ValueError(f"no dials of the demo shop: {', '.join(unknown)}")
        read: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        if isinstance(read.get("start"), str):
            read["start"] = datetime.fromisoformat(read["start"])
        return cls(**read)


def _names() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Dials))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
