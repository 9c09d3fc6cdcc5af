"""Joins embedders to a new one of a shop: concatenation, and principal components of it on the shop's photos.

Two networks that err on different photos are better together than either alone. Concatenating their blocks
averages their cosines; most of the width that adds is redundant, and the principal components keep what is
not (Jégou & Chum, "Negative evidences and co-occurrences in image retrieval: the benefit of PCA and
whitening", 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import UsageError
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.export import check_name, save_embedder
from embedder.joined import JoinedEmbedder
from embedder.joined_config import JoinedConfig
from embedder.palettes import SUFFIX
from embedder.projection import Projection, fit_pca
from embedder.reduce import MODELS, pooled_outputs
from embedder.tensors import StoredTensor, stored


@dataclass(frozen=True, slots=True)
class Joining:
    """How embedders are joined.

    dims: an aspect that several give, and that is wider than this when joined, is projected to so many
    numbers. weights: how much each member counts within an aspect; None for all the same. sample: at most so
    many photos are read to fit the projections. seed: chooses them.
    """

    dims: int = 256
    weights: tuple[float, ...] | None = None
    sample: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dims < 1 or self.sample < 1:
            raise UsageError("dims and sample must be at least 1")


def fit_joined(shop: Shop, members: Sequence[Embedder], name: str, wanted: Joining | None = None) -> Path:
    """Joins ``members`` and writes ``models/NAME`` in the shop, to be opened by that name; returns the
    folder.

    Raises UsageError for a name that is taken, members that are the same or cannot be joined, or too few
    photos.
    """
    chosen = wanted or Joining()
    folder = check_name(shop.directory / MODELS, name)
    joined = joined_of(name, members, chosen.weights)
    widths = joined.runtime.dims
    given = joined.joint.network_sources
    wide = [i for i, (_, places) in enumerate(given) if len(places) > 1 and widths[i] > chosen.dims]
    outputs = pooled_outputs(shop, joined, chosen.sample, chosen.seed) if wide else ()
    projections = {given[i][0].name: fit_pca(outputs[i], chosen.dims) for i in wide}
    photos = len(outputs[0]) if wide else 0
    return save_embedder(folder, joined, projections, _card(joined, widths, projections, photos, chosen))


def joined_of(
    name: str, members: Sequence[Embedder], weights: Sequence[float] | None = None
) -> JoinedEmbedder:
    """Members joined, nothing projected: every aspect is as wide as those of its members together."""
    names, configs = [member.name for member in members], [member.config for member in members]
    config = JoinedConfig.of(names, configs, weights)
    for place, member in enumerate(members):
        for other in members[:place]:
            if other.digest == member.digest:
                raise UsageError(f"{other.name!r} and {member.name!r} are the same; join different embedders")
    tensors: dict[str, StoredTensor] = {}
    owner = config.palette_owner
    palette = None if owner is None else members[owner].palette
    for aspect in config.aspects:
        if palette is not None and not aspect.from_network:
            tensors[aspect.name + SUFFIX] = stored(palette.centres)
    return JoinedEmbedder(name, config, members, tensors)


def _card(
    joined: JoinedEmbedder,
    widths: Sequence[int],
    projections: dict[str, Projection],
    photos: int,
    chosen: Joining,
) -> str:
    config = joined.joint
    lines = [f"# {joined.name}", "", "Joined of", ""]
    for number, (member, share) in enumerate(zip(joined.members, config.shares, strict=True)):
        lines.append(
            f"{number + 1}. `{member.name}` (space `{member.space}`), share {share:.3g}, "
            f"licence of its weights: {member.licence}"
        )
    lines += ["", "| aspect | of members | numbers joined | numbers kept |", "|---|---|---|---|"]
    wide = iter(widths)
    for aspect, places in zip(config.aspects, config.sources, strict=True):
        joint = next(wide) if aspect.from_network else len(joined.palette or ())
        kept = chosen.dims if aspect.name in projections else joint
        lines.append(f"| {aspect.name} | {', '.join(str(i + 1) for i in places)} | {joint} | {kept} |")
    if projections:
        lines += ["", f"Principal components fitted on {photos} photos of this shop (seed {chosen.seed})."]
    return "\n".join(lines) + "\n"
