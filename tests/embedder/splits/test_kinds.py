"""Each kind of split on photos whose parts one can count."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from embedder.splits.groups import group_photos, hard_groups
from embedder.splits.kinds import KINDS, by_time, class_disjoint, split_photos, stratified
from embedder.splits.leaks import check_split
from embedder.splits.shares import Shares
from embedder.splits.split import Split
from tests.embedder.splits.shops import alike, photos


def labels_of(split: Split, labels: list[str]) -> list[set[str]]:
    return [{labels[row] for row in rows} for rows in split.rows()]


class TestStratified:
    def test_every_label_is_in_every_part_in_its_share(self) -> None:
        shop = photos({"a": 40, "b": 20, "c": 5})
        groups = hard_groups(shop.products, shop.shas)
        split = stratified(shop.labels, groups, Shares(test=0.2, validation=0.25))
        assert labels_of(split, shop.labels) == [{"a", "b", "c"}] * 3
        for label, total in (("a", 80), ("b", 40), ("c", 10)):
            mine = np.asarray([value == label for value in shop.labels])
            assert [int(mask[mine].sum()) for mask in (split.test, split.validation, split.train)] == [
                total // 5,
                total // 5,
                total - 2 * (total // 5),
            ]
        assert (split.train | split.validation | split.test).all()

    def test_a_label_with_two_products_is_learnt_and_tested(self) -> None:
        shop = photos({"a": 9, "b": 2})
        split = stratified(shop.labels, hard_groups(shop.products, shop.shas))
        assert [("b" in found) for found in labels_of(split, shop.labels)] == [True, False, True]

    def test_a_label_with_one_product_is_learnt_and_noted(self) -> None:
        shop = photos({"a": 9, "b": 1})
        split = stratified(shop.labels, hard_groups(shop.products, shop.shas))
        assert [("b" in found) for found in labels_of(split, shop.labels)] == [True, False, False]
        assert split.notes == ("1 labels have one product only, which is learnt from and never tested: b",)

    def test_where_no_label_has_three_products_some_of_the_held_out_validate(self) -> None:
        shop = photos(dict.fromkeys("abcdefgh", 2))
        split = stratified(shop.labels, hard_groups(shop.products, shop.shas))
        train, validation, test = labels_of(split, shop.labels)
        assert train == set("abcdefgh") == validation | test
        assert not validation & test

    def test_near_duplicates_that_share_a_label_count_as_one(self) -> None:
        shop = photos({"a": 8, "b": 2}, each=1)
        shop.vectors[9] = alike(shop.vectors[8], 0.99)
        groups = group_photos(shop.products, shop.shas, shop.vectors)
        split = stratified(shop.labels, groups.numbers)
        assert split.notes[0].endswith(": b")


class TestClassDisjoint:
    def test_no_label_is_in_two_parts_and_each_part_has_two(self) -> None:
        shop = photos({letter: 4 + i for i, letter in enumerate("abcdefghijklmnop")})
        groups = hard_groups(shop.products, shop.shas)
        for seed in range(20):
            split = class_disjoint(shop.labels, groups, seed=seed)
            parts = labels_of(split, shop.labels)
            assert sum(map(len, parts)) == 16
            assert set.union(*parts) == set("abcdefghijklmnop")
            assert min(map(len, parts)) >= 2
            assert split.test.mean() == pytest.approx(0.2, abs=0.1)

    def test_a_label_with_most_photos_is_learnt_not_tested(self) -> None:
        shop = photos({"shirts": 100} | dict.fromkeys("abcdefgh", 5))
        groups = hard_groups(shop.products, shop.shas)
        for seed in range(10):
            assert "shirts" in labels_of(class_disjoint(shop.labels, groups, seed=seed), shop.labels)[0]

    def test_six_labels_are_just_enough(self) -> None:
        shop = photos(dict.fromkeys("abcdef", 5))
        split = class_disjoint(shop.labels, hard_groups(shop.products, shop.shas))
        assert [len(found) for found in labels_of(split, shop.labels)] == [2, 2, 2]

    def test_labels_that_share_a_near_duplicate_go_together(self) -> None:
        shop = photos(dict.fromkeys("abcdefghi", 4), each=1)
        shop.vectors[4] = alike(shop.vectors[0], 0.99)
        groups = group_photos(shop.products, shop.shas, shop.vectors)
        for seed in range(20):
            parts = labels_of(class_disjoint(shop.labels, groups.numbers, seed=seed), shop.labels)
            assert [{"a", "b"} & found in (set(), {"a", "b"}) for found in parts] == [True] * 3

    def test_the_identity_of_products_is_split_by_products(self) -> None:
        shop = photos({"a": 20}, each=3)
        split = class_disjoint(shop.products, hard_groups(shop.products, shop.shas))
        assert sum(map(len, labels_of(split, shop.products))) == 20


class TestByTime:
    def test_what_came_last_is_tested(self) -> None:
        times = np.arange(100.0)
        split = by_time(times, np.arange(100), Shares(test=0.2, validation=0.25))
        assert split.counts == (60, 20, 20)
        assert times[split.train].max() < times[split.validation].min()
        assert times[split.validation].max() < times[split.test].min()

    def test_a_group_counts_at_its_latest_photo(self) -> None:
        times, groups = np.arange(100.0), np.arange(100)
        groups[3] = 95
        split = by_time(times, groups)
        assert split.test[3]
        assert split.test[95]
        assert times[split.train].max() < times[split.test & (groups != 95)].min()

    def test_what_arrived_together_stays_together(self) -> None:
        days = np.datetime64("2026-01-01") + np.repeat(np.arange(10), 10)
        split = by_time(days, np.arange(100))
        assert [len(set(days[rows].tolist())) for rows in split.rows()] == [7, 1, 2]

    def test_a_catalogue_imported_at_once_has_no_order(self) -> None:
        with pytest.raises(UsageError, match="arrived at 1 moments"):
            by_time(np.zeros(50), np.arange(50))
        with pytest.raises(UsageError, match="arrived at 2 moments"):
            by_time(np.repeat([0.0, 1.0], 25), np.arange(50))

    @pytest.mark.parametrize(
        "times", [np.asarray([1.0, np.nan, 3.0]), np.asarray(["2026-01-01", "NaT", "2026-01-03"], "M8[D]")]
    )
    def test_a_time_that_is_absent(self, times: np.ndarray) -> None:
        with pytest.raises(UsageError, match="1 photos have no time of arrival"):
            by_time(times, np.arange(3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_says_it_all_and_nothing_straddles(kind: str) -> None:
    shop = photos(dict.fromkeys("abcdefghij", 6))
    for row in range(0, 120, 24):
        shop.vectors[row] = alike(shop.vectors[row + 3], 0.985)
        shop.shas[row + 5] = shop.shas[row + 8]
    groups = group_photos(shop.products, shop.shas, shop.vectors)
    times = np.random.default_rng(0).permutation(120)
    first, again, other = (
        split_photos(kind, shop.labels, groups.numbers, times, seed=seed) for seed in (3, 3, 4)
    )
    assert (first.parts() == again.parts()).all()
    assert (first.parts() != other.parts()).any() == (kind != "time")
    for split in (first, other):
        check_split(split, groups, shop.products, shop.shas)


@pytest.mark.parametrize("kind", ["stratified", "class-disjoint"])
@pytest.mark.parametrize(
    ("products", "message"),
    [
        ({}, "no photo has a label"),
        ({"a": 30}, "all 60 photos bear the one label 'a'"),
        ({"a": 2, "b": 1}, "6 photos of 3 products .* too few"),
    ],
)
def test_what_cannot_be_split_says_why(kind: str, products: dict[str, int], message: str) -> None:
    shop = photos(products)
    with pytest.raises(UsageError, match=message):
        split_photos(kind, shop.labels, hard_groups(shop.products, shop.shas))


def test_three_photos() -> None:
    with pytest.raises(UsageError, match=r"3 photos of 3 products .* are too few to learn from"):
        stratified(["a", "a", "b"], np.arange(3))


def test_labels_with_one_member_each() -> None:
    shop = photos(dict.fromkeys("abcdefgh", 1))
    with pytest.raises(UsageError, match=r"every label has one product only, e\.g\. 'a'"):
        stratified(shop.labels, hard_groups(shop.products, shop.shas))


def test_only_one_product_could_be_held_out() -> None:
    shop = photos({"a": 2, "b": 1, "c": 1, "d": 1})
    with pytest.raises(UsageError, match="only one product can be held out"):
        stratified(shop.labels, hard_groups(shop.products, shop.shas))


def test_too_few_labels_for_a_class_disjoint_split() -> None:
    shop = photos(dict.fromkeys("abcde", 9))
    with pytest.raises(UsageError, match=r"5 labels are too few .* it needs 6"):
        class_disjoint(shop.labels, hard_groups(shop.products, shop.shas))


def test_shares_unknown_kinds_and_lengths() -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        Shares(test=1.0)
    with pytest.raises(UsageError, match="split 'random' is none of stratified, class-disjoint, time"):
        split_photos("random", ["a"], np.arange(1))
    with pytest.raises(UsageError, match="needs the time of arrival"):
        split_photos("time", ["a"], np.arange(1))
    with pytest.raises(UsageError, match="3 labels but 2 groups"):
        stratified(["a", "b", "c"], np.arange(2))
