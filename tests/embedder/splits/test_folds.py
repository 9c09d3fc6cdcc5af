"""Folds: every group is tested once, every label in as many folds as it can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import UsageError
from embedder.splits.folds import MOST_LEFT_OUT, k_fold, leave_one_out, nested, untested
from embedder.splits.groups import group_photos, hard_groups
from embedder.splits.leaks import check_split
from embedder.splits.split import Folds, Split
from tests.embedder.splits.shops import alike, photos


def test_k_folds_test_everything_once_and_evenly() -> None:
    shop = photos({"a": 50, "b": 10, "c": 5})
    groups = group_photos(shop.products, shop.shas, shop.vectors)
    folds = k_fold(shop.labels, groups.numbers, k=5, seed=1)
    assert (np.sum([fold.test for fold in folds], axis=0) == 1).all()
    for label, total in (("a", 100), ("b", 20), ("c", 10)):
        mine = np.asarray([value == label for value in shop.labels])
        assert [int(fold.test[mine].sum()) for fold in folds] == [total // 5] * 5
        assert all(fold.validation[mine].any() and fold.train[mine].any() for fold in folds)
    for fold in folds:
        check_split(fold, groups, shop.products, shop.shas)


def test_rare_labels_are_spread_over_different_folds() -> None:
    shop = photos(dict.fromkeys("abcdefghij", 2), each=1)
    folds = k_fold(shop.labels, hard_groups(shop.products, shop.shas), k=5)
    assert [int(fold.test.sum()) for fold in folds] == [4] * 5
    for fold in folds:
        assert len({shop.labels[row] for row in fold.rows()[2]}) == 4


def test_large_groups_are_evened_out() -> None:
    shop = photos({"a": 20, "b": 20}, each=1)
    groups = hard_groups(shop.products, shop.shas)
    groups[:8] = 0
    folds = k_fold(shop.labels, groups, k=4)
    assert sorted(int(fold.test.sum()) for fold in folds) == [9, 9, 9, 13]


def test_evenness_does_not_cost_a_fold_its_labels() -> None:
    labels = list("aaaa" + "bb" + "cc")
    groups = np.asarray([0, 0, 0, 1, 2, 3, 4, 5])
    for seed in range(10):
        for fold in k_fold(labels, groups, k=2, seed=seed):
            assert {labels[row] for row in fold.rows()[2]} == {"a", "b", "c"}


def test_the_seed_decides() -> None:
    shop = photos({"a": 20, "b": 20})
    groups = hard_groups(shop.products, shop.shas)
    tests = [np.stack([fold.test for fold in k_fold(shop.labels, groups, seed=s)]) for s in (0, 0, 1)]
    assert (tests[0] == tests[1]).all()
    assert (tests[0] != tests[2]).any()


def test_leave_one_out_leaves_each_group_out() -> None:
    shop = photos({"a": 4, "b": 3})
    groups = hard_groups(shop.products, shop.shas)
    folds = leave_one_out(shop.labels, groups)
    assert [int(fold.test.sum()) for fold in folds] == [2] * 7
    assert (np.sum([fold.test for fold in folds], axis=0) == 1).all()
    assert all((fold.train | fold.validation | fold.test).all() for fold in folds)


def test_leave_one_out_where_no_label_has_two_left() -> None:
    folds = leave_one_out(["a", "a", "b", "c", "d"], np.arange(5))
    assert next(fold.counts for fold in folds) == (3, 1, 1)


def test_nested_folds_hide_their_test_from_the_tuning() -> None:
    shop = photos({"a": 20, "b": 20})
    shop.vectors[7] = alike(shop.vectors[0], 0.99)
    groups = group_photos(shop.products, shop.shas, shop.vectors)
    outer = k_fold(shop.labels, groups.numbers, k=4)
    found = nested(outer, shop.labels, groups.numbers)
    assert len(found.inner) == len(found.outer) == 4
    for outer, inner in zip(found.outer, found.inner, strict=True):
        assert ((inner.parts() >= 0) == ~outer.test).all()
        check_split(inner, groups, shop.products, shop.shas)
        assert {shop.labels[row] for row in inner.rows()[1]} == {"a", "b"}
        assert not inner.test.any()


def test_without_labels_products_are_dealt_whole_and_two_validate() -> None:
    shop = photos(dict.fromkeys("abcdefghij", 1))
    groups = hard_groups(shop.products, shop.shas)
    folds = k_fold(None, groups, k=5)
    assert (np.sum([fold.test for fold in folds], axis=0) == 1).all()
    for fold in (*folds, *nested(folds, None, groups).inner, untested(None, groups)):
        assert all(len(set(fold.parts()[groups == group])) == 1 for group in range(10))
        assert len(np.unique(groups[fold.validation])) == 2
    assert [int(fold.test.sum()) for fold in leave_one_out(None, groups)] == [2] * 10
    with pytest.raises(UsageError, match=r"10 products .* make 2 to 5 folds, not 6"):
        k_fold(None, groups, k=6)


def test_the_last_training_has_all_photos_and_no_test() -> None:
    shop = photos({"a": 20, "b": 20})
    groups = hard_groups(shop.products, shop.shas)
    last = untested(shop.labels, groups)
    assert (last.train | last.validation).all()
    assert last.counts == (68, 12, 0)
    with pytest.raises(UsageError, match="a split that is not measured has no test part"):
        replace(k_fold(shop.labels, groups)[0], measured=False)
    with pytest.raises(UsageError, match="the test part of a split is empty"):
        replace(last, measured=True)


def test_a_photo_that_two_folds_test_is_refused() -> None:
    shop = photos({"a": 20, "b": 20})
    first, second = k_fold(shop.labels, hard_groups(shop.products, shop.shas), k=2)
    row = first.rows()[2][0]
    masks = [np.array(mask) for mask in (second.train, second.validation, second.test)]
    for mask, value in zip(masks, (False, False, True), strict=True):
        mask[row] = value
    with pytest.raises(UsageError, match="a photo is tested in two folds"):
        Folds((first, Split(*masks)))


@pytest.mark.parametrize("k", [1, 9])
def test_impossible_numbers_of_folds(k: int) -> None:
    shop = photos({"a": 4, "b": 4})
    with pytest.raises(UsageError, match=f"8 products .* make 2 to 8 folds, not {k}"):
        k_fold(shop.labels, hard_groups(shop.products, shop.shas), k=k)


def test_what_folds_cannot_be_made_of() -> None:
    many = photos({"a": MOST_LEFT_OUT, "b": 1}, each=1)
    with pytest.raises(UsageError, match="201 products out takes as many trainings"):
        leave_one_out(many.labels, np.arange(MOST_LEFT_OUT + 1))
    single = photos(dict.fromkeys("abcdef", 1))
    for kind in (k_fold, leave_one_out, untested):
        with pytest.raises(UsageError, match="every label has one product only"):
            kind(single.labels, hard_groups(single.products, single.shas))
        with pytest.raises(UsageError, match="3 photos"):
            kind(["a", "a", "b"], np.arange(3))
        with pytest.raises(UsageError, match="one label"):
            kind(["a"] * 9, np.arange(9))
        with pytest.raises(UsageError, match="no photo has a label"):
            kind([], np.arange(0))
