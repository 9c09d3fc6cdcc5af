"""Sequence models over product vectors: a GRU (GRU4Rec: Hidasi et al. 2016) and self-attention (SASRec: Kang
and McAuley 2018), both learnt with gSASRec's loss (Petrov and Macdonald 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints, Items
from recommender.models.appearance import Appearance
from recommender.models.base import Folding, with_bias
from recommender.models.kept import Array, Kept
from recommender.models.silence import SILENT, spoken
from recommender.models.taught import Likes, hold_back, likes_in, likes_of
from recommender.unfinished import Course

if TYPE_CHECKING:
    from recommender.models.sequence_network import Encoder
    from recommender.unfinished import Tell

Encoding = Literal["gru", "sasrec"]
BATCH = 256  # customers encoded at once
WEIGHTS = "network."


@dataclass(frozen=True, slots=True)
class SequenceModel:
    """x_ui = h_u·z_i: the state of a network that has read the customer's likes in order, and the product.

    z_i = W f_i + e_i, a projection of the photo vector and an embedding of the product, is what the network
    reads and what it is scored against. In training every product loses its e_i in a share ``forget`` of the
    batches, so that W f_i alone comes to mean something: a new product has no other.

    The loss is gSASRec's generalised cross-entropy, at every place of a sequence, for the next product:
    -(β log σ(x+) + Σ_j log(1 - σ(x_j))) / (k + 1) over k ``negatives``, with β = α (t (1 - 1/α) + 1/α) and
    α = k / (products - 1): t = 0 is plain cross-entropy, t = 1 makes the scores as sure as if all products
    had been negatives. In training a learnt constant, the same for all products, is added to the scores; it
    changes no order.

    encoding: "gru", one recurrent layer, or "sasrec", causal self-attention with learnt positions. length:
    the newest likes that are read. dims: of everything. layers, heads: of "sasrec". dropout: of what is read
    and of each block's output. What it cannot do: customers who liked nothing, products that nobody liked and
    that have no photo (``SILENT``).
    """

    encoding: Encoding = "sasrec"
    dims: int = 64
    layers: int = 2
    heads: int = 2
    length: int = 50
    dropout: float = 0.2
    forget: float = 0.3
    negatives: int = 128
    t: float = 0.75
    rate: float = 0.002
    epochs: int = 60
    patience: int = 6
    batch: int = 128
    device: str = "auto"
    seed: int = 7
    name: str = "sasrec"

    def __post_init__(self) -> None:
        whole = (self.dims, self.layers, self.heads, self.length, self.negatives, self.epochs, self.batch)
        shares = (self.dropout, self.forget, self.t)
        if min(whole) < 1 or self.dims % self.heads:
            raise UsageError(f"{self.name} needs whole numbers of at least 1 and dims that heads divides")
        if min(shares) < 0 or max(shares) > 1 or self.dropout == 1:
            raise UsageError(f"{self.name} needs forget and t from 0 to 1 and a dropout from 0 to below 1")

    def fit(self, data: Dataset, tell: Tell | None = None) -> FittedSequence:
        """Learn from all likes in their order, stopping by those held back."""
        from recommender.models.sequence_learning import learn

        items, looks = data.items, Appearance.of(data.items)
        held = hold_back(likes_in(data), self.seed)
        features = looks.inputs(items)
        learnt = learn(features, held, self, Course.of(self.name, tell, self, features, held))
        kept = Kept(
            items.ids,
            per_item={"own": learnt.own, "met": held.taught.counts() > 0},
            other={
                "projection": learnt.projection,
                **{WEIGHTS + name: values for name, values in learnt.network.items()},
                **looks.arrays(),
            },
            facts=looks.facts(),
        )
        return self.restored(kept, items)

    def restored(self, kept: Kept, items: Items) -> FittedSequence:
        """From what was kept, lined up on ``items``; products that came since have their photo vector."""
        from recommender.models.sequence_network import Encoder

        features = Appearance.kept(kept.other, kept.facts).inputs(items)
        weights = {
            name.removeprefix(WEIGHTS): values
            for name, values in kept.other.items()
            if name.startswith(WEIGHTS)
        }
        return FittedSequence(
            vectors=features @ kept.other["projection"] + kept.per_item["own"],
            known=kept.per_item["met"] | items.has_vector,
            encoder=Encoder.loaded(self, weights),
            state=kept,
            recipe=self,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """projection W: float32 (d, k). own e: float32 (n, k), 0 for products that nobody likes. network: its
    arrays by name.
    """

    projection: Floats
    own: Floats
    network: dict[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class FittedSequence(Folding):
    """vectors z: float32 (n, k). known: bool (n,)."""

    vectors: Floats
    known: Bools
    encoder: Encoder
    state: Kept
    recipe: SequenceModel
    silence: float = SILENT

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    def kept(self) -> Kept:
        """What ``SequenceModel.restored`` needs."""
        return self.state

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n); ``SILENT`` where it has nothing to say."""
        asked, states = self.folded(histories)
        return spoken(states @ self.vectors.T, asked, len(histories), self.known)

    def item_factors(self) -> Floats:
        """See ``Factored``."""
        return with_bias(self.vectors, self.known, SILENT)

    def folded(self, histories: Histories) -> tuple[Ints, Floats]:
        """Who has likes, int64 (a,), and the states that their likes lead to."""
        likes = likes_of(histories, len(self.vectors))
        asked = np.flatnonzero(np.diff(likes.starts))
        return asked, self.encoder.states(likes.of(asked), self.vectors)


def newest(likes: Likes, length: int) -> tuple[Ints, Ints]:
    """The newest likes of every customer, oldest first, as a table padded with -1 at the end.

    Returns int64 (c, w) rows of ``Items``, w being the longest of them, at most ``length``; and int64 (c,),
    how many there are.
    """
    sizes = np.minimum(np.diff(likes.starts), length)
    width = int(sizes.max(initial=0))
    places = np.arange(width)[None, :] + (likes.starts[1:] - sizes)[:, None]
    table = np.full((len(likes), width), -1, np.int64)
    filled = np.arange(width)[None, :] < sizes[:, None]
    table[filled] = likes.items[places[filled]]
    return table, sizes
