from __future__ import annotations

import numpy as np
import pytest

from recommender import taste
from recommender.taste import clusters, tastes_of, unit_mean
from tests.recommender.makers import history_of, items_of

ITEMS = items_of({"x": (1.0, 0.0), "y": (0.0, 1.0)}, more=["blind"])


def test_the_mean_leans_to_what_is_recent_and_strong() -> None:
    history = history_of(ITEMS, [("x", 1.0, 0), ("y", 1.0, 30)])
    found = tastes_of(history, ITEMS, 30.0, "mean")
    # x has faded to a half: the mean is (0.5, 1) before it is brought to unit norm.
    assert found.centres[0].tolist() == pytest.approx([0.4472, 0.8944], abs=1e-4)
    assert found.medoids.tolist() == [-1]
    assert found.shares.tolist() == [1.0]


def test_each_liked_product_with_its_share() -> None:
    history = history_of(ITEMS, [("x", 3.0, 0), ("y", 1.0, 0)])
    found = tastes_of(history, ITEMS, float("inf"), "each")
    shares = {ITEMS.ids[m]: s for m, s in zip(found.medoids, found.shares, strict=True)}
    assert shares == pytest.approx({"x": 0.75, "y": 0.25})


def test_products_without_looks_and_disliked_ones_make_no_taste() -> None:
    found = tastes_of(history_of(ITEMS, [("blind", 1.0, 0), ("x", -1.0, 0)]), ITEMS, 30.0, "interests")
    assert found.starts.tolist() == [0, 0]
    assert found.centres.shape == (0, 2)


def test_a_broad_history_is_split_and_each_part_stands_for_itself_by_a_real_product() -> None:
    rng = np.random.default_rng(1)
    looks = {}
    for group in range(3):
        for i in range(4 if group else 6):
            vector = np.eye(3)[group] + rng.normal(0, 0.05, 3)
            looks[f"g{group}-{i}"] = (vector / np.linalg.norm(vector)).tolist()
    items = items_of(looks)
    found = tastes_of(history_of(items, [(p, 1.0, 0) for p in looks]), items, 90.0, "interests")
    assert len(found.shares) == 3
    assert sorted(items.ids[m][:2] for m in found.medoids) == ["g0", "g1", "g2"]
    share = {items.ids[m][:2]: s for m, s in zip(found.medoids, found.shares, strict=True)}
    assert share == pytest.approx({"g0": 6 / 14, "g1": 4 / 14, "g2": 4 / 14})
    # A medoid is the member closest to all members of its part.
    part = np.stack([items.vectors[items.row_of[p]] for p in looks if p.startswith("g1")])
    names = [p for p in looks if p.startswith("g1")]
    wanted = names[int((part @ part.T).sum(axis=1).argmax())]
    assert wanted in [items.ids[m] for m in found.medoids]


def test_a_narrow_history_stays_one_interest() -> None:
    looks = {f"p{i}": (1.0, 0.01 * i) for i in range(8)}
    items = items_of({p: (np.asarray(v) / np.linalg.norm(v)).tolist() for p, v in looks.items()})
    found = tastes_of(history_of(items, [(p, 1.0, 0) for p in looks]), items, 90.0, "interests")
    assert found.medoids.tolist() == [-1]


def test_never_more_interests_than_allowed() -> None:
    vectors = np.eye(20, dtype=np.float32)
    assert clusters(vectors).max() < taste.MOST_INTERESTS


def test_a_long_history_keeps_its_strongest_products() -> None:
    names = [f"p{i:02d}" for i in range(60)]
    items = items_of({p: np.eye(60)[i].tolist() for i, p in enumerate(names)})
    history = history_of(items, [(p, 1.0 + i, 0) for i, p in enumerate(names)])
    found = tastes_of(history, items, float("inf"), "each")
    assert sorted(items.ids[m] for m in found.medoids) == names[-taste.MOST_PRODUCTS :]


def test_vectors_that_cancel_out_give_no_direction() -> None:
    opposite = np.asarray([[1.0, 0.0], [-1.0, 0.0]], np.float32)
    assert unit_mean(opposite, np.asarray([0.5, 0.5])).tolist() == [0.0, 0.0]
