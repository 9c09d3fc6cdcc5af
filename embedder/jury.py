"""Photos of a shop that no training saw, to judge embedders by that are not on disk yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import BadPhoto, EmptyShop, UsageError
from data.shop import Shop
from embedder.embedder import Embedder, Photos
from embedder.export import Contents
from embedder.finetuning.examples import Task, read_examples
from embedder.finetuning.holding import held_out
from embedder.finetuning.measuring import mean_map_at_r
from embedder.soup import opened
from embedder.soup_report import Recipe

MOST_JUDGED = 600
FEWEST_JUDGED = 2


@dataclass(frozen=True)
class Jury:
    """Held-out photos, prepared, with the label they are judged by.

    groups: what is never each other's answer. products: of each photo. taught: the products that such a
    fine-tuning learns from or is validated on in this shop as it is now. unreadable: further photos that
    could not be read. notes: what a person should know of how they were held out.
    """

    photos: Photos
    task: Task
    groups: NDArray[np.int64]
    products: tuple[str, ...]
    taught: frozenset[str]
    aspect: str
    unreadable: int
    notes: tuple[str, ...] = ()

    @classmethod
    def seat(cls, shop: Shop, member: Embedder, recipe: Recipe, label: str) -> Jury:
        """The photos on which a fine-tuning with this label, split and seed chooses its best epoch.

        Raises EmptyShop for a shop that is not indexed, UsageError for a label or aspect that cannot be
        judged.
        """
        names = [aspect.name for aspect in member.config.network_aspects]
        if recipe.aspect not in names:
            raise UsageError(f"the members give no aspect {recipe.aspect!r}; they give {', '.join(names)}")
        space = shop.current_space() if recipe.space is None else shop.space(recipe.space)
        if space is None:
            raise EmptyShop("nothing is indexed yet; run `vitrine index CATALOGUE` first")
        examples = read_examples(shop, space.space, [label])
        held = held_out(examples, AspectLayout.from_json(space.layout), recipe.split, recipe.seed)
        chosen = np.random.default_rng(recipe.seed).permutation(held.rows()[1])[:MOST_JUDGED]
        rows = np.sort(chosen).astype(np.int64)
        photos, read = prepared(member, [examples.paths[i] for i in rows])
        kept = rows[read]
        task, groups = examples.tasks[0].rows(kept), held.groups[kept]
        if len(kept) < FEWEST_JUDGED:
            raise UsageError(
                f"only {len(kept)} of {len(rows)} photos held out can be read: too few to judge by"
            )
        products = tuple(examples.products[i] for i in kept)
        taught = frozenset(examples.products[i] for part in held.rows()[:2] for i in part.tolist())
        unreadable = len(rows) - len(kept)
        return cls(photos, task, groups, products, taught, recipe.aspect, unreadable, held.notes)

    def value(self, contents: Contents) -> float:
        """mAP@R of the aspect's block (Musgrave et al., 2020), the mean over photos."""
        embedder = opened("judged", contents, "cuda" if torch.cuda.is_available() else "torch")
        where = embedder.layout.slices[embedder.layout.names.index(self.aspect)]
        return mean_map_at_r([self.task], self.groups, [embedder.encode(self.photos)[:, where]])


def prepared(embedder: Embedder, paths: Sequence[Path]) -> tuple[Photos, NDArray[np.int64]]:
    """Photos uint8 (m, H, W, 3) of the paths that can be read, and which those are."""
    photos, read = [], []
    for place, path in enumerate(paths):
        try:
            photos.append(embedder.prepare(path))
        except BadPhoto:
            continue  # counted by whoever asks
        read.append(place)
    shape = (0, *embedder.photo_shape)
    return np.stack(photos) if photos else np.empty(shape, np.uint8), np.asarray(read, np.int64)
