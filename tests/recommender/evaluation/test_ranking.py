from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import sparse

from data.errors import UsageError
from recommender.evaluation import ranking
from recommender.evaluation.exam import Exam
from recommender.evaluation.metrics import auc_of
from recommender.evaluation.ranking import Ranking, rank
from recommender.histories import DAY, Histories
from recommender.items import Bools, Floats, Ints, Items
from recommender.shortlist import has_bfloat16

CUSTOMERS, PRODUCTS = 60, 90


def exam_of(seed: int = 0, late: float = 0.3, asked: float = 10.0) -> Exam:
    """Customers with 0 to 8 events, asked from day ``asked`` on; a share of products arrives later than
    that.
    """
    rng = np.random.default_rng(seed)
    ids = [f"p{i}" for i in range(PRODUCTS)]
    arrived = {p: asked * DAY + rng.integers(0, 9) * DAY for p in ids if rng.random() < late}
    sizes = rng.integers(0, 9, CUSTOMERS)
    histories = Histories(
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        items=rng.integers(0, PRODUCTS, sizes.sum()).astype(np.int64),
        weights=np.ones(sizes.sum()),
        times=np.zeros(sizes.sum()),
        now=(asked + rng.integers(0, 9, CUSTOMERS)) * DAY,
        keys=np.arange(CUSTOMERS, dtype=np.uint64),
    )
    wanted = rng.random((CUSTOMERS, PRODUCTS)) < 0.05
    wanted[:, 0] |= ~wanted.any(axis=1)
    return Exam(
        who=np.arange(CUSTOMERS),
        histories=histories,
        wanted=sparse.csr_array(wanted),
        items=Items.build(ids, arrived=arrived),
        excluded={},
        dropped={},
    )


@dataclass(frozen=True)
class Table:
    """A model that has a row of scores for every customer's key."""

    scores: Floats
    name: str = "table"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        return self.scores[histories.keys.astype(np.int64)]


def table(levels: int = 7, seed: int = 1) -> Table:
    rng = np.random.default_rng(seed)
    return Table(rng.integers(0, levels, (CUSTOMERS, PRODUCTS)).astype(np.float32))


def plainly(model: Table, exam: Exam, depth: int) -> tuple[list[list[int]], list[list[bool]]]:
    """One customer after the other, one product after the other."""
    tops, hits = [], []
    wanted = exam.wanted.toarray()
    for row in range(len(exam)):
        history = exam.histories.part(row, row + 1)
        known = set(history.items.tolist())
        open_products = [
            product
            for product in range(PRODUCTS)
            if (exam.repeat or product not in known) and exam.items.arrived[product] <= history.now[0]
        ]
        best = sorted(open_products, key=lambda p: (-float(model.scores[row, p]), p))[:depth]
        best += [-1] * (depth - len(best))
        tops.append(best)
        hits.append([product >= 0 and bool(wanted[row, product]) for product in best])
    return tops, hits


def in_batches(monkeypatch: pytest.MonkeyPatch, customers: int, cores: int) -> None:
    monkeypatch.setattr(ranking, "CELLS", customers * PRODUCTS)
    monkeypatch.setattr(ranking, "cores", lambda: cores)


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("late", [0.0, 0.3, 0.97])
@pytest.mark.parametrize("levels", [1, 3, 1000])
def test_equals_a_plain_loop_over_customers_and_products(
    monkeypatch: pytest.MonkeyPatch, cores: int, late: float, levels: int
) -> None:
    in_batches(monkeypatch, 7, cores)
    exam, model = exam_of(late=late), table(levels)
    ranked = rank(model, exam, 12)
    assert (ranked.top.tolist(), ranked.hits.tolist()) == plainly(model, exam, 12)


def test_where_choices_may_repeat_only_what_has_not_arrived_is_barred() -> None:
    exam, model = replace(exam_of(), repeat=True), table()
    ranked = rank(model, exam, 12)
    assert (ranked.top.tolist(), ranked.hits.tolist()) == plainly(model, exam, 12)
    assert ranked.top.tolist() != rank(model, replace(exam, repeat=False), 12).top.tolist()


