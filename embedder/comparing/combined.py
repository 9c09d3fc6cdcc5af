"""A cell that is made of finished trainings of the same share and seed: their average, or the best of them
beside the frozen embedder."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import VitrineError
from embedder.comparing.answers import CellResult
from embedder.comparing.averaging import average_into
from embedder.comparing.cell import Bench
from embedder.comparing.grid import FEWEST, FORMAT, FROZEN, MEMBERS, SOUP, Cell
from embedder.comparing.store import State
from embedder.finetuning.subject import Subject
from embedder.joining import Joining
from embedder.projection import Projection, fit_pca, unit

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """members: those of its members that are finished, in the order of effort. digests: of all cells."""

    bench: Bench
    cell: Cell
    members: Mapping[Cell, CellResult]
    digests: Mapping[Cell, str]

    @classmethod
    def of(
        cls, bench: Bench, cell: Cell, results: Mapping[Cell, CellResult], digests: Mapping[Cell, str]
    ) -> Combination:
        """Of the results that there are by now."""
        members = {one: results[one] for one in bench.design.members(cell) if one in results}
        return cls(bench, cell, members, digests)

    @property
    def digest(self) -> str:
        """Names the result: by what names those of its members."""
        parts = [FORMAT, self.cell.method, *(self.digests[member] for member in self.members)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def run(self, tell: Tell) -> CellResult:
        """Makes and measures it. Raises OutOfTime; VitrineError where too few members finished, their weights
        are not kept any more, or they cannot be averaged."""
        method, fewest = self.cell.method, FEWEST[self.cell.method]
        if len(self.members) < fewest:
            finished = ", ".join(cell.method for cell in self.members) or "none"
            raise VitrineError(
                f"it is made of at least {fewest} of {', '.join(MEMBERS[method])}; finished: {finished}"
            )
        return self._soup(tell) if method == SOUP else self._joined(tell)

    @property
    def _seed(self) -> int:
        if self.cell.seed is None:
            raise ValueError("a combined cell has a seed")
        return self.cell.seed

    def _soup(self, tell: Tell) -> CellResult:
        bench, cells = self.bench, tuple(self.members)
        states = {cell.words: self._state(cell) for cell in cells}
        subject = bench.subject(cells[0], tell)
        began = time.perf_counter()
        tell(f"averaging {', '.join(cell.method for cell in cells)}")
        transfer = bench.design.settings_of(cells[0]).transfer
        average_into(subject, states, transfer, self._every())
        seconds = time.perf_counter() - began
        blocks = bench.embedded(subject, bench.material.measured(self._seed))
        return self._result(blocks, cells, [cell.method for cell in cells], seconds)

    def _joined(self, tell: Tell) -> CellResult:
        bench, best = self.bench, chosen(self.members)
        subject = self._restored(best, tell)
        rows = bench.material.measured(self._seed)
        began = time.perf_counter()
        fitted = self._sample()
        tell(f"joining {FROZEN} and {best.method}: principal components of {len(fitted)} photos")
        learnt = bench.embedded(subject, fitted)
        before = bench.frozen(fitted, tell)
        projections = [projected(beside(before, block), bench.design.settings.goal.dims) for block in learnt]
        seconds = time.perf_counter() - began
        frozen = bench.frozen(rows, tell)
        blocks = [
            projection.apply(beside(frozen, block))
            for projection, block in zip(projections, bench.embedded(subject, rows), strict=True)
        ]
        return self._result(blocks, (best,), [FROZEN, best.method], seconds)

    def _result(
        self, blocks: list[Floats], cells: tuple[Cell, ...], names: list[str], seconds: float
    ) -> CellResult:
        """cells: those of whose trainings it is made. names: of all that it is made of. seconds: its own."""
        first = self.members[cells[0]]
        return CellResult(
            cell=self.cell,
            dims=blocks[0].shape[1],
            photos=first.photos,
            products=first.products,
            answers={self._seed: self.bench.answers(blocks, self.bench.material.measured(self._seed))},
            seconds=seconds + sum(self.members[cell].seconds for cell in cells),
            members=tuple(names),
        )

    def _every(self) -> Rows:
        """All training photos of the seed, of whatever share: what needs no labels may look at them."""
        every, _, _ = self.bench.material.held[self._seed].rows()
        return every

    def _sample(self) -> Rows:
        """Those of them that principal components are fitted on."""
        order = np.random.default_rng(self._seed).permutation(self._every())
        return np.sort(order[: Joining().sample])

    def _restored(self, cell: Cell, tell: Tell) -> Subject:
        """What a member trained, with its best weights."""
        state = self._state(cell)
        subject = self.bench.subject(cell, tell)
        subject.learner.load_state_dict(state)
        return subject

    def _state(self, cell: Cell) -> State:
        state = self.bench.store.weights(cell, self.digests[cell])
        if state is None:
            path = self.bench.store.path(cell, self.digests[cell])
            raise VitrineError(
                f"the weights of {cell.words} are not kept: it was finished when nothing needed them; "
                f"compare into another folder (--report), or delete {path} and it is trained again"
            )
        return state


def chosen(members: Mapping[Cell, CellResult]) -> Cell:
    """The training whose best epoch was the best on validation; of equal ones the first."""
    return max(members, key=lambda cell: members[cell].course[members[cell].best - 1].value)


def beside(frozen: Floats, learnt: Floats) -> Floats:
    """Blocks (n, d₁) and (n, d₂) side by side with the same share each, as a joined embedder has them."""
    half = np.sqrt(np.float32(0.5))
    return np.concatenate([half * unit(frozen), half * unit(learnt)], axis=1)


def projected(blocks: Floats, dims: int) -> Projection:
    """Principal components of joined blocks (n, d) where they are wider than ``dims``: so many, or as many as
    the photos can tell."""
    n, width = blocks.shape
    return Projection() if width <= dims else fit_pca(blocks, min(dims, max(1, n - 1)))


def forget(bench: Bench, cell: Cell, results: Mapping[Cell, CellResult], digests: Mapping[Cell, str]) -> None:
    """After a cell: lets go of the weights of its share and seed once all that is made of them is finished,
    unless further methods could be named that would need them."""
    every = [Cell(name, cell.share, cell.seed) for name in MEMBERS]
    if not bench.design.whole or not all(one in results for one in every):
        return
    for one in every:
        for member in bench.design.members(one):
            bench.store.drop_weights(member, digests[member])
