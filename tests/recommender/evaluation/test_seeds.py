from __future__ import annotations

import json

import numpy as np
import pytest

from data.errors import UsageError
from recommender.evaluation.seeds import FEWEST, averaged, over_seeds, spread

RUNS = np.asarray([[0.0, 1.0, np.nan], [0.5, 1.0, 1.0], [1.0, 1.0, np.nan]])


def test_customers_are_averaged_over_seeds_and_seeds_over_customers() -> None:
    mean, found = over_seeds(RUNS)
    assert mean.tolist() == [0.5, 1.0, 1.0]
    assert found.means == pytest.approx((0.5, 2.5 / 3, 1.0))
    assert (found.low, found.high) == (0.5, 1.0)
    assert found.deviation == pytest.approx(np.std([0.5, 2.5 / 3, 1.0], ddof=1))
    assert found.seeds == FEWEST
    assert found.enough


def test_a_customer_whom_no_seed_has_a_value_for_has_none() -> None:
    mean, _ = over_seeds(np.asarray([[1.0, np.nan], [3.0, np.nan]]))
    assert mean[0] == 2.0
    assert np.isnan(mean[1])


def test_one_seed_has_no_spread_and_says_so() -> None:
    _, found = over_seeds(RUNS[:1])
    assert not found.enough
    assert found.as_json()["deviation"] is None
    assert "one seed only" in found.in_words()
    assert json.dumps(found.as_json(), allow_nan=False)


def test_coverage_has_a_spread_too() -> None:
    assert spread([0.2, 0.4, 0.3]).mean == pytest.approx(0.3)
    assert spread([0.2, 0.4, 0.3]).in_words() == "0.3000 over 3 seeds, from 0.2000 to 0.4000"
    assert spread([float("nan")]).as_json()["mean"] is None


def test_tables_of_runs_become_one_table() -> None:
    found = averaged([{"m": row, "k": row + 1} for row in RUNS])
    assert found.values["m"].tolist() == [0.5, 1.0, 1.0]
    assert found.spreads["k"].low == 1.5


def test_runs_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(UsageError, match="same metrics"):
        averaged([{"m": RUNS[0]}, {"k": RUNS[0]}])
    with pytest.raises(UsageError, match="same metrics"):
        averaged([])
    with pytest.raises(UsageError, match="same customers"):
        averaged([{"m": RUNS[0]}, {"m": RUNS[0][:2]}])
