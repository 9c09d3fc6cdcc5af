"""What every cell is asked on: a shop's labelled photos, and the split of each seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.shop import Shop
from embedder.comparing.grid import K_FOLD, Design
from embedder.comparing.portion import portion
from embedder.embedder import Embedder
from embedder.finetuning.examples import NONE, Examples, Task, read_examples
from embedder.finetuning.folds import held_folds
from embedder.finetuning.holding import Held, held_out
from embedder.finetuning.measuring import sampled
from embedder.splits.split import Split

Rows = NDArray[np.int64]
DEFAULT_ASPECT = "shape"


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """examples: the photos that bear one of the learnt labels, which are its tasks.

    also: labels that are only measured, of the same photos. held: seed → split. layout: of the examples'
    blocks.
    """

    examples: Examples
    also: tuple[Task, ...]
    held: Mapping[int, Held]
    layout: AspectLayout

    @classmethod
    def read(cls, shop: Shop, base: Embedder, design: Design) -> Material:
        """From a shop that holds the base's vectors. Raises UsageError for labels that cannot be learnt,
        measured or split: each says what there is."""
        every = read_examples(shop, base.space, design.all_labels)
        number = len(design.labels)
        learnt = np.any([task.targets != NONE for task in every.tasks[:number]], axis=0)
        photos = every.rows(np.flatnonzero(learnt).astype(np.int64))
        examples = replace(photos, tasks=photos.tasks[:number])
        return cls(examples, photos.tasks[number:], _held(examples, base.layout, design), base.layout)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every label that is measured."""
        return (*self.examples.tasks, *self.also)

    @property
    def groups(self) -> NDArray[np.int64]:
        """The group of every photo, the same in all splits."""
        return next(iter(self.held.values())).groups

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the splits, each once."""
        return tuple(dict.fromkeys(note for held in self.held.values() for note in held.notes))

    def measured(self, seed: int) -> Rows:
        """The test photos of a seed, the same for every method."""
        return sampled(self.held[seed].rows()[2], seed)

    def counts(self, seed: int) -> dict[str, int]:
        """Photos of a seed's split: learnt from, to choose the epoch by, held out, and of these measured."""
        train, validation, test = self.held[seed].split.counts
        measured = len(self.measured(seed))
        return {"train": train, "validation": validation, "test": test, "measured": measured}

    def asked(self) -> Rows:
        """The photos that any seed tests."""
        return np.unique(np.concatenate([self.measured(seed) for seed in self.held]))

    def portion(self, seed: int, percent: float) -> Held:
        """The split of a seed with this share of the labelled products to learn from; the rest as it is."""
        held = self.held[seed]
        train, _, _ = held.rows()
        kept = portion(self.examples.tasks[0], held.groups, train, percent, seed)
        mask = np.zeros(len(self.examples), np.bool_)
        mask[kept] = True
        split = Split(mask, held.split.validation, held.split.test, held.split.notes)
        return replace(held, split=split)

    def block(self, aspect: str) -> NDArray[np.float32]:
        """One aspect of the stored vectors, (n, d_i)."""
        at = self.layout.slices[self.layout.names.index(aspect)]
        return self.examples.blocks[:, at].astype(np.float32)

    def with_block(self, aspect: str, block: NDArray[np.float16]) -> Examples:
        """The examples with another block (n, d_i) of the same width in an aspect's place."""
        blocks = self.examples.blocks.copy()
        blocks[:, self.layout.slices[self.layout.names.index(aspect)]] = block
        return replace(self.examples, blocks=blocks)

    def digest(self, seeds: Iterable[int]) -> str:
        """Names photos, labels, groups and the splits of some seeds."""
        also = [(task.name, task.targets.tolist()) for task in self.also]
        splits = [[rows.tolist() for rows in self.held[seed].rows()] for seed in seeds]
        parts = (self.examples.digest_key(), also, self.groups.tolist(), splits)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def _held(examples: Examples, layout: AspectLayout, design: Design) -> dict[int, Held]:
    """Seed → its split: drawn by it, or one of the folds that the first seed draws."""
    seeds = design.seed_numbers
    if design.split != K_FOLD:
        return {seed: held_out(examples, layout, design.split, seed) for seed in seeds}
    folds = held_folds(examples, layout, K_FOLD, seeds[0], len(seeds)).folds
    return dict(zip(seeds, folds, strict=True))


def aspect_of(base: Embedder) -> str:
    """The aspect that is compared: ``shape``, else the first that the network gives, else the first."""
    names = [aspect.name for aspect in base.config.network_aspects] or list(base.layout.names)
    return DEFAULT_ASPECT if DEFAULT_ASPECT in names else names[0]
