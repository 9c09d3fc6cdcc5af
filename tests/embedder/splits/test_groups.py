"""What must not be parted, and that a chain of look-alikes does not swallow the shop."""

from __future__ import annotations

import numpy as np

from embedder.splits.groups import group_photos, hard_groups
from tests.embedder.splits.shops import alike, photos


def components(n: int, pairs: list[tuple[int, int]]) -> list[int]:
    """By repeated spreading of the smallest number: slow, and not union-find."""
    number = list(range(n))
    while True:
        before = list(number)
        for a, b in pairs:
            number[a] = number[b] = min(number[a], number[b])
        if number == before:
            return number


def test_products_and_files_go_together() -> None:
    found = hard_groups(["a", "a", "b", "c", "d"], ["1", "2", "2", "3", "4"])
    assert found.tolist() == [0, 0, 0, 1, 2]


def test_a_product_named_like_a_file_is_not_that_file() -> None:
    assert hard_groups(["x", "y"], ["y", "x"]).tolist() == [0, 1]


def test_random_groups_are_the_connected_components() -> None:
    draw = np.random.default_rng(3)
    for _ in range(50):
        n = int(draw.integers(2, 60))
        products = [f"p{i}" for i in draw.integers(0, n, n)]
        shas = [f"s{i}" for i in draw.integers(0, 2 * n, n)]
        linked = [
            (i, j) for i in range(n) for j in range(i) if products[i] == products[j] or shas[i] == shas[j]
        ]
        wanted = components(n, linked)
        found = hard_groups(products, shas).tolist()
        assert len(set(zip(wanted, found, strict=True))) == len(set(wanted)) == len(set(found))


def test_near_duplicates_join_their_products() -> None:
    shop = photos({"a": 10})
    shop.vectors[5] = alike(shop.vectors[0], 0.985)
    shop.vectors[7] = alike(shop.vectors[1], 0.975)
    found = group_photos(shop.products, shop.shas, shop.vectors)
    assert found.numbers[0] == found.numbers[5] == found.numbers[4]
    assert found.numbers[7] != found.numbers[1]
    assert found.pairs.tolist() == [[0, 5]]
    assert (len(found), len(found.parted), found.warnings) == (9, 0, ())


def test_a_chain_is_cut_and_says_so() -> None:
    """100 products in a circle, each like the next and unlike the opposite one."""
    angle = np.deg2rad(np.arange(100) * 3.6)
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    names = [f"p{i}" for i in range(100)]
    found = group_photos(names, names, vectors, threshold=0.998)
    sizes = np.bincount(found.numbers)
    assert sizes.max() <= 10
    assert sizes.sum() == 100
    assert len(found.pairs) + len(found.parted) == 100
    assert (found.numbers[found.pairs[:, 0]] == found.numbers[found.pairs[:, 1]]).all()
    assert (found.numbers[found.parted[:, 0]] != found.numbers[found.parted[:, 1]]).all()
    assert "chain more than 10 of 100 products" in found.warnings[0]
    assert f"{len(found.parted)} pairs" in found.warnings[0]


def test_the_closest_pairs_are_joined_first() -> None:
    shop = photos({"a": 30}, each=1)
    base = shop.vectors[0]
    # Six copies, each further away: the limit of a small shop is five products.
    for row, cosine in enumerate((0.999, 0.998, 0.997, 0.996, 0.981), 1):
        shop.vectors[row] = alike(base, cosine, seed=row)
    found = group_photos(shop.products, shop.shas, shop.vectors)
    assert np.bincount(found.numbers).max() == 5
    assert (found.numbers[:5] == 0).all()
    assert found.numbers[5] != 0
    assert {5} == set(found.parted[:, 1].tolist())


def test_an_embedder_that_sees_all_alike_leaves_groups_to_split() -> None:
    shop = photos({"a": 40}, each=1)
    same = np.ones_like(shop.vectors)
    found = group_photos(shop.products, shop.shas, same)
    assert len(found) == 8
    assert "chain" in found.warnings[0]


def test_a_file_that_half_the_shop_shares_is_told() -> None:
    shop = photos({"a": 10})
    shas = ["placeholder" if i % 2 else sha for i, sha in enumerate(shop.shas)]
    found = group_photos(shop.products, shas, shop.vectors)
    assert len(found) == 1
    assert found.warnings == ()
    shas[15:] = shop.shas[15:]
    found = group_photos(shop.products, shas, shop.vectors)
    assert "14 of 20 photos belong together" in found.warnings[0]
