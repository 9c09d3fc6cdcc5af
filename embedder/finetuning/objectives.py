"""What a fine-tuning minimises: one loss for one label, with whatever it learns besides the network.

Most come from pytorch-metric-learning; the two softmax objectives are written here, because they also take
blended targets (mixup, CutMix), label smoothing and class weights. All compute in float32, also under mixed
precision: cosines of near neighbours differ in digits that bfloat16 does not have.
"""

from __future__ import annotations

import torch
from pytorch_metric_learning.losses import (
    ArcFaceLoss,
    CrossBatchMemory,
    MultiSimilarityLoss,
    ProxyAnchorLoss,
    SupConLoss,
    TripletMarginLoss,
)
from pytorch_metric_learning.miners import (
    BatchEasyHardMiner,
    BatchHardMiner,
    MultiSimilarityMiner,
    TripletMarginMiner,
)
from pytorch_metric_learning.reducers import ClassWeightedReducer, DivisorReducer
from torch import Tensor, nn
from torch.nn import functional

from data.errors import UsageError
from embedder.finetuning.settings import Goal

PAIRWISE = ("supervised-contrastive", "multi-similarity", "triplet-semihard", "triplet-hard")
"""Objectives that compare photos with each other, and so need several photos of a class in a batch."""
_MARGINS = {
    "arcface": (28.6, 90.0),
    "proxy-anchor": (0.1, 1.0),
    "triplet-semihard": (0.2, 2.0),
    "triplet-hard": (0.2, 2.0),
}
"""Each one's own margin, and what it must stay below: ArcFace's in degrees, Proxy-Anchor's a cosine, the
triplets' a distance between unit vectors."""


class Objective(nn.Module):
    """A loss of embedded photos (n, dims), unit-norm, and their classes.

    Targets are class numbers (n,), int64; the softmax objectives also take shares (n, classes), float, where
    a row that sums to less than one counts so much less. The result is a scalar with a graph, 0 for a batch
    in which there is nothing to learn. Parameters (proxies, classifier) are drawn from torch's global
    generator when it is built. pairwise: whether photos are compared with each other.
    """

    pairwise = False

    def forward(self, embedded: Tensor, targets: Tensor) -> Tensor:
        """The loss, float32."""
        if not len(embedded):
            return self.nothing(embedded)
        with torch.autocast(embedded.device.type, enabled=False):
            return self.loss(embedded.float(), targets)

    def loss(self, embedded: Tensor, targets: Tensor) -> Tensor:
        """What ``forward`` computes of at least one photo, in float32."""
        raise NotImplementedError

    def nothing(self, embedded: Tensor) -> Tensor:
        """A loss of 0 that gives the photos and every parameter a gradient of 0, so that processes which
        average gradients all have one."""
        total = embedded.float().sum() * 0.0
        for parameter in self.parameters():
            total = total + parameter.sum() * 0.0
        return total


