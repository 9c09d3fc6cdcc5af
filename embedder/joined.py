"""Several embedders as one: their blocks of one aspect side by side, then projected together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from data.errors import UsageError
from embedder.embedder import Embedder, Photos
from embedder.joined_config import JoinedConfig
from embedder.packing import Packing
from embedder.preparing import OnePicture, PackedPictures, Preparation
from embedder.runtime.joined_runtime import JoinedRuntime, Source
from embedder.runtime.seam import Runtime
from embedder.tensors import StoredTensor

if TYPE_CHECKING:
    from torch import Tensor, nn


class MemberWeights:
    """Stands where one network's weights would: named by the members' digests, never loaded as one."""

    def __init__(self, members: Sequence[Embedder]) -> None:
        self.members = tuple(members)

    def digest(self) -> str:
        """sha256 over the members' digests, in order."""
        return hashlib.sha256(json.dumps([member.digest for member in self.members]).encode()).hexdigest()

    def model(self) -> nn.Module:
        """Raises UsageError."""
        self._refuse()

    def tensors(self) -> dict[str, Tensor]:
        """Raises UsageError."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        names = ", ".join(repr(member.name) for member in self.members)
        raise UsageError(
            f"an embedder joined of {names} has no single network that could be trained or averaged; "
            "do that with its members, then join them again"
        )


class JoinedEmbedder(Embedder):
    """Embedders joined to one, to be used wherever one is.

    An aspect's output is the members' unit blocks side by side, each times the square root of its share; what
    ``projections`` then does with it was fitted on a shop's photos. A prepared photo is one flat array that
    holds the pictures of all members (``Packing``).
    """

    def __init__(
        self,
        name: str,
        config: JoinedConfig,
        members: Sequence[Embedder],
        tensors: Mapping[str, StoredTensor],
    ) -> None:
        """members: opened, with the runtimes they shall use. tensors: joint projections and palette.

        Raises UsageError for a member that is joined itself or has no network.
        """
        super().__init__(name, config, MemberWeights(members), tensors)
        for member in members:
            if isinstance(member, JoinedEmbedder):
                raise UsageError(f"{member.name!r} is itself joined of several; join its members instead")
            if not member.config.network_aspects:
                raise UsageError(f"{member.name!r} has no network: there is nothing to join")
        self.members = tuple(members)
        self.joint = config
        self._packing = Packing.of([member.config.preprocessing for member in members])

    @cached_property
    def preparation(self) -> Preparation:
        """A photo is decoded once for every way in which a member wants it; the palette looks at the picture
        of the member whose it is."""
        parts = [OnePicture.of(member.config.preprocessing) for member in self.members]
        return PackedPictures(parts, self._packing, self.palette, self.joint.palette_owner or 0)

    def _open_runtime(self, name: str, batch: int | None) -> Runtime:
        return JoinedRuntime([member.runtime for member in self.members], self._packing, self.sources())

    def picture(self, photo: Photos, member: int) -> Photos:
        """What a member sees of one prepared photo, (H, W, 3)."""
        picture: Photos = self._packing.pictures(photo[None], member)[0]
        return picture

    def sources(self) -> list[list[Source]]:
        """The members' parts of every output of the joined network."""
        parts = []
        for aspect, places in self.joint.network_sources:
            total = sum(self.joint.shares[i] for i in places)
            parts.append([self._source(aspect.name, i, self.joint.shares[i] / total) for i in places])
        return parts

    def _source(self, aspect: str, number: int, share: float) -> Source:
        member = self.members[number]
        place = [a.name for a in member.config.network_aspects].index(aspect)
        return Source(number, place, member.projections[place], float(np.sqrt(share)))
