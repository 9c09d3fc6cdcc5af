from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pytest
from pyarrow import parquet

from data.errors import Damaged, NotFound, UsageError
from recommender.evaluation.percustomer import FILE, PerCustomer, Run, read_per_customer, write_per_customer


def per_customer(seed: int = 0, models: tuple[str, ...] = ("knn", "vitrine"), c: int = 6) -> PerCustomer:
    rng = np.random.default_rng(seed)

    def values() -> dict[str, np.ndarray]:
        ild = rng.random(c)
        ild[1] = np.nan
        return {"ndcg@10": rng.random(c), "ild@10": ild}

    runs = [Run(name, None, values()) for name in models]
    runs += [Run("vbpr", number, values()) for number in (1, 2, 3)]
    return PerCustomer(
        customer_ids=tuple(f"c{i}" for i in range(c)),
        wanted=np.arange(1, c + 1),
        history=np.arange(c) // 2,
        slices={"cold_customers": np.arange(c) < 2},
        runs=tuple(runs),
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    found = per_customer()
    kept = write_per_customer(found, tmp_path)
    again = read_per_customer(tmp_path / kept.file, kept.sha256)
    assert again.customer_ids == found.customer_ids
    assert again.wanted.tolist() == found.wanted.tolist()
    assert again.history.tolist() == found.history.tolist()
    assert again.slices["cold_customers"].tolist() == [True, True, False, False, False, False]
    assert [(run.model, run.seed) for run in again.runs] == [(run.model, run.seed) for run in found.runs]
    for ours, theirs in zip(found.runs, again.runs, strict=True):
        assert list(ours.values) == list(theirs.values)
        for name in ours.values:
            assert np.array_equal(ours.values[name], theirs.values[name], equal_nan=True)


def test_anyone_can_read_the_file_as_a_table(tmp_path: Path) -> None:
    found = per_customer()
    write_per_customer(found, tmp_path)
    table = parquet.read_table(tmp_path / FILE).to_pandas()
    assert list(table.columns) == [
        *("customer_id", "model", "seed", "wanted", "history", "in:cold_customers", "ndcg@10", "ild@10")
    ]
    one = table[(table.model == "vbpr") & (table.seed == 2) & (table.customer_id == "c3")]
    assert one["ndcg@10"].item() == found.runs[3].values["ndcg@10"][3]
    assert table["ild@10"].isna().sum() == 5
    assert table[table.model == "knn"].seed.isna().all()


def test_the_same_values_give_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert write_per_customer(per_customer(), tmp_path) == write_per_customer(per_customer(), tmp_path / "b")
    assert write_per_customer(per_customer(1), tmp_path) != write_per_customer(per_customer(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", FILE]


def test_models_are_averaged_over_their_seeds() -> None:
    found = per_customer()
    assert found.models == ("knn", "vitrine", "vbpr")
    mean = np.mean([run.values["ndcg@10"] for run in found.runs[2:]], axis=0)
    assert found.of_metric("ndcg@10")["vbpr"] == pytest.approx(mean)
    assert found.of_model("vbpr").spreads["ndcg@10"].seeds == 3
    assert found.of_metric("ndcg@10")["knn"].tolist() == found.runs[0].values["ndcg@10"].tolist()
    with pytest.raises(UsageError, match="no model 'ease'"):
        found.of_model("ease")


def test_nobody_and_no_model_can_be_kept_too(tmp_path: Path) -> None:
    no_model = replace(per_customer(), runs=())
    nothing = np.zeros(0, np.int64)
    nobody = PerCustomer((), nothing, nothing, {}, (Run("knn", None, {"m": np.zeros(0)}),))
    for found in (no_model, nobody):
        kept = write_per_customer(found, tmp_path)
        again = read_per_customer(tmp_path / kept.file, kept.sha256)
        assert (again.runs, again.customer_ids) == ((), ())


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    kept = write_per_customer(per_customer(), tmp_path)
    path = tmp_path / kept.file
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged, match="checksum"):
        read_per_customer(path, kept.sha256)
    path.write_bytes(b"PAR1 is not enough")
    with pytest.raises(Damaged, match="not a readable Parquet"):
        read_per_customer(path)
    with pytest.raises(NotFound, match="keep the two together"):
        read_per_customer(tmp_path / "gone.parquet")


def _tampered(tmp_path: Path, change: dict[str, list[object]]) -> Path:
    write_per_customer(per_customer(), tmp_path)
    table = parquet.read_table(tmp_path / FILE)
    for name, cells in change.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, arrow.array(cells, table.schema.field(name).type))
    parquet.write_table(table, tmp_path / FILE)
    return tmp_path / FILE


def test_rows_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    ids = [f"c{i}" for i in range(6)] * 5
    swapped = [*ids[:6], "c1", "c0", *ids[8:]]
    for change in (
        {"customer_id": swapped},
        {"wanted": [9, *([1, 2, 3, 4, 5, 6] * 5)[1:]]},
        {"model": ["knn"] * 5 + ["vitrine"] * 25},
        {"model": ["knn"] * 30},
        {"ndcg@10": [float("inf")] * 30},
    ):
        with pytest.raises(Damaged, match="do not fit together"):
            read_per_customer(_tampered(tmp_path, change))


def test_a_parquet_file_of_something_else_is_refused(tmp_path: Path) -> None:
    parquet.write_table(arrow.table({"customer_id": ["a"]}), tmp_path / FILE)
    with pytest.raises(Damaged, match="values per customer"):
        read_per_customer(tmp_path / FILE)


def test_values_that_do_not_fit_together_are_refused() -> None:
    found = per_customer()
    with pytest.raises(UsageError, match="twice with the same seed"):
        replace(found, runs=(*found.runs, found.runs[0]))
    with pytest.raises(UsageError, match="not distinct"):
        replace(found, customer_ids=("c0",) * 6)
    with pytest.raises(UsageError, match="other metrics"):
        replace(found, runs=(*found.runs, Run("ease", None, {"ndcg@10": np.zeros(6)})))
    with pytest.raises(UsageError, match="infinite"):
        replace(found, runs=(Run("ease", None, {"m": np.full(6, np.inf)}),))
    with pytest.raises(UsageError, match="cannot be named 'wanted'"):
        replace(found, runs=(Run("ease", None, {"wanted": np.zeros(6)}),))
