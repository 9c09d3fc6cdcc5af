"""Item graph on looks: embeddings spread over a frozen graph of look-alikes and over who liked what (the
LATTICE and FREEDOM family: Zhang et al. 2021; Zhou and Shen 2023).
"""

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
from recommender.topk import top_k
from recommender.unfinished import Course

if TYPE_CHECKING:
    from recommender.unfinished import Tell

CELLS = 4_000_000  # similarities held at once


@dataclass(frozen=True, slots=True)
class ItemGraph:
    """x_ui = p_u·(q_i + h_i), learnt by -log σ(x_ui - x_uj) on liked i and other j.

    h = S^hops e: product embeddings e spread over the graph S that joins each product with a photo to the
    ``neighbours`` photos most alike, itself among them; it never changes (FREEDOM's "frozen"). p and q are
    LightGCN's means over ``layers`` steps on the graph of likes, from customers 0 and products e. visible:
    the share of likes that are edges of that graph in an epoch, drawn as FREEDOM prunes them: seldom those
    between much liked products and customers who like much; the model is asked for the others. aside: weight
    of the same loss on p_u·(W f_i), f_i being the photo vector.

    A customer is the sum over the history alone: p_u holds no embedding of the customer's own. What it cannot
    do: customers who liked nothing, products that nobody liked and that have no photo (``SILENT``). Other
    products that nobody liked have e = q = 0 and h from their look-alikes.
    """

    dims: int = 64
    neighbours: int = 10
    hops: int = 1
    layers: int = 2
    visible: float = 0.5
    aside: float = 0.001
    rate: float = 0.005
    epochs: int = 60
    patience: int = 6
    batch: int = 1024
    half_life: float = float("inf")
    device: str = "auto"
    seed: int = 7
    name: str = "item-graph"

    def __post_init__(self) -> None:
        whole = (self.dims, self.neighbours, self.hops, self.layers, self.epochs, self.batch)
        if min(whole) < 1 or not 0 < self.visible < 1:
            raise UsageError(
                f"{self.name} needs dims, neighbours, hops, layers, epochs and batch of at least 1, "
                "and a visible share between 0 and 1"
            )

    def fit(self, data: Dataset, tell: Tell | None = None) -> FittedItemGraph:
        """Learn from all likes, stopping by those held back."""
        looks = Appearance.of(data.items)
        held = hold_back(likes_in(data), self.seed)
        graph = look_alikes(data.items, self.neighbours)
        embedding = np.zeros((len(data.items), self.dims), np.float32)
        if len(held.taught.items):
            embedding = self._learn(looks.inputs(data.items), graph, held, tell)
        nodes = Nodes.of(embedding, graph, held.taught, self)
        kept = Kept(
            data.items.ids,
            per_item={
                "spread": nodes.spread,
                "told": nodes.told,
                "answer": nodes.answer,
                "met": held.taught.counts() > 0,
                "learnt": np.ones(len(data.items), np.bool_),
            },
            other=looks.arrays(),
            facts=looks.facts(),
        )
        return self.restored(kept, data.items)

    def restored(self, kept: Kept, items: Items) -> FittedItemGraph:
        """From what was kept, lined up on ``items``; products that came since are joined to their
        look-alikes.
        """
        Appearance.kept(kept.other, kept.facts).check(items)
        told, answer = kept.per_item["told"], kept.per_item["answer"]
        new = np.flatnonzero(~kept.per_item["learnt"] & items.has_vector)
        if len(new):
            told, answer = told.copy(), answer.copy()
            old = np.flatnonzero(kept.per_item["learnt"] & items.has_vector)
            told[new] = answer[new] = _joined(new, old, kept.per_item["spread"], items, self.neighbours)
        return FittedItemGraph(told, answer, kept.per_item["met"] | items.has_vector, kept, self)

    def _learn(self, features: Floats, graph: sparse.csr_array, held: HeldBack, tell: Tell | None) -> Floats:
        from recommender.models.item_graph_learning import learn

        def judge(embedding: Floats) -> float:
            nodes = Nodes.of(embedding, graph, held.taught, self)
            return held.quality((held.told.matrix() @ nodes.told) @ nodes.answer.T)

        course = Course.of(self.name, tell, self, features, graph, held)
        return learn(features, graph, held.taught, self, judge, course)


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """What of the graphs a fitted model needs, float32.

    told: (n, k), what a product adds to a customer who likes it. answer: (n, k), q_i + h_i, what it is
    compared by. spread: (n, hops + 1, k), e after 0, 1, … steps over the look-alikes.
    """

    told: Floats
    answer: Floats
    spread: Floats

    @classmethod
    def of(cls, embedding: Floats, graph: sparse.csr_array, likes: Likes, recipe: ItemGraph) -> Nodes:
        """From the products' embeddings e (n, k).

        A product that nobody likes has no place in the graph of likes; where a history speaks of it, it adds
        its h.
        """
        spread = [embedding]
        for _ in range(recipe.hops):
            spread.append(np.asarray(graph @ spread[-1], np.float32))
        links = likes_graph(likes)
        onward, total, customers = embedding, embedding.copy(), np.zeros_like(embedding)
        for layer in range(1, recipe.layers + 1):
            if layer % 2:
                customers += onward
                people = links @ onward
            else:
                onward = np.asarray(links.T @ people, np.float32)
                total += onward
        degree = likes.counts()
        told = np.where(
            (degree > 0)[:, None], customers / np.sqrt(np.maximum(degree, 1))[:, None], spread[-1]
        )
        return cls(
            told=(told / (recipe.layers + 1)).astype(np.float32),
            answer=total / np.float32(recipe.layers + 1) + spread[-1],
            spread=np.stack(spread, axis=1),
        )


