"""The scans against brute force, with and without masks, and what a GPU cannot do worked around."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.allowed import Allowed
from index.approximate import ApproximateScan
from index.devices import GPU_LIMIT, gpu_scan, gpus
from index.flat import half_flat
from index.manifest import Setting
from index.parameters import parameter_of, search_parameters
from index.publish import write_index
from index.scans import ExactScan
from tests.index.shops import LAYOUT, drawn

MATRIX = LAYOUT.scale(drawn(700)).astype(np.float16)
EXACT = ExactScan.over(MATRIX)
PROBES = LAYOUT.scale(drawn(4, seed=9))


def brute(probe: NDArray[np.float32], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    scores = MATRIX.astype(np.float64) @ probe.astype(np.float64)
    return scores if allowed is None else np.where(allowed, scores, -np.inf)


@given(st.integers(1, 80), st.floats(0, 1), st.integers(0, 1000))
def test_exact_finds_the_nearest_of_those_allowed(fetch: int, share: float, seed: int) -> None:
    allowed = np.random.default_rng(seed).random(len(MATRIX)) < share
    count = int(allowed.sum())
    found = EXACT.top(PROBES[:1], fetch, Allowed.only(allowed))
    assert allowed[found.rows].all()
    assert len(found.rows) >= min(fetch, count)
    scores = brute(PROBES[0], allowed)
    wanted = np.sort(scores[allowed])[::-1][: min(fetch, count)]
    got = np.sort(scores[found.rows])[::-1][: len(wanted)]
    np.testing.assert_allclose(got, wanted, atol=1e-6)
    if fetch < count:
        unseen = np.setdiff1d(np.flatnonzero(allowed), found.rows)
        assert scores[unseen].max() <= found.worst[0] + 1e-6
    else:
        assert np.isneginf(found.worst).all()


@given(st.integers(1, 80), st.sets(st.integers(0, 699), max_size=300))
def test_all_but_a_few_means_the_same_as_a_mask(fetch: int, banned: set[int]) -> None:
    few = Allowed.all_but(len(MATRIX), np.asarray(sorted(banned), np.int64))
    mask = np.ones(len(MATRIX), bool)
    mask[list(banned)] = False
    assert (few.mask is None) == (len(banned) <= 256)
    assert few.count == mask.sum()
    np.testing.assert_array_equal(few.holds(np.arange(700)), mask)
    for part, wanted in zip(few.split(123), (mask[:123], mask[123:]), strict=True):
        np.testing.assert_array_equal(part.holds(np.arange(part.total)), wanted)
    found = EXACT.top(PROBES[:1], fetch, few).rows
    scores = brute(PROBES[0])
    wanted = min(fetch, few.count)
    assert mask[found].all()
    np.testing.assert_allclose(np.sort(scores[found])[::-1][:wanted], np.sort(scores[mask])[::-1][:wanted])


@pytest.mark.parametrize("share", [1.0, 0.9, 0.3, 0.004])
def test_a_long_scan_in_parts_finds_the_same(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.scans.PART_VALUES", 80 * LAYOUT.d)
    scan = ExactScan.over(MATRIX)
    assert len(scan._parts) == 9
    mask = np.random.default_rng(3).random(len(MATRIX)) < share
    for allowed in (Allowed.only(mask), Allowed.all_but(len(MATRIX), np.asarray([3, 80, 699])), None):
        for fetch in (1, 10, 200):
            whole, parts = EXACT.top(PROBES, fetch, allowed), scan.top(PROBES, fetch, allowed)
            np.testing.assert_allclose(parts.worst, whole.worst, atol=1e-6)
            for probe in PROBES:
                best = min(fetch, len(whole.rows))
                np.testing.assert_allclose(
                    np.sort(brute(probe)[parts.rows])[::-1][:best],
                    np.sort(brute(probe)[whole.rows])[::-1][:best],
                    atol=1e-6,
                )


def test_rows_are_searched_where_they_lie() -> None:
    matrix = MATRIX.copy()
    scan = ExactScan.over(matrix)
    row = len(matrix) - 1
    matrix[row] = (4 * PROBES[0]).astype(np.float16)
    assert row in scan.top(PROBES[:1], 1, None).rows
    del matrix
    assert row in scan.top(PROBES[:1], 1, None).rows
    assert not len(ExactScan.over(MATRIX[:0]).top(PROBES[:1], 3, None).rows)


def test_many_probes_at_once_find_what_each_finds_alone() -> None:
    index, setting = built("IVF16,SQ8"), Setting("nprobe", 16, 3)
    scans = EXACT, ApproximateScan(index, setting), ApproximateScan(index, setting, stored=MATRIX)
    for scan, rows_for_one in zip(scans, (1, 3, 1), strict=True):
        assert scan.overfetch == rows_for_one
        found = scan.each(PROBES, 10).rows
        assert found.shape == (len(PROBES), 10 * scan.overfetch)
        for probe, rows in zip(PROBES, found, strict=True):
            alone = scan.top(probe[None, :], 10, None).rows
            np.testing.assert_array_equal(np.sort(rows), np.sort(alone))


@pytest.mark.parametrize("many", [1, 40])
@pytest.mark.parametrize("share", [None, 1.0, 0.98, 0.5, 0.003])
@pytest.mark.parametrize("exact", [True, False])
def test_each_of_many_probes_leaves_out_a_row_of_its_own(
    exact: bool, share: float | None, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.compared.BLOCK", 100)
    scan = EXACT if exact else ApproximateScan(built("IVF16,SQ8"), Setting("nprobe", 4, 2))
    allowed = Allowed.all_but(len(MATRIX), np.asarray([3, 80, 699]))
    if share is not None:
        allowed = Allowed.only(np.random.default_rng(3).random(len(MATRIX)) < share)
    own = np.flatnonzero(allowed.holds(np.arange(len(MATRIX))))[:many]
    probes = MATRIX[own].astype(np.float32)
    found = scan.each(probes, 10, allowed=allowed, spare=1)
    assert len(found.rows) == len(own)
    for probe, mine, rows, worst in zip(probes, own, found.rows, found.worst, strict=True):
        others = allowed.without(np.asarray([mine]))
        alone = scan.top(probe[None, :], 10, others)
        got = np.setdiff1d(rows[rows >= 0], [mine])
        assert others.holds(got).all()
        assert np.isin(alone.rows, got).all()
        assert exact or len(alone.rows) == len(got)
        assert worst <= alone.worst[0] + 1e-6
        unseen = np.setdiff1d(np.flatnonzero(others.holds(np.arange(len(MATRIX)))), got)
        assert not exact or not len(unseen) or brute(probe)[unseen].max() <= worst + 1e-6


def test_exact_scores_are_those_of_the_stored_float16() -> None:
    scores, rows = half_flat(MATRIX).search(PROBES, 5)
    for probe, line, at in zip(PROBES, scores, rows, strict=True):
        np.testing.assert_allclose(line, brute(probe)[at], atol=1e-6)


def test_a_file_is_mapped_and_answers_alike(tmp_path: Path) -> None:
    write_index(tmp_path / "index.faiss", half_flat(MATRIX))
    mapped = ExactScan.load(tmp_path / "index.faiss")
    assert mapped.limit == len(MATRIX)
    np.testing.assert_array_equal(mapped.top(PROBES, 20, None).rows, EXACT.top(PROBES, 20, None).rows)


def test_a_full_disk_is_an_error() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_index(full, half_flat(MATRIX))


def test_nothing_allowed_finds_nothing() -> None:
    found = EXACT.top(PROBES, 5, Allowed.only(np.zeros(len(MATRIX), bool)))
    assert not len(found.rows)
    assert np.isneginf(found.worst).all()


def built(factory: str) -> Any:
    index = faiss.index_factory(LAYOUT.d, factory, faiss.METRIC_INNER_PRODUCT)
    index.train(MATRIX.astype(np.float32))
    index.add(MATRIX.astype(np.float32))
    return index


@pytest.mark.parametrize(
    ("factory", "parameter", "high"),
    [
        ("HNSW16", "efSearch", 400),
        ("IVF16,SQ8", "nprobe", 16),
        ("IVF16,PQ13x4fs", "nprobe", 16),
        ("PCA20,IVF8,SQ8", "nprobe", 8),
        ("IVF8,PQ13x4fs,Refine(SQfp16)", "nprobe", 8),
        ("SQ8", "", 0),
    ],
)
def test_a_high_setting_reaches_the_exact_answer(factory: str, parameter: str, high: int) -> None:
    index = built(factory)
    assert parameter_of(index) == parameter
    scan = ApproximateScan(index, Setting(parameter, high, 10))
    for probe in PROBES:
        exact = np.argsort(-brute(probe))[:10]
        assert len(np.intersect1d(scan.top(probe[None, :], 10, None).rows, exact)) >= 9


@pytest.mark.parametrize("factory", ["IVF16,SQ8", "IVF16,PQ13x4fs", "PCA20,IVF8,SQ8", "HNSW16", "SQ8"])
@pytest.mark.parametrize("share", [None, 0.98, 0.5])
def test_with_the_stored_rows_the_best_of_what_was_found_comes_back(
    factory: str, share: float | None
) -> None:
    index = built(factory)
    setting = Setting(parameter_of(index), 64 if factory == "HNSW16" else 3, 6)
    rough, refined = ApproximateScan(index, setting), ApproximateScan(index, setting, stored=MATRIX)
    chance = np.random.default_rng(3)
    allowed = None if share is None else Allowed.only(chance.random(len(MATRIX)) < share)
    for probe in PROBES:
        found = rough.top(probe[None, :], 10, allowed).rows
        best = found[np.argsort(-brute(probe)[found], kind="stable")]
        ours = refined.top(probe[None, :], 10, allowed)
        assert set(best[:10]) <= set(ours.rows) <= set(found)
        assert share is not None or len(ours.rows) == 10 < len(found)
        assert brute(probe)[ours.rows].min() >= ours.worst[0] - 1e-5
        near = refined.near(probe[None, :], 60)
        assert set(ours.rows) <= set(near) or share is not None
        assert len(near) == 60
    together = refined.each(PROBES, 10, allowed=allowed)
    for probe, rows, worst in zip(PROBES, together.rows, together.worst, strict=True):
        alone = refined.top(probe[None, :], 10, allowed)
        assert set(rows[rows >= 0]) == set(alone.rows)
        assert worst == pytest.approx(alone.worst[0], abs=1e-6)


def test_the_setting_is_applied() -> None:
    index = built("IVF64,Flat")
    few = ApproximateScan(index, Setting("nprobe", 1, 50)).top(PROBES[:1], 10, None)
    many = ApproximateScan(index, Setting("nprobe", 64, 50)).top(PROBES[:1], 10, None)
    assert len(few.rows) < 200 < len(many.rows)
    assert np.isneginf(few.worst).all(), "the lists visited are used up: fetching more brings nothing"
    other = ApproximateScan(index, Setting("nprobe", 1, 50), Setting("nprobe", 64, 50))
    assert len(other.top(PROBES[:1], 10, None, reweighed=True).rows) == len(many.rows)
    assert search_parameters(index, Setting("nprobe", 7, 1)).nprobe == 7


@given(st.floats(0.05, 1), st.integers(0, 1000))
def test_masks_hold_for_approximate_types(share: float, seed: int) -> None:
    allowed = np.random.default_rng(seed).random(len(MATRIX)) < share
    found = FLAT_SCAN.top(PROBES[:1], 10, Allowed.only(allowed))
    assert allowed[found.rows].all()


FLAT_SCAN = ApproximateScan(built("Flat"), Setting("", 0, 1))


class OneAtATime:
    """Stands in for a GPU index: notices a second thread, a selector, or too large a k."""

    def __init__(self, index: Any) -> None:
        self.index, self.ntotal = index, index.ntotal
        self.inside, self.largest = threading.Lock(), 0

    def search(self, probes: NDArray[np.float32], k: int, params: Any = None) -> Any:
        assert self.inside.acquire(blocking=False), "two threads at once"
        try:
            assert k <= GPU_LIMIT
            assert getattr(params, "sel", None) is None
            self.largest = max(self.largest, k)
            return self.index.search(probes, k)
        finally:
            self.inside.release()


def test_a_gpu_scan_keeps_to_what_gpus_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.approximate.search_parameters", lambda index, setting: None)
    inner = faiss.IndexFlatIP(LAYOUT.d)
    inner.add(LAYOUT.scale(drawn(5000)))
    fake = OneAtATime(inner)
    scan = gpu_scan(fake)
    assert scan.limit == GPU_LIMIT
    allowed = np.zeros(5000, bool)
    allowed[::50] = True
    faults: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(20):
                assert allowed[scan.top(PROBES[:1], 60, Allowed.only(allowed)).rows].all()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert fake.largest == GPU_LIMIT


@pytest.mark.gpu
@pytest.mark.skipif(gpus() == 0, reason="no CUDA GPU here")
def test_on_a_real_gpu() -> None:
    from index.devices import to_gpu
    from index.serving import flat

    scan = gpu_scan(to_gpu(flat(MATRIX)))
    allowed = np.random.default_rng(0).random(len(MATRIX)) < 0.3
    for probe in PROBES:
        found = scan.top(probe[None, :], 10, Allowed.only(allowed))
        assert allowed[found.rows].all()
        exact = np.argsort(-brute(probe, allowed))[:10]
        assert len(np.intersect1d(found.rows, exact)) >= 9
    ivf = gpu_scan(to_gpu(built("IVF16,SQ8")), Setting("nprobe", 16, 5))
    for probe in PROBES:
        assert (
            len(np.intersect1d(ivf.top(probe[None, :], 10, None).rows, np.argsort(-brute(probe))[:10])) >= 9
        )
