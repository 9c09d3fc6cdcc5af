"""Which photos are sampled, sorted by a label, and never each other's answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.aspects import AspectLayout
from embedder.splits.groups import hard_groups
from service.engine import Engine
from service.evaluating.material import Labelling, Material, labelling, material


def small(products: list[str]) -> Material:
    n = len(products)
    numbers = np.arange(n, dtype=np.int64)
    return Material(
        "space",
        AspectLayout.single("shape", 2),
        tuple(f"photo-{i}" for i in range(n)),
        tuple(products),
        np.zeros((n, 2), np.float32),
        numbers,
        numbers,
        {},
    )


def test_vectors_are_those_of_a_search(engine: Engine) -> None:
    found = material(engine.shop, engine.parts.space())
    ids, vectors = engine.parts.index().vectors_of("disc-red")
    rows = [found.photo_ids.index(one) for one in ids]
    np.testing.assert_allclose(found.vectors[rows], vectors, atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-3)


def test_a_sample_has_whole_products_and_not_too_many_photos() -> None:
    found = small([f"p{i // 3}" for i in range(60)])
    rows = found.sample(10, seed=1)
    assert len(rows) == 9
    products = [found.product_ids[row] for row in rows]
    assert all(products.count(one) == 3 for one in products)
    assert rows.tolist() == sorted(rows.tolist())
    assert rows.tolist() == found.sample(10, seed=1).tolist()
    assert rows.tolist() != found.sample(10, seed=2).tolist()
    assert found.sample(60, seed=1).tolist() == list(range(60))


def test_at_least_one_product_is_sampled() -> None:
    assert len(small(["a"] * 5 + ["b"] * 5).sample(2, seed=0)) == 5


def test_products_with_the_same_picture_are_no_answers(engine: Engine) -> None:
    found = material(engine.shop, engine.parts.space())
    same = found.vectors.copy()
    same[5] = same[40]
    assert found.alike[5] != found.alike[40]
    twice = replace(found, vectors=same)
    contents = [vector.tobytes() for vector in twice.vectors]
    groups = hard_groups(twice.product_ids, contents)
    assert groups[5] == groups[40]


def test_by_product_only_the_same_picture_is_left_out(engine: Engine) -> None:
    found = material(engine.shop, engine.parts.space())
    by_product = labelling(engine.shop, found, "product")
    assert by_product.labels == found.product_ids
    assert len(set(by_product.groups.tolist())) == len(found.photo_ids)
    by_category = labelling(engine.shop, found, "category")
    assert len(set(by_category.groups.tolist())) == 24


def test_photos_without_the_label_are_counted(engine: Engine) -> None:
    product = engine.shop.product("disc-red")
    engine.put_product(replace(product, attributes={}))
    found = material(engine.shop, engine.parts.space())
    by_colour = labelling(engine.shop, found, "colour")
    assert (len(by_colour.rows), by_colour.unlabelled) == (46, 2)
    assert "disc-red" not in {found.product_ids[row] for row in by_colour.rows}


@pytest.mark.parametrize(
    ("labels", "groups", "answers"),
    [("aab", [0, 1, 2], True), ("aab", [0, 0, 2], False), ("abc", [0, 1, 2], False)],
)
def test_whether_any_photo_has_an_answer(labels: str, groups: list[int], answers: bool) -> None:
    rows = np.arange(3, dtype=np.int64)
    made = Labelling("x", rows, tuple(labels), np.asarray(groups, np.int64), 0)
    assert made.has_answers is answers


def test_places_of_asked_rows_among_those_with_the_label() -> None:
    made = Labelling("x", np.array([2, 5, 9]), ("a", "a", "b"), np.arange(3), 0)
    assert made.asked(np.array([5, 9, 11])).tolist() == [1, 2]
