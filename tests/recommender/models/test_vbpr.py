"""VBPR against plain numpy: its score, its loss, one step of its training, and the fold-in."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.optimize import minimize

from recommender.items import Doubles, Floats
from recommender.models.taught import Likes
from recommender.models.vbpr import Reference, Vbpr, VisualFactors, fold_in
from recommender.models.vbpr_learning import Weights, follow, learn

N, C, D = 7, 4, 3
RNG = np.random.default_rng(11)
FEATURES = RNG.normal(size=(N, D)).astype(np.float32)
SETTINGS = Vbpr(dims=2, visual_dims=2, rate=0.01, decay=0.3, decay_bias=0.2, decay_visual=0.1, device="cpu")
WHO, LIKED, OTHER = np.asarray([0, 1, 1, 3, 2]), np.asarray([0, 2, 3, 6, 2]), np.asarray([5, 4, 0, 1, 3])


def drawn() -> VisualFactors:
    rng = np.random.default_rng(3)
    shapes = ((N,), (N, 2), (C, 2), (C, 2), (D, 2), (D,))
    return VisualFactors(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))


def tensors(factors: VisualFactors) -> Weights:
    parts = [np.asarray(getattr(factors, name)) for name in VisualFactors.__slots__]
    return Weights(*(torch.from_numpy(part.copy()).requires_grad_() for part in parts))


def score(f: VisualFactors, u: int, i: int) -> float:
    """The formula of the paper, term by term."""
    looks = FEATURES[i].astype(np.float64)
    visual = sum(
        f.customer_looks[u, a] * sum(f.projection[d, a] * looks[d] for d in range(D)) for a in range(2)
    )
    return float(f.item_bias[i] + f.customer[u] @ f.item[i] + visual + f.looks_bias @ looks)


def loss_and_gradients(f: VisualFactors) -> tuple[float, dict[str, Doubles]]:
    """The sum over the triples, with its derivatives worked out by hand."""
    grad = {name: np.zeros(np.shape(getattr(f, name))) for name in VisualFactors.__slots__}
    total = 0.0
    for u, i, j in zip(WHO, LIKED, OTHER, strict=True):
        gap = score(f, u, i) - score(f, u, j)
        total += np.log1p(np.exp(-gap))
        pull = -1 / (1 + np.exp(gap))
        looks = FEATURES[i].astype(np.float64) - FEATURES[j]
        grad["item_bias"][i] += pull + SETTINGS.decay_bias * f.item_bias[i]
        grad["item_bias"][j] += -pull + SETTINGS.decay_bias / 10 * f.item_bias[j]
        grad["item"][i] += pull * f.customer[u] + SETTINGS.decay * f.item[i]
        grad["item"][j] += -pull * f.customer[u] + SETTINGS.decay * f.item[j]
        grad["customer"][u] += pull * (f.item[i] - f.item[j]) + SETTINGS.decay * f.customer[u]
        grad["customer_looks"][u] += pull * (looks @ f.projection) + SETTINGS.decay * f.customer_looks[u]
        grad["projection"] += pull * np.outer(looks, f.customer_looks[u])
        grad["looks_bias"] += pull * looks
        squares = sum(float(v @ v) for v in (f.customer[u], f.customer_looks[u], f.item[i], f.item[j]))
        total += SETTINGS.decay / 2 * squares
        total += SETTINGS.decay_bias / 2 * (f.item_bias[i] ** 2 + f.item_bias[j] ** 2 / 10)
    for name in ("projection", "looks_bias"):
        part = np.asarray(getattr(f, name), np.float64)
        total += SETTINGS.decay_visual / 2 * float((part**2).sum())
        grad[name] += SETTINGS.decay_visual * part
    return total, grad


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.from_numpy(WHO), torch.from_numpy(LIKED), torch.from_numpy(OTHER)


def test_the_score_is_the_papers() -> None:
    factors = drawn()
    got = factors.scores(FEATURES)
    want = [[score(factors, u, i) for i in range(N)] for u in range(C)]
    assert got == pytest.approx(np.asarray(want), abs=1e-5)
    pairs = tensors(factors).scores(
        torch.from_numpy(WHO), torch.from_numpy(LIKED), torch.from_numpy(FEATURES[LIKED])
    )
    assert pairs.shape == (len(WHO),)
    assert pairs.tolist() == pytest.approx(
        [score(factors, u, i) for u, i in zip(WHO, LIKED, strict=True)], abs=1e-5
    )


def test_the_loss_and_its_derivatives_are_those_worked_out_by_hand() -> None:
    factors = drawn()
    weights = tensors(factors)
    loss = weights.loss(batch(), torch.from_numpy(FEATURES), SETTINGS)
    want, gradients = loss_and_gradients(factors)
    assert loss.ndim == 0
    assert float(loss.detach()) == pytest.approx(want, rel=1e-5)
    loss.backward()  # type: ignore[no-untyped-call]
    for name in VisualFactors.__slots__:
        assert getattr(weights, name).grad.numpy() == pytest.approx(gradients[name], abs=1e-4), name


def test_the_bias_of_looks_is_one_number_per_triple() -> None:
    """With b' as a column (b, 1), as Cornac 3.0 has it, b scores and b biases make b × b differences."""
    factors = drawn()
    looks = (FEATURES[LIKED] - FEATURES[OTHER]).astype(np.float64)
    plain = np.asarray(
        [score(factors, u, i) - score(factors, u, j) for u, i, j in zip(WHO, LIKED, OTHER, strict=True)]
    )
    column = (plain - looks @ factors.looks_bias) + (looks @ factors.looks_bias)[:, None]
    assert column.shape == (5, 5)
    none = Vbpr(decay=1e-12, decay_bias=0.0, decay_visual=0.0)
    got = float(tensors(factors).loss(batch(), torch.from_numpy(FEATURES), none).detach())
    assert got == pytest.approx(np.log1p(np.exp(-plain)).sum(), rel=1e-5)
    assert got != pytest.approx(np.log1p(np.exp(-column)).sum(), rel=0.1)


