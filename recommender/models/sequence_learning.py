"""Learning a sequence model with torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding, softplus

from recommender.items import Floats, Ints
from recommender.models.pairwise import Limits, device_of, normal, train
from recommender.models.sequence import Learnt, SequenceModel, newest
from recommender.models.sequence_network import Drop, Encoder
from recommender.models.snapshot import Steps
from recommender.models.taught import HeldBack
from recommender.unfinished import Course

SPREAD = 0.02  # of what makes up the products' vectors at the start


def emphasis(k: int, pool: int, t: float) -> float:
    """gSASRec's β for k negatives out of ``pool`` products; see ``SequenceModel``."""
    share = min(k / max(pool - 1, 1), 1.0)
    return share * (t * (1 - 1 / share) + 1 / share)


def gbce(wanted: Tensor, others: Tensor, beta: float) -> Tensor:
    """gSASRec's loss (Petrov and Macdonald 2023), one value per place; see ``SequenceModel``.

    wanted: (…), the score of the right product. others: (…, k), those of the negatives.
    """
    return (beta * softplus(-wanted) + softplus(others).sum(dim=-1)) / (others.shape[-1] + 1)


def learn(features: Floats, held: HeldBack, settings: SequenceModel, course: Course | None = None) -> Learnt:
    """features: float32 (n, d), photo vectors. course: see ``train``. Where nobody likes two products,
    nothing is learnt.
    """
    learner = _Learner(features, held, settings)
    if learner.places:
        train(learner, Limits(settings.epochs, settings.patience), course)
    return learner.learnt()


class _Learner:
    def __init__(self, features: Floats, held: HeldBack, settings: SequenceModel) -> None:
        self._settings, self._held, self._inputs = settings, held, features
        self._device = device_of(settings.device)
        self._random = np.random.default_rng(settings.seed)
        draws = torch.Generator().manual_seed(settings.seed)
        n, d, k = len(features), features.shape[1], settings.dims
        self._features = torch.from_numpy(features).to(self._device)
        self._projection = self._there(normal((d, k), SPREAD, draws))
        self._own = self._there(normal((n, k), SPREAD, draws))
        self._encoder = Encoder.drawn(settings, draws).to(self._device)
        self._pool = held.taught.pool()
        self._beta = emphasis(settings.negatives, len(self._pool), settings.t)
        # The constant score that costs least. Without it the first epochs would only push down the scores of
        # whatever is drawn, and leave those of products that nobody likes above all others.
        level = torch.tensor(float(np.log(max(self._beta, 1e-6) / settings.negatives)))
        self._level = self._there(level)
        self.parameters = [self._projection, self._own, self._level, *self._encoder.parameters()]
        noise = torch.Generator(self._device).manual_seed(settings.seed)
        self._drop = Drop(settings.dropout, noise)
        self._table, sizes = newest(held.taught, settings.length + 1)
        self._readers = np.flatnonzero(sizes >= 2)
        self.places = int(np.maximum(sizes - 1, 0).sum())
        self._adam = torch.optim.Adam(self.parameters, lr=settings.rate)
        self.steps = Steps(self._adam, self._random, noise)

    def epoch(self) -> float:
        order, total = self._random.permutation(self._readers), 0.0
        for first in range(0, len(order), self._settings.batch):
            table = self._table[order[first : first + self._settings.batch]]
            table = table[:, : int((table >= 0).sum(axis=1).max())]
            loss = self._loss(table)
            self._adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._adam.step()
            total += float(loss.detach()) * int((table[:, 1:] >= 0).sum())
        return total / self.places

    def quality(self) -> float:
        held, learnt = self._held, self.learnt()
        vectors = self._inputs @ learnt.projection + learnt.own
        states = Encoder.loaded(self._settings, learnt.network).states(held.told, vectors)
        return held.quality(states @ vectors.T)

    def learnt(self) -> Learnt:
        own = self._own.detach().cpu().numpy().copy()
        own[self._held.taught.counts() == 0] = 0
        return Learnt(self._projection.detach().cpu().numpy().copy(), own, self._encoder.arrays())

    def _loss(self, table: Ints) -> Tensor:
        """The mean over the places of a batch of sequences (b, w), -1 where a row has ended. The negatives of
        one row are shared by its places.
        """
        drawn = self._pool[
            self._random.integers(len(self._pool), size=(len(table), self._settings.negatives))
        ]
        used = np.concatenate([np.maximum(table, 0), drawn], axis=1)
        rows, inverse = np.unique(used, return_inverse=True)
        vectors = self._vectors(rows)
        place = torch.from_numpy(inverse.reshape(used.shape)).to(self._device)
        width = table.shape[1]
        read, others = embedding(place[:, : width - 1], vectors), embedding(place[:, width:], vectors)
        wanted = embedding(place[:, 1:width], vectors)
        states = self._encoder(read, self._drop)
        right, wrong = (states * wanted).sum(dim=2), states @ others.transpose(1, 2)
        losses = gbce(right + self._level, wrong + self._level, self._beta)
        there = torch.from_numpy(table[:, 1:] >= 0).to(self._device)
        return (losses * there).sum() / there.sum()

    def _vectors(self, rows: Ints) -> Tensor:
        """z of some products, a share of them without their own embedding."""
        stays = self._random.random(len(rows)) >= self._settings.forget
        at = torch.from_numpy(rows).to(self._device)
        own = embedding(at, self._own) * torch.from_numpy(stays[:, None]).to(self._device)
        return embedding(at, self._features) @ self._projection + own

    def _there(self, part: Tensor) -> Tensor:
        return part.detach().to(self._device).requires_grad_()
