"""The dials of the simulated customers: all of them, published, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Dials:
    """What decides whom likes what in the demo shop.

    A customer's utility for a product at a time is, in natural log-odds::

        taste · (√visual_share · looks + √(1 - visual_share) · hidden)
        + category · log p(category) + popularity · log-popularity(time) - price · |log price gap|
        + season · in-season + novelty · just-arrived + noise · Gumbel
    """

    visual_share: float = 0.6
    """Share ρ (0..1) of taste that is visible in photos: colour, pattern, cut. The rest is a hidden style
    that no embedder can see, only other customers' behaviour reveals. 0: looks do not matter at all."""
    taste: float = 1.5
    """Strength of taste; one deviation of taste changes the log-odds by this much."""
    category: float = 0.8
    """How faithfully customers keep to their favourite categories."""
    popularity: float = 0.7
    """Strength of popularity; a product's popularity is Zipf-like over its hidden rank."""
    popularity_drift: float = 0.25
    """Deviation per four weeks of the random walk of a product's log-popularity."""
    price: float = 0.6
    """Penalty per unit of |log(price / what this customer usually pays in the category)|."""
    season: float = 0.8
    """Bonus in log-odds for what is in season, and the same malus out of season."""
    novelty: float = 0.7
    """Bonus in log-odds for products in their first three weeks."""
    noise: float = 1.0
    """Scale of the Gumbel noise on each choice; 1 is the plain multinomial logit."""
    drift: float = 0.5
    """Share of a customer's visible taste that has been replaced at the end of the time (0: constant)."""
    sessions: float = 3.3
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
        for name in ("visual_share", "drift", "one_event_share", "new_share", "recent_share", "out_of_stock"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"the dial {name} is {getattr(self, name)}; it is a share from 0 to 1")
        if self.noise <= 0 or self.days < 60 or self.start.tzinfo is None:
            raise ValueError("noise must be above 0, days at least 60, and start must carry its time zone")

    @property
    def end(self) -> datetime:
        """The moment after the last event."""
        return self.start + timedelta(days=self.days)

    def as_json(self) -> dict[str, float | int | str]:
        """All dials by name, for the truth file."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in values.items()}
