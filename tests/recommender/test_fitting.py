from __future__ import annotations

import numpy as np
import pytest

from recommender.fitting import Pool, climb, fit_weights, logit, shares


def pool_of(useful: int, customers: int = 300, width: int = 30, noise: float = 0.0, seed: int = 0) -> Pool:
    """Each customer chooses what source ``useful`` puts first (or anything, with chance ``noise``)."""
    rng = np.random.default_rng(seed)
    features = rng.random((3, customers, width)).astype(np.float32)
    picked = features[useful].argmax(axis=1)
    lost = rng.random(customers) < noise
    picked[lost] = rng.integers(width, size=int(lost.sum()))
    chosen = np.zeros((customers, width), np.bool_)
    chosen[np.arange(customers), picked] = True
    present = np.ones((customers, width), np.bool_)
    return Pool(features, present, chosen, np.ones(customers, np.int64), np.full(customers, 100.0))


def test_gather_keeps_candidates_in_order_and_counts_the_rest() -> None:
    standing = np.zeros((2, 1, 5), np.float32)
    standing[0, 0, [1, 3]] = [0.5, 1.0]
    standing[1, 0, 4] = 0.7
    wanted = np.asarray([[True, False, False, True, False]])
    barred = np.asarray([[False, True, False, False, False]])
    pool = Pool.gather(standing, wanted, barred)
    assert pool.features[:, 0].tolist() == pytest.approx(np.asarray([[1.0, 0.0], [0.0, 0.7]]))
    assert pool.chosen.tolist() == [[True, False]]
    assert pool.wanted.tolist() == [2]
    assert pool.others.tolist() == [2.0]


def test_joined_pools_are_padded_with_nobody() -> None:
    small, large = pool_of(0, 3, 4), pool_of(0, 2, 6)
    both = Pool.joined([small, large])
    assert both.present.sum() == 3 * 4 + 2 * 6
    theta = np.asarray([1.0, 0.0, 0.0])
    assert both.ndcg(theta).tolist() == pytest.approx([*small.ndcg(theta), *large.ndcg(theta)])


def test_ndcg_of_a_pool_by_hand() -> None:
    pool = pool_of(1, customers=5)
    assert pool.ndcg(np.asarray([0.0, 1.0, 0.0])).tolist() == [1.0] * 5
    assert pool.ndcg(np.asarray([1.0, 0.0, 0.0])).mean() < 0.9


@pytest.mark.parametrize("useful", [0, 1, 2])
def test_the_logit_finds_the_source_that_decides(useful: int) -> None:
    theta = logit(pool_of(useful, noise=0.2))
    assert theta.argmax() == useful
    assert theta.min() >= 0
    assert theta[useful] > 3 * np.delete(theta, useful).max()


def test_the_logit_is_at_its_optimum() -> None:
    pool = pool_of(0, customers=40, noise=0.5)
    theta = logit(pool)

    def loss(t: np.ndarray) -> float:  # type: ignore[type-arg]
        utility = np.tensordot(t, pool.features.astype(np.float64), axes=1)
        mass = np.exp(utility).sum(axis=1) + pool.others
        return float(-(utility[pool.chosen] - np.log(mass)).mean() + 0.01 * t @ t)

    for at in range(3):
        for step in (-0.05, 0.05):
            moved = theta.copy()
            moved[at] = max(0.0, moved[at] + step)
            assert loss(theta) <= loss(moved) + 1e-9


def test_the_climb_never_goes_down() -> None:
    pool = pool_of(2, noise=0.4)
    start = shares(np.ones(3))
    assert pool.ndcg(climb(pool, start)).mean() >= pool.ndcg(start).mean()


def test_weights_stay_at_the_default_where_nothing_is_to_be_learnt() -> None:
    pool = pool_of(0, customers=60, noise=1.0)
    default = np.asarray([0.5, 0.3, 0.2])
    rng = np.random.default_rng(5)
    flat = Pool(
        np.repeat(rng.random((1, 60, 30)).astype(np.float32), 3, axis=0),
        pool.present,
        pool.chosen,
        pool.wanted,
        pool.others,
    )
    assert fit_weights(flat, default).tolist() == pytest.approx(default.tolist())


def test_weights_move_where_there_is_something_to_learn() -> None:
    theta = fit_weights(pool_of(1, noise=0.1), np.asarray([0.8, 0.1, 0.1]))
    assert theta.sum() == pytest.approx(1.0)
    assert theta.argmax() == 1
