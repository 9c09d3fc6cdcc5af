"""A network to be run: its config, its weights, and the pooled outputs that the aspects ask for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.config import EmbedderConfig
from embedder.projection import Floats, Projection
from embedder.sources import Weights
from embedder.tensors import digest_of, stored

if TYPE_CHECKING:
    from embedder.backbone import FeatureNet


@dataclass(frozen=True)
class Network:
    """What a runtime needs to know; building it (which needs torch) is put off until it must be.

    projections: what is done with each output afterwards, one per network aspect. A runtime does not apply
    them, but by them it can tell how precise its outputs must be. graph: of a quantised network, the folder
    of its graph's files.
    """

    config: EmbedderConfig
    weights: Weights
    projections: tuple[Projection, ...]
    graph: Path | None = None

    @cached_property
    def digest(self) -> str:
        """sha256 of the weights' tensors."""
        return self.weights.digest()

    @cached_property
    def key(self) -> str:
        """Names the computation from picture to pooled outputs, and what is made of them: what a converted
        graph is stored under."""
        defining = self.config.defining()
        outputs = [aspect.as_json() | {"name": ""} for aspect in self.config.network_aspects]
        parts = {name: defining[name] for name in ("architecture", "model_args", "input", "mean", "std")}
        text = json.dumps([parts, outputs, self.digest, self.projections_digest], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def projections_digest(self) -> str:
        """sha256 of the projections' tensors."""
        kept: dict[str, Floats] = {}
        for aspect, projection in zip(self.config.network_aspects, self.projections, strict=True):
            kept |= projection.tensors(aspect.name)
        return digest_of((name, stored(array)) for name, array in kept.items())

    def build(self) -> FeatureNet:
        """The network in torch, float32, in evaluation mode: of a quantised one, what it was made from."""
        from embedder.backbone import FeatureNet, Output

        outputs = [Output.of(aspect) for aspect in self.config.network_aspects]
        return FeatureNet(self.weights.model(), outputs).eval()
