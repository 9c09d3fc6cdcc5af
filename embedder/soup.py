"""A model soup: fine-tuned embedders averaged weight by weight to one that costs no more than each of them
(Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time", 2022).

Only embedders that were fine-tuned from the same weights can be averaged: between others there is no straight
way on which the network goes on working.

Projections need more care than the backbone. The basis of an aspect's block is arbitrary: turn or stretch it,
and no cosine changes, yet the average of two that are turned against each other is rubbish. So each member's
projection is first turned and scaled onto the first member's (orthogonal Procrustes: Schönemann, 1966). For
members that began at the same head that changes next to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from data.errors import UsageError
from embedder.backbone import FeatureNet, Output, build_model
from embedder.config import EmbedderConfig
from embedder.embedder import Embedder, Photos
from embedder.export import Contents
from embedder.joined import JoinedEmbedder
from embedder.palettes import SUFFIX
from embedder.projection import TINY, Floats, Projection
from embedder.sources import COUNTERS, ModelWeights, fill
from embedder.tensors import StoredTensor, stored

KINDRED = 0.5
"""Least cosine between the filters of two members. Fine-tuned from the same weights they keep above 0.9;
trained apart it is 0."""
NORM_BATCH = 32
Tensors = Mapping[str, Tensor]


def soup_of(members: Sequence[Embedder]) -> Contents:
    """The average of embedders, as what a folder will hold; the card is left empty.

    Floating-point tensors, running statistics among them, are averaged; integers are the first member's.
    Raises UsageError that names the difference where members do not fit together.
    """
    _check_described_alike(members)
    parts = [Contents.of(member, "") for member in members]
    _check_tensors_alike(members, [part.tensors for part in parts])
    first = parts[0]
    projections = {
        name: average_projection([part.projections[name] for part in parts]) for name in first.projections
    }
    averaged = average([part.tensors for part in parts])
    return replace(first.retrained(averaged), projections=projections, files={})


def average(members: Sequence[Tensors]) -> dict[str, Tensor]:
    """Tensors of the same names and shapes, averaged in float64 and kept in the members' precision."""
    averaged = {}
    for name, tensor in members[0].items():
        if not tensor.is_floating_point():
            averaged[name] = tensor.clone()
            continue
        total, kind = torch.zeros(tensor.shape, dtype=torch.float64), tensor.dtype
        for member in members:
            total += member[name].double()
            kind = torch.promote_types(kind, member[name].dtype)
        averaged[name] = (total / len(members)).to(kind)
    return averaged


def average_projection(members: Sequence[Projection]) -> Projection:
    """Projections of the same shape averaged, each turned and scaled onto the first."""
    means = [member.mean for member in members if member.mean is not None]
    mean: Floats | None = None
    if means:  # none at all is a mean of zeros
        mean = np.asarray(np.sum(means, axis=0, dtype=np.float64) / len(members), np.float32)
    matrices = [member.matrix for member in members if member.matrix is not None]
    if not matrices:
        return Projection(mean)
    turned = [aligned(matrix, matrices[0]) for matrix in matrices]
    return Projection(mean, np.asarray(np.mean(turned, axis=0, dtype=np.float64), np.float32))


def aligned(matrix: Floats, target: Floats) -> Floats:
    """A projection (d_in, d_out) turned and scaled to lie as near as it can to ``target``; the cosines of
    what it projects stay as they are."""
    if np.array_equal(matrix, target):
        return matrix
    left, _, right = np.linalg.svd(matrix.astype(np.float64).T @ target.astype(np.float64))
    scale = np.linalg.norm(target) / max(float(np.linalg.norm(matrix)), TINY)
    turned: Floats = (matrix @ (left @ right) * scale).astype(np.float32)
    return turned


def opened(name: str, contents: Contents, runtime: str = "torch") -> Embedder:
    """An embedder that is not on disk (yet); of a quantised one, what it was made from."""
    model = filled(contents)
    extra: dict[str, StoredTensor] = {}
    for aspect, projection in contents.projections.items():
        extra |= {key: stored(array) for key, array in projection.tensors(aspect).items()}
    for entry in contents.config.aspects:
        if not entry.from_network and contents.palette is not None:
            extra[entry.name + SUFFIX] = stored(contents.palette.centres)
    config = replace(contents.config, int8=None)
    return Embedder(name, config, ModelWeights(lambda: model), extra, runtime)


