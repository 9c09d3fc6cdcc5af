"""Retrieval against the definitions written out, and against pytorch-metric-learning."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from embedder.measures import class_means, ranked, retrieve
from embedder.measures.similarity import columns_of, order_keys


def scene(seed: int, n: int = 90, classes: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors that hint at their labels, labels of which some occur once, and groups of up to three."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    labels[:3] = [100, 101, 102]
    vectors = rng.normal(size=(n, 12)) + 1.2 * np.eye(classes, 12)[labels % classes]
    return vectors.astype(np.float32), labels, np.sort(rng.integers(0, n // 2, n))


def naive(vectors: np.ndarray, labels: np.ndarray, groups: np.ndarray, query: int) -> tuple[float, ...]:
    """First right rank, mAP@R and R-precision of one query, step by step."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    others = [i for i in range(len(labels)) if groups[i] != groups[query]]
    others.sort(key=lambda i: (-float(unit[i] @ unit[query]), i))
    right = [labels[i] == labels[query] for i in others]
    wanted = sum(right)
    if not wanted:
        return np.nan, np.nan, np.nan
    hits = right[:wanted]
    average = sum(sum(hits[: i + 1]) / (i + 1) for i in range(wanted) if hits[i]) / wanted
    return right.index(True) + 1, average, sum(hits) / wanted


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("grouped", [False, True])
def test_every_query_has_the_value_of_the_definition(seed: int, grouped: bool) -> None:
    vectors, labels, groups = scene(seed)
    if not grouped:
        groups = np.arange(len(labels))
    found = retrieve(vectors, labels, groups)
    expected = np.array([naive(vectors, labels, groups, query) for query in range(len(labels))])
    np.testing.assert_array_equal(found.first, expected[:, 0])
    np.testing.assert_allclose(found.map_at_r, expected[:, 1], atol=1e-12)
    np.testing.assert_allclose(found.r_precision, expected[:, 2], atol=1e-12)


@pytest.mark.parametrize("by_class", [False, True])
def test_the_averages_are_those_of_pytorch_metric_learning(
    by_class: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where it finds faiss it replaces faiss's own methods, for this process and everybody in it.
    monkeypatch.setitem(sys.modules, "faiss", None)
    import torch
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN

    vectors, labels, _ = scene(11, n=160)
    names = ("precision_at_1", "r_precision", "mean_average_precision_at_r", "mean_reciprocal_rank")
    told = AccuracyCalculator(
        include=names,
        avg_of_avgs=by_class,
        k=len(labels) - 1,
        device=torch.device("cpu"),
        knn_func=CustomKNN(CosineSimilarity()),
    ).get_accuracy(torch.from_numpy(vectors), torch.from_numpy(labels))
    found = retrieve(vectors, labels)
    values = np.stack([found.recall(1), found.r_precision, found.map_at_r, found.reciprocal_rank], axis=1)
    counts, means = class_means(values, labels)
    mean = np.nanmean(means[counts > 0], axis=0) if by_class else np.nanmean(values, axis=0)
    assert mean == pytest.approx([told[name] for name in names], abs=1e-6)


def test_the_curve_is_recall_at_every_k() -> None:
    vectors, labels, groups = scene(5)
    found = retrieve(vectors, labels, groups)
    curve = found.hits(10)
    for k in (1, 3, 10):
        np.testing.assert_array_equal(curve[:, k - 1], found.recall(k))
    assert np.isnan(curve[:3]).all()


def test_some_queries_get_the_answers_they_get_among_all() -> None:
    vectors, labels, groups = scene(6)
    asked = np.array([80, 4, 17])
    whole, some = retrieve(vectors, labels, groups), retrieve(vectors, labels, groups, asked)
    assert some.query.tolist() == asked.tolist()
    np.testing.assert_array_equal(some.map_at_r, whole.map_at_r[asked])
    np.testing.assert_array_equal(some.nearest, whole.nearest[asked])


def test_equal_cosines_come_in_the_order_of_rows() -> None:
    vectors = np.array([[1, 0], [0, 1], [0, 1], [0, -1], [0, 1]], np.float32)
    order, cosines = ranked(vectors, 0)
    assert order.tolist() == [1, 2, 3, 4]
    assert cosines.tolist() == [0, 0, 0, 0]
    assert retrieve(vectors, list("aabbb")).first.tolist()[0] == 1
    assert retrieve(vectors, list("abbba")).first.tolist()[0] == 4


def test_who_has_nobody_else_has_no_nearest() -> None:
    vectors = np.eye(3, dtype=np.float32)
    found = retrieve(vectors, list("aab"), groups=["x", "x", "x"])
    assert found.nearest.tolist() == [-1, -1, -1]
    assert found.others.tolist() == [0, 0, 0]
    assert np.isnan(found.first).all()


def test_more_rows_than_a_block_are_one_result(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels, groups = scene(7)
    whole = retrieve(vectors, labels, groups)
    monkeypatch.setattr("embedder.measures.similarity._MOST_ROWS", 7)
    parts = retrieve(vectors, labels, groups)
    np.testing.assert_array_equal(whole.first, parts.first)
    np.testing.assert_array_equal(whole.nearest, parts.nearest)


def test_as_many_groups_as_rows_are_wanted() -> None:
    with pytest.raises(ValueError, match="groups"):
        retrieve(np.eye(3), list("aab"), groups=["x"])


def test_keys_put_scores_in_the_order_of_a_stable_sort() -> None:
    rng = np.random.default_rng(8)
    scores = np.round(rng.normal(size=(5, 40)), 1).astype(np.float32)
    scores[:, ::7], scores[:, 3], scores[:, 5] = -0.0, 0.0, -np.inf
    expected = np.argsort(-scores, axis=1, kind="stable")
    np.testing.assert_array_equal(columns_of(np.sort(order_keys(scores), axis=1)), expected)
