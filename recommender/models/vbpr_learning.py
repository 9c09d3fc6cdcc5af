"""Learning VBPR's parameters with torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding

from recommender.items import Floats, Ints
from recommender.models.pairwise import Limits, Triples, bpr, device_of, normal, train, triples
from recommender.models.snapshot import Steps
from recommender.models.taught import Likes
from recommender.models.vbpr import Vbpr, VisualFactors
from recommender.unfinished import Course

Judge = Callable[[VisualFactors], float]


@dataclass(slots=True, eq=False)
class Weights:
    """``VisualFactors`` as tensors. ``embedding`` looks rows up, since its gradient adds up in one order."""

    item_bias: Tensor
    item: Tensor
    customer: Tensor
    customer_looks: Tensor
    projection: Tensor
    looks_bias: Tensor

    def all(self) -> list[Tensor]:
        """In the order of the fields."""
        return [
            self.item_bias,
            self.item,
            self.customer,
            self.customer_looks,
            self.projection,
            self.looks_bias,
        ]

    def scores(self, customers: Tensor, items: Tensor, features: Tensor) -> Tensor:
        """x_ui, (b,), of pairs: customers and items int64 (b,), features (b, d) of these items."""
        own = (embedding(customers, self.customer) * embedding(items, self.item)).sum(dim=1)
        visual = (embedding(customers, self.customer_looks) * (features @ self.projection)).sum(dim=1)
        return self._bias(items) + own + visual + features @ self.looks_bias

    def loss(self, batch: Triples, features: Tensor, settings: Vbpr) -> Tensor:
        """Sum over the triples of -log σ(x_ui - x_uj), and the decays.

        They are Cornac's: λ / 2 ‖·‖² per triple; the bias of the other product counts a tenth.
        """
        who, liked, other = batch
        differences = bpr(
            self.scores(who, liked, embedding(liked, features)),
            self.scores(who, other, embedding(other, features)),
        )
        rows = (
            embedding(who, self.customer),
            embedding(liked, self.item),
            embedding(other, self.item),
            embedding(who, self.customer_looks),
        )
        decay = settings.decay * sum(_half_square(part) for part in rows)
        decay += settings.decay_bias * _half_square(self._bias(liked))
        decay += settings.decay_bias / 10 * _half_square(self._bias(other))
        decay += settings.decay_visual * (_half_square(self.projection) + _half_square(self.looks_bias))
        return differences.sum() + decay

    def _bias(self, items: Tensor) -> Tensor:
        return embedding(items, self.item_bias[:, None])[:, 0]


def learn(
    features: Floats,
    likes: Likes,
    settings: Vbpr,
    start: VisualFactors | None = None,
    judge: Judge | None = None,
    pool: Ints | None = None,
    course: Course | None = None,
) -> VisualFactors:
    """Learn VBPR from a matrix of likes; nothing here knows of a shop, so that another implementation can
    be run on the same data.

    features: float32 (n, d). start: the parameters to begin with (default: normal draws as wide as Glorot
    and Bengio's, biases 0). judge: tells the quality after each epoch, for early stopping; None: all epochs
    are run. pool: the products that negatives are drawn from (default: those that somebody likes; all others
    then keep b = 0 and g = 0). course: see ``train``; where it keeps a state, it must be made of all that is
    handed over here, the judge included.
    """
    device = device_of(settings.device)
    weights = _begin(features, likes, settings) if start is None else _tensors(start)
    learner = _Learner(_moved(weights, device), features, likes, settings, judge, pool)
    train(learner, Limits(settings.epochs, settings.patience), course)
    return learner.factors()


def follow(
    features: Floats, start: VisualFactors, batches: Iterable[tuple[Ints, Ints, Ints]], settings: Vbpr
) -> VisualFactors:
    """The parameters after one step of Adam per batch of given triples (customers, liked, others), so that
    another implementation can be led along the same way.
    """
    device = device_of(settings.device)
    weights, inputs = _moved(_tensors(start), device), torch.from_numpy(features).to(device)
    adam = torch.optim.Adam(weights.all(), lr=settings.rate)
    for who, liked, other in batches:
        triple = tuple(
            torch.from_numpy(np.asarray(part, np.int64)).to(device) for part in (who, liked, other)
        )
        _step(weights, adam, (triple[0], triple[1], triple[2]), inputs, settings)
    return _arrays(weights)


def _step(
    weights: Weights, adam: torch.optim.Optimizer, batch: Triples, features: Tensor, settings: Vbpr
) -> float:
    """The loss before the step."""
    loss = weights.loss(batch, features, settings)
    adam.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    adam.step()
    return float(loss.detach())


class _Learner:
    def __init__(
        self,
        weights: Weights,
        features: Floats,
        likes: Likes,
        settings: Vbpr,
        judge: Judge | None,
        pool: Ints | None,
    ) -> None:
        self.weights, self.parameters = weights, weights.all()
        self._device = weights.item.device
        self._features = torch.from_numpy(features).to(self._device)
        self._likes, self._settings, self._judge = likes, settings, judge
        self._pool = likes.pool() if pool is None else pool
        self._random = np.random.default_rng(settings.seed)
        self._adam = torch.optim.Adam(self.parameters, lr=settings.rate)
        self.steps = Steps(self._adam, self._random)

    def epoch(self) -> float:
        batches = triples(self._likes, self._pool, self._settings.batch, self._random, self._device)
        total = sum(
            _step(self.weights, self._adam, batch, self._features, self._settings) for batch in batches
        )
        return total / max(len(self._likes.items), 1)

    def quality(self) -> float:
        return float("nan") if self._judge is None else self._judge(self.factors())

    def factors(self) -> VisualFactors:
        return _arrays(self.weights)


def _begin(features: Floats, likes: Likes, settings: Vbpr) -> Weights:
    generator = torch.Generator().manual_seed(settings.seed)
    n, d = features.shape

    def drawn(rows: int, columns: int) -> Tensor:
        return normal((rows, columns), (2 / (rows + columns)) ** 0.5, generator)

    liked = torch.from_numpy(likes.counts() > 0)[:, None]
    return Weights(
        item_bias=torch.zeros(n),
        item=drawn(n, settings.dims) * liked,
        customer=drawn(len(likes), settings.dims),
        customer_looks=drawn(len(likes), settings.visual_dims),
        projection=drawn(d, settings.visual_dims),
        looks_bias=torch.zeros(d),
    )


def _tensors(factors: VisualFactors) -> Weights:
    parts = (
        factors.item_bias,
        factors.item,
        factors.customer,
        factors.customer_looks,
        factors.projection,
        factors.looks_bias,
    )
    return Weights(*(torch.from_numpy(np.array(part, np.float32)) for part in parts))


def _arrays(weights: Weights) -> VisualFactors:
    return VisualFactors(*(part.detach().cpu().numpy().copy() for part in weights.all()))


def _moved(weights: Weights, device: torch.device) -> Weights:
    return Weights(*(part.detach().to(device).requires_grad_() for part in weights.all()))


def _half_square(part: Tensor) -> Tensor:
    return part.pow(2).sum() / 2