def likes_graph(likes: Likes) -> sparse.csr_array:
    """Customers × products, float32: 1 / √(likes of the customer × likes of the product)."""
    links = likes.matrix()
    wide, high = np.diff(links.indptr), likes.counts()
    links.data = (links.data / np.sqrt(np.repeat(wide, wide) * high[links.indices])).astype(np.float32)
    return links


def look_alikes(items: Items, neighbours: int) -> sparse.csr_array:
    """float32 (n, n): row i holds 1 / k for the k products with the most similar photos, i itself among them.

    Every joined row has the same number k of neighbours, so that FREEDOM's normalisation by both degrees is
    1 / k. Rows of products without a photo are empty.
    """
    seen = np.flatnonzero(items.has_vector)
    found = nearest(items.vectors, seen, seen, neighbours)
    width = found.shape[1]
    cells = (np.repeat(seen, width), found.ravel())
    values = np.full(found.size, 1 / max(width, 1), np.float32)
    return sparse.csr_array(sparse.coo_array((values, cells), shape=(len(items), len(items))))


def nearest(vectors: Floats, asking: Ints, among: Ints, k: int) -> Ints:
    """int64 (a, min(k, b)): rows of ``among`` with the highest cosine to each row of ``asking``, best first;
    a row that is among them stands for itself.
    """
    width = min(k, len(among))
    found = np.zeros((len(asking), width), np.int64)
    place = np.full(len(vectors), -1, np.int64)
    place[among] = np.arange(len(among))
    size = max(CELLS // max(len(among), 1), 1)
    for first in range(0, len(asking), size):
        rows = asking[first : first + size]
        cosines = vectors[rows] @ vectors[among].T
        own = np.flatnonzero(place[rows] >= 0)
        cosines[own, place[rows[own]]] = 2.0  # also where a twin has the same photo
        found[first : first + size] = among[top_k(cosines, width)]
    return found


def _joined(new: Ints, old: Ints, spread: Floats, items: Items, neighbours: int) -> Floats:
    """h (m, k) of new products: as if each were in the graph of look-alikes and nothing pointed at it."""
    friends = nearest(items.vectors, new, old, neighbours - 1)
    hops = np.zeros((len(new), spread.shape[2]), np.float32)
    for step in range(spread.shape[1] - 1):
        hops = (hops + spread[friends, step].sum(axis=1)) / np.float32(friends.shape[1] + 1)
    return hops


@dataclass(frozen=True, slots=True, eq=False)
class FittedItemGraph(Folding):
    """told, answer: float32 (n, k), see ``Nodes``. known: bool (n,)."""

    told: Floats
    answer: Floats
    known: Bools
    state: Kept
    recipe: ItemGraph
    silence: float = SILENT

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    def kept(self) -> Kept:
        """What ``ItemGraph.restored`` needs."""
        return self.state

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n); ``SILENT`` where it has nothing to say.

        The weights of the likes are divided by the root of their sum, which is LightGCN's
        1 / √(number of likes) where all weigh 1.
        """
        asked, customers = self.folded(histories)
        return spoken(customers @ self.answer.T, asked, len(histories), self.known)

    def item_factors(self) -> Floats:
        """See ``Factored``."""
        return with_bias(self.answer, self.known, SILENT)

    def folded(self, histories: Histories) -> tuple[Ints, Floats]:
        """Who has likes, int64 (a,), and their vectors."""
        liked = histories.wanted(len(self.told), self.recipe.half_life)
        asked = np.flatnonzero(np.diff(liked.indptr))
        sums = np.asarray(liked.sum(axis=1)).ravel()[asked]
        return asked, ((liked[asked] @ self.told) / np.sqrt(sums)[:, None]).astype(np.float32)
