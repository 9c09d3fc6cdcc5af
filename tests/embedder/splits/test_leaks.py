"""The check of a split: each kind of leak is planted, and each is found and named."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import LeakageFound, UsageError
from embedder.splits.groups import Groups, group_photos
from embedder.splits.kinds import stratified
from embedder.splits.leaks import check_split
from embedder.splits.split import Split
from tests.embedder.splits.shops import Photos, alike, photos

NONE = np.empty((0, 2), np.int64)


@pytest.fixture
def shop() -> Photos:
    return photos({"a": 20, "b": 20})


@pytest.fixture
def groups(shop: Photos) -> Groups:
    return group_photos(shop.products, shop.shas, shop.vectors)


@pytest.fixture
def split(shop: Photos, groups: Groups) -> Split:
    return stratified(shop.labels, groups.numbers)


def moved(split: Split, row: int, part: str) -> Split:
    """The same split with one photo put into another part."""
    masks = {name: np.array(getattr(split, name)) for name in ("train", "validation", "test")}
    for name, mask in masks.items():
        mask[row] = name == part
    return Split(**masks)


def alone(n: int) -> Groups:
    """Groups that know of no leak."""
    return Groups(np.arange(n), NONE, NONE, 0.98)


def test_an_honest_split_passes(split: Split, groups: Groups, shop: Photos) -> None:
    check_split(split, groups, shop.products, shop.shas)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_product_on_two_sides(split: Split, shop: Photos, part: str) -> None:
    row = int(split.rows()[0][0])
    other = row ^ 1  # the product's other photo
    leaky = moved(split, row, part)
    names = [f"photo-{i}" for i in range(80)]
    first, second = sorted([row, other])
    with pytest.raises(LeakageFound, match=f"the same product {shop.products[row]} in the") as raised:
        check_split(leaky, alone(80), shop.products, shop.shas, NONE, names)
    assert f"photo-{first} and photo-{second}" in raised.value.message
    assert part in raised.value.message
    assert raised.value.detail["photos"] == (f"photo-{first}", f"photo-{second}")


def test_a_file_on_two_sides(split: Split, groups: Groups, shop: Photos) -> None:
    train, validation, test = split.rows()
    shas = list(shop.shas)
    shas[test[0]] = shas[validation[0]]
    with pytest.raises(LeakageFound, match=r"the same file \(sha256\) sha\d+ in the"):
        check_split(split, groups, shop.products, shas)
    shas = list(shop.shas)
    shas[train[-1]] = shas[test[-1]]
    with pytest.raises(LeakageFound, match=f"in row {min(train[-1], test[-1])} and in row"):
        check_split(split, groups, shop.products, shas)


def test_a_near_duplicate_on_two_sides(split: Split, groups: Groups, shop: Photos) -> None:
    train, _, test = split.rows()
    pairs = np.asarray([sorted(train[:2]), sorted((train[0], test[0]))])
    with pytest.raises(LeakageFound, match="near-duplicates in the"):
        check_split(split, groups, shop.products, shop.shas, pairs)
    check_split(split, groups, shop.products, shop.shas, pairs[:1])


def test_the_pairs_of_the_groups_are_checked_by_themselves(split: Split, shop: Photos) -> None:
    """A split that was drawn before a photo was replaced by a copy of another."""
    train, _, test = split.rows()
    shop.vectors[test[0]] = alike(shop.vectors[train[0]], 0.99)
    later = group_photos(shop.products, shop.shas, shop.vectors)
    with pytest.raises(LeakageFound, match="the same group"):
        check_split(split, later, shop.products, shop.shas)
    with pytest.raises(LeakageFound, match="near-duplicates"):
        check_split(split, Groups(np.arange(80), later.pairs, NONE, 0.98), shop.products, shop.shas)


def test_photos_in_no_part_leak_nothing(split: Split, shop: Photos) -> None:
    row = int(split.rows()[0][0])
    leaky = moved(split, row, "test")
    with pytest.raises(LeakageFound):
        check_split(leaky, alone(80), shop.products, shop.shas)
    unused = moved(split, row, "none")
    pairs = np.asarray([[row, int(split.rows()[2][0])]])
    check_split(unused, alone(80), shop.products, shop.shas, pairs)


def test_other_photos_than_the_split_has(split: Split, groups: Groups, shop: Photos) -> None:
    with pytest.raises(UsageError, match="80 photos was checked with other numbers"):
        check_split(split, groups, shop.products[1:], shop.shas)
