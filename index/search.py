"""The index of a shop: search by looks over what the shop holds at this moment.

A ``CatalogueIndex`` points at one unchanging snapshot. ``refresh`` makes the next one (what changed in the
shop, or a newer generation) and swaps it in by one assignment: searches under way finish on the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import Damaged, EmptyShop, NoVector, SpaceMismatch, UsageError
from index.allowed import Allowed
from index.answer import answer
from index.blocks import unit
from index.delta import Delta
from index.filters import SlotTable
from index.generations import Generation, Generations
from index.hits import Hit
from index.objective import Weighted, make
from index.query import Example, Query
from index.snapshot import ProductVectors, Snapshot

if TYPE_CHECKING:
    from data.shop import Shop
    from data.table import ProductTable

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _View:
    """A snapshot, and the revision of the shop that it stands for."""

    snapshot: Snapshot
    revision: int


class CatalogueIndex:
    """Search over a shop. Every method may be called from any thread."""

    def __init__(
        self, shop: Shop, generations: Generations, view: _View, pointer: str, warnings: list[str]
    ) -> None:
        self._shop = shop
        self._generations = generations
        self._view = view
        self._warnings = warnings
        self._pointer = pointer
        self._changing = Lock()
        self._matching = Lock()
        self._slot_table: SlotTable | None = None

    @classmethod
    def open(cls, shop: Shop) -> CatalogueIndex:
        """The generation in use, or the last good one with a warning, and what changed since.

        Builds nothing. Raises EmptyShop where no photo has a vector yet, Damaged where there are generations
        and none is whole.
        """
        generations = Generations(shop.directory / "index")
        pointer = generations.current()
        loaded = generations.load()
        generation, warnings = loaded.generation, list(loaded.warnings)
        if generation is not None:
            start = _fresh(generation)
        else:
            space = shop.current_space()
            if space is None:
                raise EmptyShop("nothing is indexed in this shop yet; run vitrine index with a catalogue")
            layout = AspectLayout.from_json(space.layout)
            start = _View(Snapshot(None, Delta(layout.d), space.space, layout), 0)
        view = _advanced(shop, start)
        if generation is None:
            photos = view.snapshot.live_photos
            if not photos:
                raise EmptyShop(
                    "no photo of this shop has a vector yet; run vitrine index with a catalogue that has some"
                )
            warnings.append(
                f"no index is built yet: {photos} photos are compared straight from the shop's records; "
                "run vitrine index to build it"
            )
        return cls(shop, generations, view, pointer, warnings)

    @property
    def space(self) -> str:
        """Fingerprint of the embedder that made the vectors."""
        return self._view.snapshot.space

    @property
    def layout(self) -> AspectLayout:
        """The aspects of the vectors."""
        return self._view.snapshot.layout

    @property
    def generation(self) -> int:
        """Number of the generation in use; 0 before the first is built."""
        return self._view.snapshot.number

    @property
    def revision(self) -> int:
        """The shop's revision up to which changes are seen."""
        return self._view.revision

    @property
    def warnings(self) -> list[str]:
        """What the user must know: a generation that failed a check, none yet, one of another embedder."""
        return [*self._warnings, *_other_space(self._shop, self._view.snapshot)]

    @property
    def size(self) -> int:
        """Photos that can be found."""
        return self._view.snapshot.live_photos

    @property
    def changed(self) -> int:
        """Products whose looks changed since the generation was built; the next generation takes them in."""
        return len(self._view.snapshot.delta.touched)

    @property
    def table(self) -> ProductTable:
        """The shop's live products, as of the last refresh; read when first asked for."""
        return self._filter(self._view.snapshot).table

    def refresh(self) -> bool:
        """Pick up the shop's changes and a newer generation; whether there were any.

        Costs one small file and one query where nothing changed. A newer generation that fails a check is not
        used; the present one stays, and ``warnings`` says so.
        """
        with self._changing:
            pointer = self._generations.current()
            present = self._view
            start = present if pointer == self._pointer else self._newer(present)
            following = _advanced(self._shop, start)
            self._pointer = pointer
            if following is present:
                return False
            self._view = following
        with self._matching:
            if self._slot_table is not None:
                table = self._slot_table.table.refresh(self._shop)
                self._slot_table = SlotTable(following.snapshot, table)
        return True

    def search(self, query: Query) -> list[Hit]:
        """Up to ``query.k`` distinct products, the best first; fewer only where no more fit.

        The order is that of MMR with diversity, else falling score and then product id. Raises
        UnknownProduct, NoVector, SpaceMismatch, EmptyShop, UsageError and BadFilter, each saying what to do.
        """
        snapshot = self._view.snapshot
        if not snapshot.live_products:
            raise EmptyShop(
                "no product in this shop has a photo any more; run vitrine index with a catalogue"
            )
        positives = self._weighted(snapshot, query.examples)
        negatives = self._weighted(snapshot, query.negatives) if query.negatives else None
        shares = snapshot.layout.chosen(query.aspects)
        objective = make(query.strategy, positives, negatives, snapshot.layout, shares)
        queried = [e.product_id for e in (*query.examples, *query.negatives) if e.product_id is not None]
        banned = np.asarray(snapshot.slots([*queried, *query.exclude]), np.int64)
        allowed = Allowed.all_but(snapshot.slot_count, np.concatenate([snapshot.dead, banned]))
        if query.where is not None:
            mask = snapshot.alive & self._filter(snapshot).mask(query.where)
            mask[banned] = False
            allowed = Allowed.only(mask)
        own = np.concatenate(
            [snapshot.looks(slot)[1] for slot in snapshot.slots(queried)] or [positives.vectors[:0]]
        )
        return answer(snapshot, query, objective, shares, allowed, own)

    def vectors_of(self, product_id: str) -> tuple[list[str], Floats]:
        """Photo ids and stored vectors (m, d) of a product. Raises UnknownProduct, NoVector."""
        return self._looks(self._view.snapshot, product_id)

    def products(self) -> ProductVectors:
        """Unit vectors of all live products with photos; computed once for a revision."""
        return self._view.snapshot.products

    def _looks(self, snapshot: Snapshot, product_id: str) -> tuple[list[str], Floats]:
        slot = snapshot.slot(product_id)
        if slot is not None:
            return snapshot.looks(slot)
        self._shop.product(product_id)  # raises UnknownProduct
        raise NoVector(
            f"product {product_id!r:.80} has no photo with a vector, so nothing can look like it; "
            "add a photo, or index its photos",
            product_id=product_id,
        )

    def _weighted(self, snapshot: Snapshot, examples: Sequence[Example]) -> Weighted:
        layout = snapshot.layout
        vectors = np.empty((len(examples), layout.d), np.float32)
        for place, example in enumerate(examples):
            if example.space is not None and example.space != snapshot.space:
                raise SpaceMismatch(
                    f"the query vector is of space {example.space}, the index of {snapshot.space}; "
                    "encode the photo with the shop's own embedder"
                )
            if example.vector is None:
                vectors[place] = self._looks(snapshot, str(example.product_id))[1].mean(axis=0)
            elif example.vector.shape != (layout.d,):
                raise SpaceMismatch(
                    f"the query vector has {len(example.vector)} numbers, the index {layout.d}; "
                    "encode the photo with the shop's own embedder"
                )
            else:
                vectors[place] = example.vector
        vectors = unit(vectors, layout)
        if not vectors.any(axis=1).all():
            raise UsageError(
                "a query vector is too small or too large to have a direction; encode the photo again"
            )
        return Weighted(vectors, np.asarray([e.weight for e in examples], np.float32))

    def _newer(self, present: _View) -> _View:
        """A view of the generation that CURRENT names now, or the present one with a warning."""
        number = present.snapshot.number
        try:
            loaded = self._generations.load()
        except Damaged as error:
            self._warnings = [f"{error.message}; generation {number} is still used"]
            return present
        self._warnings = list(loaded.warnings)
        if loaded.generation is None or loaded.generation.manifest.number == number:
            return present
        return _fresh(loaded.generation)

    def _filter(self, snapshot: Snapshot) -> SlotTable:
        """Which table row belongs to which slot of this snapshot."""
        with self._matching:
            kept = self._slot_table
            if kept is None:
                kept = SlotTable.load(self._shop, snapshot)
            elif kept.snapshot is not snapshot:
                kept = SlotTable(snapshot, kept.table)
            if snapshot is self._view.snapshot:
                self._slot_table = kept
            return kept


def _other_space(shop: Shop, snapshot: Snapshot) -> list[str]:
    """A warning where the shop has moved on to another embedder than the generation's."""
    wanted = shop.current_space()
    if wanted is None or wanted.space == snapshot.space:
        return []
    return [
        f"the index is of space {snapshot.space}, the shop now uses {wanted.space} ({wanted.embedder}); "
        "run vitrine index to build it anew"
    ]


def _fresh(generation: Generation) -> _View:
    """A view of a generation as it was built."""
    manifest, layout = generation.manifest, generation.layout
    return _View(Snapshot(generation, Delta(layout.d), manifest.space, layout), manifest.revision)


def _advanced(shop: Shop, view: _View) -> _View:
    """The view as of the shop's revision now; itself where nothing changed."""
    if shop.revision == view.revision:
        return view
    changes = shop.changes_since(view.revision)
    snapshot = view.snapshot
    if changes.looks_changed or changes.deleted:
        delta = snapshot.delta.after(shop, snapshot, changes)
        snapshot = Snapshot(snapshot.generation, delta, snapshot.space, snapshot.layout)
    return _View(snapshot, changes.revision)
