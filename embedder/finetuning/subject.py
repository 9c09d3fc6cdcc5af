"""What is fine-tuned: the embedder it begins from, its learner, and how the result becomes an embedder again.

Two kinds behind one seam: heads on the vectors that the shop holds already (``fixed``, trained in seconds),
and a whole network on photos.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
import torch

from data.errors import UsageError
from embedder.aspect import AspectConfig
from embedder.backbone import FeatureNet, Output, build_model
from embedder.config import EmbedderConfig, Preprocessing
from embedder.embedder import Embedder, Floats
from embedder.export import Contents
from embedder.finetuning.augment import transform_for
from embedder.finetuning.examples import Examples
from embedder.finetuning.feeding import FeatureFeed, Feed, PhotoFeed, Rows
from embedder.finetuning.learner import (
    FeatureLearner,
    Head,
    HeadStart,
    Learner,
    PhotoLearner,
    start_of,
)
from embedder.finetuning.measuring import Vectors
from embedder.finetuning.photocache import PhotoCache
from embedder.finetuning.regularise import set_checkpointing, set_drop_path
from embedder.finetuning.settings import Goal, Settings
from embedder.finetuning.stages import Stages, stages_of
from embedder.projection import Projection

POOLED_SAMPLE = 512
POOLED_BATCH = 32


class Subject(Protocol):
    """What a run needs of either kind.

    learner, feed: what learns, from what. stages: of the backbone, None where it stays. aspects: label → (the
    frozen aspect, the aspect that learns it).
    """

    learner: Learner
    feed: Feed
    stages: Stages | None
    aspects: Mapping[str, tuple[str, str]]

    def contents(self, learner: Learner, card: str, files: Mapping[str, bytes]) -> Contents:
        """The embedder that a trained learner makes."""

    def vectors(self, learner: Learner, made: Embedder, rows: Rows) -> Vectors:
        """Unit blocks of some examples as the new embedder gives them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which aspects learn: their names per label, and the config of the embedder that comes out."""

    place: int
    source: AspectConfig
    learnt: tuple[str, ...]
    config: EmbedderConfig

    @classmethod
    def of(cls, base: Embedder, goal: Goal) -> Plan:
        """For a goal; UsageError where the embedder has no such aspect."""
        names = [aspect.name for aspect in base.config.network_aspects]
        if goal.aspect not in names:
            raise UsageError(
                f"only what the network gives can be tuned: {', '.join(names)}; not {goal.aspect!r}"
            )
        place = names.index(goal.aspect)
        source = base.config.network_aspects[place]
        if not goal.own_aspects:
            return cls(place, source, (goal.aspect,), base.config)
        taken = [aspect.name for aspect in base.config.aspects]
        learnt = tuple(aspect_name(label, taken) for label in goal.labels)
        at = taken.index(goal.aspect)
        # The new aspects share the weight of the one they come from, so the others count as before.
        share = base.config.weights[at] / (len(learnt) + 1)
        aspects = (*base.config.aspects, *(replace(source, name=name) for name in learnt))
        weights = [share if i == at else weight for i, weight in enumerate(base.config.weights)]
        config = replace(base.config, aspects=aspects, weights=(*weights, *[share] * len(learnt)))
        return cls(place, source, learnt, config)

    def by_label(self, labels: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Label → (frozen aspect, learnt aspect)."""
        learnt = self.learnt if len(self.learnt) == len(labels) else self.learnt * len(labels)
        return {label: (self.source.name, name) for label, name in zip(labels, learnt, strict=True)}


def aspect_name(label: str, taken: Sequence[str]) -> str:
    """A name for the aspect that learns a column: the column's, made of letters, digits, ``-`` and ``_``."""
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in label).strip("-") or "learnt"
    return f"{name}-learnt" if name in taken else name


