"""VBPR: visual Bayesian personalised ranking (He and McAuley, 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints, Items
from recommender.models.appearance import Appearance
from recommender.models.base import Folding, with_bias
from recommender.models.kept import Kept
from recommender.models.silence import SILENT, spoken
from recommender.models.taught import HeldBack, Likes, hold_back, likes_in
from recommender.unfinished import Course

if TYPE_CHECKING:
    from recommender.unfinished import Tell

REFERENCES = 128  # products that a new customer's likes are compared with
STEPS = 40  # of the ascent that folds a customer in
CELLS = 100_000  # comparisons held at once, so that they stay in the processor's caches


@dataclass(frozen=True, slots=True)
class Vbpr:
    """x_ui = b_i + g_u·g_i + t_u·(E f_i) + b'·f_i, learnt by -log σ(x_ui - x_uj) on liked i and other j.

    f_i is the product's photo vector (see ``Appearance``). dims, visual_dims: lengths of g and t. rate: of
    Adam. decay, decay_bias, decay_visual: λ / 2 × squared norm per triple of g and t, of b (a tenth of it on
    the other product), and per batch of E and b'. epochs, patience, batch: see ``pairwise``. half_life: days
    in which a like counts half when a customer is folded in.

    A customer is folded in from the history: g and t are the maximum of the very objective they are learnt
    by, mean log σ(x_ui - x_uj) - decay / 2 (‖g‖² + ‖t‖²), with all product parameters fixed and j from a
    fixed sample of products. It is strictly concave, so the answer depends on the history alone.

    What it cannot do: customers who liked nothing, products that nobody liked and that have no photo
    (``SILENT``). Other products that nobody liked have g = 0 and b = 0 and rank by their photos.
    """

    dims: int = 32
    visual_dims: int = 32
    rate: float = 0.005
    decay: float = 0.01
    decay_bias: float = 0.01
    decay_visual: float = 0.0
    epochs: int = 40
    patience: int = 4
    batch: int = 256
    half_life: float = float("inf")
    device: str = "auto"
    seed: int = 7
    name: str = "vbpr"

    def __post_init__(self) -> None:
        if min(self.dims, self.visual_dims, self.epochs, self.batch) < 1 or not 0 < self.decay < np.inf:
            raise UsageError(f"{self.name} needs dims, epochs and batch of at least 1 and a decay above 0")

    def fit(self, data: Dataset, tell: Tell | None = None) -> FittedVbpr:
        """Learn from all likes, stopping by those held back."""
        looks = Appearance.of(data.items)
        features = looks.inputs(data.items)
        held = hold_back(likes_in(data), self.seed)
        factors = self._learn(features, held, tell) if len(held.taught.items) else self._nothing(features)
        return self.restored(self._kept(data.items, looks, factors, held.taught), data.items)

    def restored(self, kept: Kept, items: Items) -> FittedVbpr:
        """From what was kept, lined up on ``items``."""
        looks = Appearance.kept(kept.other, kept.facts)
        features = looks.inputs(items)
        visual = features @ kept.other["projection"]
        return FittedVbpr(
            factors=np.concatenate([kept.per_item["factors"], visual], axis=1),
            bias=kept.per_item["bias"] + features @ kept.other["looks_bias"],
            known=kept.per_item["met"] | items.has_vector,
            state=kept,
            recipe=self,
        )

    def _learn(self, features: Floats, held: HeldBack, tell: Tell | None) -> VisualFactors:
        from recommender.models.vbpr_learning import learn

        def judge(factors: VisualFactors) -> float:
            vectors, bias = factors.products(features)
            sample = references(held.taught, self.seed)
            found = fold_in(
                held.told.matrix(), vectors, bias, Reference.at(sample, vectors, bias), self.decay
            )
            return held.quality(found @ vectors.T + bias)

        course = Course.of(self.name, tell, self, features, held)
        return learn(features, held.taught, self, judge=judge, course=course)

    def _nothing(self, features: Floats) -> VisualFactors:
        n, d = features.shape
        shapes = ((n,), (n, self.dims), (0, self.dims), (0, self.visual_dims), (d, self.visual_dims), (d,))
        return VisualFactors(*(np.zeros(shape, np.float32) for shape in shapes))

    def _kept(self, items: Items, looks: Appearance, factors: VisualFactors, likes: Likes) -> Kept:
        vectors, bias = factors.products(looks.inputs(items))
        sample = Reference.at(references(likes, self.seed), vectors, bias)
        other = {
            "projection": factors.projection,
            "looks_bias": factors.looks_bias,
            "reference": sample.vectors,
            "reference_bias": sample.bias,
        }
        return Kept(
            items.ids,
            per_item={"bias": factors.item_bias, "factors": factors.item, "met": likes.counts() > 0},
            other={**other, **looks.arrays()},
            facts=looks.facts(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class VisualFactors:
    """All that VBPR learns, float32: item_bias b (n,), item g (n, k), customer g (c, k), customer_looks t
    (c, k2), projection E transposed (d, k2), looks_bias b' (d,).
    """

    item_bias: Floats
    item: Floats
    customer: Floats
    customer_looks: Floats
    projection: Floats
    looks_bias: Floats

    def products(self, features: Floats) -> tuple[Floats, Floats]:
        """[g_i ; E f_i] (n, k + k2) and b_i + b'·f_i (n,)."""
        vectors = np.concatenate([self.item, features @ self.projection], axis=1)
        return vectors, self.item_bias + features @ self.looks_bias

    def scores(self, features: Floats) -> Floats:
        """float32 (c, n): of the customers that were learnt from, with the vectors learnt for them."""
        vectors, bias = self.products(features)
        customers = np.concatenate([self.customer, self.customer_looks], axis=1)
        scores: Floats = customers @ vectors.T + bias
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """vectors: float32 (j, k), bias: float32 (j,), of the products that likes are compared with."""

    vectors: Floats
    bias: Floats

    @classmethod
    def at(cls, rows: np.ndarray[tuple[int], np.dtype[np.int64]], vectors: Floats, bias: Floats) -> Reference:
        """Those of some rows."""
        return cls(vectors[rows], bias[rows])


