"""The randomisation test, against trying all exchanges."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy import sparse

from recommender.evaluation.leakage.chance import excess


def test_mean_and_spread_are_those_of_all_exchanges() -> None:
    rng = np.random.default_rng(0)
    wanted = rng.random((5, 12)) < 0.3
    wanted[:, 0] = True
    lists = np.stack([rng.permutation(12)[:4] for _ in range(5)])
    recall = np.asarray([[wanted[j, lists[i]].sum() / wanted[j].sum() for j in range(5)] for i in range(5)])
    every = [sum(recall[i, order[i]] for i in range(5)) for order in permutations(range(5))]
    found = excess(lists, sparse.csr_array(wanted), np.zeros(5, np.int64), seed=1)
    assert found.observed == pytest.approx(np.trace(recall) / 5)
    assert found.expected == pytest.approx(np.mean(every) / 5)
    assert found.z == pytest.approx((np.trace(recall) - np.mean(every)) / np.std(every))
    assert found.p == pytest.approx(np.mean([v >= np.trace(recall) - 1e-9 for v in every]), abs=0.04)


def test_lists_of_the_answers_are_beyond_chance_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    answers = rng.integers(200, size=(100, 1))
    wanted = sparse.csr_array((np.ones(100, np.bool_), (np.arange(100), answers[:, 0])), shape=(100, 200))
    blocks = np.arange(100) // 25
    assert excess(answers, wanted, blocks, 1).beyond_chance
    assert not excess(rng.integers(200, size=(100, 1)), wanted, blocks, 1).beyond_chance


def test_exchanges_stay_within_blocks() -> None:
    # Everybody of a block wants the block's product and is shown it: no exchange within it changes anything.
    lists = np.repeat([[0], [1]], 5, axis=0)
    wanted = sparse.csr_array(np.repeat(np.eye(2, dtype=np.bool_), 5, axis=0))
    found = excess(lists, wanted, np.repeat([0, 1], 5), 1)
    assert (found.observed, found.expected, found.z, found.p) == (1.0, 1.0, 0.0, 1.0)
    assert excess(lists, wanted, np.zeros(10, np.int64), 1).expected == 0.5


def test_a_related_pair_does_not_count() -> None:
    lists = np.asarray([[1], [2], [0]])  # each is shown what the next one wants
    wanted = sparse.csr_array(np.eye(3, dtype=np.bool_))
    blocks = np.zeros(3, np.int64)
    assert excess(lists, wanted, blocks, 1).expected == pytest.approx(1 / 3)
    assert excess(lists, wanted, blocks, 1, related=np.asarray([1, 2, 0])).expected == 0
