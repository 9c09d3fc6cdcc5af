"""Off-policy values on simulated logs whose true values are known."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from data.errors import UsageError
from recommender.evaluation.offpolicy import RewardModel, effective_sample_size, off_policy
from recommender.evaluation.policylog import PolicyLog

CUSTOMERS, ANSWERS, PRODUCTS = 60, 10, 5


@dataclass(frozen=True)
class Bandit:
    """Two kinds of customers, five products; rewards are 0 or 1 with a chance by kind and product."""

    log: PolicyLog
    target: np.ndarray
    truth: float
    model: RewardModel


def bandit(seed: int, scale: float = 1.0) -> Bandit:
    chances = np.asarray([[0.95, 0.9, 0.5, 0.1, 0.05], [0.05, 0.1, 0.5, 0.9, 0.95]])
    logged = np.asarray([[0.1, 0.1, 0.2, 0.3, 0.3], [0.2] * 5])
    wanted = np.asarray([[0.3, 0.3, 0.2, 0.1, 0.1], [0.05, 0.05, 0.2, 0.3, 0.4]])
    rng = np.random.default_rng(seed)
    n = CUSTOMERS * ANSWERS
    customers = np.repeat(np.arange(CUSTOMERS), ANSWERS)
    kind = customers % 2
    shown = np.asarray([rng.choice(PRODUCTS, p=logged[one]) for one in kind])
    rewards = (rng.random(n) < chances[kind, shown]).astype(np.float64)
    log = PolicyLog(
        requests=np.arange(n).astype(str).astype(object),
        customers=customers.astype(str).astype(object),
        products=shown.astype(str).astype(object),
        positions=np.ones(n, np.int64),
        propensities=logged[kind, shown] * scale,
        rewards=rewards,
    )
    expected = (wanted * chances).sum(axis=1)
    return Bandit(
        log,
        wanted[kind, shown],
        float(expected[kind].mean()),
        RewardModel(chances[kind, shown], expected[kind]),
    )


def _values(found: object) -> dict[str, float]:
    return {name: one.value for name, one in found.estimates.items()}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def many() -> tuple[np.ndarray, np.ndarray, float]:
    """Values (runs, 3) and whether the interval held the truth (runs, 3), of IPS, SNIPS and DR."""
    values, inside = [], []
    for seed in range(120):
        one = bandit(seed)
        found = off_policy(one.log, one.target, one.model, resamples=300)
        assert found.estimates is not None
        three = [found.estimates[name] for name in ("ips", "snips", "dr")]
        values.append([e.value for e in three])
        inside.append([e.interval[0] <= one.truth <= e.interval[1] for e in three])
    return np.asarray(values), np.asarray(inside), bandit(0).truth


def test_the_estimators_hit_the_truth_on_average(many: tuple[np.ndarray, np.ndarray, float]) -> None:
    values, _, truth = many
    error = values.std(axis=0, ddof=1) / len(values) ** 0.5
    assert (np.abs(values.mean(axis=0) - truth) < 4 * error).all()
    assert abs(truth - bandit(0).log.rewards.mean()) > 10 * error.max()  # the log's own mean is not it


def test_intervals_hold_the_truth_about_as_often_as_they_say(
    many: tuple[np.ndarray, np.ndarray, float],
) -> None:
    share = many[1].mean(axis=0)
    assert (share >= 0.88).all()
    assert (share <= 0.995).all()


def test_a_good_reward_model_takes_noise_away(many: tuple[np.ndarray, np.ndarray, float]) -> None:
    ips, snips, dr = many[0].var(axis=0)
    assert dr < 0.8 * ips
    assert dr < snips * 1.05


def test_the_formulas_by_hand() -> None:
    log = PolicyLog(
        requests=np.asarray(["r1", "r1", "r2"], object),
        customers=np.asarray(["a", "a", "b"], object),
        products=np.asarray(["x", "y", "x"], object),
        positions=np.asarray([1, 2, 1]),
        propensities=np.asarray([0.5, 0.25, 0.8]),
        rewards=np.asarray([1.0, 0.0, 1.0]),
    )
    model = RewardModel(np.asarray([0.6, 0.2, 0.7]), np.asarray([0.5, 0.4, 0.3]))
    found = off_policy(log, np.asarray([0.25, 0.5, 0.4]), model)
    w = [0.5, 2.0, 0.5]
    assert found.logged == pytest.approx(2 / 3)
    assert _values(found) == {
        "ips": pytest.approx((0.5 + 0.5) / 3),
        "snips": pytest.approx((0.5 + 0.5) / 3.0),
        "dr": pytest.approx((0.5 + 0.5 * 0.4 + 0.4 - 2 * 0.2 + 0.3 + 0.5 * 0.3) / 3),
    }
    assert found.effective == pytest.approx(sum(w) ** 2 / sum(x * x for x in w))
    assert found.mean_weight == pytest.approx(1.0)
    assert (found.rows, found.requests, found.customers, found.largest_weight) == (3, 2, 2, 2.0)


def test_intervals_are_those_of_a_loop_that_draws_customers() -> None:
    one = bandit(3)
    found = off_policy(one.log, one.target, one.model)
    w, r = one.target / one.log.propensities, one.log.rewards
    dr = one.model.target + w * (r - one.model.shown)
    rng, drawn = np.random.default_rng(1), []
    for _ in range(3000):
        rows = (rng.integers(CUSTOMERS, size=CUSTOMERS)[:, None] * ANSWERS + np.arange(ANSWERS)).ravel()
        drawn.append([(w * r)[rows].mean(), (w * r)[rows].sum() / w[rows].sum(), dr[rows].mean()])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert found.estimates is not None
    for at, name in enumerate(("ips", "snips", "dr")):
        assert found.estimates[name].interval == pytest.approx((low[at], high[at]), abs=0.01)


def test_snips_moves_with_the_rewards_and_ips_does_not() -> None:
    one = bandit(0)
    shifted = replace(one.log, rewards=one.log.rewards + 5)
    before, after = _values(off_policy(one.log, one.target)), _values(off_policy(shifted, one.target))
    assert after["snips"] == pytest.approx(before["snips"] + 5)
    assert after["ips"] == pytest.approx(before["ips"] + 5 * off_policy(one.log, one.target).mean_weight)
    assert abs(after["ips"] - before["ips"] - 5) > 0.01


def test_the_policy_that_ran_earns_what_it_earned() -> None:
    one = bandit(0)
    found = off_policy(one.log, one.log.propensities)
    assert found.effective == pytest.approx(len(one.log))
    assert _values(found) == pytest.approx({"ips": found.logged, "snips": found.logged})
    assert found.estimates is not None
    assert found.estimates["ips"].gain_interval == pytest.approx((0, 0))
    assert found.doubts() == []


def test_the_effective_size_is_that_of_kish() -> None:
    assert effective_sample_size(np.ones(7)) == 7
    assert effective_sample_size(np.asarray([1.0, 0.0, 0.0])) == 1
    assert effective_sample_size(np.asarray([3.0, 1.0])) == 16 / 10
    assert effective_sample_size(np.zeros(3)) == 0


def test_clipping_cuts_weights_tells_how_many_and_lowers_ips() -> None:
    one = bandit(0)
    free, cut = off_policy(one.log, one.target), off_policy(one.log, one.target, clip=1.0)
    weights = one.target / one.log.propensities
    assert cut.clipped == pytest.approx((weights > 1).mean())
    assert _values(cut)["ips"] == pytest.approx((np.minimum(weights, 1) * one.log.rewards).mean())
    assert _values(cut)["ips"] < _values(free)["ips"]
    assert cut.effective > free.effective
    assert cut.mean_weight == free.mean_weight
    assert any("were cut to 1" in line for line in cut.in_words())


def test_wrong_propensities_are_noticed_by_the_mean_weight() -> None:
    right, wrong = bandit(0), bandit(0, scale=0.5)
    assert off_policy(right.log, right.target).doubts() == []
    found = off_policy(wrong.log, wrong.target)
    assert any("should be 1" in line for line in found.doubts())


def test_a_short_log_is_doubted() -> None:
    one = bandit(0)
    log = PolicyLog(
        one.log.requests[:20],
        one.log.customers[:20],
        one.log.products[:20],
        one.log.positions[:20],
        one.log.propensities[:20],
        one.log.rewards[:20],
    )
    assert "carries no estimate" in off_policy(log, one.target[:20]).doubts()[0]


def test_without_propensities_it_is_not_possible_and_says_so() -> None:
    one = bandit(0)
    found = off_policy(replace(one.log, propensities=np.full(len(one.log), np.nan)), one.target)
    assert not found.possible
    assert found.in_words()[0].startswith("not possible: no propensities are logged")
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["possible"] is False
    assert told["left_out"]["no propensity"] == len(one.log)
    assert "estimates" not in told


def test_a_policy_without_chance_one_without_overlap_and_none_at_all_are_not_possible() -> None:
    one = bandit(0)
    certain = replace(one.log, propensities=np.ones(len(one.log)))
    assert "left nothing to chance" in off_policy(certain, one.target).in_words()[0]
    assert "none of the products" in off_policy(one.log, np.zeros(len(one.log))).in_words()[0]
    assert "no probabilities of a target policy" in off_policy(one.log).in_words()[0]


def test_rows_without_propensity_are_left_out_and_counted() -> None:
    one = bandit(0)
    some = one.log.propensities.copy()
    some[::4] = np.nan
    found = off_policy(replace(one.log, propensities=some), one.target, one.model)
    kept = np.isfinite(some)
    weights = one.target[kept] / some[kept]
    assert found.left_out["no propensity"] == int((~kept).sum())
    assert _values(found)["ips"] == pytest.approx((weights * one.log.rewards[kept]).mean())
    assert any("150 rows were left out: no propensity" in line for line in found.in_words())


def test_all_of_it_is_told_in_words_and_json() -> None:
    one = bandit(0)
    found = off_policy(one.log, one.target)
    assert any("No doubly robust value" in line for line in found.in_words())
    assert any(line.startswith("SNIPS: the target policy") for line in found.in_words())
    told = json.loads(json.dumps(off_policy(one.log, one.target, one.model).as_json(), allow_nan=False))
    assert set(told["estimates"]) == {"ips", "snips", "dr"}
    assert told["words"][0].startswith("The policy that ran earned")


def test_nonsense_is_refused() -> None:
    one = bandit(0)
    with pytest.raises(UsageError, match="outside 0 to 1"):
        off_policy(one.log, one.target + 1)
    with pytest.raises(UsageError, match="600 rows"):
        off_policy(one.log, one.target[:-1])
    with pytest.raises(UsageError, match="above 0"):
        off_policy(one.log, one.target, clip=0.0)
    with pytest.raises(UsageError, match="finite"):
        off_policy(one.log, one.target, RewardModel(one.model.shown * np.nan, one.model.target))
