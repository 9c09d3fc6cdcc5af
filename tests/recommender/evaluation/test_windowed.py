"""Two evaluations of several windows against each other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import Damaged, NotFound, UsageError
from recommender.evaluation import evaluate
from recommender.evaluation.evaluate import Plan, carry_out
from recommender.evaluation.percustomer import PerCustomer, Run, write_per_customer
from recommender.evaluation.pooled import METRICS, pool
from recommender.evaluation.report import write_windows
from recommender.evaluation.result import Evaluation
from recommender.evaluation.significance import sign_flip_p
from recommender.evaluation.splits import folds
from recommender.evaluation.twins import compare
from recommender.evaluation.windowed import over_windows
from recommender.settings import Settings
from recommender.tuning import Tuned
from tests.recommender.makers import shop_like

NAN = float("nan")


def window(
    ids: Sequence[str], *values: Sequence[float], wanted: int = 2, seed: int | None = None
) -> PerCustomer:
    """A window's customers, and a run of a model for each row of values."""
    runs = tuple(Run(f"model{at}", seed, {"ndcg@10": np.asarray(v, float)}) for at, v in enumerate(values))
    return PerCustomer(tuple(ids), np.full(len(ids), wanted), np.arange(len(ids)), {}, runs)


def pooled(folder: Path, windows: Sequence[PerCustomer], **facts: Any) -> Path:
    """A report of several windows with what a comparison reads of it; facts: of the last window."""
    told = []
    for number, values in enumerate(windows, 1):
        place = folder / f"window-{number}"
        place.mkdir(parents=True)
        kept = write_per_customer(values, place)
        digest = f"{number}" * 64
        one = {"split": "rolling", "split_digest": digest, "seed": 7, "space": "s", "fold": {"n": number}}
        one |= facts if number == len(windows) else {}
        (place / "report.json").write_text(json.dumps({**one, "per_customer": kept.as_json()}))
        told.append({"report": f"window-{number}/report.json", "fold": one["fold"]})
    report = {"split": "rolling", "seed": 7, "pooled": {}, "windows": told}
    (folder / "report.json").write_text(json.dumps(report))
    return folder / "report.json"


FIRST = (window("abc", [0.1, 0.2, 0.3]), window("bcd", [0.4, 0.5, 0.6]))
SECOND = (window("abc", [0.2, 0.2, 0.5]), window("bcd", [0.8, 0.5, 0.6]))


def test_a_customer_has_the_mean_over_their_windows() -> None:
    found = over_windows([window("ba", [0.2, NAN], [1, 1]), window("cb", [0.5, 0.6], [0, 0], wanted=5)])
    assert found.customer_ids == ("a", "b", "c")
    assert found.runs[0].values["ndcg@10"] == pytest.approx([NAN, 0.4, 0.5], nan_ok=True)
    assert found.runs[1].values["ndcg@10"].tolist() == [1, 0.5, 0]
    assert found.wanted.tolist() == [2, 7, 5]
    assert found.history.tolist() == [1, 1, 0]
    with pytest.raises(UsageError, match="same models"):
        over_windows([window("a", [1]), window("a", [1], [2])])
    with pytest.raises(UsageError, match="same models"):
        over_windows([window("a", [1], seed=1), window("a", [1], seed=2)])
    with pytest.raises(UsageError, match="same models"):
        over_windows([])


def test_pooled_reports_are_paired_by_customer(tmp_path: Path) -> None:
    found = compare(pooled(tmp_path / "a", FIRST), pooled(tmp_path / "b", SECOND).parent)
    gaps = np.asarray([0.1, 0.2, 0.1, 0.0])
    test = found.pairs["ndcg@10"][0].test
    assert (found.customers, test.customers) == (4, 4)
    assert test.difference == pytest.approx(gaps.mean())
    assert test.p_value == sign_flip_p(gaps[:, None], 7)[0]
    assert (test.wins, test.ties, test.losses) == (3, 1, 0)
    assert any("2 windows are pooled, 6 lists a model" in words for words in found.in_words())
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["windows"] == ["1" * 64, "2" * 64]
    assert told["a"]["report"].endswith("report.json")


def test_one_pooled_and_one_single_are_refused(tmp_path: Path) -> None:
    both = pooled(tmp_path / "a", FIRST)
    single = both.parent / "window-1" / "report.json"
    for pair in ((both, single), (single, both)):
        with pytest.raises(UsageError, match="compare two of a kind") as refused:
            compare(*pair)
        assert "2 windows pooled" in str(refused.value)
        assert "a single evaluation (split 'rolling')" in str(refused.value)
        assert "window-N/report.json" in str(refused.value)
    assert compare(single, single).customers == 3


