"""Means, curves and the front, on numbers whose answers can be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from embedder.comparing.comparison import NETWORK, Unrun, makeups, prices
from embedder.comparing.costs import Cost, together
from embedder.comparing.grid import Cell, Entry
from embedder.comparing.inference import Inference
from embedder.comparing.summary import curves, mean_of, means, pareto
from tests.embedder.comparing.planted import FIXED, FROZEN, FULL, PARTIAL, design, noisy, scored


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


def test_what_had_no_training_of_its_own_has_no_curve() -> None:
    soup = Cell("soup", 100.0, 7)
    found = scored(
        {cell: {"kind": noisy(0.5)} for cell in (FROZEN, FULL, PARTIAL, soup)},
        course={FULL: [0.5], PARTIAL: [0.6]},
    )
    wanted = design(("full", "partial", "soup"))
    assert [curve.entry.method for curve in curves(wanted, found)] == ["partial", "full"]
    assert [mean.entry.method for mean in means(wanted, found)] == ["frozen", "partial", "full", "soup"]


def test_what_a_cell_is_made_of_is_told_with_what_it_lacks() -> None:
    soup, joined = Cell("soup", 100.0, 7), Cell("joined", 100.0, 7)
    scores = scored({cell: {"kind": noisy(0.5)} for cell in (FROZEN, FULL, soup, joined)})
    members = {soup: ("full",), joined: ("frozen", "full")}
    results = {c: replace(r, members=members.get(c, ())) for c, r in scores.results.items()}
    wanted = design(("fixed", "partial", "full", "soup", "joined"))
    late = [Unrun(FIXED, "time"), Unrun(PARTIAL, "no number")]
    first, second = makeups(wanted, results, late)
    assert (first.cell, first.members) == (soup, ("full",))
    assert first.without == {"partial": "failed: no number", "progressive": "not compared"}
    assert (second.cell, second.members) == (joined, ("frozen", "full"))
    assert second.without == {"fixed": "not run for want of time", "partial": "failed: no number"}


def test_a_price_counts_the_trainings_that_something_is_made_of_and_its_networks() -> None:
    soup, joined, later = (Cell("soup", 100.0, 7), Cell("joined", 100.0, 7), Cell("soup", 100.0, 8))
    scores = scored({cell: {"kind": noisy(0.5)} for cell in (FROZEN, FULL, soup, joined, later)})
    seconds = {FULL: 10.0, soup: 30.0, later: 32.0, joined: 11.0}
    results = {c: replace(r, seconds=seconds.get(c, 0.0)) for c, r in scores.results.items()}
    scores = replace(scores, results=results)
    wanted = design(("full", "partial", "soup", "joined"), seeds=2)
    one = Cost(64, 1.0, 100, Inference(30.0, 5, "torch", "cpu"))
    found = {p.method: p for p in prices(wanted, scores, means(wanted, scores), {NETWORK: one})}
    assert {name: price.training_seconds for name, price in found.items()} == {
        "frozen": 0.0,
        "full": 10.0,
        "soup": 31.0,
        "joined": 11.0,
    }
    assert found["soup"].cost == found["full"].cost == one
    assert found["joined"].cost == together(one, one)
    assert found["joined"].speed == pytest.approx(15.0)