class _Softmax(Objective):
    """Cross-entropy over a subclass's logits, with label smoothing and class weights as torch has them."""

    weights: Tensor | None

    def __init__(self, goal: Goal, weights: Tensor | None) -> None:
        super().__init__()
        self.temperature, self.smoothing = goal.temperature, goal.label_smoothing
        self.register_buffer("weights", None if weights is None else weights.float(), persistent=False)

    def logits(self, embedded: Tensor) -> Tensor:
        """(n, classes)."""
        raise NotImplementedError

    def loss(self, embedded: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy."""
        logits, smoothing = self.logits(embedded), self.smoothing
        if targets.is_floating_point():
            # torch would smooth every row to a sum of one, also one that counts for less
            evenly = targets.sum(dim=1, keepdim=True) / targets.shape[1]
            targets, smoothing = torch.lerp(targets.float(), evenly.float(), smoothing), 0.0
        return functional.cross_entropy(logits, targets, weight=self.weights, label_smoothing=smoothing)


class NormalisedSoftmax(_Softmax):
    """Cosines with learnt class directions over a temperature (Zhai & Wu, 2019)."""

    def __init__(self, goal: Goal, classes: int, dims: int, weights: Tensor | None) -> None:
        super().__init__(goal, weights)
        self.directions = nn.Parameter(torch.randn(classes, dims))

    def logits(self, embedded: Tensor) -> Tensor:
        """(n, classes)."""
        return embedded @ functional.normalize(self.directions, dim=1).T / self.temperature


class CrossEntropy(_Softmax):
    """A linear classifier with bias on the embedding over a temperature: classes may differ in reach."""

    def __init__(self, goal: Goal, classes: int, dims: int, weights: Tensor | None) -> None:
        super().__init__(goal, weights)
        self.classifier = nn.Linear(dims, classes)

    def logits(self, embedded: Tensor) -> Tensor:
        """(n, classes)."""
        found: Tensor = self.classifier(embedded / self.temperature)
        return found


class _Library(Objective):
    """A loss of pytorch-metric-learning, with the miner that chooses its pairs or triplets."""

    def __init__(self, criterion: nn.Module, miner: nn.Module | None = None, pairwise: bool = False) -> None:
        super().__init__()
        self.criterion, self.miner, self.pairwise = criterion, miner, pairwise

    def loss(self, embedded: Tensor, targets: Tensor) -> Tensor:
        """What the library's loss says of the mined pairs."""
        mined = None if self.miner is None else self.miner(embedded, targets)
        found: Tensor = self.criterion(embedded, targets, mined)
        return found


class _Remembering(_Library):
    """A pairwise loss that also compares with the photos of earlier batches (Wang et al., 2020).

    Buffers hold all that it remembers: a resumed run goes on with it, and processes that share their buffers
    share the first one's memory. While evaluating it neither looks into the memory nor adds to it.
    """

    place: Tensor

    def __init__(self, criterion: nn.Module, miner: nn.Module | None, dims: int, size: int) -> None:
        super().__init__(criterion, miner, pairwise=True)
        self.memory = CrossBatchMemory(criterion, dims, memory_size=size, miner=miner)
        # Where the next photo goes, and whether the memory is full: the library has no buffer for these.
        self.register_buffer("place", torch.zeros(2, dtype=torch.int64))

    def loss(self, embedded: Tensor, targets: Tensor) -> Tensor:
        """Compares the batch with the memory, after adding the batch to it."""
        size = self.memory.memory_size
        if len(embedded) > size:
            raise UsageError(
                f"a memory of {size} photos is smaller than a batch of {len(embedded)}; remember at least so "
                "many, or none"
            )
        if not self.training:
            return super().loss(embedded, targets)
        if len(embedded) == 1:  # the library would compare it with itself
            return self.nothing(embedded)
        place, filled = self.place.tolist()
        self.memory.queue_idx, self.memory.has_been_filled = place, bool(filled)
        found: Tensor = self.memory(embedded, targets)
        self.place.copy_(torch.tensor([self.memory.queue_idx, int(self.memory.has_been_filled)]))
        return found


class _ProxyWeights(DivisorReducer):  # type: ignore[misc]  # the library has no types
    """Proxy-Anchor's sum over proxies, each times its class's weight."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights.float(), persistent=False)

    def element_reduction(
        self, losses: Tensor, loss_indices: Tensor, embeddings: Tensor, labels: Tensor, divisor: int = 1
    ) -> Tensor:
        """losses: one for each proxy, whose class is in ``loss_indices``."""
        weighted = losses * self.weights.to(losses.device)[loss_indices]
        found: Tensor = super().element_reduction(weighted, loss_indices, embeddings, labels, divisor)
        return found


def build_objective(goal: Goal, classes: int, dims: int, weights: Tensor | None = None) -> Objective:
    """The objective that a goal names, for so many classes and an embedding of so many dims.

    weights: of the classes (classes,), or None; softmax and ArcFace weigh a photo by its class, Proxy-Anchor
    a proxy, pairwise objectives an anchor. Temperature: ArcFace's scale is its inverse. Raises UsageError for
    fewer than two classes, a margin that the objective does not have or that is out of its reach, and a
    memory where photos are not compared with each other.
    """
    if classes < 2:
        raise UsageError("one class teaches nothing; choose a label with at least two values")
    if weights is not None and weights.shape != (classes,):
        raise UsageError(f"{classes} classes need so many weights, not {tuple(weights.shape)}")
    if goal.memory and goal.objective not in PAIRWISE:
        raise UsageError(
            f"{goal.objective} compares photos with classes and remembers none; take a memory of 0 or one of "
            f"{', '.join(PAIRWISE)}"
        )
    margin = _margin(goal)
    if goal.objective == "normalised-softmax":
        return NormalisedSoftmax(goal, classes, dims, weights)
    if goal.objective == "cross-entropy":
        return CrossEntropy(goal, classes, dims, weights)
    if goal.objective == "proxy-anchor":
        by_proxy = None if weights is None else _ProxyWeights(weights)
        return _Library(ProxyAnchorLoss(classes, dims, margin=margin, reducer=by_proxy))
    by_class = None if weights is None else ClassWeightedReducer(weights.float())
    if goal.objective == "arcface":
        return _Library(
            ArcFaceLoss(classes, dims, margin=margin, scale=1 / goal.temperature, reducer=by_class)
        )
    criterion, miner = _pairs(goal, margin, by_class)
    if goal.memory:
        return _Remembering(criterion, miner, dims, goal.memory)
    return _Library(criterion, miner, pairwise=True)


def _margin(goal: Goal) -> float:
    """The goal's margin or the objective's own; 0 where it has none."""
    own, limit = _MARGINS.get(goal.objective, (0.0, 0.0))
    if goal.margin is None:
        return own
    if not limit:
        raise UsageError(f"{goal.objective} has no margin; these have one: {', '.join(_MARGINS)}")
    if not 0.0 <= goal.margin < limit:
        unit = " degrees" if goal.objective == "arcface" else ""
        raise UsageError(
            f"the margin of {goal.objective} is from 0 to below {limit:g}{unit}, not {goal.margin:g}"
        )
    return goal.margin


def _pairs(goal: Goal, margin: float, reducer: nn.Module | None) -> tuple[nn.Module, nn.Module | None]:
    """The pairwise losses, each with its miner."""
    if goal.objective == "supervised-contrastive":
        return SupConLoss(temperature=goal.temperature, reducer=reducer), None
    if goal.objective == "multi-similarity":
        return MultiSimilarityLoss(reducer=reducer), MultiSimilarityMiner()
    criterion = TripletMarginLoss(margin=margin, reducer=reducer)
    if goal.objective == "triplet-hard":
        return criterion, BatchHardMiner()
    if goal.memory:
        # All triplets with a memory are as many as its square; one for each photo is enough of them.
        return criterion, BatchEasyHardMiner(pos_strategy="hard", neg_strategy="semihard")
    return criterion, TripletMarginMiner(margin=margin, type_of_triplets="semihard")
