"""The choice by measurement."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from data.aspects import AspectLayout
from data.errors import UsageError
from index.approximate import ApproximateScan
from index.choose import EXACT, NEARLY, Built, _tune, build, choose, factories, forced, settings
from index.manifest import Candidate, Setting
from index.scans import ExactScan, Scan
from index.trial import Panel, Recall, Trial, recall_of
from tests.index.shops import LAYOUT, Floats, drawn

N, HELD = 1500, 1400
MATRIX = LAYOUT.scale(drawn(N, clusters=60)).astype(np.float16)


def silent(text: str) -> None:
    """No progress."""


def trial(wanted: float = 0.99) -> Trial:
    return Trial.on(MATRIX, HELD, LAYOUT, wanted)


def recall(found: Floats, exact: Floats) -> Recall:
    """By scores, a tie with the k-th counting as found: true inner products of what was found (q, k), -inf
    where less was, and those of the exact answer, in falling order.
    """
    return Recall.of((found >= exact[:, -1:] - 1e-6).mean(axis=1))


def test_recall_by_hand() -> None:
    exact = np.asarray([[0.9, 0.8], [0.7, 0.6]], np.float32)
    assert recall(exact, exact) == Recall(1.0, 0.0)
    assert recall(np.asarray([[0.9, 0.5], [0.7, -np.inf]], np.float32), exact) == Recall(0.5, 0.0)
    # one query whole, one half: mean .75, deviation .25, standard error .25 / sqrt 2
    half = recall(np.asarray([[0.9, 0.8], [0.7, 0.1]], np.float32), exact)
    assert half.mean == 0.75
    assert half.error == pytest.approx(0.25 / 2**0.5)
    assert half.sure == pytest.approx(0.75 - 0.25 / 2**0.5)
    tied = np.asarray([[0.9, 0.8], [0.6, 0.6]], np.float32)
    assert recall(tied, np.asarray([[0.9, 0.8], [0.6, 0.6]], np.float32)).mean == 1.0


def test_queries_are_held_out() -> None:
    made = trial()
    assert len(made.searched) == HELD
    assert len(made.queries) == N - HELD
    np.testing.assert_array_equal(made.queries, MATRIX[HELD:].astype(np.float32))


def test_too_few_photos_ask_for_themselves() -> None:
    made = Trial.on(MATRIX[:5], 5, LAYOUT, 0.99)
    assert len(made.queries) == 5


@pytest.fixture(scope="module")
def measured() -> tuple[Built, list[Candidate], list[str]]:
    """One candidate, measured once for several tests."""
    told: list[str] = []
    return *forced(trial(), "IVF32,SQ8", told.append), told


def test_a_candidate_reports_what_it_measured_and_holds_all_rows(
    measured: tuple[Built, list[Candidate], list[str]],
) -> None:
    built, tried, told = measured
    candidate = built.candidate
    assert tried == [candidate]
    assert candidate.reached
    assert candidate.recall >= 0.99
    assert candidate.setting is not None
    assert candidate.setting.parameter == "nprobe"
    assert candidate.latency_ms > 0
    assert candidate.memory_mb > N * LAYOUT.d / 1e6
    assert built.index.ntotal == N, "held-out photos must be searchable in the end"
    assert "IVF32,SQ8: recall@10" in told[0]
    # what the manifest claims is true when measured anew, on the held-out photos
    scan = ApproximateScan(built.index, candidate.setting)
    ours, exact = [], []
    for query in trial().queries:
        everything = MATRIX.astype(np.float32) @ query
        exact.append(np.sort(everything)[::-1][:10])
        ours.append(np.sort(everything[scan.top(query[None, :], 10, None).rows])[::-1][:10])
    assert recall(np.stack(ours), np.stack(exact)).mean >= 0.985


def test_reweighed_queries_are_measured_for_every_aspect(
    measured: tuple[Built, list[Candidate], list[str]],
) -> None:
    built = measured[0]
    recalls = built.candidate.reweighed_at_setting
    assert set(recalls) == {f"{kind} {name}" for kind in ("only", "without") for name in LAYOUT.names}
    assert all(0 <= value <= 1 for value in recalls.values())
    if built.candidate.reweighed is not None:
        assert built.candidate.reweighed_recall is not None
        assert built.candidate.reweighed_recall >= 0.99


def test_one_aspect_needs_no_reweighing() -> None:
    one = AspectLayout.single("shape", LAYOUT.d)
    made = Trial.on(MATRIX, HELD, one, 0.9)
    built, _ = forced(made, "IVF32,SQ8", silent)
    assert built.candidate.reweighed_at_setting == {}


def test_exact_is_taken_where_nothing_reaches_the_wanted_recall() -> None:
    # one bit for each four numbers cannot tell neighbours apart, even with 50 rows fetched for one
    built, tried = choose(trial(1.0), ["PQ1x4"], silent)
    assert [candidate.factory for candidate in tried] == [EXACT, "PQ1x4"]
    assert not tried[1].reached
    assert built.candidate.factory == EXACT
    assert built.index is None


def slow(milliseconds: dict[str, float]) -> Callable[[Scan, Trial], float]:
    """Latencies by the FAISS class that is searched, exact 1 ms."""

    def latency(scan: Scan, made: Trial) -> float:
        kind = type(getattr(scan, "_index", None)).__name__
        return milliseconds.get(kind, 1.0)

    return latency


@pytest.mark.parametrize(("flat", "taken"), [(0.2, "IVF32,Flat"), (0.28, "IVF32,SQ8"), (0.4, "IVF32,SQ8")])
def test_the_quickest_that_reaches_is_taken_and_of_two_alike_the_first(
    monkeypatch: pytest.MonkeyPatch, flat: float, taken: str
) -> None:
    known = {"IndexIVFScalarQuantizer": 0.3, "IndexIVFFlat": flat}
    monkeypatch.setattr("index.choose.latency_of", slow(known))
    built, tried = choose(trial(0.95), ["IVF32,SQ8", "IVF32,Flat"], silent)
    assert [candidate.reached for candidate in tried] == [True] * 3
    assert built.candidate.factory == taken


def test_a_graph_is_built_only_where_nothing_before_it_was_sufficient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("index.choose.latency_of", slow({"IndexIVFScalarQuantizer": 0.3}))
    _, tried = choose(trial(0.95), ["IVF32,SQ8", "HNSW16"], silent)
    assert [candidate.factory for candidate in tried] == [EXACT, "IVF32,SQ8"]
    _, tried = choose(trial(0.95), ["PQ1x4", "HNSW16"], silent)
    assert [candidate.factory for candidate in tried] == [EXACT, "PQ1x4", "HNSW16"]


def test_what_is_far_quicker_than_exact_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.choose.latency_of", slow({"IndexIVFScalarQuantizer": 0.2}))
    built, tried = choose(trial(0.95), ["IVF32,SQ8", "IVF32,Flat"], silent)
    assert [candidate.factory for candidate in tried] == [EXACT, "IVF32,SQ8"]
    assert built.candidate.factory == "IVF32,SQ8"


def test_the_exact_answers_are_those_of_comparing_everything() -> None:
    made = trial()
    panel, *reweighed = made.panels()
    everything = made.queries.astype(np.float64) @ made.searched.astype(np.float64).T
    np.testing.assert_allclose(panel.truth, -np.sort(-everything, axis=1)[:, :10], atol=1e-6)
    assert [part.name for part in reweighed][:2] == ["only shape", "only texture"]
    for part in (panel, *reweighed):
        everything = part.queries.astype(np.float64) @ made.searched.astype(np.float64).T
        np.testing.assert_allclose(part.truth, -np.sort(-everything, axis=1)[:, :10], atol=1e-5)
        assert recall_of(ExactScan.over(made.searched), made, part) == Recall(1.0, 0.0)


@pytest.mark.parametrize("copies", [1, 3, 60])
def test_recall_is_that_of_the_true_scores_of_what_was_found_also_where_rows_tie(copies: int) -> None:
    matrix = np.repeat(MATRIX, copies, axis=0)
    made = Trial.on(matrix, HELD * copies, LAYOUT, 0.99)
    index = build("IVF32,SQ8", made.searched)
    found_rough = []
    for panel in made.panels()[:2]:
        assert panel.crowded.all() == (copies > 32)
        for setting in (Setting("nprobe", 1, 1), Setting("nprobe", 4, 2)):
            scan = ApproximateScan(index, setting)
            ours, exact = [], []
            for query in panel.queries:
                scores = made.searched.astype(np.float32) @ query
                exact.append(np.sort(scores)[::-1][:10])
                best = np.sort(scores[scan.top(query[None, :], 10, None).rows])[::-1][:10]
                ours.append(np.pad(best, (0, 10 - len(best)), constant_values=-np.inf))
            by_scores = recall(np.stack(ours), np.stack(exact))
            assert recall_of(scan, made, panel).mean == pytest.approx(by_scores.mean, abs=2e-3)
            found_rough.append(by_scores.mean)
    assert min(found_rough) < 0.95


def test_a_bad_factory_is_a_clear_error() -> None:
    with pytest.raises(UsageError, match=r"'nonsense'.*auto, exact"):
        forced(trial(), "nonsense", silent)
    with pytest.raises(UsageError, match="IVF100000"):
        forced(trial(), "IVF100000,Flat", silent)
    with pytest.raises(UsageError, match="PQ7"):
        forced(trial(), "PQ7", silent)


def test_candidates_fit_the_data() -> None:
    assert factories(200_000, 256, gpu=False) == ["IVF1024,PQ128x4fs", "IVF1024,SQ8", "HNSW32,SQfp16"]
    assert factories(200_000, 255, gpu=False)[0] == "IVF1024,SQ8", "halves need an even width"
    assert all("x4fs" not in name and "HNSW" not in name for name in factories(200_000, 256, gpu=True))


PANELS = trial().panels()[:2]


@settings_of(max_examples=200, deadline=None)
@given(st.floats(0.02, 3.0), st.floats(0.1, 20.0), st.floats(0.001, 0.1), st.floats(0.0001, 0.05), st.data())
def test_the_setting_is_sufficient_and_about_as_quick_as_the_quickest_of_all(
    lists: float, rows: float, a_list: float, a_row: float, data: st.DataObject
) -> None:
    """Beside trying every setting: recall rises with lists visited and rows fetched, and so does the time."""
    ceiling = data.draw(st.sampled_from([math.inf, 2.0]))

    def recall_at(setting: Setting) -> float:
        return (1 - math.exp(-lists * setting.value)) * (1 - math.exp(-rows * setting.overfetch / 5))

    def milliseconds(setting: Setting) -> float:
        return a_list * setting.value + a_row * setting.overfetch

    steps = settings("nprobe")
    every = [setting for rising in steps for setting in rising]
    panels = PANELS
    asked = []

    def recall_of(setting: Setting, made: Trial, panel: Panel) -> Recall:
        asked.append(setting)
        return Recall(recall_at(setting), 0.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.choose._scan", lambda index, setting, made: setting)
        patch.setattr("index.choose.recall_of", recall_of)
        patch.setattr("index.choose.latency_of", lambda setting, made: milliseconds(setting))
        chosen, found = _tune(None, steps, trial(0.9), panels, ceiling)
    assert found.mean == recall_at(chosen)
    sufficient = [setting for setting in every if recall_at(setting) >= 0.9]
    quick = [milliseconds(setting) for setting in sufficient if milliseconds(setting) <= ceiling]
    if quick:
        assert found.sure >= 0.9
        assert milliseconds(chosen) <= min(NEARLY * min(quick), ceiling) * (1 + 1e-9)
    else:
        assert found.sure < 0.9
    assert len(set(asked)) <= len(steps) + len(steps[0])
