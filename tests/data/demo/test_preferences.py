"""What customers truly like: ρ is the share of its variance that visible attributes explain, to the digit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from data.demo import Dials, Origin, true_preferences
from data.demo.preferences import Preferences
from data.demo.stock import Matrix, Stock
from data.demo.vocabulary import CATEGORIES, PATTERNS

SMALL = Origin(560, 30, 3)


def explained(stock: Stock, liking: Matrix) -> Matrix:
    """R² of the least-squares regression of every row of liking (m, n) on what the catalogue shows."""
    shapes = sorted({f"{s.category} {s.shape['shape']}" for s in stock.specs})
    columns = [[float(f"{s.category} {s.shape['shape']}" == name) for s in stock.specs] for name in shapes]
    columns += [[float(s.category == name) for s in stock.specs] for name in CATEGORIES]
    columns += [[float(s.pattern == name) for s in stock.specs] for name in PATTERNS]
    table = np.hstack([np.ones((len(stock.specs), 1)), np.array(columns).T, stock.colours()])
    fitted = table @ np.linalg.lstsq(table, liking.T, rcond=None)[0]
    return np.asarray(1 - (liking.T - fitted).var(0) / liking.var(1))


@pytest.fixture(scope="module")
def stock() -> Stock:
    return SMALL.people()[0]


@pytest.fixture(scope="module")
def preferences() -> Preferences:
    return SMALL.preferences()


@pytest.mark.parametrize("rho", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_the_visual_share_is_the_explained_share_of_the_variance(
    rho: float, stock: Stock, preferences: Preferences
) -> None:
    turned = replace(preferences, dials=Dials(visual_share=rho))
    for day in (0.0, 140.0, 272.0):
        liking = np.stack([turned.on_day(i, day) for i in range(SMALL.customers)])
        np.testing.assert_allclose(liking.var(1), 1.0, atol=1e-9)
        np.testing.assert_allclose(explained(stock, liking), rho, atol=1e-9)


def test_turning_the_dial_changes_nothing_but_the_share(preferences: Preferences) -> None:
    turned = SMALL.with_visual_share(0.25).preferences()
    np.testing.assert_array_equal(turned.visible, preferences.visible)
    np.testing.assert_array_equal(turned.hidden, preferences.hidden)
    assert turned.dials.visual_share == 0.25


def test_without_looks_no_category_is_liked_better_than_another(
    stock: Stock, preferences: Preferences
) -> None:
    turned = replace(preferences, dials=Dials(visual_share=0.0))
    for customer in range(5):
        liking = turned.on_day(customer, 100.0)
        for category in set(stock.category.tolist()):
            assert liking[stock.category == category].mean() == pytest.approx(0.0, abs=1e-9)


def test_the_explained_share_sees_a_planted_liking_for_a_category(
    stock: Stock, preferences: Preferences
) -> None:
    planted = preferences.hidden + 0.5 * (stock.category == 3)
    assert explained(stock, planted).min() > 0.01


def test_the_shares_within_the_visible_part_are_those_of_the_dial(stock: Stock) -> None:
    dials = Dials(visual_share=1.0, visible=(0.0, 1.0, 0.0, 0.0))
    liking = replace(SMALL, dials=dials).preferences().on_day(0, 0.0)
    pattern = np.array([spec.pattern for spec in stock.specs])
    assert all(np.ptp(liking[pattern == name]) < 1e-9 for name in set(pattern))


def test_few_hidden_factors_make_few_dimensions_of_hidden_liking() -> None:
    def rank(factors: int) -> int:
        dials = Dials(hidden_factors=factors, hidden=(1.0, 0.0, 0.0))
        return int(np.linalg.matrix_rank(replace(SMALL, dials=dials).preferences().hidden))

    assert (rank(2), rank(5)) == (2, 5)


def test_they_are_made_again_from_the_numbers_that_made_the_shop(preferences: Preferences) -> None:
    again = true_preferences(560, 30, 3)
    np.testing.assert_array_equal(again.hidden, preferences.hidden)
    assert not np.allclose(again.hidden, true_preferences(560, 30, 4).hidden)


def test_products_and_photos_do_not_depend_on_the_dials_of_taste(stock: Stock) -> None:
    other, _ = replace(SMALL, dials=Dials(visual_share=0.0, hidden_factors=3, popularity=0.0)).people()
    assert stock.specs == other.specs
    assert stock.added == other.added
    np.testing.assert_array_equal(stock.in_stock, other.in_stock)


def test_they_are_asked_for_by_id_and_moment(preferences: Preferences) -> None:
    moment = (SMALL.dials.start + timedelta(days=50, hours=7)).timestamp()
    table = preferences.at(["C0002", "stranger"], [moment, moment], ["P0009", "unheard of", "P0001"])
    liking = preferences.on_day(1, 50.0)
    np.testing.assert_array_equal(table[0, [0, 2]], liking[[8, 0]])
    assert np.isnan(table[0, 1])
    assert np.isnan(table[1]).all()


def test_liking_stays_as_it_was_last_after_the_records_end(preferences: Preferences) -> None:
    np.testing.assert_array_equal(preferences.on_day(0, 273.0), preferences.on_day(0, 4000.0))


def test_a_shop_too_small_to_part_looks_from_style_still_has_finite_likings() -> None:
    liking = true_preferences(2, 3, 1).on_day(0, 10.0)
    assert liking.shape == (2,)
    assert np.isfinite(liking).all()
