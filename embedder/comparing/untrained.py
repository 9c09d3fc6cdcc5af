"""Blocks of the methods that learn nothing: colours, random weights, the frozen embedder, max-pooling."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from data.errors import UsageError
from embedder.aspect import AspectConfig
from embedder.backbone import FeatureNet, Output, build_model
from embedder.cache import cache_folder
from embedder.comparing.deadline import Deadline
from embedder.comparing.grid import FROZEN, INDEXED, ON_BACKBONE, Design
from embedder.comparing.inference import runtime_of
from embedder.comparing.material import Material
from embedder.config import Preprocessing
from embedder.embedder import Embedder
from embedder.finetuning.learner import PhotoLearner
from embedder.finetuning.photocache import PhotoCache
from embedder.finetuning.subject import input_of
from embedder.joined import JoinedEmbedder
from embedder.palettes import default_palette
from embedder.projection import unit

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Tell = Callable[[str], None]
BATCH = 32
CHUNK = 256


@dataclass(frozen=True, slots=True, eq=False)
class Untrained:
    """The untrained methods on a material.

    runtime: of the frozen embedder, see ``runtime.choose``. device: where other networks compute. deadline:
    after which OutOfTime is raised.
    """

    base: Embedder
    material: Material
    design: Design
    runtime: str
    device: torch.device
    deadline: Deadline
    tell: Tell

    def blocks(self, method: str, rows: Rows) -> Floats:
        """What a method makes of some photos, float32 (n, d); lengths do not count."""
        aspect = self.design.settings.goal.aspect
        if method == INDEXED or (method == FROZEN and at_own_side(self.base, self.design)):
            return self.material.block(aspect)[rows]
        if method == "colour":
            return self._colours(rows)
        config, place = self._source(aspect)
        if method == FROZEN:
            return self.base.projections[place].apply(self._frozen(place, rows))
        if method == "frozen-max":
            # A head pools by itself, so there the last maps are taken.
            stages = tuple("final" if stage == "head" else stage for stage in config.stages)
            # A copy: a model in memory belongs to the embedder that it came with.
            model = copy.deepcopy(self.base.network.weights.model())
            return unit(self._pooled(model, Output(stages, "max", config.stage_norm), rows))
        torch.manual_seed(self.design.settings.seed)
        return unit(self._pooled(build_model(self.base.config), Output.of(config), rows))

    def _source(self, aspect: str) -> tuple[AspectConfig, int]:
        names = [one.name for one in self.base.config.network_aspects]
        return self.base.config.network_aspects[names.index(aspect)], names.index(aspect)

    def _colours(self, rows: Rows) -> Floats:
        names = [aspect.name for aspect in self.base.config.aspects if not aspect.from_network]
        if names:
            return self.material.block(names[0])[rows]
        palette = default_palette()
        cache, places = self._photos(rows)
        found = []
        for place in places.tolist():
            self.deadline.check()
            found.append(palette.histogram(cache[place]))
        return np.stack(found)

    def _frozen(self, place: int, rows: Rows) -> Floats:
        """One of the frozen network's outputs at the side that is compared, (n, d)."""
        runtime = runtime_of(self.base, self.design.settings.batches.side, self.runtime)
        cache, places = self._photos(rows)
        parts = []
        for start in range(0, len(places), CHUNK):
            self.deadline.check()
            parts.append(runtime.encode(cache.take(places[start : start + CHUNK]))[place])
        return np.concatenate(parts)

    def _pooled(self, model: nn.Module, output: Output, rows: Rows) -> Floats:
        """The network's output on photos as they are, (n, d), not scaled."""
        size = self._size()
        cache, places = self._photos(rows)
        learner = PhotoLearner(FeatureNet(model, [output]), [], size).to(self.device).eval()
        parts = []
        with torch.inference_mode():
            for start in range(0, len(places), BATCH):
                self.deadline.check()
                photos = torch.from_numpy(cache.take(places[start : start + BATCH])).to(self.device)
                parts.append(learner.pooled(photos.permute(0, 3, 1, 2)).float().cpu().numpy())
        return np.concatenate(parts)

    def _photos(self, rows: Rows) -> tuple[PhotoCache, Rows]:
        """Decoded photos (those that trainings use too), and where these lie."""
        examples, size = self.material.examples, self._size()
        sources = list(zip(examples.shas, examples.paths, strict=True))
        folder = cache_folder() / "photos" / self.base.name
        cache = PhotoCache.build(folder, sources, (size.width, size.height), size.interpolation, self.tell)
        return cache, cache.rows_of([examples.shas[row] for row in rows.tolist()])

    def _size(self) -> Preprocessing:
        return input_of(self.base, self.design.settings)


def at_own_side(base: Embedder, design: Design) -> bool:
    """Whether photos are compared at the size that the embedder was made for."""
    return input_of(base, design.settings) == base.config.preprocessing


def check_possible(base: Embedder, design: Design) -> None:
    """Raises UsageError for methods that need one network where the embedder is joined of several."""
    if not isinstance(base, JoinedEmbedder):
        return
    asked = [name for name in design.methods if name in ON_BACKBONE]
    if asked or design.settings.batches.side is not None:
        raise UsageError(
            f"{base.name!r} is joined of several networks, so {', '.join(asked) or 'a side'} cannot "
            "be compared; take --methods colour,frozen,fixed without --side, or one of its members"
        )


def with_indexed(base: Embedder, design: Design) -> Design:
    """The design with the vectors that the shop holds as one more method, where photos are compared at
    another side: what is shipped must beat these too."""
    if at_own_side(base, design) or INDEXED in design.methods:
        return design
    return replace(design, methods=(*design.methods, INDEXED))
