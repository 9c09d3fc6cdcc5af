"""Comparing ways to fit an embedder to a shop, or backbones as they are: `vitrine embedders compare`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import EmptyShop, UsageError
from data.photolimits import PhotoLimits
from embedder.comparing.grid import CELLS, DEFAULT_METHODS, EPOCHS, SHARES, Design, design_of
from service.answers import Json
from service.filling import encode, waits
from service.parts import Parts
from service.plain import plain
from service.progress import Step, Tell
from service.spaces import lasting_name, remember_space

if TYPE_CHECKING:
    from embedder.comparing.backbones import Backbones
    from embedder.comparing.comparison import Comparison
    from embedder.comparing.costs import Opening
    from embedder.comparing.deadline import Deadline
    from embedder.comparing.progress import Told
    from embedder.embedder import Embedder

WRITER = "vitrine embedders compare"
SEEDS = 3
LABELS = ("category",)


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """An order to compare.

    labels: columns that are learnt and measured, or ``product``. minutes: when they are over no cell is begun
    and a training is interrupted; None: until everything is done. report: folder of the report, or None for
    DIR/reports/compare-LABEL; what it holds of an earlier run is not run again.
    backbones: embedders to compare as they are instead; then nothing of what follows applies.
    also: labels that are only measured. embedder: what to begin from; None: the shop's own. methods, shares
    (per cent of the labels), seeds, split, epochs (of methods that learn from photos), side (pixels of their
    photos): of the design; None for the usual one.
    """

    labels: tuple[str, ...] = LABELS
    minutes: float | None = None
    report: Path | None = None
    backbones: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    embedder: str | None = None
    methods: tuple[str, ...] | None = None
    shares: tuple[float, ...] | None = None
    seeds: int | None = None
    split: str | None = None
    epochs: int | None = None
    side: int | None = None
    seed: int = 7

    def __post_init__(self) -> None:
        if self.minutes is not None and self.minutes <= 0:
            raise UsageError(f"a comparison gets more than {self.minutes:g} minutes, or no limit")
        if not self.labels or not all(label.strip() for label in self.labels + self.also):
            raise UsageError("a label is the name of a column, or 'product'; it cannot be empty")
        if self.backbones:
            self._check_backbones()
        else:
            self.design("shape")  # raises where it cannot be

    def design(self, aspect: str) -> Design:
        """The design that is asked for, on one aspect."""
        usual = design_of(self.labels, aspect, self.epochs or EPOCHS, self.side, self.seed)
        return replace(
            usual,
            also=self.also,
            methods=self.methods or DEFAULT_METHODS,
            shares=self.shares or SHARES,
            seeds=SEEDS if self.seeds is None else self.seeds,
            split=self.split or usual.split,
        )

    def _check_backbones(self) -> None:
        names = ("also", "embedder", "methods", "shares", "seeds", "split", "epochs", "side")
        strange = [name for name in names if getattr(self, name)]
        if strange:
            raise UsageError(
                f"backbones are compared as they are, so --{', --'.join(strange)} would do nothing; leave it "
                "out"
            )
        if len(set(self.backbones)) != len(self.backbones):
            raise UsageError("a backbone is named twice")


@dataclass(frozen=True, slots=True)
class CompareAnswer:
    """What was found, and where its report lies."""

    found: Comparison | Backbones
    folder: Path

    def as_json(self) -> Json:
        """The content of report.json, and the report's folder."""
        told: Json = plain(self.found)
        return {**told, "report": str(self.folder)}


def compare(parts: Parts, request: CompareRequest, tell: Tell) -> CompareAnswer:
    """Run what has no result yet, and write report.html and report.json.

    Raises EmptyShop; UsageError for labels, methods or embedders that cannot be; ShopBusy while photos must
    be encoded.
    """
    from embedder.comparing.deadline import Deadline
    from service.compare_report import write_report

    deadline = Deadline(request.minutes)
    if parts.shop.current_space() is None:
        raise EmptyShop("nothing is indexed yet; run `vitrine index CATALOGUE` first")
    kind = "backbones" if request.backbones else "compare"
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in "-".join((kind, *request.labels)))
    folder = request.report or parts.shop.directory / "reports" / name
    run = _backbones if request.backbones else _methods
    found = run(parts, request, folder, deadline, tell)
    tell(Step("reporting", 0))
    write_report(found, folder)
    return CompareAnswer(found, folder)


def _methods(
    parts: Parts, request: CompareRequest, folder: Path, deadline: Deadline, tell: Tell
) -> Comparison:
    from embedder.comparing.compare import compare as run
    from embedder.comparing.material import aspect_of

    base, spec = _filled(parts, request.embedder, tell)
    design = request.design(aspect_of(base))
    return run(parts.shop, base, design, folder, _opening(parts, spec), deadline, _step(tell))


def _backbones(
    parts: Parts, request: CompareRequest, folder: Path, deadline: Deadline, tell: Tell
) -> Backbones:
    from embedder.comparing.frozen import Candidate, Ground, compare_backbones
    from embedder.comparing.store import Store
    from embedder.registry import open_embedder

    store = Store(folder / CELLS)
    ground = Ground.read(parts.shop, parts.space(), request.labels, store, deadline)
    candidates = []
    for spec in request.backbones:
        opening = _opening(parts, lasting_name(parts, spec))
        open_it = partial(open_embedder, opening.spec, parts.models, runtime=parts.runtime)
        candidates.append(Candidate(spec, open_it, opening))
    return compare_backbones(ground, candidates, _step(tell))


def _filled(parts: Parts, wanted: str | None, tell: Tell) -> tuple[Embedder, str]:
    """An embedder (None: the shop's own) and its lasting name, after every photo has a vector of it."""
    from embedder.registry import open_embedder

    shop = parts.shop
    spec = parts.embedder_spec() if wanted is None else lasting_name(parts, wanted)
    base = open_embedder(spec, parts.models, runtime=parts.runtime)
    if base.space not in shop.spaces() or waits(shop, base.space):
        with shop.writer(WRITER):
            try:
                encode(shop, base, PhotoLimits(), tell)
            finally:
                if base.space in shop.spaces():
                    remember_space(shop, base, spec)
    return base, spec


def _opening(parts: Parts, spec: str) -> Opening:
    from embedder.comparing.costs import Opening

    return Opening(spec, parts.models, parts.runtime)


def _step(tell: Tell) -> Callable[[Told], None]:
    return lambda told: tell(Step("comparing", told.done, told.total, told.note))
