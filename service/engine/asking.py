"""What the engine is asked: look-alikes and recommendations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.records import Interaction
from service import searching
from service.answers import RecommendAnswer, SimilarAnswer
from service.engine.held import Held
from service.heatmaps import HeatmapRequest, Pair
from service.progress import Tell, silent
from service.requests import RecommendRequest, SimilarRequest

if TYPE_CHECKING:
    from recommender.portrait import Portrait
    from service.similar_items import SimilarItemsReport, SimilarItemsRequest


class Asking(Held):
    """Questions by looks and by customer."""

    def similar(self, request: SimilarRequest) -> SimilarAnswer:
        """Products that look like the examples, best first.

        Raises EmptyShop, UnknownProduct, NoVector, BadPhoto, BadFilter, UsageError, SpaceMismatch.
        """
        return searching.similar(self._parts, request)

    def similar_items(self, request: SimilarItemsRequest, tell: Tell = silent) -> SimilarItemsReport:
        """The look-alikes of every product with a photo, written to a file that is whole or not there.

        Raises EmptyShop, BadFilter, UsageError, NotReady for a min_score of auto without calibration, OSError
        where the file cannot be written.
        """
        from service.similar_items import export

        return export(self._parts, request, tell)

    def heatmap_pair(self, request: HeatmapRequest) -> Pair:
        """Which photos a request for a heat map means, with an ETag of the picture.

        Raises EmptyShop, UnknownProduct, UnknownPhoto, NoVector.
        """
        return self._heatmaps.pair(request)

    def heatmap(self, pair: Pair) -> bytes:
        """A JPEG: a photo with heat where it agrees with the other one.

        Raises BadPhoto, UsageError, NotReady for an embedder without a network, SpaceMismatch.
        """
        return self._heatmaps.jpeg(pair)

    def recommend(self, request: RecommendRequest, surface: str | None = None) -> RecommendAnswer:
        """Products for a customer or an anonymous history, best first; falls back with a flag.

        surface: where the answer is shown to the customer, for the log; None: it is not logged.
        """
        from service import suggesting

        return suggesting.recommend(self._parts, request, surface)

    def portrait(self, customer_id: str, each: int = 12) -> Portrait:
        """A customer's interests, and what each source would recommend alone, at most ``each`` products."""
        from service import suggesting

        return suggesting.portrait(self._parts, customer_id, each)

    def recommend_session(self, history: Sequence[Interaction], k: int = 10) -> RecommendAnswer:
        """Recommendations for an anonymous session: ``recommend`` with a history."""
        return self.recommend(RecommendRequest(history=tuple(history), k=k))
