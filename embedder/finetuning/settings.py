"""Everything that a fine-tuning can be told, as frozen values that check themselves.

A run keeps its whole ``Settings`` beside its weights, so that it can be repeated and resumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from data.errors import UsageError

STRATEGIES = ("fixed", "partial", "full", "progressive", "scratch")
OPTIMISERS = ("adamw", "sgd", "lamb")
SCHEDULES = ("cosine", "constant", "step", "one-cycle", "cyclical", "plateau")
OBJECTIVES = (
    "normalised-softmax",
    "cross-entropy",
    "proxy-anchor",
    "arcface",
    "supervised-contrastive",
    "multi-similarity",
    "triplet-semihard",
    "triplet-hard",
)
BALANCES = ("none", "sampling", "weights")
TASK_WEIGHTS = ("fixed", "learnt")
PRESETS = ("none", "light", "standard", "strong", "street")
KEEP_COLOUR = "-keep-colour"
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
PRODUCT = "product"
"""The label that stands for the product's identity: photos of one product belong together."""


def _one_of(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"{what} {value!r} is none of {', '.join(known)}")


def _share(what: str, value: float, most: float = 1.0) -> None:
    if not 0.0 <= value < most:
        raise UsageError(f"{what} is a share from 0 to below {most:g}, not {value}")


@dataclass(frozen=True, slots=True)
class Transfer:
    """What of the pre-trained network moves, and when.

    strategy: ``fixed`` (the backbone stays, new layers learn), ``partial`` (the first stages stay), ``full``,
        ``progressive`` (stages are unfrozen from the top on a schedule: Howard & Ruder, 2018), or ``scratch``
        (random weights; the control that says what the transfer was worth).
    frozen_stages: of ``partial``: how many stages from the input stay; None: half of them.
    layer_decay: every stage learns at this share of the rate of the one above it (discriminative
        fine-tuning, Howard & Ruder, 2018); 1 is the same rate everywhere.
    freeze_norm_statistics: batch norms keep the running mean and variance of the pre-training.
    head_epochs: so many first epochs train the new layers alone.
    unfreeze_every: of ``progressive``: epochs between two stages; None spreads them over the first half.
    """

    strategy: str = "fixed"
    frozen_stages: int | None = None
    layer_decay: float = 0.7
    freeze_norm_statistics: bool = True
    head_epochs: int = 1
    unfreeze_every: int | None = None

    def __post_init__(self) -> None:
        _one_of("strategy", self.strategy, STRATEGIES)
        if not 0.0 < self.layer_decay <= 1.0:
            raise UsageError(f"layer decay is a share above 0 and up to 1, not {self.layer_decay}")
        if self.head_epochs < 0 or (self.frozen_stages is not None and self.frozen_stages < 0):
            raise UsageError("head epochs and frozen stages cannot be below 0")
        if self.unfreeze_every is not None and self.unfreeze_every < 1:
            raise UsageError("a stage is unfrozen every 1 or more epochs")


@dataclass(frozen=True, slots=True)
class Optimisation:
    """optimiser: ``adamw``, ``sgd`` (Nesterov, momentum .9) or ``lamb`` (layer-wise adaptive: You et al.,
    2020). rate: peak rate of the top stage. new_rate: of new layers and proxies. weight_decay: not of norms
    and
        biases.
    schedule: ``cosine``, ``constant``, ``step`` (a tenth after 60 % and 85 %), ``one-cycle``, ``cyclical``
        (triangular: Smith, 2017) or ``plateau`` (a third after two epochs without progress on validation).
    warmup: share of all steps that the rate rises in. cycles: of ``cyclical``. clip: gradients are scaled to
        this norm at most.
    accumulate: batches per step of the optimiser.
    precision: ``auto`` is bfloat16 where the device computes in it fast.
    checkpointing: recompute activations instead of keeping them (less memory, about a third more time).
    """

    optimiser: str = "adamw"
    rate: float = 3e-4
    new_rate: float = 3e-3
    weight_decay: float = 1e-2
    schedule: str = "cosine"
    warmup: float = 0.1
    cycles: int = 3
    clip: float = 5.0
    accumulate: int = 1
    precision: str = "auto"
    checkpointing: bool = False

    def __post_init__(self) -> None:
        _one_of("optimiser", self.optimiser, OPTIMISERS)
        _one_of("schedule", self.schedule, SCHEDULES)
        _one_of("precision", self.precision, PRECISIONS)
        _share("warm-up", self.warmup)
        if min(self.rate, self.new_rate) <= 0 or self.weight_decay < 0 or self.clip <= 0:
            raise UsageError("rates and clip must be above 0, weight decay not below 0")
        if self.accumulate < 1 or self.cycles < 1:
            raise UsageError("accumulate and cycles must be at least 1")


