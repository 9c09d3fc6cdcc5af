"""What is asked of the engine to fine-tune an embedder. Beside ``service.requests``, as its settings take
longer to import than a question from the shell has.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from embedder.finetuning.settings import Settings as FinetuneSettings
from embedder.finetuning.space import Search, check_used


@dataclass(frozen=True, slots=True)
class FinetuneRequest:
    """An order to fine-tune an embedder on the shop.

    name: the new embedder's name under the shop's models.
    settings: what learns, from what, and how.
    embedder: what to start from; None: the shop's own.
    split: what is held out: "stratified", "class-disjoint" or "time"; or "k-fold" or "leave-one-out", and
        every photo is held out once, by a training of its own fold.
    resume: go on with an unfinished run of this name.
    device: "cpu", "cuda" or None for the best.
    search: how better settings are looked for first; None: they are taken as they are.
    folds: how many for "k-fold"; None: five.
    """

    name: str
    settings: FinetuneSettings = field(default_factory=FinetuneSettings)
    embedder: str | None = None
    split: str = "stratified"
    resume: bool = False
    device: str | None = None
    search: Search | None = None
    folds: int | None = None

    def __post_init__(self) -> None:
        check_used(self.settings, () if self.search is None else self.search.space)
