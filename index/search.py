"""The index of a shop: search by looks over what the shop holds at this moment.

A ``CatalogueIndex`` points at one unchanging view. ``refresh`` makes the next one (what changed in the shop,
a newer generation, or another space that the shop switched to) and swaps it in by one assignment: searches
under way finish on the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import Damaged, EmptyShop
from index.catching_up import CatchingUp
from index.delta import Delta
from index.filters import Matched
from index.generations import Generations, Loaded
from index.hits import Hit
from index.query import Query
from index.snapshot import ProductVectors, Snapshot
from index.view import IndexView

if TYPE_CHECKING:
    from data.shop import Shop
    from data.table import ProductTable

Floats = NDArray[np.float32]
MANY = 200
"""Products whose looks changed that a question may take in by itself: some two milliseconds."""


class CatalogueIndex:
    """Search over a shop. Every method may be called from any thread.

    Each method answers from the view of that moment; for several questions that belong together, take one
    view with ``pinned``.
    """

    def __init__(
        self,
        shop: Shop,
        generations: Generations,
        view: IndexView,
        pointer: tuple[str, str | None],
        faults: Sequence[str],
    ) -> None:
        """``pointer``: CURRENT's text and the shop's current space when the view was made; ``faults``: what
        was wrong with the generations then."""
        self._shop = shop
        self._generations = generations
        self._view = view
        self._pointer = pointer
        self._faults = list(faults)
        self._changing = Lock()
        self._catching_up = CatchingUp(lambda: self._refresh(gently=True))

    @classmethod
    def open(cls, shop: Shop, without_photos: bool = False, brief: bool = False) -> CatalogueIndex:
        """The generation in use, or the last good one with a warning, and what changed since.

        brief: files that were found whole within the last day are not read through again, for whoever asks
        once and no more.

        Builds nothing. Raises EmptyShop where no photo has a vector yet (with ``without_photos`` only where
        nothing is indexed: of products alone there is a table, and nothing to find), Damaged where there are
        generations and none is whole.
        """
        generations = Generations(shop.directory / "index", brief)
        current = shop.state[1]
        pointer = (generations.current(), current)
        loaded = generations.load(current)
        view = _opened(shop, loaded, current, without_photos)
        return cls(shop, generations, view, pointer, loaded.warnings)

    @property
    def space(self) -> str:
        """Fingerprint of the embedder that made the vectors."""
        return self._view.space

    @property
    def layout(self) -> AspectLayout:
        """The aspects of the vectors."""
        return self._view.layout

    @property
    def generation(self) -> int:
        """Number of the generation in use; 0 before the first is built."""
        return self._view.generation

    @property
    def revision(self) -> int:
        """The shop's revision up to which changes are seen."""
        return self._view.revision

    @property
    def warnings(self) -> list[str]:
        """What the user must know: a generation that failed a check, none yet, one of another embedder."""
        return list(self._view.warnings)

    @property
    def size(self) -> int:
        """Photos that can be found."""
        return self._view.size

    @property
    def changed(self) -> int:
        """Products whose looks changed since the generation was built; the next generation takes them in."""
        return self._view.changed

    @property
    def table(self) -> ProductTable:
        """The shop's live products, as of the last refresh; read when first asked for."""
        return self._view.table

    @property
    def looks(self) -> object:
        """The same object for as long as no product's looks change."""
        return self._view.looks

    def check_photos(self) -> None:
        """Raises EmptyShop where no photo has a vector yet."""
        _check_photos(self._view)

    def pinned(self) -> IndexView:
        """The view of this moment, which stays as it is."""
        return self._view

    def refresh(self) -> bool:
        """Pick up the shop's changes, a newer generation, another space; whether there were any.

        Costs one small file and one query where nothing changed. A newer generation that fails a check is not
        used; the present one stays, and ``warnings`` says so.
        """
        return self._refresh(gently=False)

    def freshen(self) -> None:
        """``refresh`` for questions, none of which shall wait for much: where hundreds of products changed
        their looks (a catalogue is being indexed), another thread takes them in, and the view stays as it is
        for some hundredths of a second more, in which nothing else is looked for. A few changes are seen at
        once, and so is another space.
        """
        if self._catching_up.running:
            return
        revision, current = self._shop.state
        seen = self._view.revision
        if (self._generations.current(), current) == self._pointer:
            if revision == seen:
                return
            if not self._catching_up.failed and self._shop.looks_changed(seen, MANY) == MANY:
                self._catching_up.start()
                return
        self.refresh()
        self._catching_up.failed = False

    def wait(self, seconds: float | None = None) -> None:
        """Until the other thread has taken in what it is taking in, or so many seconds have passed."""
        self._catching_up.wait(seconds)

    def _refresh(self, gently: bool) -> bool:
        with self._changing:
            present = self._view
            revision, current = self._shop.state
            pointer = (self._generations.current(), current)
            start = present if pointer == self._pointer else self._newer(present, *pointer)
            changed = start is not present or revision != present.revision
            if changed:
                self._view = _advanced(self._shop, start, present.matched, gently)
            self._pointer = pointer
        return changed

    def search(self, query: Query) -> list[Hit]:
        """See ``IndexView.search``."""
        return self._view.search(query)

    def search_many(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """See ``IndexView.search_many``."""
        return self._view.search_many(queries)

    def vectors_of(self, product_id: str) -> tuple[list[str], Floats]:
        """Photo ids and stored vectors (m, d) of a product. Raises UnknownProduct, NoVector."""
        return self._view.vectors_of(product_id)

    def products(self) -> ProductVectors:
        """Unit vectors of all live products with photos; computed once for a revision."""
        return self._view.products()

    def near(self, probes: Floats, fetch: int) -> NDArray[np.int64] | None:
        """See ``IndexView.near``."""
        return self._view.near(probes, fetch)

    def _newer(self, present: IndexView, named: str, current: str | None) -> IndexView:
        """What should be in use now: of the generation that CURRENT and the current space name.

        The present one where it is that, or where what is there fails its checks; then with a warning.
        """
        number = present.generation
        wanted = next(iter(self._generations.in_order(named, current)), 0)
        if wanted != number or not number or self._faults:
            try:
                loaded = self._generations.load(current)
            except Damaged as error:
                loaded = Loaded(None, [f"{error.message}; generation {number} is still used"])
            self._faults = list(loaded.warnings)
            if loaded.generation is not None and loaded.generation.manifest.number != number:
                return _started(self._shop, loaded, current)
        warnings = _warnings(self._shop, self._faults, present.space, current)
        if warnings == present.warnings:
            return present
        return IndexView(self._shop, present.snapshot, present.revision, warnings)


def view_of(shop: Shop, space: str) -> IndexView:
    """A view of one space of the shop as it is now, whether it is the one that is searched or not.

    Raises EmptyShop where no photo has a vector in it, SpaceMismatch where the shop does not know it.
    """
    loaded = Generations(shop.directory / "index").load_of(shop.space(space).space)
    return _opened(shop, loaded, space)


def _check_photos(view: IndexView) -> None:
    if not view.generation and not view.size:
        raise EmptyShop(
            "no photo of this shop has a vector yet; run vitrine index with a catalogue that has some"
        )


def _opened(shop: Shop, loaded: Loaded, space: str | None, without_photos: bool = False) -> IndexView:
    """A view of what was loaded as of now; of the space's records alone where that is nothing."""
    view = _advanced(shop, _started(shop, loaded, space))
    if not without_photos:
        _check_photos(view)
    if view.generation or not view.size:
        return view
    told = (
        f"no index is built yet: {view.size} photos are compared straight from the shop's records; "
        "run vitrine index to build it"
    )
    return IndexView(shop, view.snapshot, view.revision, (*loaded.warnings, told))


def _started(shop: Shop, loaded: Loaded, space: str | None) -> IndexView:
    """A view of a generation as it was built, or of a space before its first photo."""
    generation = loaded.generation
    if generation is not None:
        manifest, layout = generation.manifest, generation.layout
        snapshot = Snapshot(generation, Delta(layout.d), manifest.space, layout)
        warnings = _warnings(shop, loaded.warnings, manifest.space, space)
        return IndexView(shop, snapshot, manifest.revision, warnings)
    if space is None:
        raise EmptyShop("nothing is indexed in this shop yet; run vitrine index with a catalogue")
    layout = AspectLayout.from_json(shop.space(space).layout)
    return IndexView(shop, Snapshot(None, Delta(layout.d), space, layout), 0)


def _warnings(shop: Shop, faults: Sequence[str], space: str, current: str | None) -> tuple[str, ...]:
    """What was wrong, and where the shop has moved on to another space than the generation's, that too."""
    if current in (None, space):
        return tuple(faults)
    return (
        *faults,
        f"the index is of space {space}, the shop now uses {current} ({shop.space(str(current)).embedder}); "
        "run vitrine index to build it anew",
    )


def _advanced(shop: Shop, view: IndexView, matched: Matched | None = None, gently: bool = False) -> IndexView:
    """A view of the same generation as of the shop's revision now; gently: see ``Delta.after``."""
    snapshot, revision = view.snapshot, view.revision
    if shop.revision != revision:
        changes = shop.changes_since(revision)
        revision = changes.revision
        if changes.looks_changed or changes.deleted:
            delta = snapshot.delta.after(shop, snapshot, changes, gently)
            snapshot = Snapshot(snapshot.generation, delta, snapshot.space, snapshot.layout)
            if gently:  # what the first question would have to make
                snapshot.warm_up()
    return IndexView(shop, snapshot, revision, view.warnings, matched)
