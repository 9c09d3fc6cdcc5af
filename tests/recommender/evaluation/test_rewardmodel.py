"""The reward model of doubly robust values: by position, from the other half of the customers."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.offpolicy import RewardModel, off_policy
from recommender.evaluation.policylog import PolicyLog
from recommender.evaluation.rewardmodel import by_position

CHANCES = np.asarray([0.6, 0.3, 0.1])


def log_of(customers: int, seed: int = 0) -> PolicyLog:
    """One answer of three positions a customer; two products, both as probable anywhere."""
    rng = np.random.default_rng(seed)
    n = customers * 3
    who = np.repeat(np.arange(customers), 3)
    positions = np.tile([1, 2, 3], customers)
    return PolicyLog(
        requests=who.astype(str).astype(object),
        customers=who.astype(str).astype(object),
        products=rng.integers(2, size=n).astype(str).astype(object),
        positions=positions,
        propensities=np.full(n, 0.5),
        rewards=(rng.random(n) < CHANCES[positions - 1]).astype(np.float64),
        targets=np.full(n, 0.5),
    )


def test_it_expects_the_mean_of_the_position() -> None:
    log = log_of(4000)
    model = by_position(log)
    assert model is not None
    for position, chance in enumerate(CHANCES, 1):
        assert model.shown[log.positions == position] == pytest.approx(chance, abs=0.03)
    assert (model.shown == model.target).all(), "it does not look at the product"


def test_no_row_is_expected_from_its_own_customer() -> None:
    log = log_of(50)
    model = by_position(log)
    assert model is not None
    for row in range(0, len(log), 7):
        changed = log.rewards.copy()
        changed[log.customers == log.customers[row]] = 100.0
        other = by_position(
            PolicyLog(
                log.requests, log.customers, log.products, log.positions, log.propensities, changed, None
            )
        )
        assert other is not None
        assert other.shown[row] == model.shown[row]
        assert (other.shown != model.shown).any(), "it teaches what is expected of the others"


def test_positions_that_the_other_half_never_had_take_its_mean() -> None:
    log = log_of(2)
    lonely = PolicyLog(
        log.requests,
        log.customers,
        log.products,
        np.asarray([1, 2, 3, 1, 2, 9]),
        log.propensities,
        np.asarray([1.0, 0.0, 0.0, 1.0, 1.0, 0.0]),
    )
    model = by_position(lonely)
    assert model is not None
    assert model.shown[5] == pytest.approx(1 / 3)
    assert model.shown[:3].tolist() == pytest.approx([1.0, 1.0, 2 / 3])


def test_one_customer_alone_gives_no_model() -> None:
    assert by_position(log_of(1)) is None


def test_the_doubly_robust_value_with_it_has_no_bias_and_varies_less() -> None:
    values = {"ips": [], "dr": []}  # type: dict[str, list[float]]
    for seed in range(60):
        log = log_of(60, seed)
        weights = np.where(log.products == "0", 1.0, 0.0)  # the target shows the first product alone
        model = by_position(log)
        assert isinstance(model, RewardModel)
        found = off_policy(log, weights, model, resamples=10)
        assert found.estimates is not None
        for name in values:
            values[name].append(found.estimates[name].value)
    truth = CHANCES.mean()
    for name, of in values.items():
        assert abs(np.mean(of) - truth) < 3 * np.std(of) / 60**0.5, name
    assert np.std(values["dr"]) < 0.9 * np.std(values["ips"])
