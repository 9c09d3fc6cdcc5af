"""One unchanging view of a shop's index: space, generation, vectors and filters that belong together.

Whoever asks more than one question for one answer (which space? then: what is near this vector of it?) asks
them of one view, so that nothing that happens to the index in between can mix two spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import EmptyShop, NoVector, SpaceMismatch, UsageError, VitrineError
from data.table import ProductTable
from index.allowed import NONE, Allowed
from index.answer import answer
from index.blocks import unit
from index.filters import Matched, SlotTable
from index.hits import Hit
from index.nearby import near
from index.objective import Weighted, make
from index.query import Example, Query
from index.snapshot import ProductVectors, Snapshot

if TYPE_CHECKING:
    from data.shop import Shop
    from data.where import Where
    from index.explain import Explanation

Floats = NDArray[np.float32]


class IndexView:
    """A snapshot, and the revision of the shop that it stands for. Safe to use from several threads.

    warnings: what the user must know of it. matched: the products as an earlier view saw them, if one did;
    brought up to date when a filter or a page first needs them.
    """

    def __init__(
        self,
        shop: Shop,
        snapshot: Snapshot,
        revision: int,
        warnings: Sequence[str] = (),
        matched: Matched | None = None,
    ) -> None:
        self._shop = shop
        self.snapshot = snapshot
        self.revision = revision
        self.warnings = tuple(warnings)
        self._matching = Lock()
        self._known = matched
        self._slot_table: SlotTable | None = None

    @property
    def space(self) -> str:
        """Fingerprint of the embedder that made the vectors."""
        return self.snapshot.space

    @property
    def layout(self) -> AspectLayout:
        """The aspects of the vectors."""
        return self.snapshot.layout

    @property
    def generation(self) -> int:
        """Number of the generation; 0 before the first is built."""
        return self.snapshot.number

    @property
    def size(self) -> int:
        """Photos that can be found."""
        return self.snapshot.live_photos

    @property
    def changed(self) -> int:
        """Products whose looks changed since the generation was built; the next generation takes them in."""
        return len(self.snapshot.delta.place)

    @property
    def table(self) -> ProductTable:
        """The shop's live products; read when first asked for."""
        return self._filter().table

    @property
    def matched(self) -> Matched | None:
        """The products as far as they were read, for the view that follows this one."""
        known = self._known  # read first: it is gone only when the other is there
        kept = self._slot_table
        return known if kept is None else kept.matched

    def pinned(self) -> IndexView:
        """Itself: a view never changes."""
        return self

    def refresh(self) -> bool:
        """False: a view never changes."""
        return False

    def freshen(self) -> None:
        """Nothing: a view never changes."""

    @property
    def looks(self) -> object:
        """The same object for as long as no product's looks change."""
        return self.snapshot

    def search(self, query: Query) -> list[Hit]:
        """Up to ``query.k`` distinct products, the best first; fewer only where no more fit.

        The order is that of MMR with diversity, else falling score and then product id. Raises
        UnknownProduct, NoVector, SpaceMismatch, EmptyShop, UsageError and BadFilter, each saying what to do.
        """
        snapshot = self.snapshot
        if not snapshot.live_products:
            raise EmptyShop(
                "no product in this shop has a photo any more; run vitrine index with a catalogue"
            )
        positives = self._weighted(query.examples)
        negatives = self._weighted(query.negatives) if query.negatives else None
        shares = snapshot.layout.chosen(query.aspects)
        objective = make(query.strategy, positives, negatives, snapshot.layout, shares)
        own = positives.vectors[:0]
        queried = [e.product_id for e in (*query.examples, *query.negatives) if e.product_id is not None]
        banned = snapshot.slots([*queried, *query.exclude])
        allowed = self._allowed(query.where, np.asarray(banned, np.int64) if banned else NONE)
        if query.near_duplicates == "suppress":
            own = np.concatenate([own, *(snapshot.looks(slot)[1] for slot in snapshot.slots(queried))])
        return answer(snapshot, query, objective, shares, allowed, own)

    def search_many(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """The hits of each query, as ``search`` finds them, in the same order; far quicker than one by one.

        Queries with one example, no negatives, no diversity and near-duplicates kept are answered together;
        others, and the few that a first look does not settle, one by one. An approximate type may answer
        many probes a little differently than one, as FAISS then adds up in another order. The memory taken
        beside the hits does not grow with the number of queries (some 100 MB at most). Raises what ``search``
        raises for the first query that fails; the error's ``detail["query"]`` is that query's number.
        """
        from index.batch import together

        answers = together(self.snapshot, queries, lambda where: self._allowed(where, NONE))
        found: list[list[Hit]] = []
        for number, (query, hits) in enumerate(zip(queries, answers, strict=True)):
            try:
                found.append(self.search(query) if hits is None else hits)
            except VitrineError as error:
                error.detail.setdefault("query", number)
                raise
        return found

    def explain(self, query: Query, hits: Sequence[Hit]) -> list[Explanation]:
        """Why hits of a query have their scores, one for each; from this view, of which the hits are."""
        from index.explain import Shown, explained

        positives = self._weighted(query.examples)
        negatives = self._weighted(query.negatives) if query.negatives else None
        shares = self.layout.chosen(query.aspects)
        objective = make(query.strategy, positives, negatives, self.layout, shares)
        looks = [
            self.vectors_of(example.product_id)
            if example.product_id is not None
            else ([None], positives.vectors[place, None])
            for place, example in enumerate(query.examples)
        ]
        owners = np.repeat(np.arange(len(looks)), [len(photos) for photos, _ in looks])
        shown = Shown(
            np.concatenate([vectors for _, vectors in looks]),
            owners,
            [photo for photos, _ in looks for photo in photos],
            (positives.weights / positives.weights.max())[owners],
        )
        matched = np.empty((len(hits), self.layout.d), np.float32)
        for row, hit in enumerate(hits):
            photos, vectors = self.vectors_of(hit.product_id)
            matched[row] = vectors[photos.index(hit.photo_id)]
        return explained(self.layout, objective, shares, shown, matched)

    def vectors_of(self, product_id: str) -> tuple[list[str], Floats]:
        """Photo ids and stored vectors (m, d) of a product. Raises UnknownProduct, NoVector."""
        slot = self.snapshot.slot(product_id)
        if slot is not None:
            return self.snapshot.looks(slot)
        self._shop.product(product_id)  # raises UnknownProduct
        raise NoVector(
            f"product {product_id!r:.80} has no photo with a vector, so nothing can look like it; "
            "add a photo, or index its photos",
            product_id=product_id,
        )

    def product_ids(self) -> list[str]:
        """All live products with photos, in order of their ids; their vectors are not read."""
        names = self.snapshot.names
        return sorted(names[slot] for slot in np.flatnonzero(self.snapshot.alive).tolist())

    def products(self) -> ProductVectors:
        """Unit vectors of all live products with photos; computed once for a snapshot."""
        return self.snapshot.products

    def near(self, probes: Floats, fetch: int) -> NDArray[np.int64] | None:
        """Places in ``products()`` of those likely among the ``fetch`` nearest to some probe (p, d), or None
        (see ``index.nearby``).
        """
        return near(self.snapshot, probes, fetch)

    def _allowed(self, where: Where | None, banned: NDArray[np.int64]) -> Allowed:
        """The live slots but ``banned``; of those that a filter lets through, where there is one."""
        snapshot = self.snapshot
        if where is None:
            return snapshot.living.without(banned)
        mask = self._filter().mask(where)
        mask[banned] = False
        return Allowed.only(mask)

    def _weighted(self, examples: Sequence[Example]) -> Weighted:
        layout, space = self.snapshot.layout, self.snapshot.space
        vectors = np.empty((len(examples), layout.d), np.float32)
        for place, example in enumerate(examples):
            if example.space is not None and example.space != space:
                raise SpaceMismatch(
                    f"the query vector is of space {example.space}, the index of {space}; "
                    "encode the photo with the shop's own embedder"
                )
            if example.vector is None:
                vectors[place] = self.vectors_of(str(example.product_id))[1].mean(axis=0)
            elif example.vector.shape != (layout.d,):
                raise SpaceMismatch(
                    f"the query vector has {len(example.vector)} numbers, the index {layout.d}; "
                    "encode the photo with the shop's own embedder"
                )
            else:
                vectors[place] = example.vector
        vectors = unit(vectors, layout)
        if not (vectors.any() if len(vectors) == 1 else vectors.any(axis=1).all()):
            raise UsageError(
                "a query vector is too small or too large to have a direction; encode the photo again"
            )
        return Weighted(vectors, np.asarray([e.weight for e in examples], np.float32))

    def _filter(self) -> SlotTable:
        """Which table row belongs to which slot."""
        with self._matching:
            if self._slot_table is None:
                known = self._known
                self._slot_table = (
                    SlotTable(self.snapshot, ProductTable.load(self._shop))
                    if known is None
                    else known.now(self._shop, self.snapshot)
                )
                self._known = None
            return self._slot_table