def test_one_step_of_training_is_one_step_of_adam() -> None:
    likes = Likes(np.asarray([0, 1, 1, 1, 1]), np.asarray([4]), np.zeros(1), N)
    settings = Vbpr(dims=2, visual_dims=2, rate=0.01, decay=0.3, decay_bias=0.2, epochs=1, device="cpu")
    start = drawn()
    after = learn(FEATURES, likes, settings, start=start, pool=np.asarray([2]))
    gap = score(start, 0, 4) - score(start, 0, 2)
    pull = -1 / (1 + np.exp(gap))
    want = start.item_bias.astype(np.float64).copy()
    for row, slope in ((4, pull + 0.2 * want[4]), (2, -pull + 0.02 * want[2])):
        want[row] -= 0.01 * slope / (abs(slope) + 1e-8)  # Adam's first step: m / √v is the sign
    assert after.item_bias == pytest.approx(want, abs=1e-6)
    slope = pull * (start.item[4] - start.item[2]) + 0.3 * start.customer[0]
    assert after.customer[0] == pytest.approx(start.customer[0] - 0.01 * np.sign(slope), abs=1e-6)
    assert np.array_equal(after.customer[1:], start.customer[1:])
    assert np.array_equal(start.item_bias, drawn().item_bias)  # the beginning is left as it was


def test_following_given_triples_is_training_on_them() -> None:
    start, likes = drawn(), Likes(np.asarray([0, 1, 1, 1, 1]), np.asarray([4]), np.zeros(1), N)
    settings = Vbpr(dims=2, visual_dims=2, rate=0.01, epochs=3, device="cpu")
    learnt = learn(FEATURES, likes, settings, start=start, pool=np.asarray([2]))
    led = follow(FEATURES, start, [(np.asarray([0]), np.asarray([4]), np.asarray([2]))] * 3, settings)
    for name in VisualFactors.__slots__:
        assert np.array_equal(getattr(learnt, name), getattr(led, name))


def objective(
    u: Doubles, liked: Floats, vectors: Floats, bias: Floats, rows: list[int], decay: float
) -> float:
    share = liked.astype(np.float64) / float(liked.sum())
    value = -decay / 2 * float(u @ u)
    for i in np.flatnonzero(liked):
        gaps = [u @ (vectors[i] - vectors[j]).astype(np.float64) + bias[i] - bias[j] for j in rows]
        value += share[i] * float(np.mean([-np.log1p(np.exp(-gap)) for gap in gaps]))
    return value


@pytest.mark.parametrize("decay", [0.02, 0.5])
def test_a_customer_folded_in_is_the_maximum_of_the_training_objective(decay: float) -> None:
    rng = np.random.default_rng(2)
    vectors, bias = rng.normal(size=(9, 3)).astype(np.float32), rng.normal(size=9).astype(np.float32)
    liked = np.zeros((3, 9), np.float32)
    liked[0, [1, 4]], liked[2, 7] = (1.0, 0.25), 0.6
    rows = [0, 2, 3, 8]
    found = fold_in(
        sparse.csr_array(liked), vectors, bias, Reference.at(np.asarray(rows), vectors, bias), decay
    )
    assert not found[1].any()
    for row in (0, 2):
        best = minimize(lambda u, row=row: -objective(u, liked[row], vectors, bias, rows, decay), np.zeros(3))
        assert found[row] == pytest.approx(best.x, abs=0.02)
        assert objective(found[row], liked[row], vectors, bias, rows, decay) == pytest.approx(
            -best.fun, abs=1e-4
        )


def test_many_customers_are_folded_in_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    vectors, bias = rng.normal(size=(30, 4)).astype(np.float32), np.zeros(30, np.float32)
    liked = sparse.csr_array((rng.random((25, 30)) < 0.2).astype(np.float32))
    reference = Reference.at(np.arange(10), vectors, bias)
    whole = fold_in(liked, vectors, bias, reference, 0.1)
    monkeypatch.setattr("recommender.models.vbpr.CELLS", 100)
    assert fold_in(liked, vectors, bias, reference, 0.1) == pytest.approx(whole, abs=1e-5)
