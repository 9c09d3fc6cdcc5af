"""Fits a projection of one aspect (PCA, perhaps whitened) on a shop's own photos, as a new embedder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import BadPhoto, UsageError
from data.shop import Shop
from embedder.embedder import Embedder, Floats
from embedder.export import check_name, save_embedder
from embedder.made import made_file
from embedder.projection import Projection, fit_pca

MODELS = "models"


@dataclass(frozen=True, slots=True)
class Reduction:
    """What to fit. aspect: whose block. dims: its new width. whiten, shrink: see ``fit_pca``. sample: at most
    so many photos are read. seed: chooses them."""

    aspect: str = "shape"
    dims: int = 256
    whiten: bool = False
    shrink: float = 0.1
    sample: int = 4096
    seed: int = 0


def fit_projection(shop: Shop, embedder: Embedder, name: str, wanted: Reduction | None = None) -> Path:
    """Principal components of an aspect's pooled activations over the catalogue, stored with a new space.

    Writes ``models/NAME`` in the shop, to be opened by that name; returns the folder. Raises UsageError for
    an unknown aspect, a name that is taken, or too few photos.
    """
    chosen = wanted or Reduction()
    folder = check_name(shop.directory / MODELS, name)
    names = [aspect.name for aspect in embedder.config.network_aspects]
    if chosen.aspect not in names:
        raise UsageError(f"the network gives no aspect {chosen.aspect!r}; it gives {', '.join(names)}")
    place = names.index(chosen.aspect)
    before = embedder.projections[place].matrix
    pooled = pooled_sample(shop, embedder, place, chosen)
    mean = pooled.mean(0, dtype=np.float64).astype(np.float32)
    projected = pooled - mean if before is None else (pooled - mean) @ before
    fitted = fit_pca(projected, chosen.dims, chosen.whiten, chosen.shrink if chosen.whiten else 0.0)
    matrix = fitted.matrix
    if before is not None and matrix is not None:
        matrix = (before @ matrix).astype(np.float32)
    card = (
        f"# {name}\n\n`{embedder.name}` (space `{embedder.space}`) with its aspect `{chosen.aspect}` reduced "
        f"to {chosen.dims} principal components{', whitened' if chosen.whiten else ''}, fitted on "
        f"{len(pooled)} photos of this shop (seed {chosen.seed}).\n\n"
        f"Licence of the backbone's weights: {embedder.licence}.\n"
    )
    return save_embedder(
        folder, embedder, {chosen.aspect: Projection(mean, matrix)}, card, made_file("reduced")
    )


def pooled_sample(shop: Shop, embedder: Embedder, place: int, chosen: Reduction) -> Floats:
    """Pooled activations (n, d_in) of the network's output ``place`` for a random sample of the shop's
    photos."""
    return pooled_outputs(shop, embedder, chosen.sample, chosen.seed)[place]


def pooled_outputs(shop: Shop, embedder: Embedder, sample: int, seed: int) -> tuple[Floats, ...]:
    """All the network's outputs [(n, d_i)…] for a random sample of at most ``sample`` of the shop's photos.

    A photo that cannot be read is left out: indexing has told of it. Raises UsageError where none can be.
    """
    parts = list(_batches(embedder, sampled_paths(shop, sample, seed)))
    if not parts:
        raise UsageError("the shop has no photo that can be read; run `vitrine index` first")
    return tuple(np.concatenate(outputs) for outputs in zip(*parts, strict=True))


def sampled_paths(shop: Shop, sample: int, seed: int) -> list[Path]:
    """Files of at most ``sample`` photos that were not rejected, drawn with ``seed``, in the shop's order."""
    photos = [
        photo
        for products in shop.all_products()
        for found in shop.photos_of_products([p.product_id for p in products]).values()
        for photo in found
        if photo.status != "rejected"
    ]
    order = np.random.default_rng(seed).permutation(len(photos))[:sample]
    return [shop.photo_path(photos[i]) for i in sorted(order)]


def _batches(embedder: Embedder, paths: list[Path]) -> Iterator[tuple[Floats, ...]]:
    size = embedder.runtime.batch
    for start in range(0, len(paths), size):
        prepared = []
        for path in paths[start : start + size]:
            try:
                prepared.append(embedder.prepare(path))
            except BadPhoto:
                continue  # indexing has told of it
        if prepared:
            yield embedder.runtime.encode(np.stack(prepared))
