"""Finer slices: how common a product was, its category, and the month."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from recommender.evaluation.exam import Exam, hold_exam
from recommender.evaluation.ranking import rank
from recommender.evaluation.slices import COUNTS, LARGEST, finer_parts, parts, values_in
from recommender.evaluation.splits import split
from recommender.histories import DAY
from recommender.items import Items
from recommender.models.popularity import Popularity
from tests.recommender.makers import data_of, items_of, shop_like

FOLD = split(shop_like(), "time")
COUNTED = FOLD.fit.item_counts()
FINER = finer_parts(FOLD.test, COUNTED)


def chosen(exam: Exam, name: str, counts: np.ndarray) -> int:  # type: ignore[type-arg]
    part = finer_parts(exam, counts)[name]
    return int(np.asarray(exam.wanted.sum(axis=0))[part.products].sum())


def test_choices_are_parted_by_how_common_the_product_was() -> None:
    sizes = {name: chosen(FOLD.test, name, COUNTED) for name in COUNTS}
    assert sum(sizes.values()) == FOLD.test.wanted.nnz
    per_choice = COUNTED[FOLD.test.wanted.indices]
    assert sizes["count_5_19"] == ((per_choice >= 5) & (per_choice <= 19)).sum() > 0
    assert sizes["count_0"] == (per_choice == 0).sum()


def test_a_customer_is_in_every_slice_that_holds_a_choice() -> None:
    part = FINER["count_5_19"]
    assert part.products is not None
    mask = FOLD.test.wanted_mask(0, len(FOLD.test))
    assert np.array_equal(part.customers, mask[:, part.products].any(axis=1))


def test_months_part_the_customers() -> None:
    months = {name: part for name, part in FINER.items() if name.startswith("month")}
    assert sum(part.customers for part in months.values()).tolist() == [1] * len(FOLD.test)
    first = datetime.fromtimestamp(FOLD.test.histories.now[0], UTC)
    assert months[f"month: {first:%Y-%m}"].customers[0]


def asked_of(categories: dict[str, str | None], choices: list[str]) -> tuple[Exam, Items]:
    items = items_of(more=list(categories), looks={}, categories=categories)
    data = data_of(items, [(f"c{at:03d}", name, 1.0, 60.0) for at, name in enumerate(choices)])
    return hold_exam(data.until(50 * DAY), data.events), items


def test_the_largest_categories_stand_alone_and_the_rest_together() -> None:
    categories: dict[str, str | None] = {f"p{i:02d}": f"kind {i:02d}" for i in range(15)}
    choices = [f"p{i:02d}" for i in range(15) for _ in range(20 - i)]
    exam, items = asked_of({**categories, "plain": None}, [*choices, "plain"])
    counts = np.zeros(len(items), np.int64)
    found = finer_parts(exam, counts)
    names = [name for name in found if name.startswith("category")]
    assert names == [
        *(f"category: kind {i:02d}" for i in range(LARGEST)),
        "category: other",
        "category: none",
    ]
    assert chosen(exam, "category: kind 00", counts) == 20
    assert chosen(exam, "category: other", counts) == 8 + 7 + 6
    assert chosen(exam, "category: none", counts) == 1


def test_a_category_that_is_called_other_keeps_its_choices() -> None:
    exam, items = asked_of({"a": "other", "b": None}, ["a", "a", "b"])
    counts = np.zeros(len(items), np.int64)
    assert chosen(exam, "category: other", counts) == 2
    assert chosen(exam, "category: none", counts) == 1


def test_a_slice_without_limits_has_the_values_of_all() -> None:
    ranking = rank(Popularity().fit(FOLD.fit), FOLD.test)
    warm = parts(FOLD.test, COUNTED)["warm_items"]
    assert warm.products is not None
    got = values_in(warm, FOLD.test, ranking, (10,))["recall@10"]
    mask = FOLD.test.wanted_mask(0, len(FOLD.test)) & warm.products
    shown = np.zeros_like(mask)
    rows, columns = np.nonzero(ranking.top[:, :10] >= 0)
    shown[rows, ranking.top[rows, columns]] = True
    expected = (mask & shown).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
    assert got == pytest.approx(expected[warm.customers])
