"""What another policy would have earned, from the log of the one that ran: IPS, SNIPS and doubly robust.

A row is one product that was shown at one position of one answer, with the probability (propensity) with
which the policy that ran put it there, what came of it (reward, e.g. 1 for a click), and the probability with
which the target policy would have put the same product there. With w = target / propensity and r = reward,
over n rows:

    IPS      Σ w r / n                       (Horvitz and Thompson 1952)
    SNIPS    Σ w r / Σ w                     (Swaminathan and Joachims 2015)
    DR       Σ (q_target + w (r - q)) / n    (Dudík, Langford and Li 2011)
    ESS      (Σ w)² / Σ w²                   (Kish 1965), of n rows

q is a reward model's expectation for the product that was shown, q_target its expectation under the target
policy. All values are mean rewards per shown product. In lists of several products this takes it that a
product's reward depends on it and its position, not on its neighbours (the item-position model of Li et al.
2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.errors import UsageError
from recommender.evaluation.bootstrap import RESAMPLES, Interval, interval, resampled_sums
from recommender.evaluation.policylog import PolicyLog
from recommender.evaluation.policyvalue import Estimate, OffPolicy
from recommender.items import Doubles

NO_LOG = "not possible: no propensities are logged, so nothing is known of what was not shown"
NO_CHANCE = (
    "not possible: every logged propensity is 1, that is, the policy that ran left nothing to chance, "
    "so nothing is known of what it would not show"
)
NO_OVERLAP = "not possible: the target policy would have shown none of the products that were shown"


@dataclass(frozen=True, slots=True, eq=False)
class RewardModel:
    """What a model that saw none of these rows expects (cross-fitted, or fitted on an earlier log).

    shown: float64 (n,), the reward of the product that was shown. target: float64 (n,), the mean reward at
    that position under the target policy's probabilities over all products.
    """

    shown: Doubles
    target: Doubles


def off_policy(
    log: PolicyLog,
    target: Doubles | None = None,
    model: RewardModel | None = None,
    clip: float | None = None,
    seed: int = 7,
    resamples: int = RESAMPLES,
) -> OffPolicy:
    """The value of a target policy, from a log.

    target: float64 (n,), the target policy's probability of each logged row's product at its position; None:
    the log's own column. clip: the largest weight. Raises UsageError for a probability outside 0 to 1, arrays
    of another length, or a clip that is not above 0.
    """
    probabilities = log.targets if target is None else np.asarray(target, np.float64)
    _check(log, probabilities, model, clip)
    known = np.isfinite(log.propensities)
    counted = known if probabilities is None else known & np.isfinite(probabilities)
    left_out = {"no propensity": int((~known).sum()), "no target probability": int((known & ~counted).sum())}
    rows = np.flatnonzero(counted)
    facts = (len(rows), len(np.unique(log.requests[rows])), len(np.unique(log.customers[rows])), left_out)
    if (reason := impossible(log)) is not None:
        return OffPolicy(reason, *facts)
    if probabilities is None:
        return OffPolicy("not possible: no probabilities of a target policy are given", *facts)
    weights = probabilities[rows] / log.propensities[rows]
    if not weights.any():
        return OffPolicy(NO_OVERLAP, *facts)
    cut = weights if clip is None else np.minimum(weights, clip)
    q = None if model is None else (model.shown[rows], model.target[rows])
    table = _per_customer(log.customers[rows], log.rewards[rows], weights, cut, q)
    estimates, others = _estimates(table, resamples, seed)
    return OffPolicy(
        None,
        *facts,
        logged=others["logged"][0],
        logged_interval=others["logged"][1],
        estimates=estimates,
        effective=effective_sample_size(cut),
        mean_weight=others["weight"][0],
        mean_weight_interval=others["weight"][1],
        largest_weight=float(weights.max()),
        clip=clip,
        clipped=float((cut < weights).mean()),
    )


def impossible(log: PolicyLog) -> str | None:
    """Why a log allows no off-policy value whatever the target policy is, in words; None where it may."""
    known = np.isfinite(log.propensities)
    if not known.any():
        return NO_LOG
    return NO_CHANCE if (log.propensities[known] == 1).all() else None


def effective_sample_size(weights: Doubles) -> float:
    """(Σ w)² / Σ w² (Kish 1965): how many rows of equal weight would tell as much; 0 without any weight."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _per_customer(
    customers: Any, rewards: Doubles, weights: Doubles, cut: Doubles, q: tuple[Doubles, Doubles] | None
) -> dict[str, Doubles]:
    """Sums per customer, who are the unit that is resampled: rows of one customer are no independent
    evidence.
    """
    terms = {"rows": np.ones(len(rewards)), "r": rewards, "w": weights, "cut": cut, "wr": cut * rewards}
    if q is not None:
        terms["dr"] = q[1] + cut * (rewards - q[0])
    _, place = np.unique(customers, return_inverse=True)
    return {name: np.bincount(place, term).astype(np.float64) for name, term in terms.items()}


def _estimates(
    sums: Mapping[str, Doubles], resamples: int, seed: int
) -> tuple[dict[str, Estimate], dict[str, tuple[float, Interval]]]:
    """Every estimator on the sample and on the same resamples of it."""
    names = list(sums)
    drawn = resampled_sums(np.stack([sums[name] for name in names], axis=1), seed, resamples)
    again = {name: drawn[:, at] for at, name in enumerate(names)}
    once = {name: np.asarray([values.sum()]) for name, values in sums.items()}
    values, means = _ratios(once), _ratios(again)
    estimates: dict[str, Estimate] = {
        name: Estimate(
            value=float(values[name][0]),
            interval=interval(means[name]),
            gain=float(values[name][0] - values["logged"][0]),
            gain_interval=interval(means[name] - means["logged"]),
        )
        for name in values
        if name not in ("logged", "weight")
    }
    return estimates, {name: (float(values[name][0]), interval(means[name])) for name in ("logged", "weight")}


def _ratios(sums: Mapping[str, Doubles]) -> dict[str, Doubles]:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "logged": sums["r"] / sums["rows"],
            "weight": sums["w"] / sums["rows"],
            "ips": sums["wr"] / sums["rows"],
            "snips": sums["wr"] / sums["cut"],
        }
        if "dr" in sums:
            found["dr"] = sums["dr"] / sums["rows"]
    return found


def _check(log: PolicyLog, target: Doubles | None, model: RewardModel | None, clip: float | None) -> None:
    arrays = [*([] if target is None else [target]), *([] if model is None else [model.shown, model.target])]
    if any(len(array) != len(log) for array in arrays):
        raise UsageError(f"the log has {len(log):,} rows, the target's probabilities or the model have not")
    if target is not None and ((target < 0) | (target > 1)).any():
        raise UsageError("a probability of the target policy lies outside 0 to 1")
    if model is not None and not (np.isfinite(model.shown).all() and np.isfinite(model.target).all()):
        raise UsageError("the reward model's expectations must be finite numbers")
    if clip is not None and not clip > 0:
        raise UsageError("the largest weight must be above 0")
