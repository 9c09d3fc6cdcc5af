"""What off-policy evaluation found: values with their intervals, and every reason to doubt them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recommender.evaluation.bootstrap import Interval, number

FEW = 100  # rows of equal weight; fewer cannot carry an estimate


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean reward per shown product, its 95 % interval (bootstrap over customers), and by how much it lies
    above what was earned, with the interval of that difference on the same resamples.
    """

    value: float
    interval: Interval
    gain: float
    gain_interval: Interval

    def as_json(self) -> dict[str, Any]:
        """For reports; what does not exist is null."""
        return {
            "value": number(self.value),
            "interval": [number(end) for end in self.interval],
            "gain": number(self.gain),
            "gain_interval": [number(end) for end in self.gain_interval],
        }


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """Off-policy values, or in words why there are none.

    reason: None where the values exist. rows, requests, customers: that count. left_out: reason → rows that
    do not. logged: mean reward of the policy that ran, with its interval. estimates: "ips", "snips", and "dr"
    where there is a reward model. effective: effective sample size in rows. mean_weight: of the weights
    before clipping, with its interval; 1 where the propensities are right and the policy that ran could show
    everything that the target would. largest_weight: before clipping. clip: the largest weight that was
    allowed, None: any. clipped: share of rows whose weight was cut.
    """

    reason: str | None
    rows: int
    requests: int
    customers: int
    left_out: Mapping[str, int]
    logged: float = float("nan")
    logged_interval: Interval = (float("nan"), float("nan"))
    estimates: Mapping[str, Estimate] | None = None
    effective: float = 0.0
    mean_weight: float = float("nan")
    mean_weight_interval: Interval = (float("nan"), float("nan"))
    largest_weight: float = float("nan")
    clip: float | None = None
    clipped: float = 0.0

    @property
    def possible(self) -> bool:
        """Whether there are values."""
        return self.reason is None

    def as_json(self) -> dict[str, Any]:
        """For reports; what does not exist is null."""
        found: dict[str, Any] = {
            "possible": self.possible,
            "reason": self.reason,
            "rows": self.rows,
            "requests": self.requests,
            "customers": self.customers,
            "left_out": dict(self.left_out),
        }
        if not self.possible:
            return found
        return {
            **found,
            "logged": number(self.logged),
            "logged_interval": [number(end) for end in self.logged_interval],
            "estimates": {name: value.as_json() for name, value in (self.estimates or {}).items()},
            "effective_sample_size": number(self.effective),
            "mean_weight": number(self.mean_weight),
            "mean_weight_interval": [number(end) for end in self.mean_weight_interval],
            "largest_weight": number(self.largest_weight),
            "clip": self.clip,
            "clipped": self.clipped,
            "words": self.in_words(),
        }

    def in_words(self) -> list[str]:
        """The values and every reason to doubt them, a sentence each."""
        if self.reason is not None:
            return [self.reason]
        told = [
            f"The policy that ran earned {self.logged:.4f} per shown product ({self.rows:,} products shown "
            f"in {self.requests:,} answers to {self.customers:,} customers)."
        ]
        for name, one in (self.estimates or {}).items():
            (low, high), (worse, better) = one.interval, one.gain_interval
            told.append(
                f"{name.upper()}: the target policy would have earned {one.value:.4f} "
                f"[{low:.4f}, {high:.4f}], {one.gain:+.4f} [{worse:+.4f}, {better:+.4f}]."
            )
        if "dr" not in (self.estimates or {}):
            told.append("No doubly robust value: no reward model was given.")
        told.append(f"The effective sample size is {self.effective:,.0f} of {self.rows:,} rows.")
        return told + self.doubts()

    def doubts(self) -> list[str]:
        """What speaks against the values."""
        found = []
        if self.effective < FEW:
            found.append(
                f"An effective sample size under {FEW} carries no estimate: the policies differ too much."
            )
        low, high = self.mean_weight_interval
        if not low <= 1 <= high:
            found.append(
                f"The mean weight is {self.mean_weight:.3f} [{low:.3f}, {high:.3f}] and should be 1: chance "
                "(one time in twenty), wrong propensities, or products that only the target policy shows."
            )
        if self.clipped:
            found.append(
                f"{self.clipped:.1%} of the weights were cut to {self.clip:g} (Ionides 2008): IPS is then "
                "too low for rewards above 0."
            )
        for reason, count in self.left_out.items():
            if count:
                found.append(f"{count:,} rows were left out: {reason}.")
        return found
