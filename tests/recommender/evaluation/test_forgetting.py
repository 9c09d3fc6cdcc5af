from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from index.durable import sha256_of
from recommender.evaluation.forgetting import forget_in_reports
from recommender.evaluation.percustomer import PerCustomer, Run, read_per_customer, write_per_customer

WHO = "<b>&'1"
PAGE = '<p>1 of 10</p><b>&lt;b&gt;&amp;&#39;1</b><span class="tag">x</span><b>2</b><span>'


def _report(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    ones = np.ones(len(names), np.int64)
    run = Run("popularity", None, {"ndcg@10": np.linspace(0, 1, len(names))})
    kept = write_per_customer(PerCustomer(names, ones, ones, {}, (run,)), folder)
    (folder / "report.json").write_text(json.dumps({"per_customer": kept.as_json()}))
    (folder / "report.html").write_text(PAGE)
    return folder


def test_the_name_goes_and_the_values_stay(tmp_path: Path) -> None:
    one = _report(tmp_path / "a", "c-1", WHO, "c-3")
    other = _report(tmp_path / "b" / "window-1", "c-1", "c-3")
    untouched = sha256_of(other / "customers.parquet")
    before = read_per_customer(one / "customers.parquet")
    assert forget_in_reports(tmp_path, WHO) == 3  # one table, two pages
    told = json.loads((one / "report.json").read_text())["per_customer"]
    after = read_per_customer(one / "customers.parquet", told["sha256"])
    assert after.customer_ids[1].startswith("forgotten-")
    assert (after.customer_ids[0], after.customer_ids[2]) == ("c-1", "c-3")
    assert np.array_equal(after.runs[0].values["ndcg@10"], before.runs[0].values["ndcg@10"])
    assert sha256_of(other / "customers.parquet") == untouched
    page = (one / "report.html").read_text()
    assert "&lt;b&gt;" not in page
    assert "<p>1 of 10</p>" in page
    assert forget_in_reports(tmp_path, WHO) == 0


def test_a_number_is_taken_out_of_its_own_place_only(tmp_path: Path) -> None:
    folder = _report(tmp_path / "a", "1", "2")
    assert forget_in_reports(tmp_path, "2") == 2
    page = (folder / "report.html").read_text()
    assert "<b>2</b>" not in page
    assert "1 of 10" in page


def test_what_cannot_be_read_is_left_as_it_is(tmp_path: Path) -> None:
    folder = _report(tmp_path / "a", "c-1")
    (folder / "customers.parquet").write_bytes(b"damaged")
    assert forget_in_reports(tmp_path, "c-1") == 0
    assert (folder / "customers.parquet").read_bytes() == b"damaged"