@pytest.mark.parametrize("cores", [1, 3])
def test_the_area_under_the_curve_can_be_measured_on_the_way(
    monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    in_batches(monkeypatch, 7, cores)
    exam, model = exam_of(), table()
    barred, wanted = exam.barred(0, CUSTOMERS), exam.wanted.toarray()
    expected = []
    for row in range(CUSTOMERS):
        chosen = model.scores[row, wanted[row] & ~barred[row]]
        others = model.scores[row, ~wanted[row] & ~barred[row]]
        pairs = (chosen[:, None] > others) + 0.5 * (chosen[:, None] == others)
        expected.append(pairs.mean())
    # An exam never wants what it bars; this drawn one may, so that part of it is taken out.
    sound = replace(exam, wanted=sparse.csr_array(wanted & ~barred))
    found = rank(model, sound, 5, auc_of).measured
    assert found == pytest.approx(np.asarray(expected), nan_ok=True)
    assert rank(model, sound, 5).measured is None


def test_fewer_products_than_the_depth_are_padded() -> None:
    exam, model = exam_of(late=0.95), table()
    ranked = rank(model, exam, PRODUCTS + 5)
    assert (ranked.top.tolist(), ranked.hits.tolist()) == plainly(model, exam, PRODUCTS + 5)
    assert (ranked.top[:, -5:] == -1).all()


def test_the_model_is_told_what_is_barred(monkeypatch: pytest.MonkeyPatch) -> None:
    in_batches(monkeypatch, 7, 2)
    exam = exam_of()
    told = np.zeros((CUSTOMERS, PRODUCTS), np.bool_)

    class Listener(Table):
        def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
            told[histories.keys.astype(np.int64)] = barred
            return super().score(histories, barred)

    rank(Listener(table().scores), exam)
    assert np.array_equal(told, exam.barred(0, CUSTOMERS))
    assert told.any()


def test_the_answer_depends_neither_on_batches_nor_on_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    exam, model = exam_of(), table(1000)
    answers: list[Ranking] = []
    for customers, cores in ((1, 1), (1, 4), (13, 2), (CUSTOMERS, 2)):
        in_batches(monkeypatch, customers, cores)
        answers.append(rank(model, exam, 20))
    for answer in answers[1:]:
        assert np.array_equal(answer.top, answers[0].top)
        assert np.array_equal(answer.hits, answers[0].hits)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("cores", [1, 2])
def test_a_score_that_is_not_finite_fails_also_where_it_is_barred(
    monkeypatch: pytest.MonkeyPatch, value: float, cores: int
) -> None:
    in_batches(monkeypatch, 10, cores)
    exam, model = exam_of(), table()
    row = int(np.flatnonzero(np.diff(exam.histories.starts))[-1])
    model.scores[row, exam.histories.part(row, row + 1).items[0]] = value
    with pytest.raises(UsageError, match="'table' gave a score that is not a finite number"):
        rank(model, exam)


def test_nobody_to_ask_is_no_error() -> None:
    assert rank(table(), exam_of().first(0)).top.shape == (0, ranking.DEPTH)


def test_the_threads_of_blas_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_info

    def threads() -> list[int]:
        # With OpenMP underneath, the number that is told is that of the asking thread alone.
        return [
            pool["num_threads"]
            for pool in threadpool_info()
            if pool["user_api"] == "blas" and pool.get("threading_layer") == "pthreads"
        ]

    before, inside = threads(), []

    class Watcher(Table):
        def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
            inside.extend(threads())
            return super().score(histories, barred)

    in_batches(monkeypatch, 20, 2)
    rank(Watcher(table().scores), exam_of())
    assert set(inside) == ({1} if before else set())
    assert threads() == before


MANY = 40 * PRODUCTS  # products among which a first look pays


@dataclass(frozen=True)
class Vectors:
    """A model of small whole numbers, so that all ways to add up agree to the last digit. Customers whose
    key is divisible by ``unknown`` have no vector and like what has a low number.
    """

    customers: Floats
    items: Floats
    unknown: int = 5
    name: str = "vectors"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        keys = histories.keys.astype(np.int64)
        scores = self.customers[keys] @ self.items.T
        scores[keys % self.unknown == 0] = -np.arange(len(self.items), dtype=np.float32)
        return scores

    def item_factors(self) -> Floats:
        return self.items

    def customer_factors(self, histories: Histories) -> tuple[Ints, Floats]:
        keys = histories.keys.astype(np.int64)
        asked = np.flatnonzero(keys % self.unknown)
        return asked, self.customers[keys[asked]]


def vectors(levels: int) -> Vectors:
    rng = np.random.default_rng(levels)
    drawn = [rng.integers(-levels, levels + 1, (m, 5)).astype(np.float32) for m in (CUSTOMERS, MANY)]
    return Vectors(drawn[0], drawn[1])


def many(exam: Exam) -> Exam:
    """The same customers before a larger catalogue."""
    ids = [f"p{i}" for i in range(MANY)]
    arrived = {ids[at]: float(time) for at, time in enumerate(np.resize(exam.items.arrived, MANY))}
    wanted = sparse.csr_array(sparse.hstack([exam.wanted] * (MANY // PRODUCTS)))
    return replace(exam, items=Items.build(ids, arrived=arrived), wanted=wanted)


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no products in bfloat16")
@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("repeat", [False, True])
@pytest.mark.parametrize("levels", [1, 30])
def test_lists_by_a_first_look_are_those_of_all_scores(
    monkeypatch: pytest.MonkeyPatch, cores: int, repeat: bool, levels: int
) -> None:
    exam, model = replace(many(exam_of(late=0.3)), repeat=repeat), vectors(levels)
    monkeypatch.setattr(ranking, "cores", lambda: cores)
    monkeypatch.setattr(ranking, "together", lambda n: 13)
    found = rank(model, exam, 20)
    monkeypatch.setattr(ranking, "has_bfloat16", lambda: False)
    scored = rank(model, exam, 20)
    assert np.array_equal(found.top, scored.top)
    assert np.array_equal(found.hits, scored.hits)
    assert found.hits.any()


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no products in bfloat16")
def test_a_first_look_is_taken_where_no_scores_are_measured_and_scores_are_asked_for_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exam, asked = many(exam_of()), []

    class Listener(Vectors):
        def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
            asked.extend(histories.keys.tolist())
            return super().score(histories, barred)

    model = Listener(*(getattr(vectors(3), name) for name in ("customers", "items")))
    rank(model, exam, 20)
    assert sorted(asked) == list(range(0, CUSTOMERS, 5))
    asked.clear()
    rank(model, exam, 20, auc_of)
    assert sorted(asked) == list(range(CUSTOMERS))


@pytest.mark.parametrize("part", ["customers", "items"])
def test_a_factor_that_is_not_finite_fails_too(part: str) -> None:
    model = vectors(3)
    getattr(model, part)[7, 2] = np.nan
    with pytest.raises(UsageError, match="'vectors' gave a score that is not a finite number"):
        rank(model, many(exam_of()), 20)


def test_torch_gets_its_threads_back() -> None:
    import torch

    before = torch.get_num_threads()
    rank(vectors(3), many(exam_of()), 20)
    assert torch.get_num_threads() == before
