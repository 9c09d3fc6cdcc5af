"""The benchmark of a GPU where there is none: what it checks of filters and deletes holds on the CPU too."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import gpu
from index.devices import gpus


@pytest.mark.skipif(gpus() > 0, reason="there is a GPU: run the benchmark")
def test_everything_runs_on_the_cpu_and_finds_what_passes() -> None:
    report = gpu.run("quick")
    assert report.details["device"] == "cpu"
    assert len(report.details["recall@10"]) == 2 * len(gpu.FILTERS)
    assert min(report.details["recall@10"].values()) > 0.995  # of stored float16 a few pairs change places
    assert [len(table.rows) for table in report.tables] == [2, 4, 4, 2, 2]
    assert report.tables[2].rows[0].accuracy["shared with torch"] > 0.99


def test_the_filters_let_through_what_they_say() -> None:
    numbers = np.arange(60_000)
    shares = [passes(numbers).mean() for passes in gpu.FILTERS.values()]
    assert shares == pytest.approx([1, 0.5, 0.05, 0.001], rel=0.1)


def test_a_product_that_does_not_pass_ends_the_run() -> None:
    class Lying:
        def search_many(self, queries: list[object]) -> list[list[object]]:
            return [[type("Hit", (), {"product_id": "p0000003"})()] for _ in queries]

    matrix = np.eye(4, dtype=np.float16)
    with pytest.raises(RuntimeError, match="1 products that do not pass"):
        gpu._recall(Lying(), matrix, matrix[:1].astype(np.float32), None, np.arange(4) != 3)  # type: ignore[arg-type]
