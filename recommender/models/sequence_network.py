"""The networks that read a sequence of product vectors: a GRU, and causal self-attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.items import Floats
from recommender.models.kept import Array
from recommender.models.sequence import BATCH, newest
from recommender.models.taught import Likes

if TYPE_CHECKING:
    from recommender.models.sequence import SequenceModel

NORMS = ("last.weight", "before.weight", "between.weight")


class Drop:
    """Dropout that draws from a generator of its own, which leaves the global one alone."""

    def __init__(self, share: float, generator: torch.Generator) -> None:
        self._share, self._generator = share, generator

    def __call__(self, values: Tensor) -> Tensor:
        """Values with a share of them at 0, the others scaled up."""
        if not self._share:
            return values
        drawn = torch.rand(values.shape, generator=self._generator, device=self._generator.device)
        return values * (drawn >= self._share).to(values.device) / (1 - self._share)


class Block(nn.Module):
    """Self-attention on what came before, then two layers at each place; both normalised first, both added
    to what went in.
    """

    def __init__(self, dims: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(dims)
        self.attend = nn.Linear(dims, 3 * dims)
        self.gather = nn.Linear(dims, dims)
        self.between = nn.LayerNorm(dims)
        self.widen = nn.Linear(dims, dims)
        self.narrow = nn.Linear(dims, dims)

    def forward(self, read: Tensor, drop: Drop | None) -> Tensor:
        """(b, w, k) to (b, w, k)."""
        b, w, k = read.shape
        parts = self.attend(self.before(read)).view(b, w, 3, self.heads, k // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        met = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        met = self.gather(met.transpose(1, 2).reshape(b, w, k))
        read = read + (drop(met) if drop else met)
        told = self.narrow(functional.relu(self.widen(self.between(read))))
        return read + (drop(told) if drop else told)


class Encoder(nn.Module):
    """Product vectors (b, w, k) in order to a state at each place (b, w, k); places see only what is before
    them, so that what pads the end of a row changes nothing.
    """

    def __init__(self, settings: SequenceModel) -> None:
        super().__init__()
        k = settings.dims
        self.length = settings.length
        self.last = nn.LayerNorm(k)
        attends = settings.encoding == "sasrec"
        self.gru = None if attends else nn.GRU(k, k, batch_first=True)
        self.positions = nn.Parameter(torch.zeros(settings.length, k)) if attends else None
        self.blocks = nn.ModuleList(Block(k, settings.heads) for _ in range(settings.layers * attends))

    def forward(self, read: Tensor, drop: Drop | None = None) -> Tensor:
        """See the class."""
        if self.positions is not None:
            read = read + self.positions[: read.shape[1]]
        read = drop(read) if drop else read
        if self.gru is not None:
            read = self.gru(read)[0]
            read = drop(read) if drop else read
        for block in self.blocks:
            read = block(read, drop)
        states: Tensor = self.last(read)
        return states

    @classmethod
    def drawn(cls, settings: SequenceModel, generator: torch.Generator) -> Encoder:
        """With random weights from a generator: Glorot and Bengio's normal draws, zeros for what is added."""
        network = cls._bare(settings)
        with torch.no_grad():
            for name, part in network.named_parameters():
                if part.ndim < 2:
                    part.fill_(
                        1.0 if name.endswith(("last.weight", "before.weight", "between.weight")) else 0.0
                    )
                else:
                    part.copy_(torch.randn(part.shape, generator=generator) * (2 / sum(part.shape)) ** 0.5)
        return network

    @classmethod
    def loaded(cls, settings: SequenceModel, weights: Mapping[str, Array]) -> Encoder:
        """With weights by name, ready to be asked: on the CPU, in float64, so that a customer's state does
        not depend on who else is in the batch.
        """
        network = cls._bare(settings)
        network.load_state_dict({name: torch.from_numpy(np.array(v)) for name, v in weights.items()})
        return network.double().eval().requires_grad_(False)

    @classmethod
    def _bare(cls, settings: SequenceModel) -> Encoder:
        """Without values: torch's own draws come from the global generator, which is not ours to use."""
        with torch.device("meta"):
            network = cls(settings)
        return network.to_empty(device="cpu")

    def arrays(self) -> dict[str, Array]:
        """The weights by name, float32."""
        return {
            name: values.detach().to("cpu", torch.float32).numpy().copy()
            for name, values in self.state_dict().items()
        }

    def states(self, likes: Likes, vectors: Floats) -> Floats:
        """float32 (c, k): the state after the last like of customers who all like something; vectors: (n, k),
        of the products.
        """
        found = np.zeros((len(likes), vectors.shape[1]), np.float32)
        # Customers with histories of one length side by side need the least padding.
        order = np.argsort(np.diff(likes.starts), kind="stable")
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            table, sizes = newest(likes.of(rows), self.length)
            with torch.no_grad():
                read = torch.from_numpy(vectors[np.maximum(table, 0)]).double()
                states = self(read)[torch.arange(len(rows)), torch.from_numpy(sizes - 1)]
            found[rows] = states.float().numpy()
        return found