class Frozen:
    """Heads on stored vectors."""

    def __init__(self, base: Embedder, examples: Examples, rows: Rows, settings: Settings) -> None:
        """rows: the examples that may be learnt from."""
        self._base, self._examples = base, examples
        self._plan = Plan.of(base, settings.goal)
        at = base.layout.slices[base.layout.names.index(settings.goal.aspect)]
        features = np.ascontiguousarray(examples.blocks[:, at], dtype=np.float32)
        start = start_of(Projection(), features[rows], settings.goal.dims)
        self.learner: Learner = FeatureLearner(_heads(start, self._plan, settings))
        self._features = torch.from_numpy(features)
        self.feed: Feed = FeatureFeed(self._features)
        self.stages: Stages | None = None
        self.aspects: Mapping[str, tuple[str, str]] = self._plan.by_label(settings.goal.labels)

    def contents(self, learner: Learner, card: str, files: Mapping[str, bytes]) -> Contents:
        """The base with its projection followed by the learnt one."""
        before = self._base.projections[self._plan.place]
        learnt = {
            name: before.then(head_of(learner, i).matrix.detach().cpu().numpy())
            for i, name in enumerate(self._plan.learnt)
        }
        whole = Contents.of(self._base, card)
        return replace(
            whole, config=self._plan.config, projections={**whole.projections, **learnt}, files=files
        )

    def vectors(self, learner: Learner, made: Embedder, rows: Rows) -> Vectors:
        """The stored blocks with the learnt ones put in; nothing is encoded anew."""
        learner.eval()
        with torch.inference_mode():
            outputs = [block.numpy() for block in learner.cpu()(self._features[torch.from_numpy(rows)])]
        stored = Vectors(self._examples.blocks[rows].astype(np.float32), self._base.layout)
        learnt = dict(zip(self._plan.learnt, outputs, strict=True))
        blocks = [learnt[name] if name in learnt else stored.block(name) for name in made.layout.names]
        return Vectors(np.concatenate(blocks, axis=1), made.layout)


class Whole:
    """A backbone with heads, on photos."""

    def __init__(
        self, base: Embedder, cache: PhotoCache, places: Rows, rows: Rows, settings: Settings
    ) -> None:
        """places: where each example's photo lies in the cache. rows: the examples that may be learnt
        from."""
        self._base = base
        plan = Plan.of(base, settings.goal)
        size = input_of(base, settings)
        self._plan = replace(plan, config=replace(plan.config, preprocessing=size))
        scratch = settings.transfer.strategy == "scratch"
        torch.manual_seed(settings.seed)
        # A copy: a model in memory belongs to the embedder that it came with.
        model = build_model(base.config) if scratch else copy.deepcopy(base.network.weights.model())
        set_drop_path(model, settings.regularisation.drop_path)
        if settings.optimisation.checkpointing:
            set_checkpointing(model)
        features = FeatureNet(model, [Output.of(plan.source)])
        transform = transform_for(settings.augmentation, (size.width, size.height))
        self._photos = PhotoFeed(cache, places, transform, settings.seed)
        self.feed: Feed = self._photos
        bare = PhotoLearner(features, [], size)
        pooled = _pooled(bare, self.feed, rows, settings.seed)
        projection = Projection() if scratch else base.projections[plan.place]
        start = start_of(projection, pooled, settings.goal.dims)
        self.learner: Learner = PhotoLearner(features, _heads(start, plan, settings), size)
        self.stages: Stages | None = stages_of(model)
        self.aspects: Mapping[str, tuple[str, str]] = plan.by_label(settings.goal.labels)

    def contents(self, learner: Learner, card: str, files: Mapping[str, bytes]) -> Contents:
        """The trained backbone with the learnt projections; those of other aspects as they were."""
        if learner.backbone is None:
            raise UsageError("a learner without a backbone cannot become a whole embedder")
        tensors = {name: tensor.detach().cpu() for name, tensor in learner.backbone.state_dict().items()}
        whole = Contents.of(self._base, card)
        learnt = {name: head_of(learner, i).projection() for i, name in enumerate(self._plan.learnt)}
        projections = {**whole.projections, **learnt}
        made = replace(whole, config=self._plan.config, projections=projections, files=files)
        return made.retrained(tensors)

    def vectors(self, learner: Learner, made: Embedder, rows: Rows) -> Vectors:
        """As the saved embedder encodes the photos: what a shop would get."""
        size = made.runtime.batch * POOLED_BATCH
        parts = (self._photos.pixels(rows[i : i + size]) for i in range(0, len(rows), size))
        return Vectors(np.concatenate([made.encode(part) for part in parts]), made.layout)


def input_of(base: Embedder, settings: Settings) -> Preprocessing:
    """How photos are prepared in training and by the embedder that comes out: the base's way, at the side
    that was asked for."""
    side = settings.batches.side
    before = base.config.preprocessing
    return before if side is None else replace(before, width=side, height=side)


def _heads(start: HeadStart, plan: Plan, settings: Settings) -> list[Head]:
    return [Head(start, settings.regularisation.dropout) for _ in plan.learnt]


def head_of(learner: Learner, number: int) -> Head:
    """One of a learner's heads."""
    return cast("Head", learner.heads[number])


def _pooled(learner: PhotoLearner, feed: Feed, rows: Rows, seed: int) -> Floats:
    """Pooled features (m, d) of a sample of photos, before anything is learnt."""
    chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:POOLED_SAMPLE])
    learner.eval()
    with torch.inference_mode():
        parts = [
            learner.pooled(feed.plain(chosen[i : i + POOLED_BATCH])).numpy()
            for i in range(0, len(chosen), POOLED_BATCH)
        ]
    return np.concatenate(parts).astype(np.float32)
