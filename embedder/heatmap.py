"""Where on a photo it agrees with another one: the cosine of two photos, place by place.

A pooled vector is a sum over the places of a map of activations, so the cosine of two photos splits into what
each place adds to it, exactly: Stylianou, Souvenir & Pless, "Visualizing Deep Similarity Networks" (WACV
2019), in the way of the class activation maps of Zhou et al., "Learning Deep Features for Discriminative
Localization" (CVPR 2016). What either photo does not show adds nothing; what speaks against is negative.

Computed by torch in float32, whatever runtime the embedder has; torch is loaded with the first photo.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from data.errors import NotReady, UsageError
from embedder.embedder import Embedder, Floats, Photos
from embedder.joined import JoinedEmbedder
from embedder.projection import TINY, Projection
from embedder.runtime.joined_runtime import Source

if TYPE_CHECKING:
    from embedder.eye import Eye


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """Where a photo agrees with another one in one aspect.

    values: float32 (h, w), rows from the top; their mean is ``cosine``, the aspect's cosine of both photos
    (in float32; near it only for an aspect taken from a network's ``head``). strongest: the largest value
    that the photo has when it is compared with itself.
    """

    values: Floats
    cosine: float
    strongest: float

    @property
    def strength(self) -> Floats:
        """The values from 0 (nothing in common, or against) to 1 (as the photo's strongest place with the
        photo itself)."""
        strength: Floats = np.clip(self.values / max(self.strongest, TINY), 0.0, 1.0)
        return strength


class Seen(Protocol):
    """A photo as a network saw it, before its pooling."""

    @property
    def pooled(self) -> Floats:
        """What the network gives for it (d,)."""

    def spread(self, weights: Floats) -> Floats:
        """A map (h, w) whose mean is the inner product of ``pooled`` and ``weights`` (d,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What one network saw: of each stage, descriptions (h, w, c) of its places, whose mean is pooled."""

    stages: tuple[Floats, ...]

    @property
    def pooled(self) -> Floats:
        """The stages' means, one after the other."""
        return np.concatenate([stage.mean((0, 1)) for stage in self.stages])

    def spread(self, weights: Floats) -> Floats:
        """See Seen."""
        ends = np.cumsum([stage.shape[2] for stage in self.stages])[:-1]
        pieces = np.split(weights, ends)
        return together([stage @ piece for stage, piece in zip(self.stages, pieces, strict=True)])


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """What several networks saw: each with what is done with its vector, and times what."""

    members: tuple[tuple[Seen, Projection, float], ...]

    @property
    def pooled(self) -> Floats:
        """The members' unit vectors times their factors, one after the other."""
        return np.concatenate(
            [projection.apply(seen.pooled[None])[0] * factor for seen, projection, factor in self.members]
        )

    def spread(self, weights: Floats) -> Floats:
        """See Seen."""
        ends = np.cumsum([projection.d_out(len(seen.pooled)) for seen, projection, _ in self.members])[:-1]
        pieces = np.split(weights, ends)
        return together(
            [
                along(seen, projection, piece * np.float32(factor))
                for (seen, projection, factor), piece in zip(self.members, pieces, strict=True)
            ]
        )


def along(seen: Seen, projection: Projection, direction: Floats) -> Floats:
    """A map (h, w) whose mean is the inner product of the projected, unit vector and ``direction`` (d_out,).

    The vector's length is taken as it is; the mean that is subtracted counts alike everywhere.
    """
    pooled = seen.pooled
    centred = pooled if projection.mean is None else pooled - projection.mean
    whole = centred if projection.matrix is None else centred @ projection.matrix
    length = max(float(np.linalg.norm(whole)), TINY)
    weights = (direction if projection.matrix is None else projection.matrix @ direction) / length
    values: Floats = seen.spread(weights.astype(np.float32))
    return values if projection.mean is None else values - np.float32(projection.mean @ weights)


def together(maps: Sequence[Floats]) -> Floats:
    """The sum of maps (h, w), on the finest of their grids."""
    rows, columns = max(m.shape[0] for m in maps), max(m.shape[1] for m in maps)
    total = np.zeros((rows, columns), np.float32)
    for one in maps:
        down = np.arange(rows) * one.shape[0] // rows
        right = np.arange(columns) * one.shape[1] // columns
        finer = one[np.ix_(down, right)]
        total += finer + (one.mean() - finer.mean())  # grids that do not divide change the mean a little
    return total


class HeatMapper:
    """Compares photos in one aspect of an embedder. Safe to use from several threads."""

    def __init__(self, embedder: Embedder, aspect: str | None = None) -> None:
        """aspect: one that a network gives; None: the deep one that counts most.

        Raises NotReady for an embedder without a network, UsageError for an aspect that no network gives.
        """
        self.embedder = embedder
        self.aspect = _chosen(embedder, aspect)
        self._place = [one.name for one in embedder.config.network_aspects].index(self.aspect)
        self._eyes: dict[int, Eye] = {}
        self._opening = threading.Lock()

    def see(self, photo: Photos) -> Seen:
        """A photo, as ``Embedder.prepare`` makes it, as the network saw it."""
        if not isinstance(self.embedder, JoinedEmbedder):
            return self._eye(self.embedder, 0, self._place).see(photo)
        sources: list[Source] = self.embedder.sources()[self._place]
        return Joint(
            tuple(
                (self._member(self.embedder, source, photo), source.projection, source.factor)
                for source in sources
            )
        )

    def compare(self, photo: Seen, other: Seen) -> HeatMap:
        """Where on ``photo`` it agrees with ``other``."""
        projection = self.embedder.projections[self._place]
        values = along(photo, projection, projection.apply(other.pooled[None])[0])
        itself = along(photo, projection, projection.apply(photo.pooled[None])[0])
        return HeatMap(values, float(values.mean()), float(itself.max()))

    def _member(self, joined: JoinedEmbedder, source: Source, photo: Photos) -> Seen:
        eye = self._eye(joined.members[source.member], source.member, source.place)
        return eye.see(joined.picture(photo, source.member))

    def _eye(self, embedder: Embedder, member: int, place: int) -> Eye:
        from embedder.eye import Eye

        with self._opening:
            if member not in self._eyes:
                self._eyes[member] = Eye(embedder, place)
            return self._eyes[member]


def _chosen(embedder: Embedder, aspect: str | None) -> str:
    config = embedder.config
    given = {one.name: one.kind for one in config.network_aspects}
    if not given:
        raise NotReady(
            f"the embedder {embedder.name!r} has no network, so there are no places that could agree; "
            "index the catalogue with one that has"
        )
    if aspect is not None and aspect not in given:
        raise UsageError(f"no network gives an aspect {aspect!r}; there is {', '.join(given)}")
    if aspect is not None:
        return aspect
    weights = dict(zip([one.name for one in config.aspects], config.weights, strict=True))
    return max(given, key=lambda name: (given[name] == "deep", weights[name]))
