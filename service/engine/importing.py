"""What the engine takes in: catalogues, interactions, another embedder."""

from __future__ import annotations

from service.answers import EventsReport, IndexReport, Json, SwitchAnswer
from service.engine.held import Held
from service.progress import Tell, silent
from service.requests import EventsRequest, IndexRequest
from service.verdicts import doubts


class Importing(Held):
    """Files into the shop, and the space that is searched."""

    def index_catalogue(self, request: IndexRequest, tell: Tell = silent) -> IndexReport:
        """Read a catalogue, encode what is new, build a generation if anything changed.

        Another embedder than the shop's fills a space beside the one that is searched, and the two are
        compared; the shop moves to it if the request says so, or later by ``switch``.

        Raises ShopBusy, WeightsMissing, and TooManyRejects after keeping what was good (``detail["report"]``
        is then the IndexReport's JSON), NotReady for a switch to a space that lacks photos.
        """
        from service.indexing import index_catalogue

        return index_catalogue(self._parts, request, tell)

    def rebuild_index(self, choice: str = "auto", wanted_recall: float = 0.99, tell: Tell = silent) -> Json:
        """Build a new generation from the stored vectors (compaction). Returns what was built."""
        from service.indexing import rebuild

        return rebuild(self._parts, choice, wanted_recall, tell)

    def switch(self, tell: Tell = silent) -> SwitchAnswer:
        """Search the space that was last filled beside, in one step, if it holds all that is found now.

        Raises UsageError where there is none, NotReady where it lacks photos.
        """
        from service.switching import switch

        return switch(self._parts, tell)

    def switch_back(self, tell: Tell = silent) -> SwitchAnswer:
        """Search the former space again, in one step. Raises UsageError where there is none."""
        from service.switching import switch_back

        return switch_back(self._parts, tell)

    def drop_space(self, space: str) -> Json:
        """Forget a space that is not searched. Raises UsageError, SpaceMismatch for an unknown one."""
        from service.switching import drop

        return drop(self._parts, space)

    def doubts(self, embedder: str) -> tuple[str, ...]:
        """What speaks against a fine-tuned embedder of the shop, by its own measurement; mostly nothing."""
        return doubts(self._parts.models, embedder)

    def import_interactions(self, request: EventsRequest, tell: Tell = silent) -> EventsReport:
        """Import a file of interactions. Raises TooManyRejects after keeping what was good."""
        from service.importing import import_interactions

        return import_interactions(self._parts, request, tell)
