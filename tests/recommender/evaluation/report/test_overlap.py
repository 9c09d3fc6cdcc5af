from __future__ import annotations

import math

import numpy as np
import pytest

from recommender.evaluation.ranking import Ranking
from recommender.evaluation.report import overlap as module
from recommender.evaluation.report.overlap import jaccard, overlap


def lists(*rows: list[int]) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(rows, np.int64)


def test_what_is_shared_is_counted_once_whatever_its_rank() -> None:
    assert jaccard(lists([1, 2, 3]), lists([3, 9, 1])) == pytest.approx(2 / 4)
    assert jaccard(lists([1, 2, 3]), lists([3, 2, 1])) == 1.0
    assert jaccard(lists([1, 2, 3]), lists([4, 5, 6])) == 0.0


def test_padding_is_no_product() -> None:
    assert jaccard(lists([1, -1, -1]), lists([1, 2, -1])) == pytest.approx(1 / 2)
    assert jaccard(lists([-1, -1], [1, 2]), lists([-1, -1], [1, 3])) == pytest.approx(1 / 3)
    assert math.isnan(jaccard(lists([-1, -1]), lists([-1, -1])))


def test_it_is_that_of_sets_in_any_number_of_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    first, second = (np.stack([rng.permutation(15)[:6] for _ in range(11)]) for _ in range(2))
    by_sets = [
        len({*a} & {*b}) / len({*a} | {*b}) for a, b in zip(first.tolist(), second.tolist(), strict=True)
    ]
    assert jaccard(first, second) == pytest.approx(float(np.mean(by_sets)))
    monkeypatch.setattr(module, "BATCH", 4)
    assert jaccard(first, second) == pytest.approx(float(np.mean(by_sets)))


def test_the_table_is_the_same_from_both_sides_and_empty_on_its_diagonal() -> None:
    top = {"a": lists([1, 2, 7]), "b": lists([2, 3, 7]), "c": lists([8, 9, 7])}
    grid = overlap({name: Ranking(t, t > 99) for name, t in top.items()}, k=2)
    values = [[cell.value for cell in row.cells] for row in grid.rows]
    assert values == [["–", "0.33", "0.00"], ["0.33", "–", "0.00"], ["0.00", "0.00", "–"]]
