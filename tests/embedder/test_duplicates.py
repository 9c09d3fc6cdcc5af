"""Near pairs against the whole matrix, and groups that one can see."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from embedder import duplicates
from embedder.disjoint import DisjointSets
from embedder.duplicates import groups_of_duplicates, near_pairs, strongest_pairs


def directions(*degrees: float) -> np.ndarray:
    angle = np.deg2rad(np.asarray(degrees, np.float64))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def clusters(n: int, d: int = 16, seed: int = 0) -> np.ndarray:
    """Unit vectors, every fifth one near the one before it."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(n, d))
    rows[1::5] = rows[: len(rows[1::5]) * 5 : 5] + draw.normal(0, 0.1, (len(rows[1::5]), d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("block", [1, 7, 50, 1000])
@pytest.mark.parametrize("threshold", [0.3, 0.9, 0.99])
def test_pairs_are_those_of_the_whole_matrix(block: int, threshold: float) -> None:
    rows = clusters(103)
    pairs, cosines = near_pairs(rows, threshold, block)
    exact = rows.astype(np.float64) @ rows.T.astype(np.float64)
    wanted = [(i, j) for i in range(103) for j in range(i + 1, 103) if exact[i, j] >= threshold]
    assert [tuple(pair) for pair in pairs.tolist()] == wanted
    np.testing.assert_allclose(cosines, [exact[i, j] for i, j in wanted], atol=1e-5)
    assert pairs.dtype == np.int64


def test_the_same_vector_reaches_a_threshold_of_one() -> None:
    rows = clusters(40, d=352)
    rows[17] = rows[3]
    pairs, cosines = near_pairs(rows, 1.0)
    assert pairs.tolist() == [[3, 17]]
    assert cosines[0] <= 1.0


def test_length_does_not_matter_and_zeros_look_like_nothing() -> None:
    rows = directions(0, 1, 90) * np.asarray([[3.0], [0.2], [1.0]], np.float32)
    rows = np.concatenate([rows, np.zeros((2, 2), np.float32)])
    assert near_pairs(rows, 0.99)[0].tolist() == [[0, 1]]


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_to_compare(n: int) -> None:
    pairs, cosines = near_pairs(np.ones((n, 3), np.float32))
    assert pairs.shape == (0, 2)
    assert len(cosines) == 0


@pytest.mark.parametrize("block", [8, 1000])
def test_where_too_many_are_found_the_closest_are_kept_whole(block: int) -> None:
    rows = clusters(80, d=4)
    everything = strongest_pairs(rows, 0.1, block)
    found = strongest_pairs(rows, 0.1, block, most=100)
    assert 0 < len(found.pairs) <= 100
    assert found.threshold > 0.1
    wanted = everything.pairs[everything.cosines >= found.threshold]
    assert found.pairs.tolist() == wanted.tolist()


def test_where_all_look_the_same_no_pair_is_left() -> None:
    found = strongest_pairs(np.ones((60, 4), np.float32), 0.9, block=16, most=100)
    assert len(found.pairs) == 0
    assert found.threshold > 1.0


def test_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_PAIRS", 10)
    with pytest.raises(UsageError, match=r"more than 10 pairs of photos have a cosine of 0\.5 or more"):
        near_pairs(np.ones((60, 4), np.float32), 0.5)


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.01, float("nan")])
def test_a_threshold_is_a_cosine(threshold: float) -> None:
    with pytest.raises(UsageError, match="a cosine above 0 and up to 1"):
        near_pairs(directions(0, 1), threshold)


def test_vectors_are_finite_rows() -> None:
    with pytest.raises(UsageError, match="finite"):
        near_pairs(np.asarray([[1.0, np.nan]], np.float32))
    with pytest.raises(UsageError, match="shape"):
        near_pairs(np.ones(3, np.float32))
    with pytest.raises(UsageError, match="block"):
        near_pairs(directions(0, 1), block=0)


def test_one_file_under_several_products_is_a_group_of_its_own() -> None:
    found = groups_of_duplicates(
        ["1", "2", "3", "4"], ["a", "b", "c", "c"], ["x", "x", "y", "y"], directions(0, 0, 90, 90)
    )
    assert [(g.kind, g.cosine, g.photos, g.products) for g in found] == [
        ("same file", 1.0, ("1", "2"), ("a", "b")),
        ("same file", 1.0, ("3", "4"), ("c",)),
    ]


def test_near_photos_of_one_product_are_its_own_business() -> None:
    rows = directions(0, 1, 90, 91)
    found = groups_of_duplicates(list("1234"), ["a", "a", "b", "c"], list("wxyz"), rows, 0.99)
    assert [(g.kind, g.photos, g.owners) for g in found] == [("near", ("3", "4"), ("b", "c"))]
    assert found[0].cosine == pytest.approx(np.cos(np.deg2rad(1)), abs=1e-6)


def test_a_near_group_takes_all_photos_of_its_files() -> None:
    # Files x (of a and b) and y (of c) look alike; y also lies under a second photo of c.
    rows = directions(0, 0, 2, 2, 90)
    found = groups_of_duplicates(list("12345"), ["a", "b", "c", "c", "d"], list("xxyyz"), rows, 0.99)
    assert [(g.kind, g.photos) for g in found] == [
        ("near", ("1", "2", "3", "4")),
        ("same file", ("1", "2")),
        ("same file", ("3", "4")),
    ]


def test_the_largest_groups_come_first_with_their_weakest_link() -> None:
    rows = directions(0, 1, 90, 93, 94, 200)
    found = groups_of_duplicates(list("123456"), list("abcdef"), list("abcdef"), rows, 0.998)
    assert [g.photos for g in found] == [("3", "4", "5"), ("1", "2")]
    assert found[0].cosine == pytest.approx(np.cos(np.deg2rad(3)), abs=1e-6)


def test_disjoint_sets_know_sizes_and_numbers() -> None:
    sets = DisjointSets(6)
    assert sets.join(4, 5) == 2
    assert sets.join(5, 1) == 3
    assert sets.join(1, 4) == 3
    sets.join_all([(0, 2)])
    assert [sets.size(member) for member in range(6)] == [2, 3, 2, 1, 3, 3]
    assert sets.numbers().tolist() == [0, 1, 0, 2, 1, 1]
