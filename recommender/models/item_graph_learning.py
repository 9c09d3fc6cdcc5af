"""Learning the item graph's embeddings with torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import embedding

from recommender.items import Floats
from recommender.models.item_graph import ItemGraph, likes_graph
from recommender.models.pairwise import Limits, Triples, bpr, device_of, normal, train, triples
from recommender.models.snapshot import Steps
from recommender.models.taught import Likes
from recommender.unfinished import Course

Judge = Callable[[Floats], float]


def learn(
    features: Floats,
    graph: sparse.csr_array,
    likes: Likes,
    settings: ItemGraph,
    judge: Judge,
    course: Course | None = None,
) -> Floats:
    """The products' embeddings e, float32 (n, k); 0 for products that nobody likes.

    features: float32 (n, d), photo vectors. graph: CSR (n, n), the look-alikes. judge: tells the quality of
    embeddings, for early stopping. course: see ``train``.
    """
    learner = _Learner(features, graph, likes, settings, judge)
    train(learner, Limits(settings.epochs, settings.patience), course)
    return learner.embedding()


class _Learner:
    def __init__(
        self, features: Floats, graph: sparse.csr_array, likes: Likes, settings: ItemGraph, judge: Judge
    ) -> None:
        self._settings, self._likes, self._judge = settings, likes, judge
        self._device = device_of(settings.device)
        generator = torch.Generator().manual_seed(settings.seed)
        n, d, k = len(features), features.shape[1], settings.dims
        self._liked = torch.from_numpy(likes.counts() > 0)[:, None].to(self._device)
        drawn = normal((n, k), (2 / (n + k)) ** 0.5, generator).detach()
        self._items = drawn.to(self._device).requires_grad_()
        looks = normal((d, k), (2 / (d + k)) ** 0.5, generator).detach()
        self._looks = looks.to(self._device).requires_grad_()
        self.parameters = [self._items, self._looks]
        self._features = torch.from_numpy(features).to(self._device)
        self._graph = _tensor(graph, self._device)
        self._pool = likes.pool()
        self._random = np.random.default_rng(settings.seed)
        self._adam = torch.optim.Adam(self.parameters, lr=settings.rate)
        self.steps = Steps(self._adam, self._random)

    def epoch(self) -> float:
        """Some likes are edges; the others are asked for."""
        edges = self._edges()
        links = likes_graph(self._likes.keep(edges))
        there, back = _tensor(links, self._device), _tensor(sparse.csr_array(links.T), self._device)
        asked, total = self._likes.keep(~edges), 0.0
        for batch in triples(asked, self._pool, self._settings.batch, self._random, self._device):
            loss = self._loss(batch, there, back)
            self._adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._adam.step()
            total += float(loss.detach()) * len(batch[0])
        return total / max(len(asked.items), 1)

    def quality(self) -> float:
        return self._judge(self.embedding())

    def embedding(self) -> Floats:
        found: Floats = (self._items * self._liked).detach().cpu().numpy().copy()
        return found

    def _edges(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """bool (m,): about ``visible`` of the likes, drawn without putting back, with chances of
        1 / √(likes of the customer × likes of the product) (FREEDOM, section 3.2).
        """
        owners, items = self._likes.owners, self._likes.items
        sizes, counts = np.diff(self._likes.starts), self._likes.counts()
        chance = 1 / np.sqrt(sizes[owners] * counts[items])
        # The largest u^(1 / w) are a weighted draw without putting back (Efraimidis and Spirakis, 2006).
        keys = np.log(self._random.random(len(items)) + 1e-300) / chance
        edges = np.zeros(len(items), np.bool_)
        edges[np.argsort(-keys, kind="stable")[: int(len(items) * self._settings.visible)]] = True
        return edges

    def _loss(self, batch: Triples, there: Tensor, back: Tensor) -> Tensor:
        who, liked, other = batch
        people, answer = self._forward(there, back)
        person = embedding(who, people)
        first, second = embedding(liked, answer), embedding(other, answer)
        main = bpr((person * first).sum(dim=1), (person * second).sum(dim=1)).mean()
        looks = [embedding(rows, self._features) @ self._looks for rows in (liked, other)]
        aside = bpr((person * looks[0]).sum(dim=1), (person * looks[1]).sum(dim=1)).mean()
        return main + self._settings.aside * aside

    def _forward(self, there: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
        """p (c, k) and q + h (n, k)."""
        items = self._items * self._liked
        spread = items
        for _ in range(self._settings.hops):
            spread = torch.sparse.mm(self._graph, spread)
        onward, people = items, torch.sparse.mm(there, items)
        items_sum, people_sum = items, people
        for layer in range(2, self._settings.layers + 1):
            if layer % 2:
                people = torch.sparse.mm(there, onward)
                people_sum = people_sum + people
            else:
                onward = torch.sparse.mm(back, people)
                items_sum = items_sum + onward
        parts = self._settings.layers + 1
        return people_sum / parts, items_sum / parts + spread


def _tensor(matrix: sparse.csr_array, device: torch.device) -> Tensor:
    cells = matrix.tocoo()
    places = torch.from_numpy(np.stack([cells.coords[0], cells.coords[1]]).astype(np.int64))
    values = torch.from_numpy(np.asarray(cells.data, np.float32))
    return torch.sparse_coo_tensor(
        places, values, matrix.shape, is_coalesced=True, check_invariants=False
    ).to(device)