def filled(contents: Contents) -> torch.nn.Module:
    """The backbone with its tensors, float32."""
    model = build_model(contents.config)
    fill(model, contents.tensors, "the soup")
    return model


def with_fresh_norms(contents: Contents, photos: Photos) -> dict[str, Tensor]:
    """The tensors, with the running statistics of batch norms recomputed on photos uint8 (n, H, W, 3).

    Averaged statistics are not those of the averaged network (Izmailov et al., "Averaging Weights Leads to
    Wider Optima and Better Generalization", 2018). Without batch norms nothing changes.
    """
    model, size = filled(contents), contents.config.preprocessing
    outputs = [Output.of(aspect) for aspect in contents.config.network_aspects]
    # The last map is asked for, so that no layer is left out.
    network = FeatureNet(model, [*outputs, Output(("final",), "avg", False)]).eval()
    mean, std = (255.0 * torch.tensor(values).view(1, 3, 1, 1) for values in (size.mean, size.std))
    # Batches of one size, nearly: a last one of a single photo has no variance.
    parts = np.array_split(photos, -(-len(photos) // NORM_BATCH))
    batches = ((torch.from_numpy(part).permute(0, 3, 1, 2).float() - mean) / std for part in parts)
    torch.optim.swa_utils.update_bn(batches, network)
    fresh = model.state_dict()
    return {name: fresh[name].to(tensor.dtype) for name, tensor in contents.tensors.items()}


def _check_described_alike(members: Sequence[Embedder]) -> None:
    if len(members) < 2:
        raise UsageError("a soup is made of two embedders or more")
    for member in members:
        if isinstance(member, JoinedEmbedder):
            raise UsageError(
                f"{member.name!r} is joined of several; average its members, then join the averages"
            )
    first, wanted = members[0], _described(members[0].config)
    for other in members[1:]:
        for what, value in _described(other.config).items():
            if value != wanted[what]:
                raise _apart(first, other, f"their {what} differ: {wanted[what]} and {value}")
        ours, theirs = (None if m.palette is None else m.palette.centres.tolist() for m in (first, other))
        if ours != theirs:
            raise _apart(first, other, "their palettes differ")
        named = zip(first.config.network_aspects, first.projections, other.projections, strict=True)
        for aspect, *pair in named:
            shapes = [None if p.matrix is None else p.matrix.shape for p in pair]
            if shapes[0] != shapes[1]:
                told = " and ".join("none" if s is None else f"{s[0]} → {s[1]}" for s in shapes)
                raise _apart(first, other, f"their projections of {aspect.name!r} differ: {told}")


def _described(config: EmbedderConfig) -> dict[str, object]:
    """What must be the same, in words."""
    named, photo = config.defining(), config.preprocessing
    return {
        "architectures": f"{config.architecture} {dict(config.model_args) or ''}".strip(),
        "preprocessings": f"{photo.width}×{photo.height} {photo.interpolation}, {photo.mean}, {photo.std}",
        "aspects": named["aspects"],
        "default weights": named["weights"],
    }


def _check_tensors_alike(members: Sequence[Embedder], tensors: Sequence[Tensors]) -> None:
    first = {name: tensor for name, tensor in tensors[0].items() if not name.endswith(COUNTERS)}
    for member, other in zip(members[1:], tensors[1:], strict=True):
        odd = set(first) ^ {name for name in other if not name.endswith(COUNTERS)}
        odd |= {name for name in set(first) & set(other) if first[name].shape != other[name].shape}
        if odd:
            told = f"{len(odd)} tensors differ in name or shape, such as {min(odd)}"
            raise _apart(members[0], member, told)
        near = kinship(first, other)
        if near < KINDRED:
            told = f"they do not descend from the same weights (cosine of their filters {near:.2f})"
            raise _apart(members[0], member, told)


def kinship(ours: Tensors, theirs: Tensors) -> float:
    """Cosine between all filters of two networks; norms and biases are left out, as they begin alike."""
    product = lengths = others = 0.0
    for name, tensor in ours.items():
        if tensor.is_floating_point() and tensor.ndim > 1:
            a, b = tensor.double(), theirs[name].double()
            product += float((a * b).sum())
            lengths += float(a.square().sum())
            others += float(b.square().sum())
    return product / max(math.sqrt(lengths * others), TINY)


def _apart(first: Embedder, other: Embedder, why: str) -> UsageError:
    return UsageError(f"{first.name!r} and {other.name!r} cannot be averaged: {why}")
