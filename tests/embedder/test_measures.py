"""Measures on vectors whose neighbours one can see."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.measures import bootstrap, map_at_r, recall_at_k, recall_between, unit_rows


def directions(*degrees: float) -> np.ndarray:
    angle = np.deg2rad(np.array(degrees))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_two_clear_clusters_are_perfect() -> None:
    vectors, labels = directions(0, 1, 2, 90, 91, 92), list("aaabbb")
    assert recall_at_k(vectors, labels, [1])[1].tolist() == [1] * 6
    assert map_at_r(vectors, labels).tolist() == [1] * 6


def test_recall_needs_one_right_among_k() -> None:
    vectors, labels = directions(0, 1, 3, 40), list("abba")
    found = recall_at_k(vectors, labels, [1, 2, 3])
    assert found[1].tolist() == [0, 0, 1, 0]
    assert found[2].tolist() == [0, 1, 1, 0]
    assert found[3].tolist() == [1, 1, 1, 1]


def test_map_at_r_by_hand() -> None:
    # From the first: ranks b a a | R = 2, ranks 1..2 are wrong, right: (0 + 1/2) / 2.
    vectors, labels = directions(0, 1, 2, 3), list("abaa")
    assert map_at_r(vectors, labels)[0] == pytest.approx(0.25)


def test_a_label_of_its_own_has_no_value() -> None:
    vectors, labels = directions(0, 1, 2), list("aab")
    assert np.isnan(map_at_r(vectors, labels)[2])
    assert np.isnan(recall_at_k(vectors, labels, [1])[1][2])
    assert bootstrap(map_at_r(vectors, labels)).queries == 2


def test_groups_leave_out_the_own_group() -> None:
    vectors, labels = directions(0, 1, 5, 9), list("aaba")
    assert recall_at_k(vectors, labels, [1])[1][0] == 1
    assert recall_at_k(vectors, labels, [1], groups=["x", "x", "y", "z"])[1][0] == 0
    assert np.isnan(recall_at_k(vectors, labels, [1], groups=["x", "x", "y", "x"])[1][0])


def test_length_of_vectors_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(40, 8)), rng.integers(0, 4, 40)
    scaled = vectors * rng.uniform(0.1, 9, (40, 1))
    np.testing.assert_array_equal(map_at_r(vectors, labels), map_at_r(scaled, labels))
    np.testing.assert_allclose(np.linalg.norm(unit_rows(scaled), axis=1), 1, rtol=1e-6)


def test_more_rows_than_a_block_agree_with_the_definition() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 30, 700)
    vectors = rng.normal(size=(700, 16)) + np.eye(30, 16)[labels] * 3
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    score = unit @ unit.T
    np.fill_diagonal(score, -np.inf)
    nearest = labels[score.argmax(1)] == labels
    assert recall_at_k(vectors, labels, [1])[1].tolist() == nearest.tolist()


def test_between_two_sets() -> None:
    found = recall_between(directions(0, 50, 10), list("abc"), directions(1, 30, 60), list("aab"), [1, 2])
    assert found[1][:2].tolist() == [1, 1]
    assert np.isnan(found[1][2])


def test_interval_holds_the_mean_and_repeats() -> None:
    values = np.random.default_rng(0).random(300)
    first, second = bootstrap(values), bootstrap(values)
    assert first == second
    assert first.low < first.mean < first.high
    assert first.high - first.low < 0.15


def test_nothing_to_average_is_refused() -> None:
    with pytest.raises(ValueError, match="only once"):
        bootstrap(np.array([np.nan]))


def test_counts_must_agree() -> None:
    with pytest.raises(ValueError, match="labels"):
        recall_at_k(directions(0, 1), ["a"], [1])
