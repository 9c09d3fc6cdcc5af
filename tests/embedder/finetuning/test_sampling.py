"""Batches: who is in them, how often, and that an epoch knows nothing of the ones before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.errors import UsageError
from embedder.finetuning.sampling import (
    Rows,
    balanced,
    class_weights,
    p_by_k,
    place_seed,
    share_of,
    shuffled,
)

LABELS = np.asarray([0] * 40 + [1] * 9 + [2] * 3 + [3], np.int64)
DRAWS: list[Callable[[int], list[Rows]]] = [
    lambda epoch: shuffled(53, 8, 7, epoch),
    lambda epoch: balanced(LABELS, 8, 7, epoch),
    lambda epoch: p_by_k(LABELS, 12, 4, 7, epoch),
]


def together(batches: list[Rows]) -> list[int]:
    return np.concatenate(batches).tolist()


@pytest.mark.parametrize("draw", DRAWS, ids=["shuffled", "balanced", "p-by-k"])
def test_an_epoch_is_the_same_whenever_it_is_drawn_and_unlike_the_next(
    draw: Callable[[int], list[Rows]],
) -> None:
    third = [batch.tolist() for batch in draw(3)]
    draw(1)
    assert [batch.tolist() for batch in draw(3)] == third
    assert [batch.tolist() for batch in draw(4)] != third
    assert all(batch.dtype == np.int64 for batch in draw(3))


@given(n=st.integers(0, 60), size=st.integers(2, 20))
@settings(max_examples=60, deadline=None)
def test_shuffled_shows_every_photo_once_in_even_batches(n: int, size: int) -> None:
    batches = shuffled(n, size, 1, 0)
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(n))
    sizes = [len(batch) for batch in batches]
    assert not sizes or (max(sizes) <= size and max(sizes) - min(sizes) <= 1)


def test_balanced_draws_every_class_as_often() -> None:
    drawn = together(balanced(LABELS, 8, 7, 1))
    counts = Counter(LABELS[drawn].tolist())
    assert len(drawn) == len(LABELS) == sum(counts.values())
    assert max(counts.values()) - min(counts.values()) <= 1
    assert Counter(drawn)[52] == counts[3]  # the one photo of the last class
    often = Counter(row for row in drawn if LABELS[row] == 2)
    assert max(often.values()) - min(often.values()) <= 1


def test_balanced_shows_other_photos_of_a_large_class_in_another_epoch() -> None:
    seen = [{row for row in together(balanced(LABELS, 8, 7, epoch)) if row < 40} for epoch in range(12)]
    assert len(seen[0]) < 20
    assert len(set().union(*seen)) >= 35


def check_p_by_k(labels: NDArray[np.int64], photos: int, per_class: int) -> list[Rows]:
    batches = p_by_k(labels, photos, per_class, 3, 2)
    sizes = Counter(labels.tolist())
    for batch in batches:
        counts = Counter(labels[batch].tolist())
        assert len(batch) <= photos
        for label, count in counts.items():
            if label < 0:
                continue
            assert count == 1 if sizes[label] == 1 else count >= min(per_class, photos // 2)
            rows = Counter(row for row in batch.tolist() if labels[row] == label)
            assert max(rows.values()) - min(rows.values(), default=0) <= 1 or sizes[label] < count
        assert len(set(labels[batch].tolist()) - {-1}) + len({r for r in batch.tolist() if labels[r] < 0}) > 1
    if labels.min() >= 0:
        assert set(labels[together(batches)].tolist()) == set(labels.tolist())
    return batches


def test_p_by_k_gives_p_classes_of_k_photos() -> None:
    labels = np.repeat(np.arange(10), 6)
    batches = check_p_by_k(labels, 12, 4)
    for batch in batches:
        assert sorted(Counter(labels[batch].tolist()).values()) == [4, 4, 4]
        assert len(set(batch.tolist())) == 12
    assert len(batches) == 5


@given(
    labels=st.lists(st.integers(-1, 12), min_size=1, max_size=70).filter(lambda found: len(set(found)) > 1),
    photos=st.integers(4, 24),
    per_class=st.integers(2, 6),
)
@settings(max_examples=150, deadline=None)
def test_p_by_k_holds_to_its_rules_for_any_shop(labels: list[int], photos: int, per_class: int) -> None:
    check_p_by_k(np.asarray(labels, np.int64), photos, per_class)


def test_p_by_k_repeats_small_classes_and_shows_single_photos_once() -> None:
    labels = np.asarray([0, 0, 1, 2, 2, 2, 2, 2], np.int64)
    drawn = [batch for epoch in range(5) for batch in p_by_k(labels, 9, 4, 1, epoch)]
    assert all(Counter(batch.tolist())[2] <= 1 for batch in drawn)
    with_pair = [Counter(batch.tolist()) for batch in drawn if 0 in labels[batch]]
    assert with_pair
    assert all(counts[0] == counts[1] == 2 for counts in with_pair)


def test_p_by_k_fills_its_batches_where_classes_are_few() -> None:
    labels = np.repeat(np.arange(2), 50)
    assert all(
        sorted(Counter(labels[batch].tolist()).values()) == [16, 16] for batch in p_by_k(labels, 32, 4, 1, 0)
    )


def test_p_by_k_takes_photos_without_a_value_as_classes_of_their_own() -> None:
    labels = np.asarray([-1, -1, -1, 0, 0, 1, 1], np.int64)
    batches = p_by_k(labels, 6, 2, 1, 0)
    assert all(max(Counter(batch.tolist()).values()) == 1 for batch in batches)
    assert {0, 1, 2} <= set(together(batches))


def test_p_by_k_refuses_batches_that_hold_no_two_pairs() -> None:
    with pytest.raises(UsageError, match="4 or more"):
        p_by_k(LABELS, 3, 2, 1, 0)


def test_class_weights_are_inverse_frequencies_with_a_mean_of_one_over_photos() -> None:
    labels = np.asarray([0, 0, 0, 1, -1], np.int64)
    weights = class_weights(labels, 3)
    assert weights.dtype == np.float32
    assert weights.tolist() == pytest.approx([2 / 3, 2.0, 1.0])
    assert weights[labels[labels >= 0]].mean() == pytest.approx(1.0)
    assert class_weights(np.asarray([-1], np.int64), 2).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("count", "world"), [(8, 2), (7, 2), (5, 3), (1, 4), (0, 2)])
def test_processes_share_all_batches_and_have_equally_many(count: int, world: int) -> None:
    batches = [np.asarray([i]) for i in range(count)]
    shares = [[int(batch[0]) for batch in share_of(batches, rank, world)] for rank in range(world)]
    assert len({len(share) for share in shares}) == 1
    assert {row for share in shares for row in share} == set(range(count))
    assert sum(len(share) for share in shares) - count < world


def test_a_process_that_is_none_of_them_is_refused() -> None:
    with pytest.raises(UsageError, match="process 2 is none of 2"):
        share_of([np.asarray([0])], 2, 2)


def test_places_have_seeds_of_their_own() -> None:
    seeds = {place_seed(s, e, p) for s in range(4) for e in range(4) for p in range(50)}
    assert len(seeds) == 800
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert place_seed(7, 2, 5) == place_seed(7, 2, 5)
