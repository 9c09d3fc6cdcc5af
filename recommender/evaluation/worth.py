"""What photos were worth, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recommender.evaluation.bootstrap import Difference

SHUFFLED = "shuffled"


@dataclass(frozen=True, slots=True)
class Worth:
    """A model with real photos against the same with others, in one part of what was asked.

    variant: ``shuffled`` or ``none``. differences: metric → real - variant, paired.
    """

    model: str
    variant: str
    part: str
    customers: int
    means: Mapping[str, tuple[float, float]]
    differences: Mapping[str, Difference]

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "model": self.model,
            "variant": self.variant,
            "part": self.part,
            "customers": self.customers,
            "means": {name: list(values) for name, values in self.means.items()},
            "differences": {name: gap.as_json() for name, gap in self.differences.items()},
        }


@dataclass(frozen=True, slots=True)
class Ablation:
    """All comparisons, warm and cold."""

    worths: tuple[Worth, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """For reports."""
        return [worth.as_json() for worth in self.worths]

    def in_words(self) -> tuple[str, ...]:
        """A sentence per comparison."""
        found = []
        for one in self.worths:
            gap = one.differences["ndcg@10"]
            low, high = gap.interval
            told = "cannot be told from nothing" if low <= 0 <= high else "is more than chance"
            against = "photos of other products" if one.variant == SHUFFLED else "no photos"
            found.append(
                f"{one.model}, {one.part.replace('_', ' ')}: real photos against {against} are worth "
                f"{gap.mean:+.4f} NDCG@10 [{low:+.4f}, {high:+.4f}], which {told} ({one.customers} customers)"
            )
        return tuple(found)
