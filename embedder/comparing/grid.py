"""What a comparison runs: methods, shares of the labels and seeds, as cells in the order in which they run.

Light: the command line reads the names from here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from data.errors import UsageError
from embedder.finetuning.settings import STRATEGIES, Augmentation, Batches, Goal, Settings, Transfer

FORMAT = 1
"""Of a cell's file; results of another format are never mixed with these."""
CELLS = "cells"
"""Under a report's folder, finished cells lie here."""
FROZEN, INDEXED, SCRATCH = "frozen", "indexed", "scratch"
UNTRAINED = ("colour", "random", FROZEN, "frozen-max", INDEXED)
SNAPSHOTS, SOUP, JOINED = "snapshots", "soup", "joined"
TRAINED = (*STRATEGIES, SNAPSHOTS)
"""Those with a training of their own."""
MEMBERS: Mapping[str, tuple[str, ...]] = {SOUP: ("partial", "full", "progressive"), JOINED: STRATEGIES}
"""What is made of finished trainings of the same share and seed, and of which."""
FEWEST: Mapping[str, int] = {SOUP: 2, JOINED: 1}
LEARNT = (*TRAINED, *MEMBERS)
TRANSFERRED = tuple(name for name in LEARNT if name != SCRATCH)
"""Those that begin from the pre-trained weights."""
METHODS = (*UNTRAINED, *LEARNT)
DEFAULT_METHODS = tuple(name for name in METHODS if name not in (INDEXED, SNAPSHOTS))
ON_BACKBONE = tuple(name for name in METHODS if name not in ("colour", FROZEN, INDEXED, "fixed"))
"""Methods that need the network itself, not only the vectors that a shop holds."""
SHARES = (1.0, 5.0, 25.0, 100.0)
K_FOLD = "k-fold"
SPLITS = ("stratified", "class-disjoint", "time", K_FOLD)
EPOCHS, FIXED_EPOCHS, FIXED_BATCH = 6, 25, 256
WHAT: Mapping[str, str] = {
    "colour": "the histogram of colours over the palette alone, no network",
    "random": "the untrained backbone: random weights",
    FROZEN: "the pre-trained embedder's aspect as it is",
    "frozen-max": "the pre-trained backbone with global max-pooling alone, as the usual tutorial has it",
    INDEXED: "the vectors that the shop holds, at the embedder's own side of photos",
    "fixed": "a new head on frozen features",
    "partial": "a new head, and the upper half of the stages learns",
    "full": "a new head, and every stage learns",
    "progressive": "a new head, and the stages are unfrozen one by one from the top",
    SCRATCH: "the same network and head from random weights",
    SNAPSHOTS: "like full with a cyclical schedule; the weights at the ends of its cycles are averaged",
    SOUP: "the average of the weights of partial, full and progressive of the same share and seed",
    JOINED: "the frozen aspect and the best training of the share and seed (by validation) side by side, "
    "by principal components as wide as a head",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing to run: a method, and for one that learns the share of the labels (per cent) and the seed."""

    method: str
    share: float | None = None
    seed: int | None = None

    @property
    def trained(self) -> bool:
        """Whether it learns."""
        return self.share is not None

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.method} at {self.share:g} %, seed {self.seed}" if self.trained else self.method

    @property
    def slug(self) -> str:
        """For file names."""
        return f"{self.method}-{self.share:g}-seed{self.seed}" if self.trained else self.method


@dataclass(frozen=True, slots=True)
class Entry:
    """A method at a share of the labels, over all seeds; no share for one that learns nothing."""

    method: str
    share: float | None = None

    @property
    def words(self) -> str:
        """For people."""
        return self.method if self.share is None else f"{self.method} at {self.share:g} %"


def _prototype() -> Settings:
    return Settings(transfer=Transfer("full"), batches=Batches(epochs=EPOCHS))


@dataclass(frozen=True, slots=True)
class Design:
    """A comparison's design.

    settings: what all cells have in common: labels, aspect, objective, optimisation, side and epochs of those
        that learn from photos, and the first seed. Its own strategy does not count, but cannot be ``fixed``.
    also: labels that nothing is taught, measured on the same vectors.
    methods: see ``WHAT``; ``frozen`` is always among them. shares: of the labelled training products, per
        cent. seeds: how many; each has a split of its own, and all methods of a seed share it.
    split: ``stratified``, ``class-disjoint`` or ``time``; or ``k-fold``: the seeds are the folds, seed number
        i tests fold i, and together they test every product once.
    """

    settings: Settings = field(default_factory=_prototype)
    also: tuple[str, ...] = ()
    methods: tuple[str, ...] = DEFAULT_METHODS
    shares: tuple[float, ...] = SHARES
    seeds: int = 3
    split: str = "stratified"

    def __post_init__(self) -> None:
        unknown = [name for name in self.methods if name not in METHODS]
        if unknown or not self.methods:
            raise UsageError(f"there is no method {', '.join(unknown)}; there are {', '.join(METHODS)}")
        if not self.shares or not all(0.0 < share <= 100.0 for share in self.shares):
            raise UsageError("shares of the labels are per cent, above 0 and up to 100")
        if self.seeds < 1:
            raise UsageError("a comparison has at least one seed")
        self._check_combined()
        if self.split not in SPLITS:
            raise UsageError(f"there is no split {self.split!r}; there are {', '.join(SPLITS)}")
        if self.split == K_FOLD and self.seeds < 2:
            raise UsageError("with the split k-fold every seed is a fold: take at least 2 seeds")
        twice = sorted({label for label in self.all_labels if self.all_labels.count(label) > 1})
        if twice:
            raise UsageError(f"{', '.join(twice)}: a label is either learnt or only measured, and named once")
        if self.settings.transfer.strategy == "fixed":
            raise UsageError("the settings of a comparison are of photos; their strategy cannot be fixed")

    def _check_combined(self) -> None:
        """Raises UsageError for a method whose members are not there."""
        for name, fewest in FEWEST.items():
            if name in self.methods and len(set(MEMBERS[name]) & set(self.methods)) < fewest:
                raise UsageError(
                    f"{name} is made of at least {fewest} of {', '.join(MEMBERS[name])}; compare them too"
                )
        s = self.settings
        if SNAPSHOTS in self.methods and min(s.batches.epochs, s.optimisation.cycles) < 2:
            raise UsageError(f"{SNAPSHOTS} averages the ends of 2 cycles or more; take 2 epochs or more")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that are learnt."""
        return self.settings.goal.labels

    @property
    def all_labels(self) -> tuple[str, ...]:
        """The labels that are measured."""
        return (*self.labels, *self.also)

    @property
    def main_share(self) -> float:
        """The largest share: what verdicts are about."""
        return max(self.shares)

    @property
    def seed_numbers(self) -> tuple[int, ...]:
        """The seeds."""
        return tuple(range(self.settings.seed, self.settings.seed + self.seeds))

    @property
    def untrained(self) -> tuple[str, ...]:
        """The methods without a training, in the order of ``METHODS``."""
        return tuple(name for name in UNTRAINED if name in self.methods or name == FROZEN)

    @property
    def trained(self) -> tuple[str, ...]:
        """The methods that learn, or are made of such, in the order of ``METHODS``."""
        return tuple(name for name in LEARNT if name in self.methods)

    def members(self, cell: Cell) -> tuple[Cell, ...]:
        """The cells that a combined one can be made of; nothing for any other."""
        names = (name for name in MEMBERS.get(cell.method, ()) if name in self.methods)
        return tuple(Cell(name, cell.share, cell.seed) for name in names)

    def is_member(self, cell: Cell) -> bool:
        """Whether a combined cell of this design can be made of this one."""
        return any(name in self.methods and cell.method in names for name, names in MEMBERS.items())

    @property
    def whole(self) -> bool:
        """Whether no further method could be named that is made of trainings, or that they are made of."""
        return {*MEMBERS, *STRATEGIES} <= set(self.methods)

    def cells(self) -> tuple[Cell, ...]:
        """All cells, such that stopping anywhere leaves a balanced table.

        Untrained methods first (one cell each), then every method at the largest share, then the smaller
        shares from the smallest on, each for the first seed; then the same for the other seeds.
        """
        main = self.main_share
        shares = (main, *sorted(set(self.shares) - {main}))
        learning = (
            Cell(name, share, seed) for seed in self.seed_numbers for share in shares for name in self.trained
        )
        return (*(Cell(name) for name in self.untrained), *learning)

    def settings_of(self, cell: Cell) -> Settings:
        """The whole settings of a cell that learns.

        ``fixed`` learns from vectors: photos are not augmented, and it has ``FIXED_EPOCHS`` (seconds).
        """
        s = self.settings
        seed = s.seed if cell.seed is None else cell.seed
        if cell.method == SNAPSHOTS:
            cyclical = replace(s.optimisation, schedule="cyclical")
            # All cycles are needed, so it never stops early.
            s = replace(s, optimisation=cyclical, regularisation=replace(s.regularisation, patience=None))
        transfer = replace(s.transfer, strategy="full" if cell.method == SNAPSHOTS else cell.method)
        if cell.method != "fixed":
            head_epochs = min(s.transfer.head_epochs, s.batches.epochs - 1)
            return replace(s, seed=seed, transfer=replace(transfer, head_epochs=head_epochs))
        return replace(
            s,
            seed=seed,
            transfer=transfer,
            augmentation=Augmentation("none"),
            regularisation=replace(s.regularisation, l2sp=0.0, drop_path=0.0),
            optimisation=replace(s.optimisation, checkpointing=False),
            batches=replace(s.batches, photos=FIXED_BATCH, epochs=FIXED_EPOCHS, side=None),
        )

    def digest(self, cell: Cell, space: str, data: str) -> str:
        """Names a cell's result, unless it is a combined one: by everything that could make it another one.

        space: of the embedder it begins from. data: a digest of photos, labels and splits.
        """
        text = {
            "format": FORMAT,
            "method": cell.method,
            "share": cell.share,
            "space": space,
            "data": data,
            "aspect": self.settings.goal.aspect,
            "side": self.settings.batches.side,
            "seed": self.settings.seed if cell.seed is None else cell.seed,
            "settings": self.settings_of(cell).as_json() if cell.trained else None,
        }
        return hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return {
            "labels": list(self.labels),
            "also": list(self.also),
            "methods": [*self.untrained, *self.trained],
            "shares": sorted(self.shares),
            "seeds": list(self.seed_numbers),
            "split": self.split,
            "fixed_epochs": FIXED_EPOCHS,
            "settings": self.settings.as_json(),
        }


def design_of(
    labels: tuple[str, ...], aspect: str, epochs: int = EPOCHS, side: int | None = None, seed: int = 7
) -> Design:
    """The usual design for some labels; the rest by ``dataclasses.replace``."""
    usual = _prototype()
    return Design(
        replace(
            usual,
            goal=Goal(labels=labels, aspect=aspect),
            batches=replace(usual.batches, epochs=epochs, side=side),
            seed=seed,
        )
    )
