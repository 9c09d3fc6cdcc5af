"""Measures backbones as they are on a shop's labelled photos, each once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import VitrineError
from data.shop import Shop
from embedder.comparing.answers import CellResult, ask
from embedder.comparing.backbones import Backbone, Backbones, placed
from embedder.comparing.comparison import Unrun
from embedder.comparing.costs import Cost, Opening, network_cost
from embedder.comparing.deadline import Deadline, OutOfTime
from embedder.comparing.grid import FORMAT, Cell, Entry
from embedder.comparing.judging import family
from embedder.comparing.material import aspect_of
from embedder.comparing.progress import Tell, Told
from embedder.comparing.scores import Scores
from embedder.comparing.store import Store
from embedder.comparing.summary import mean_of
from embedder.embedder import Embedder
from embedder.finetuning.examples import Examples, read_examples
from embedder.finetuning.measuring import sampled
from embedder.finetuning.report import hardware
from embedder.runtime.choose import cuda_devices
from embedder.splits.groups import group_photos
from embedder.trained_on import caution

Floats = NDArray[np.float32]
SEED = 0
CHUNK = 64


@dataclass(frozen=True, slots=True)
class Candidate:
    """An embedder to compare: what it was called by, and how to open it, also from another process."""

    spec: str
    open: Callable[[], Embedder]
    opening: Opening


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A candidate's answers. fresh: whether they were had only now. caution: see ``Backbone``."""

    result: CellResult
    space: str
    aspect: str
    cost: Cost | None
    fresh: bool
    caution: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What every backbone is asked on. rows: the photos, of the examples. groups: of all examples."""

    shop: Shop
    examples: Examples
    rows: NDArray[np.int64]
    groups: NDArray[np.int64]
    store: Store
    deadline: Deadline

    @classmethod
    def read(cls, shop: Shop, space: str, labels: Sequence[str], store: Store, deadline: Deadline) -> Ground:
        """A shop's labelled photos, at most 4,000 of them drawn once and for all.

        space: one that the shop holds vectors of; it says which photos there are. Raises UsageError for
        labels that tell nothing apart.
        """
        examples = read_examples(shop, space, labels)
        layout = AspectLayout.from_json(shop.space(space).layout)
        vectors = layout.scale(examples.blocks.astype(np.float32))
        groups = group_photos(examples.products, examples.shas, vectors).numbers
        rows = sampled(np.arange(len(examples), dtype=np.int64), SEED)
        return cls(shop, examples, rows, groups, store, deadline)

    def ask(self, candidate: Candidate, told: Callable[[str], None]) -> _Asked:
        """A candidate's answers and costs, had now or known. Raises OutOfTime, VitrineError."""
        one = candidate.open()
        aspect = aspect_of(one)
        text = repr((FORMAT, one.space, aspect, self.examples.digest_key(), self.rows.tolist()))
        digest = hashlib.sha256(text.encode()).hexdigest()
        known = self.store.record("backbone", digest)
        if known is not None:
            result = CellResult.from_json(known | {"method": candidate.spec})
            cost = self._cost(one, candidate.opening)
            return _Asked(result, one.space, aspect, cost, False, self._caution(one, candidate.spec))
        blocks = self._blocks(one, told)[:, one.layout.slices[one.layout.names.index(aspect)]]
        groups = self.groups[self.rows]
        answers = {task.name: ask(blocks, task.rows(self.rows), groups) for task in self.examples.tasks}
        result = CellResult(Cell(candidate.spec), blocks.shape[1], 0, 0, {SEED: answers})
        self.store.keep_record("backbone", digest, result.as_json())
        cost = self._cost(one, candidate.opening)
        return _Asked(result, one.space, aspect, cost, True, self._caution(one, candidate.spec))

    def _caution(self, one: Embedder, spec: str) -> str | None:
        """What it had learnt of the products asked, where it was fine-tuned on them."""
        products = (self.examples.products[row] for row in self.rows.tolist())
        return caution(one, spec, products)

    def _cost(self, one: Embedder, opening: Opening) -> Cost | None:
        """What its network costs, measured once; None where the time is up."""
        digest = hashlib.sha256(json.dumps([one.space, opening.runtime]).encode()).hexdigest()
        known = self.store.record("cost-backbone", digest)
        if known is not None:
            return Cost.from_json(known)
        if self.deadline.over:
            return None
        found = network_cost(one, opening, None)
        self.store.keep_record("cost-backbone", digest, asdict(found))
        return found

    def _blocks(self, one: Embedder, told: Callable[[str], None]) -> Floats:
        """Unit blocks (n, d) of the photos asked: the shop's where it has all of them, else encoded now."""
        wanted = [self.examples.photo_ids[row] for row in self.rows.tolist()]
        if one.space in self.shop.spaces():
            held = {
                photo: vector
                for batch in self.shop.read_vectors(one.space)
                for photo, vector in zip(batch.photo_ids, batch.matrix, strict=True)
            }
            if all(photo in held for photo in wanted):
                return np.stack([held[photo] for photo in wanted]).astype(np.float32)
        paths = [self.examples.paths[row] for row in self.rows.tolist()]
        parts = []
        for start in range(0, len(paths), CHUNK):
            self.deadline.check()
            told(f"{start} of {len(paths)} photos")
            found, unusable = one.encode_files(paths[start : start + CHUNK])
            if unusable:
                where = paths[start + unusable[0].position]
                raise VitrineError(f"the photo {where} cannot be read any more: {unusable[0].detail}")
            parts.append(found)
        return np.concatenate(parts)


def compare_backbones(ground: Ground, candidates: Sequence[Candidate], tell: Tell) -> Backbones:
    """Measures every candidate on the same photos.

    One whose answers are known, or whose vectors the shop has, is not run again; one that fails is reported,
    and the others go on.
    """
    began = time.perf_counter()
    found: list[_Asked] = []
    unrun: list[Unrun] = []
    for candidate in candidates:

        def told(text: str, spec: str = candidate.spec) -> None:
            tell(Told(len(found), len(candidates), f"{spec}: {text}"))

        told("begins")
        try:
            found.append(ground.ask(candidate, told))
        except OutOfTime:
            unrun.append(Unrun(Cell(candidate.spec), "time"))
        except VitrineError as error:
            unrun.append(Unrun(Cell(candidate.spec), error.message))
    scores = Scores({one.result.cell: one.result for one in found}, {SEED: ground.rows}, ground.groups)
    entries = [Entry(one.result.cell.method) for one in found]
    labels = [task.name for task in ground.examples.tasks]
    return Backbones(
        labels=tuple(labels),
        photos=len(ground.rows),
        labelled=len(ground.examples),
        found=placed([_backbone(scores, one, labels) for one in found]),
        tests=family(scores, [(entry, entries[0]) for entry in entries[1:]], labels),
        unrun=tuple(unrun),
        ran=tuple(one.result.cell.method for one in found if one.fresh),
        hardware=hardware("cuda" if cuda_devices() else "cpu"),
        seconds=time.perf_counter() - began,
    )


def _backbone(scores: Scores, one: _Asked, labels: Sequence[str]) -> Backbone:
    spec = one.result.cell.method
    means = [mean for label in labels if (mean := mean_of(scores, Entry(spec), label)) is not None]
    quality = float(np.mean([mean.map_at_r.mean for mean in means])) if means else 0.0
    return Backbone(
        spec, one.space, one.aspect, one.result.dims, quality, tuple(means), one.cost, False, one.caution
    )
