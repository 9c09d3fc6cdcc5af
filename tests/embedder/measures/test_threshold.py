"""The look-alike threshold: what it promises holds for fresh photos, and strangers stay below it."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.measures import look_alike_threshold, nearest_other, same_product_threshold


def test_the_nearest_other_is_of_another_group() -> None:
    rng = np.random.default_rng(0)
    vectors, groups = rng.normal(size=(30, 5)).astype(np.float32), rng.integers(0, 8, 30)
    score = np.clip(vectors @ vectors.T, -1, 1)
    told = [max(score[i, j] for j in range(30) if groups[j] != groups[i]) for i in range(30)]
    np.testing.assert_allclose(nearest_other(vectors, groups), told, rtol=1e-6)
    np.testing.assert_allclose(nearest_other(vectors, groups, [7, 3]), [told[7], told[3]], rtol=1e-6)


def test_where_all_are_one_group_there_is_no_other() -> None:
    assert np.isnan(nearest_other(np.eye(3), ["x"] * 3)).all()
    with pytest.raises(ValueError, match="no photo"):
        look_alike_threshold(np.full(3, np.nan))
    with pytest.raises(ValueError, match="no photo"):
        same_product_threshold(np.full(3, np.nan))


def test_it_is_a_photo_of_the_shop_that_sets_it() -> None:
    best = np.linspace(0.5, 0.99, 399)
    found = look_alike_threshold(best, level=0.01)
    assert found.cosine == pytest.approx(best[3])  # the fourth of 399: 4 / 400
    assert found.level == pytest.approx(0.01)
    assert found.photos == 399


def test_few_photos_cannot_promise_much() -> None:
    found = look_alike_threshold(np.array([0.9, 0.7, np.nan, 0.8]))
    assert (found.cosine, found.level, found.photos) == (0.7, 0.25, 3)


@pytest.mark.parametrize(("photos", "level"), [(99, 0.01), (250, 0.05)])
def test_a_fresh_photo_like_the_shops_own_is_refused_as_rarely_as_promised(photos: int, level: float) -> None:
    rng = np.random.default_rng(1)
    refused = []
    for _ in range(600):
        found = look_alike_threshold(rng.random(photos), level)
        assert found.level <= level
        refused.append(found.cosine)  # a uniform cosine stays below t with probability t
    assert np.mean(refused) == pytest.approx(found.level, abs=0.002)


def test_a_stranger_stays_below_it_and_a_member_does_not() -> None:
    rng = np.random.default_rng(2)
    kinds = np.linalg.qr(rng.normal(size=(16, 16)))[0]
    vectors = kinds[rng.integers(0, 5, 300)] + 0.08 * rng.normal(size=(300, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    found = look_alike_threshold(nearest_other(vectors, np.arange(300)))
    stranger, member = kinds[9], kinds[2]
    assert (vectors @ stranger).max() < found.cosine < (vectors @ member).max()


def test_the_same_product_threshold_is_passed_by_few() -> None:
    best = np.linspace(0.5, 0.9, 200)
    found = same_product_threshold(best, 0.01)
    assert (best >= found).sum() == 2