@dataclass(frozen=True, slots=True)
class Goal:
    """What is learnt, and how it is judged while learning.

    labels: columns of the catalogue, or ``product`` for the product's identity; several are a multi-task.
    objective: see ``objectives``. temperature: of the softmax objectives, ArcFace and the supervised
        contrastive one. margin: of ArcFace (degrees), Proxy-Anchor and the triplets; None takes each one's
        own. memory: photos remembered across batches for pairwise objectives (cross-batch memory: Wang et
        al., 2020); 0 is none.
    task_weights: ``fixed`` (equal) or ``learnt`` by uncertainty (Kendall, Gal & Cipolla, 2018).
    label_smoothing: of cross-entropy and normalised softmax.
    balance: what is done about rare values: ``none``, ``sampling`` or ``weights`` (of the classes).
    aspect: the aspect that learns. own_aspects: every label instead gets an aspect of its own, named after
        it. dims: width of the learnt block.
    """

    labels: tuple[str, ...] = ("category",)
    objective: str = "normalised-softmax"
    temperature: float = 0.05
    margin: float | None = None
    memory: int = 0
    task_weights: str = "fixed"
    label_smoothing: float = 0.0
    balance: str = "none"
    aspect: str = "shape"
    own_aspects: bool = False
    dims: int = 256

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise UsageError("name at least one label, each once")
        _one_of("objective", self.objective, OBJECTIVES)
        _one_of("task weights", self.task_weights, TASK_WEIGHTS)
        _one_of("balance", self.balance, BALANCES)
        _share("label smoothing", self.label_smoothing)
        if self.temperature <= 0 or self.dims < 2 or self.memory < 0:
            raise UsageError("temperature must be above 0, dims at least 2, memory not below 0")
        if self.task_weights != "fixed" and len(self.labels) == 1:
            raise UsageError(
                f"task weights weigh several labels, and there is one, {self.labels[0]}; name more, or take "
                "fixed"
            )


@dataclass(frozen=True, slots=True)
class Regularisation:
    """dropout: on pooled features. drop_path: stochastic depth (Huang et al., 2016), where the network has
    it. l2sp: pull towards the pre-trained weights (Li, Grandvalet & Davoine, 2018).
    ema: decay of the moving average of weights that is kept instead of the last ones; 0 is none.
    swa: the average of the weights at the ends of the last quarter of the epochs (Izmailov et al., 2018).
    patience: epochs without progress on validation after which it stops; None never stops early.
    """

    dropout: float = 0.0
    drop_path: float = 0.0
    l2sp: float = 0.0
    ema: float = 0.0
    swa: bool = False
    patience: int | None = None

    def __post_init__(self) -> None:
        _share("dropout", self.dropout)
        _share("drop path", self.drop_path)
        _share("EMA decay", self.ema)
        if self.l2sp < 0 or (self.patience is not None and self.patience < 1):
            raise UsageError("L2-SP cannot be below 0, patience not below 1")
        if self.swa and self.patience is not None:
            raise UsageError("the average of the last epochs (swa) needs all of them; leave patience out")
        if self.ema and self.swa:
            raise UsageError("take a moving average (ema) or the last epochs' (swa), not both")


