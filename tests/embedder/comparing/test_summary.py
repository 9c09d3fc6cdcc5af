"""Means, curves and the front, on numbers whose answers can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.comparing.grid import Cell, Entry
from embedder.comparing.summary import curves, mean_of, means, pareto
from tests.embedder.comparing.planted import FROZEN, FULL, PARTIAL, design, noisy, scored


def test_the_front_is_what_none_beats_in_both() -> None:
    points = [(0.5, 100.0), (0.6, 50.0), (0.4, 200.0), (0.55, 40.0), (0.3, 90.0)]
    assert pareto(points) == (True, True, True, False, False)


def test_equal_points_are_both_on_the_front_and_one_of_equal_quality_must_be_faster() -> None:
    assert pareto([(0.5, 10.0), (0.5, 10.0)]) == (True, True)
    assert pareto([(0.5, 10.0), (0.5, 11.0)]) == (False, True)
    assert pareto([]) == ()


def test_a_mean_is_over_photos_each_averaged_over_its_seeds() -> None:
    found = scored(
        {
            FROZEN: {"kind": [0.5, np.nan]},
            Cell("full", 100.0, 7): {"kind": [0.2, 0.6]},
            Cell("full", 100.0, 8): {"kind": [0.4, np.nan]},
        },
        n=2,
    )
    full = mean_of(found, Entry("full", 100.0), "kind")
    assert full is not None
    assert full.map_at_r.mean == pytest.approx((0.3 + 0.6) / 2)
    assert full.recall_at_1.mean == pytest.approx((0.15 + 0.3) / 2)
    assert full.spread == pytest.approx((0.4, 0.4))
    assert (full.seeds, full.products) == (2, 100)
    frozen = mean_of(found, Entry("frozen"), "kind")
    assert frozen is not None
    assert frozen.map_at_r.mean == 0.5
    assert frozen.map_at_r.queries == 1


def test_what_has_no_finished_cell_has_no_mean() -> None:
    found = scored({FROZEN: {"kind": noisy(0.5)}})
    told = means(design(("full", "colour")), found)
    assert [mean.entry.method for mean in told] == ["frozen"]


def test_how_soon_a_training_was_nearly_done_by_itself_and_beside_the_best() -> None:
    found = scored(
        {cell: {"kind": noisy(0.5)} for cell in (FROZEN, FULL, PARTIAL)},
        course={FULL: [0.5, 0.8, 0.99, 1.0], PARTIAL: [0.6, 0.62, 0.6]},
    )
    partial, full = curves(design(("full", "partial")), found)
    assert (full.own.epochs, full.own.seconds) == (3.0, 6.0)  # .95 of 1.0
    assert (partial.own.epochs, partial.own.seconds) == (1.0, 2.0)  # .95 of .62
    assert (full.common.epochs, partial.common.epochs) == (3.0, None)
    assert (partial.common.arrived, partial.common.seeds) == (0, 1)
    assert [point.value for point in full.points] == [0.5, 0.8, 0.99, 1.0]


def test_a_curve_is_averaged_over_its_seeds() -> None:
    seven, eight = Cell("full", 100.0, 7), Cell("full", 100.0, 8)
    found = scored(
        {cell: {"kind": noisy(0.5)} for cell in (FROZEN, seven, eight)},
        course={seven: [0.2, 0.4], eight: [0.4, 0.8]},
    )
    (curve,) = curves(design(("full",), seeds=2), found)
    assert [point.value for point in curve.points] == pytest.approx([0.3, 0.6])
    assert [point.low for point in curve.points] == pytest.approx([0.2, 0.5])
    assert curve.own.epochs == 2.0
