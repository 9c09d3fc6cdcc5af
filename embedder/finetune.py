"""Fine-tunes an embedder on a shop's own labels, and says honestly what it brought.

Strategy ``fixed``: the backbone stays as it is; a projection of one aspect is trained on its frozen features,
which are the vectors that the shop holds already. A fifth of the products is held out, and both embedders are
measured on them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import EmptyShop, UsageError
from data.shop import Shop
from embedder.embedder import Embedder, Floats
from embedder.export import check_name, save_embedder
from embedder.labelled import Labelled, labelled_photos
from embedder.pipeline import encode_pending
from embedder.projection import unit
from embedder.reduce import MODELS
from embedder.registry import open_embedder, open_folder
from embedder.split import Split, split_by_group
from embedder.tuning import Comparison, FinetuneReport, card, measure

STRATEGIES = ("fixed",)
HELD_OUT = 0.2
MOST_MEASURED = 4000

Tell = Callable[[str], None]


def finetune(
    shop: Shop,
    embedder: Embedder | None = None,
    *,
    label: str,
    name: str,
    strategy: str = "fixed",
    aspect: str = "shape",
    epochs: int = 25,
    seed: int = 0,
    progress: Tell | None = None,
) -> FinetuneReport:
    """Trains ``aspect`` towards ``label`` (``category`` or an attribute) and writes ``models/NAME`` in the
    shop.

    embedder: to start from; None takes the one the shop is indexed with. Photos without a vector in its space
    are encoded first. Raises UsageError for an unknown strategy, label or aspect, a name that is taken, one
    class only, or too few photos; EmptyShop for a shop without vectors.
    """
    began = time.perf_counter()
    tell = progress or _silent
    folder = check_name(shop.directory / MODELS, name)
    if strategy not in STRATEGIES:
        raise UsageError(f"strategy {strategy!r} is none of {', '.join(STRATEGIES)}")
    if epochs < 1:
        raise UsageError(f"{epochs} epochs teach nothing; take at least 1")
    base = embedder or _current(shop)
    tuned = _Tuned(base, aspect)
    tell("encoding what lacks a vector")
    encode_pending(shop, base)
    found = labelled_photos(shop, base.space, label)
    split = split_by_group(found.labels, found.groups, HELD_OUT, seed)
    matrix = _trained(found, split, tuned.block, epochs, seed, tell)
    tell("measuring on held-out products")
    rows = _sample(split, seed)
    report = FinetuneReport(
        name=name,
        space="",
        folder=folder,
        strategy=strategy,
        aspect=aspect,
        label=label,
        classes=len(found.classes),
        train_photos=int(split.train.sum()),
        held_out_photos=int(split.held_out.sum()),
        measured_photos=len(rows),
        unlabelled=found.unlabelled,
        rare=found.rare,
        epochs=epochs,
        seed=seed,
        comparison=tuned.compared(found, rows, matrix),
        seconds=0.0,
    )
    projection = base.projections[tuned.place].then(matrix)
    save_embedder(folder, base, {aspect: projection}, card(report, base.name, base.space, base.licence))
    space = open_folder(folder, name).space
    return replace(report, space=space, seconds=time.perf_counter() - began)


@dataclass(frozen=True)
class _Tuned:
    """The aspect that is tuned, in its embedder."""

    base: Embedder
    aspect: str

    def __post_init__(self) -> None:
        names = [aspect.name for aspect in self.base.config.network_aspects]
        if self.aspect not in names:
            raise UsageError(
                f"only what the network gives can be tuned: {', '.join(names)}; not {self.aspect!r}"
            )

    @property
    def place(self) -> int:
        """Among the network's outputs."""
        return [aspect.name for aspect in self.base.config.network_aspects].index(self.aspect)

    @property
    def block(self) -> slice:
        """Where its block lies in a vector."""
        return self.base.layout.slices[self.base.layout.names.index(self.aspect)]

    def compared(self, found: Labelled, rows: NDArray[np.int64], matrix: Floats) -> Comparison:
        """Both embedders measured on the same photos."""
        labels, groups = [found.labels[i] for i in rows], found.groups[rows]
        before = found.blocks[rows].astype(np.float32)
        after = unit(before[:, self.block] @ matrix)
        vectors = self.base.layout.scale(before)
        share = np.sqrt(self.base.layout.shares[self.base.layout.names.index(self.aspect)])
        rest = np.delete(vectors, np.arange(self.block.start, self.block.stop), axis=1)
        return Comparison(
            frozen=measure(before[:, self.block], labels, groups),
            tuned=measure(after, labels, groups),
            frozen_vector=measure(vectors, labels, groups),
            tuned_vector=measure(np.concatenate([rest, share * after], axis=1), labels, groups),
        )


def _trained(found: Labelled, split: Split, block: slice, epochs: int, seed: int, tell: Tell) -> Floats:
    from embedder.head import HeadSettings, train_head

    number = {value: i for i, value in enumerate(found.classes)}
    numbers = np.asarray([number[value] for value in found.labels], np.int64)
    return train_head(
        found.blocks[split.train][:, block].astype(np.float32),
        numbers[split.train],
        HeadSettings(epochs=epochs, seed=seed),
        lambda epoch, loss: tell(f"epoch {epoch} of {epochs}: loss {loss:.3f}"),
    )


def _sample(split: Split, seed: int) -> NDArray[np.int64]:
    """Rows of held-out photos to measure: all, or so many that comparing each with each stays cheap."""
    rows = np.flatnonzero(split.held_out)
    if len(rows) > MOST_MEASURED:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_MEASURED])
    return rows.astype(np.int64)


def _current(shop: Shop) -> Embedder:
    record = shop.current_space()
    if record is None:
        raise EmptyShop("nothing is indexed yet; run `vitrine index CATALOGUE` first")
    return open_embedder(record.embedder, shop.directory / MODELS)


def _silent(_: str) -> None:
    """Where nobody wants to know."""
