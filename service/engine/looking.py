"""What is only looked at: products, photos, customers, the state of the shop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from data.records import Interaction
from service import browsing
from service.answers import Json, ProductPage
from service.engine.held import Held
from service.freshness import search_state
from service.lookalikes import calibration_of

if TYPE_CHECKING:
    from service.duplicates import DuplicatesAnswer, DuplicatesRequest
    from service.shown import ShownRequest


class Looking(Held):
    """Reading, for pages and for operators."""

    def product(self, product_id: str) -> Json:
        """One product with attributes and photos. Raises UnknownProduct."""
        return browsing.product(self._parts, product_id)

    def cards(self, product_ids: Iterable[str]) -> dict[str, Json]:
        """What a page shows of products: id → title, category, price, in_stock, photo_id."""
        return browsing.cards(self._parts, product_ids)

    def products(self, where: str | None = None, page: int = 1, size: int = 48) -> ProductPage:
        """Products that a filter selects, by pages. Raises BadFilter, UsageError."""
        return browsing.products(self._parts, where, page, size)

    def products_after(self, where: str | None, after: str, size: int = 48) -> ProductPage:
        """Products that a filter selects whose ids come after one, which need not be there any more.

        Raises BadFilter, UsageError.
        """
        return browsing.products_after(self._parts, where, after, size)

    def search_state(self) -> str:
        """A digest of all that answers of searches by looks depend on besides the request.

        Raises EmptyShop.
        """
        return search_state(self._parts)

    def columns(self) -> list[str]:
        """The columns that filters can name."""
        return self._parts.table().columns

    def aspects(self) -> Mapping[str, float]:
        """The shop's aspects and their default shares. Raises EmptyShop."""
        return browsing.aspects(self._parts)

    def calibration(self) -> Json | None:
        """From which cosine on a product looks alike in the space that is searched; None until calibrated."""
        found = calibration_of(self._parts.shop, self._parts.index().space)
        return None if found is None else found.as_json()

    def photo_file(self, photo_id: str) -> Path:
        """The file of a photo. Raises UnknownPhoto (also when the file is gone)."""
        return browsing.photo_file(self._parts, photo_id)

    def thumbnail(self, photo_id: str, side: int = 256) -> bytes:
        """A photo as a JPEG that fits a square of ``side`` pixels. Raises UnknownPhoto, BadPhoto."""
        return browsing.thumbnail(self._parts, photo_id, side)

    def customers(self, limit: int = 50, offset: int = 0) -> list[tuple[str, int]]:
        """Customers by id, with how many interactions each has."""
        return self._parts.shop.customers(limit, offset)

    def history(self, customer_id: str, limit: int | None = None) -> list[Interaction]:
        """A customer's interactions, oldest first; empty for a customer nobody has seen."""
        return self._parts.shop.history(customer_id, limit)

    def info(self) -> Json:
        """Counts, space, generation, versions, GPU, and what is missing with the command that makes it."""
        from service.overview import info

        return info(self._parts)

    def export_rejects(self, path: Path) -> int:
        """Write all rejects of the latest imports as CSV; returns how many."""
        from service.overview import export_rejects

        return export_rejects(self._parts, path)

    def export_shown(self, request: ShownRequest) -> Json:
        """Write the log of recommendations with what came of it, for off-policy evaluation.

        Returns path, rows, answers, customers, rewarded, left_out, events and days. Raises UsageError.
        """
        from service.shown import export_shown

        return export_shown(self._parts, request)

    def warnings(self) -> tuple[str, ...]:
        """What is wrong though answers are given: a new recommender that cannot be read, lost rows of the
        log.
        """
        return self._parts.warnings()

    def ready(self) -> bool:
        """Whether searches can be answered now."""
        from service.overview import ready

        return ready(self._parts)

    def obstacles(self) -> list[str]:
        """Why searches cannot be answered now, and what to do; nothing where they can be."""
        from service.overview import obstacles

        return obstacles(self._parts)

    def duplicates(self, request: DuplicatesRequest) -> DuplicatesAnswer:
        """Photos that the shop holds twice, in groups. Raises EmptyShop, UsageError."""
        from service.duplicates import find_duplicates

        return find_duplicates(self._parts, request)
