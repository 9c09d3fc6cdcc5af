"""The settings of a fine-tuning that a search may vary, by the names that the command line gives them."""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import UsageError
from embedder.finetuning.settings import (
    BALANCES,
    KEEP_COLOUR,
    OBJECTIVES,
    OPTIMISERS,
    PRESETS,
    SCHEDULES,
    STRATEGIES,
    TASK_WEIGHTS,
    Settings,
)

Value = float | int | str | bool
Range = tuple[float, float]

SOFTMAX = ("normalised-softmax", "cross-entropy")
PAIRWISE = ("supervised-contrastive", "multi-similarity", "triplet-semihard", "triplet-hard")
LEARNING = tuple(name for name in STRATEGIES if name != "fixed")
"""The strategies whose backbone learns, from photos."""
AUGMENTED = ("light", "standard", "strong")


@dataclass(frozen=True, slots=True)
class Needed:
    """What another setting must be for one to do anything."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Knob:
    """Where a setting lies, and what it takes.

    part, field: of ``Settings``. kind: float, int, str or bool. usual: the range it is varied in where none
    is given; None: there is none. log: it is varied by factors. words: the values it takes where none are
    given, instead of a range. needs: without which it does nothing.
    """

    part: str
    field: str
    kind: type[Value]
    usual: Range | None = None
    log: bool = False
    words: tuple[Value, ...] = ()
    needs: Needed | None = None


_PHOTOS = Needed("strategy", LEARNING)
_STAGES = Needed("strategy", tuple(name for name in LEARNING if name != "scratch"))

KNOBS: dict[str, Knob] = {
    "strategy": Knob("transfer", "strategy", str, words=STRATEGIES),
    "frozen-stages": Knob("transfer", "frozen_stages", int, (0, 4), needs=Needed("strategy", ("partial",))),
    "layer-decay": Knob("transfer", "layer_decay", float, (0.5, 1.0), needs=_STAGES),
    "head-epochs": Knob("transfer", "head_epochs", int, (0, 3), needs=_STAGES),
    "unfreeze-every": Knob("transfer", "unfreeze_every", int, needs=Needed("strategy", ("progressive",))),
    "optimiser": Knob("optimisation", "optimiser", str, words=OPTIMISERS),
    "rate": Knob("optimisation", "rate", float, (3e-5, 3e-3), log=True, needs=_PHOTOS),
    "new-rate": Knob("optimisation", "new_rate", float, (3e-4, 3e-2), log=True),
    "weight-decay": Knob("optimisation", "weight_decay", float, (1e-4, 1e-1), log=True),
    "schedule": Knob("optimisation", "schedule", str, words=SCHEDULES),
    "warmup": Knob("optimisation", "warmup", float, (0.0, 0.3)),
    "cycles": Knob("optimisation", "cycles", int, (2, 5), needs=Needed("schedule", ("cyclical",))),
    "clip": Knob("optimisation", "clip", float, (0.5, 10.0), log=True),
    "accumulate": Knob("optimisation", "accumulate", int, words=(1, 2, 4)),
    "objective": Knob("goal", "objective", str, words=OBJECTIVES),
    "temperature": Knob(
        "goal",
        "temperature",
        float,
        (0.02, 0.2),
        log=True,
        needs=Needed("objective", (*SOFTMAX, "arcface", "supervised-contrastive")),
    ),
    "margin": Knob(
        "goal",
        "margin",
        float,
        needs=Needed("objective", ("arcface", "proxy-anchor", "triplet-semihard", "triplet-hard")),
    ),
    "memory": Knob("goal", "memory", int, words=(0, 512, 2048), needs=Needed("objective", PAIRWISE)),
    "task-weights": Knob("goal", "task_weights", str, words=TASK_WEIGHTS),
    "label-smoothing": Knob("goal", "label_smoothing", float, (0.0, 0.2), needs=Needed("objective", SOFTMAX)),
    "balance": Knob("goal", "balance", str, words=BALANCES),
    "dims": Knob("goal", "dims", int, words=(64, 128, 256)),
    "dropout": Knob("regularisation", "dropout", float, (0.0, 0.5)),
    "drop-path": Knob("regularisation", "drop_path", float, (0.0, 0.3), needs=_PHOTOS),
    "l2sp": Knob("regularisation", "l2sp", float, (1e-5, 1e-1), log=True, needs=_PHOTOS),
    "ema": Knob("regularisation", "ema", float, words=(0.0, 0.9, 0.99)),
    "swa": Knob("regularisation", "swa", bool, words=(False, True)),
    "patience": Knob("regularisation", "patience", int),
    "augment": Knob("augmentation", "preset", str, needs=_PHOTOS),
    "mixup": Knob("augmentation", "mixup", float, (0.0, 1.0), needs=_PHOTOS),
    "cutmix": Knob("augmentation", "cutmix", float, (0.0, 1.0), needs=_PHOTOS),
    "erasing": Knob("augmentation", "erasing", float, (0.0, 0.5), needs=_PHOTOS),
    "batch": Knob("batches", "photos", int, words=(32, 64, 128)),
    "per-class": Knob("batches", "per_class", int, words=(2, 4, 8), needs=Needed("objective", PAIRWISE)),
    "epochs": Knob("batches", "epochs", int),
    "side": Knob("batches", "side", int, needs=_PHOTOS),
}

ON_VECTORS = ("new-rate", "temperature", "dims", "dropout", "weight-decay")
ON_PHOTOS = ("rate", "layer-decay", "new-rate", "temperature", "dropout", "augment", "label-smoothing")
"""What matters most, and is varied where nothing else is named."""


def knob_of(name: str) -> Knob:
    """By its name; UsageError with all names for one that there is not."""
    if name not in KNOBS:
        raise UsageError(f"there is no setting {name!r} to vary; there are {', '.join(KNOBS)}")
    return KNOBS[name]


def value_in(settings: Settings, name: str) -> Value | None:
    """What a setting is."""
    knob = knob_of(name)
    found: Value | None = getattr(getattr(settings, knob.part), knob.field)
    return found


def idle(name: str, settings: Settings) -> Needed | None:
    """What a setting lacks to do anything in these settings; None where it does something."""
    needs = knob_of(name).needs
    return needs if needs is not None and value_in(settings, needs.name) not in needs.values else None


def usual_words(name: str, settings: Settings) -> tuple[Value, ...]:
    """The values to choose from where none are given; the settings' own one is among them."""
    own = value_in(settings, name)
    words: tuple[Value, ...] = knob_of(name).words
    if name == "augment":
        ending = "" if own in AUGMENTED or own == "street" else KEEP_COLOUR
        words = tuple(f"{preset}{ending}" for preset in PRESETS if preset in AUGMENTED)
    if not words or own is None or own in words:
        return words
    return (own, *words)
