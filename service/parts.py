"""The parts of an open shop, each opened when first needed and shared by all threads.

Nothing here imports torch, OpenVINO or FAISS before a request needs them: a search by product opens the index
only, a page of products only the records.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import Damaged, EmptyShop, SpaceMismatch, VitrineError
from data.shop import Shop
from data.table import ProductTable
from service.recommenders import Recommenders, Serving
from service.shown_log import LogSettings, ShownLog

if TYPE_CHECKING:
    from embedder.embedder import Embedder
    from index.search import CatalogueIndex
    from recommender.recommender import Recommender

DEFAULT_EMBEDDER = "bundled"
EMBEDDERS_KEPT = 2


class Lookups:
    """How often the table of products was up to date when it was needed (hits), and how often it was not."""

    def __init__(self) -> None:
        self.hits = self.misses = 0
        self._revision = -1

    def saw(self, revision: int) -> None:
        """The table of this revision was used."""
        if revision == self._revision:
            self.hits += 1
        else:
            self.misses += 1
            self._revision = revision


class Parts:
    """Shop, product table, index, embedder, recommender and log of one directory.

    shop: the records; safe to share.
    runtime: which runtime an embedder shall use ("auto", "cuda", "openvino", "torch").
    log: what is recommended is logged so; None: it is not.
    brief: whether there is one question only (see ``CatalogueIndex.open``).
    """

    def __init__(
        self, shop: Shop, runtime: str = "auto", log: LogSettings | None = None, brief: bool = False
    ) -> None:
        self.shop = shop
        self._brief = brief
        self.runtime = runtime
        self.log = None if log is None else ShownLog(shop.recommendation_log, log)
        self.recommenders = Recommenders(shop)
        # One lock each: whoever waits for an embedder to be read shall not hold up a search.
        self._indexing, self._embedding, self._listing = (threading.Lock() for _ in range(3))
        self._index: CatalogueIndex | None = None
        self._embedders: dict[str, Embedder] = {}
        self._table: ProductTable | None = None
        self.tables = Lookups()

    @property
    def models(self) -> Path:
        """Folder of the shop's fine-tuned embedders."""
        return self.shop.directory / "models"

    def table(self) -> ProductTable:
        """The live products as columns, up to date; the index's own where there is one."""
        found = self._listed()
        self.tables.saw(found.revision)
        return found

    def _listed(self) -> ProductTable:
        with suppress(EmptyShop, Damaged):  # products can be looked at all the same
            return self.catalogue().table
        with self._listing:
            if self._table is None:
                self._table = ProductTable.load(self.shop)
            else:
                self._table = self._table.refresh(self.shop)
            return self._table

    def index(self) -> CatalogueIndex:
        """The index, up to date with the shop (see ``CatalogueIndex.freshen``). Raises EmptyShop while there
        is none.
        """
        found = self.catalogue()
        found.check_photos()
        return found

    def catalogue(self) -> CatalogueIndex:
        """The same for recommending, which needs no photos: there may be none with a vector. Raises EmptyShop
        while nothing is indexed.
        """
        with self._indexing:
            if self._index is None:
                from index.search import CatalogueIndex

                self._index = CatalogueIndex.open(self.shop, without_photos=True, brief=self._brief)
            found = self._index
        found.freshen()
        return found

    def take_in(self) -> None:
        """Have an open index see what was just changed: questions do not wait for many changes, whoever made
        them does.
        """
        if self._index is not None:
            with suppress(VitrineError):  # what is wrong with the index is for a question to say
                self._index.refresh()

    @property
    def opened_index(self) -> CatalogueIndex | None:
        """The index as the last question left it; None while none was opened."""
        return self._index

    def index_if_any(self) -> CatalogueIndex | None:
        """The index, or None while the shop has none."""
        try:
            return self.index()
        except EmptyShop:
            return None

    def space(self) -> str:
        """The space of the shop's vectors. Raises EmptyShop for a shop that has none yet."""
        record = self.shop.current_space()
        if record is None:
            raise EmptyShop("nothing is indexed yet; run `vitrine index CATALOGUE` first")
        return record.space

    def embedder_spec(self, space: str | None = None) -> str:
        """Which embedder the vectors of a space (None: the current one) are of; else the default one."""
        record = self.shop.current_space() if space is None else self.shop.space(space)
        return record.embedder if record is not None else DEFAULT_EMBEDDER

    def embedder(self, space: str | None = None) -> Embedder:
        """The embedder of the shop's vectors.

        space: the space a vector shall be compared in. Those of the last two spaces stay open, so that
        nobody waits while the shop switches. Raises SpaceMismatch if the embedder that the shop names gives
        another one today (its weights have changed since the catalogue was indexed).
        """
        found = self._embedders.get(space) if space is not None else None
        if found is None:
            with self._embedding:
                found = self._opened(space)
        if space is not None and found.space != space:
            raise SpaceMismatch(
                f"the shop's vectors are of space {space}, but the embedder {found.name!r} now gives "
                f"{found.space}; run `vitrine index` again to encode the catalogue with it",
                shop=space,
                embedder=found.space,
            )
        return found

    def _opened(self, space: str | None) -> Embedder:
        """The embedder of a space, kept by the space that it gives; the eldest of three is let go."""
        known = self.shop.state[1] if space is None else space
        if known is not None and known in self._embedders:
            return self._embedders[known]
        from embedder.registry import open_embedder

        found = open_embedder(self.embedder_spec(space), self.models, runtime=self.runtime)
        self._embedders[found.space] = found
        for eldest in list(self._embedders)[:-EMBEDDERS_KEPT]:
            del self._embedders[eldest]
        return found

    def serving(self) -> Serving:
        """The recommender as last trained, with what the log and people should know of it."""
        return self.recommenders.current(self.catalogue())

    def recommender(self) -> Recommender:
        """The recommender as last trained (the default blend for a shop that has none)."""
        return self.serving().recommender

    def warnings(self) -> tuple[str, ...]:
        """What is wrong though answers are given, in words, for whoever watches."""
        found = [self.recommenders.warning, None if self.log is None else self.log.warning]
        return tuple(text for text in found if text is not None)

    def close(self) -> None:
        """Write what the log has yet to write and close the records; not to be used afterwards."""
        if self.log is not None:
            self.log.close()
        self.recommenders.wait()  # its thread reads the records, and that of the index
        if self._index is not None:
            self._index.wait()
        self._index = self._table = None
        self._embedders.clear()
        self.shop.close()
