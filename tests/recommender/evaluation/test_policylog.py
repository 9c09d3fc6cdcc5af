from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import UsageError
from recommender.evaluation.policylog import read_log

TABLE = pd.DataFrame(
    {
        "request_id": ["r1", "r1", "r2"],
        "customer_id": ["a", "a", "b"],
        "position": [1, 2, 1],
        "product_id": ["x", "y", "x"],
        "propensity": [0.5, None, 0.25],
        "clicked": [True, False, True],
        "target": [0.1, 0.2, 0.3],
    }
)


@pytest.mark.parametrize("kind", ["frame", "csv", "parquet"])
def test_a_log_is_read_from_tables_and_files(tmp_path: Path, kind: str) -> None:
    source: Path | pd.DataFrame = TABLE
    if kind == "csv":
        TABLE.to_csv(source := tmp_path / "log.csv", index=False)
    elif kind == "parquet":
        TABLE.to_parquet(source := tmp_path / "log.parquet")
    log = read_log(source)
    assert log.requests.tolist() == ["r1", "r1", "r2"]
    assert log.customers.tolist() == ["a", "a", "b"]
    assert log.products.tolist() == ["x", "y", "x"]
    assert log.positions.tolist() == [1, 2, 1]
    assert log.rewards.tolist() == [1.0, 0.0, 1.0]
    assert np.isnan(log.propensities).tolist() == [False, True, False]
    assert log.targets is not None
    assert log.targets.tolist() == [0.1, 0.2, 0.3]


def test_a_log_without_propensities_is_read_all_the_same() -> None:
    log = read_log(TABLE.drop(columns=["propensity", "target"]).rename(columns={"clicked": "reward"}))
    assert np.isnan(log.propensities).all()
    assert log.targets is None


@pytest.mark.parametrize(
    ("column", "cells", "reason"),
    [
        ("propensity", [0.5, 0.0, 1.0], "row 2 of the log has the propensity 0"),
        ("propensity", [0.5, 1.5, 1.0], "row 2 of the log has the propensity 1.5"),
        ("propensity", ["high", 0.5, 1.0], "row 1 of the log has 'high' as propensity"),
        ("clicked", [True, None, True], "row 2 .* as clicked"),
        ("position", [1, 1.5, 1], "row 2 of the log has the position 1.5"),
        ("position", [1, 1, 1], "two rows for one position"),
        ("customer_id", ["a", "", "b"], "row 2 of the log has no customer_id"),
    ],
)
def test_cells_that_cannot_be_are_refused_by_row(column: str, cells: list[object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        read_log(TABLE.assign(**{column: pd.Series(cells, dtype=object)}))


def test_missing_columns_are_named() -> None:
    with pytest.raises(UsageError, match=r"no column position, reward \(or clicked\)"):
        read_log(TABLE.drop(columns=["position", "clicked"]))


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("request_id,customer_id,position,product_id,clicked\nr1,a,1,x,1\nr1,a,2\n")
    with pytest.raises(UsageError, match=r"row 2 of log.csv cannot be read"):
        read_log(path)


def test_moments_are_read_where_there_are_some() -> None:
    told = TABLE.assign(timestamp=["2026-03-01T00:00:00Z", "2026-03-01 00:00:01", 1_772_323_202])
    times = read_log(told).times
    assert times is not None
    assert times.tolist() == [1_772_323_200.0, 1_772_323_201.0, 1_772_323_202.0]
    assert read_log(TABLE).times is None
    with pytest.raises(UsageError, match="row 2 of the log has 'soon' as timestamp"):
        read_log(TABLE.assign(timestamp=["2026-03-01", "soon", "2026-03-01"]))