def test_other_windows_are_refused_by_number(tmp_path: Path) -> None:
    first = pooled(tmp_path / "a", FIRST)
    with pytest.raises(UsageError, match=r"A is 2 windows pooled, B is 1 windows? pooled: .* --windows"):
        compare(first, pooled(tmp_path / "b", SECOND[:1]))
    with pytest.raises(UsageError, match=r"window 2 of 2 is of other interactions, products or cuts"):
        compare(first, pooled(tmp_path / "c", SECOND, split_digest="e" * 64))


def test_other_customers_are_refused_with_their_window(tmp_path: Path) -> None:
    first = pooled(tmp_path / "a", FIRST)
    others = (SECOND[0], replace(SECOND[1], customer_ids=("b", "c", "e")))
    with pytest.raises(UsageError, match=r"window 2 of 2: .*1 only in A \(first: 'd'\)"):
        compare(first, pooled(tmp_path / "b", others))
    chose = (
        replace(SECOND[0], wanted=np.asarray([2, 3, 2])),
        replace(SECOND[1], wanted=np.asarray([1, 2, 2])),
    )
    with pytest.raises(UsageError, match=r"window 1 of 2: .* different products \(first: 'b'\)"):
        compare(first, pooled(tmp_path / "c", chose))  # the sums over windows are the same


def test_windows_that_are_missing_or_of_another_run_are_refused(tmp_path: Path) -> None:
    first, second = pooled(tmp_path / "a", FIRST), pooled(tmp_path / "b", SECOND)
    report = second.parent / "window-2" / "report.json"
    told = json.loads(report.read_text())
    report.write_text(json.dumps({**told, "fold": {"n": 5}}))
    with pytest.raises(Damaged, match="is not the window that"):
        compare(first, second)
    report.write_text(json.dumps(told))
    (report.parent / "customers.parquet").write_bytes(b"x")
    with pytest.raises(Damaged, match="checksum"):
        compare(first, second)
    shutil.rmtree(report.parent)
    with pytest.raises(NotFound, match=r"window 2 of .* lacks its report"):
        compare(first, second)
    mixed = pooled(tmp_path / "c", (FIRST[0], window("bcd", [0, 0, 0], [1, 1, 1])))
    with pytest.raises(Damaged, match="same models"):
        compare(first, mixed)
    mixed.write_text(json.dumps({"pooled": {}, "windows": []}))
    with pytest.raises(Damaged, match="pools no window"):
        compare(first, mixed)
    mixed.write_text(json.dumps({"pooled": {}, "windows": [{"report": "../../a/window-9/report.json"}]}))
    with pytest.raises(NotFound, match="lacks its report"):
        compare(first, mixed)
    mixed.write_text(json.dumps({"pooled": {}, "windows": [{"report": "report.json"}]}))
    with pytest.raises(UsageError, match="no report of `vitrine evaluate` with values per customer"):
        compare(first, mixed)


def test_the_figures_are_those_of_the_pooled_report(tmp_path: Path) -> None:
    plan = Plan("rolling", ("random", "popularity", "looks"), seeds=2)
    with pytest.MonkeyPatch.context() as patch:  # tuning is not what is asked here
        patch.setattr(evaluate, "tune", lambda *_: Tuned(Settings(), {}, {}, 0, "not tuned"))
        data = shop_like(60)
        found = [carry_out(plan, data, fold) for fold in folds(data, "rolling", 2, False)]
    together = pool(found, 7)
    write_windows(found, together, tmp_path)
    for number, one in enumerate(found, 1):
        written(one, tmp_path / f"window-{number}")
    twins = compare(tmp_path, tmp_path)
    assert twins.customers == together.customers
    for metric in twins.pairs:
        assert metric in METRICS
        for pair in twins.pairs[metric]:
            model = next(one for one in together.models if one.model == pair.first)
            assert pair.test.theirs == pytest.approx(model.metrics[metric])


def written(one: Evaluation, folder: Path) -> None:
    """A window's report as ``write_report`` leaves it, without the page."""
    folder.mkdir()
    kept = write_per_customer(one.behind.per_customer(), folder)
    told = {**one.as_json(), "per_customer": kept.as_json()}
    (folder / "report.json").write_text(json.dumps(told))