@dataclass(frozen=True, slots=True)
class Augmentation:
    """preset: ``none``, ``light``, ``standard``, ``strong`` or ``street``, each also with ``-keep-colour``.
    mixup (Zhang et al., 2018), cutmix (Yun et al., 2019): their Beta parameter; 0 is none; with class
        objectives only. erasing: chance that a rectangle is erased (Zhong et al., 2020).
    """

    preset: str = "standard-keep-colour"
    mixup: float = 0.0
    cutmix: float = 0.0
    erasing: float = 0.0

    def __post_init__(self) -> None:
        known = [*PRESETS, *(f"{name}{KEEP_COLOUR}" for name in PRESETS if name != "none")]
        _one_of("augmentation", self.preset, known)
        if min(self.mixup, self.cutmix) < 0:
            raise UsageError("mixup and CutMix cannot be below 0")
        _share("erasing", self.erasing)


@dataclass(frozen=True, slots=True)
class Batches:
    """photos: of a batch. per_class: with pairwise objectives a batch is P classes × so many photos (K).
    epochs: passes over the training photos. side: pixels of a training photo's longer edge; None takes the
        network's own input size.
    """

    photos: int = 64
    per_class: int = 4
    epochs: int = 10
    side: int | None = None

    def __post_init__(self) -> None:
        if self.photos < 2 or self.per_class < 2 or self.epochs < 1:
            raise UsageError("a batch has at least 2 photos, 2 per class, and a run at least 1 epoch")
        if self.side is not None and not 32 <= self.side <= 1024:
            raise UsageError(f"training photos have 32 to 1024 pixels, not {self.side}")


@dataclass(frozen=True, slots=True)
class Settings:
    """One fine-tuning, whole. seed: of order, augmentation, dropout and new layers."""

    transfer: Transfer = field(default_factory=Transfer)
    optimisation: Optimisation = field(default_factory=Optimisation)
    goal: Goal = field(default_factory=Goal)
    regularisation: Regularisation = field(default_factory=Regularisation)
    augmentation: Augmentation = field(default_factory=Augmentation)
    batches: Batches = field(default_factory=Batches)
    seed: int = 7

    def __post_init__(self) -> None:
        mixes = self.augmentation.mixup or self.augmentation.cutmix
        if mixes and self.goal.objective not in ("normalised-softmax", "cross-entropy"):
            raise UsageError(
                f"mixup and CutMix blend labels, which {self.goal.objective} cannot use; take "
                "normalised-softmax or cross-entropy"
            )

        if self.transfer.strategy == "fixed":
            self._check_fixed()

    def _check_fixed(self) -> None:
        """What needs photos or a learning backbone would silently do nothing."""
        asked = {
            "mixup": self.augmentation.mixup,
            "CutMix": self.augmentation.cutmix,
            "erasing": self.augmentation.erasing,
            "a side": self.batches.side,
            "L2-SP": self.regularisation.l2sp,
            "drop path": self.regularisation.drop_path,
            "checkpointing": self.optimisation.checkpointing,
            "learning norms' statistics": not self.transfer.freeze_norm_statistics,
        }
        for what, value in asked.items():
            if value:
                raise UsageError(
                    f"the strategy fixed learns from stored vectors, so {what} would do nothing; leave it "
                    "out, or take "
                    "partial, full or progressive"
                )

    def as_json(self) -> dict[str, Any]:
        """Plain values, nested as the fields are."""
        found = asdict(self)
        found["goal"]["labels"] = list(self.goal.labels)
        return found

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Settings:
        """The inverse of ``as_json``; UsageError for a key that this version does not know."""
        parts: dict[str, type] = {
            "transfer": Transfer,
            "optimisation": Optimisation,
            "goal": Goal,
            "regularisation": Regularisation,
            "augmentation": Augmentation,
            "batches": Batches,
        }
        made: dict[str, Any] = {}
        for name, part in value.items():
            if name == "seed":
                made[name] = int(part)
                continue
            if name not in parts:
                raise UsageError(f"the settings of a fine-tuning have no part {name!r}")
            known = {f.name for f in fields(parts[name])}
            strange = sorted(set(part) - known)
            if strange:
                raise UsageError(f"the settings' part {name!r} has no {', '.join(strange)}")
            given = {key: tuple(v) if isinstance(v, list) else v for key, v in part.items()}
            made[name] = parts[name](**given)
        return cls(**made)