def references(likes: Likes, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows of at most ``REFERENCES`` products out of those that somebody likes, drawn by seed, rising."""
    pool = likes.pool()
    return np.sort(np.random.default_rng(seed).permutation(pool)[:REFERENCES])


def fold_in(
    liked: sparse.csr_array, vectors: Floats, bias: Floats, reference: Reference, decay: float
) -> Floats:
    """float32 (c, k): the customer vectors u that maximise, each for its own row,

    Σ_i share_i mean_j log σ(u·(q_i - q_j) + b_i - b_j) - decay / 2 ‖u‖²

    liked: CSR (c, n), weights above 0; shares are weights divided by their sum. vectors q: float32 (n, k);
    bias b: float32 (n,). A row without likes stays 0. Nesterov's ascent for strongly concave functions,
    ``STEPS`` steps from 0.
    """
    found = np.zeros((liked.shape[0], vectors.shape[1]), np.float32)
    having = np.flatnonzero(np.diff(liked.indptr))
    sizes = np.diff(liked.indptr)[having]
    room = max(CELLS // max(len(reference.bias), 1), 1)
    row = 0
    while row < len(having):
        last = row + max(int((np.cumsum(sizes[row:]) <= room).sum()), 1)
        found[having[row:last]] = _ascend(
            sparse.csr_array(liked[having[row:last]]), vectors, bias, reference, decay
        )
        row = last
    return found


def _ascend(
    liked: sparse.csr_array, vectors: Floats, bias: Floats, reference: Reference, decay: float
) -> Floats:
    """``fold_in`` for customers who all like something."""
    owners = np.repeat(np.arange(liked.shape[0]), np.diff(liked.indptr))
    share = (liked.data / np.asarray(liked.sum(axis=1)).ravel()[owners]).astype(np.float32)
    mean = sparse.csr_array((share, np.arange(len(share)), liked.indptr))
    own, own_bias, others = vectors[liked.indices], bias[liked.indices], reference.vectors
    momentum, step = _pace(mean, own, others, decay)
    now = ahead = np.zeros((liked.shape[0], vectors.shape[1]), np.float32)
    for _ in range(STEPS):
        gap = (ahead @ others.T + reference.bias)[owners]
        gap -= (np.einsum("ij,ij->i", ahead[owners], own) + own_bias)[:, None]
        pull = _sigmoid(gap)
        towards = mean @ (pull.mean(axis=1)[:, None] * own)
        away = (mean @ pull) @ others / np.float32(len(others))
        after = ahead + step * (towards - away - np.float32(decay) * ahead)
        ahead = after + momentum * (after - now)
        now = after
    return now


def _pace(mean: sparse.csr_array, own: Floats, others: Floats, decay: float) -> tuple[Floats, Floats]:
    """Nesterov's momentum and step (c, 1) for each customer; mean (c, m) takes the means over own (m, k).

    σ' is at most 1/4, so a quarter of the mean ‖q_i - q_j‖² bounds the curvature from above; decay does from
    below.
    """
    spread = mean @ np.einsum("ij,ij->i", own, own) + np.mean(np.einsum("ij,ij->i", others, others))
    spread -= 2 * (mean @ own) @ others.mean(axis=0)
    curve = np.maximum(spread, 0).astype(np.float64) / 4 + decay
    root = np.sqrt(curve / decay)
    momentum = (root - 1) / (root + 1)
    return momentum.astype(np.float32)[:, None], (1 / curve).astype(np.float32)[:, None]


def _sigmoid(x: Floats) -> Floats:
    """1 / (1 + e^-x), in place."""
    np.clip(x, -60, 60, out=x)
    np.negative(x, out=x)
    np.exp(x, out=x)
    x += 1
    return np.reciprocal(x, out=x)


@dataclass(frozen=True, slots=True, eq=False)
class FittedVbpr(Folding):
    """factors: float32 (n, k + k2), [g_i ; E f_i]. bias: float32 (n,), b_i + b'·f_i. known: bool (n,)."""

    factors: Floats
    bias: Floats
    known: Bools
    state: Kept
    recipe: Vbpr
    silence: float = SILENT

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    def kept(self) -> Kept:
        """What ``Vbpr.restored`` needs."""
        return self.state

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n); ``SILENT`` where it has nothing to say."""
        asked, customers = self.folded(histories)
        return spoken(customers @ self.factors.T + self.bias, asked, len(histories), self.known)

    def item_factors(self) -> Floats:
        """See ``Factored``."""
        return with_bias(self.factors, self.known, SILENT, self.bias)

    def folded(self, histories: Histories) -> tuple[Ints, Floats]:
        """Who has likes, int64 (a,), and their vectors, float32 (a, k + k2)."""
        liked = histories.wanted(len(self.bias), self.recipe.half_life)
        other = self.state.other
        reference = Reference(other["reference"], other["reference_bias"])
        asked = np.flatnonzero(np.diff(liked.indptr))
        told = sparse.csr_array(liked[asked])
        return asked, fold_in(told, self.factors, self.bias, reference, self.recipe.decay)
