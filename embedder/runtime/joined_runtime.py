"""The runtimes of several networks as one: each looks at its own pictures, their blocks are joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np

from embedder.packing import Packing
from embedder.projection import Projection
from embedder.runtime.seam import Floats, Photos, Runtime, Token


@dataclass(frozen=True, slots=True)
class Source:
    """A member's part of an output: which of its outputs, what it does with it, and times what.

    The squares of an output's factors add up to 1, so that it has unit norm, and the inner product of two is
    the weighted mean of the members' cosines.
    """

    member: int
    place: int
    projection: Projection
    factor: float


@dataclass(frozen=True, slots=True)
class _Carried(Generic[Token]):
    """A batch on its way through the members, with the outputs of those it has passed."""

    token: Token
    photos: Photos
    outputs: tuple[tuple[Floats, ...], ...]


class JoinedRuntime:
    """Takes packed photos (n, length) and gives the members' unit blocks, weighted and side by side."""

    def __init__(
        self, members: Sequence[Runtime], packing: Packing, sources: Sequence[Sequence[Source]]
    ) -> None:
        """sources: for every output the parts it is made of."""
        self._members = tuple(members)
        self._packing = packing
        self._sources = tuple(tuple(parts) for parts in sources)
        self.name = "+".join(dict.fromkeys(member.name for member in members))
        self.device = "; ".join(dict.fromkeys(member.device for member in members))
        self.batch = min(member.batch for member in members)
        self.side_by_side = all(member.side_by_side for member in members)

    @property
    def dims(self) -> tuple[int, ...]:
        """Width of every output."""
        return tuple(
            sum(part.projection.d_out(self._members[part.member].dims[part.place]) for part in parts)
            for parts in self._sources
        )

    def encode(self, photos: Photos) -> tuple[Floats, ...]:
        """Any number of packed photos → one float32 (n, d_i) per output."""
        return self._joined(
            [m.encode(self._packing.pictures(photos, i)) for i, m in enumerate(self._members)]
        )

    def compute(self, photos: Photos, fitting: bool = False) -> tuple[Floats, ...]:
        """One batch, member after member."""
        return self._joined(
            [m.compute(self._packing.pictures(photos, i), fitting) for i, m in enumerate(self._members)]
        )

    def stream(self, batches: Iterable[tuple[Token, Photos]]) -> Iterator[tuple[Token, tuple[Floats, ...]]]:
        """Batches flow through one member's stream into the next one's, so each keeps its own in flight."""
        flow: Iterator[_Carried[Token]] = (_Carried(token, photos, ()) for token, photos in batches)
        for member in range(len(self._members)):
            flow = self._through(member, flow)
        for carried in flow:
            yield carried.token, self._joined(carried.outputs)

    def _through(self, member: int, flow: Iterator[_Carried[Token]]) -> Iterator[_Carried[Token]]:
        pictures = ((carried, self._packing.pictures(carried.photos, member)) for carried in flow)
        for carried, outputs in self._members[member].stream(pictures):
            yield _Carried(carried.token, carried.photos, (*carried.outputs, outputs))

    def _joined(self, outputs: Sequence[tuple[Floats, ...]]) -> tuple[Floats, ...]:
        return tuple(
            np.concatenate(
                [p.projection.apply(outputs[p.member][p.place]) * np.float32(p.factor) for p in parts], axis=1
            )
            for parts in self._sources
        )
