from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import Damaged, NotFound, UsageError
from recommender.evaluation.percustomer import PerCustomer, Run, write_per_customer
from recommender.evaluation.significance import sign_flip_p
from recommender.evaluation.twins import HEADER, compare

C = 80
BASE = np.random.default_rng(0).random(C)


def _run(model: str, lift: float, seed: int | None = None) -> Run:
    noise = np.random.default_rng(abs(hash((len(model), lift, seed))) % 2**32).normal(0, 0.05, C)
    return Run(model, seed, {"ndcg@10": BASE + lift + noise, "recall@10": BASE + lift})


def _evaluation(*runs: Run) -> PerCustomer:
    ids = tuple(f"c{i}" for i in range(C))
    return PerCustomer(ids, np.full(C, 2), np.zeros(C, np.int64), {}, runs)


def _written(folder: Path, values: PerCustomer, **facts: Any) -> Path:
    folder.mkdir()
    kept = write_per_customer(values, folder)
    report = {"split": "time", "split_digest": "d" * 64, "seed": 7, "space": "s", **facts}
    (folder / "report.json").write_text(json.dumps({"per_customer": kept.as_json(), **report}))
    return folder / "report.json"


def _two(tmp_path: Path, **facts: Any) -> tuple[Path, Path]:
    first = _evaluation(_run("popularity", 0.0), _run("knn", 0.1), _run("ease", 0.05))
    second = _evaluation(_run("popularity", 0.0), _run("knn", 0.1), _run("vitrine", 0.3))
    return _written(tmp_path / "a", first), _written(tmp_path / "b", second, **facts)


def test_shared_models_and_the_best_of_each_are_paired(tmp_path: Path) -> None:
    first, second = _two(tmp_path)
    found = compare(first, second)
    assert found.best == ("knn", "vitrine")
    assert [(pair.first, pair.second) for pair in found.pairs["ndcg@10"]] == [
        *(("popularity", "popularity"), ("knn", "knn"), ("knn", "vitrine"))
    ]
    assert list(found.pairs) == ["ndcg@10", "recall@10"]
    assert found.only == (("ease",), ("vitrine",))
    assert found.customers == C
    same, better = found.pairs["ndcg@10"][1].test, found.pairs["ndcg@10"][2].test
    assert (same.verdict, same.difference) == ("not told apart", 0.0)
    assert better.verdict == "better"
    assert better.difference == pytest.approx(0.2, abs=0.03)
    assert better.family == 3


def test_the_p_value_is_that_of_the_paired_differences(tmp_path: Path) -> None:
    first, second = _evaluation(_run("knn", 0.0)), _evaluation(_run("knn", 0.01))
    found = compare(_written(tmp_path / "a", first), _written(tmp_path / "b", second))
    gaps = second.runs[0].values["ndcg@10"] - first.runs[0].values["ndcg@10"]
    test = found.pairs["ndcg@10"][0].test
    assert test.p_value == sign_flip_p(gaps[:, None], 7)[0]
    assert test.difference == pytest.approx(gaps.mean())
    assert test.ours == pytest.approx(second.runs[0].values["ndcg@10"].mean())


def test_customers_are_paired_by_id_not_by_row(tmp_path: Path) -> None:
    first = _evaluation(_run("knn", 0.0))
    turned = replace(
        first,
        customer_ids=first.customer_ids[::-1],
        wanted=first.wanted[::-1],
        runs=(Run("knn", None, {name: v[::-1] for name, v in first.runs[0].values.items()}),),
    )
    found = compare(_written(tmp_path / "a", first), _written(tmp_path / "b", turned))
    assert found.pairs["ndcg@10"][0].test.ties == C


def test_seeds_are_averaged_before_they_are_compared(tmp_path: Path) -> None:
    runs = [_run("vbpr", 0.1, seed) for seed in (1, 2, 3)]
    first = _written(tmp_path / "a", _evaluation(_run("vbpr", 0.1, 1)))
    found = compare(first, _written(tmp_path / "b", _evaluation(*runs)))
    mean = np.mean([run.values["ndcg@10"] for run in runs])
    assert found.pairs["ndcg@10"][0].test.ours == pytest.approx(mean)
    assert any("in A fewer than 3 seeds were run of vbpr" in note for note in found.notes)
    assert found.as_json()["b"]["models"]["vbpr"]["ndcg@10"]["seeds"] == 3


def test_words_rows_and_json_tell_the_same(tmp_path: Path) -> None:
    first, second = _two(tmp_path, seed=8, space="other")
    found = compare(first.parent, second.parent)  # folders will do
    words = found.in_words()
    assert words[0].startswith("The best of each run, on 80 customers: B's vitrine is better than A's knn")
    assert "the seeds differ" in words[-1]
    assert "the embedders differ" in words[-2]
    assert all(len(row) == len(HEADER) for row in found.rows())
    assert found.rows()[2][:2] == ("knn", "vitrine")
    assert found.rows()[2][-1] == "better"
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["tests"]["ndcg@10"][2]["verdict"] == "better"
    assert told["best"] == {"a": "knn", "b": "vitrine"}
    assert told["words"] == words


def test_a_run_against_itself_says_so_and_what_could_have_been_seen(tmp_path: Path) -> None:
    path = _written(tmp_path / "a", _evaluation(_run("knn", 0.0)))
    words = compare(path, path).in_words()
    assert "cannot be told apart" in words[0]
    assert any("same file" in line for line in words)
    assert any("nothing is left to chance" in line for line in words)


def test_the_metric_can_be_chosen(tmp_path: Path) -> None:
    found = compare(*_two(tmp_path), metrics=["recall@10"])
    assert found.metric == "recall@10"
    assert list(found.pairs) == ["recall@10"]
    with pytest.raises(UsageError, match="do not share the map@5"):
        compare(tmp_path / "a", tmp_path / "b", metrics=["map@5"])


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"split": "last", "split_digest": "e" * 64}, "A is split by 'time', B by 'last'"),
        ({"split_digest": "e" * 64}, r"of other interactions, products or cuts \(digests dddd"),
    ],
)
def test_other_splits_are_refused(tmp_path: Path, facts: dict[str, str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        compare(*_two(tmp_path, **facts))


def test_other_customers_are_refused_by_name(tmp_path: Path) -> None:
    first = _evaluation(_run("knn", 0.0))
    other = replace(first, customer_ids=(*first.customer_ids[1:], "new"))
    with pytest.raises(UsageError, match=r"1 only in A \(first: 'c0'\) and 1 only in B \(first: 'new'\)"):
        compare(_written(tmp_path / "a", first), _written(tmp_path / "b", other))


def test_customers_who_chose_something_else_are_refused(tmp_path: Path) -> None:
    first = _evaluation(_run("knn", 0.0))
    other = replace(first, wanted=np.where(np.arange(C) == 3, 5, 2))
    with pytest.raises(UsageError, match=r"1 customers for different products \(first: 'c3'\)"):
        compare(_written(tmp_path / "a", first), _written(tmp_path / "b", other))


def test_files_that_are_missing_old_or_damaged_are_refused(tmp_path: Path) -> None:
    first, second = _two(tmp_path)
    with pytest.raises(NotFound, match="no report"):
        compare(first, tmp_path / "gone.json")
    (second.parent / "customers.parquet").write_bytes(b"x")
    with pytest.raises(Damaged, match="checksum"):
        compare(first, second)
    second.write_text('{"split": "time"}')
    with pytest.raises(UsageError, match="older one"):
        compare(first, second)
    second.write_text("{")
    with pytest.raises(Damaged, match="not readable JSON"):
        compare(first, second)
