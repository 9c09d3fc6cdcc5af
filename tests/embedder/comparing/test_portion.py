"""Learning with fewer labels: of every class its share, whole products, smaller parts inside larger ones."""

from __future__ import annotations

import numpy as np

from embedder.comparing.portion import portion
from embedder.finetuning.examples import NONE, Task

# 20 products of class a, 5 of b, 2 of c, 4 without a value; two photos each.
TARGETS = np.repeat([0] * 20 + [1] * 5 + [2] * 2 + [NONE] * 4, 2).astype(np.int64)
GROUPS = np.repeat(np.arange(31), 2)
TASK = Task("kind", ("a", "b", "c"), TARGETS, 8, 0)
ROWS = np.arange(62)


def products(percent: float, seed: int = 7) -> set[int]:
    rows = portion(TASK, GROUPS, ROWS, percent, seed)
    kept = set(GROUPS[rows].tolist())
    assert sorted(rows.tolist()) == [row for row in range(62) if GROUPS[row] in kept]  # whole products
    return kept


def by_class(kept: set[int]) -> list[int]:
    return [sum(TARGETS[2 * p] == c for p in kept) for c in (0, 1, 2, NONE)]


def test_every_class_keeps_its_share_and_at_least_two_products() -> None:
    assert by_class(products(50)) == [10, 2, 2, 2]
    assert by_class(products(25)) == [5, 2, 2, 2]
    assert by_class(products(1)) == [2, 2, 2, 2]
    assert products(100) == set(range(31))


def test_smaller_shares_lie_inside_larger_ones_and_other_seeds_draw_others() -> None:
    assert products(1) < products(25) < products(50) < products(100)
    assert products(25, seed=7) != products(25, seed=8)


def test_only_rows_of_the_training_part_are_taken() -> None:
    rows = np.arange(20)
    assert set(portion(TASK, GROUPS, rows, 30, 7)) <= set(rows)


def test_of_an_identity_whole_products_are_taken() -> None:
    task = Task("product", tuple(map(str, range(31))), np.repeat(np.arange(31), 2), 0, 0)
    rows = portion(task, GROUPS, ROWS, 10, 7)
    assert len(rows) == 6
    assert len(set(GROUPS[rows])) == 3
