"""Recommendations for one customer, from the live shop: what was learnt, what is known now, and the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from data.blas import blas_in_one_thread
from data.errors import NotTrained
from data.records import Interaction
from recommender import artifacts
from recommender.amounts import amounts_of
from recommender.histories import Histories
from recommender.items import Floats
from recommender.known import Known
from recommender.learned import Learned
from recommender.models.blend import is_warm
from recommender.portrait import Portrait, portrait_of
from recommender.reasons import Explainer
from recommender.request import (
    NO_HISTORY,
    NO_SIGNAL,
    ONLY_DELETED,
    Answer,
    Reason,
    Recommendation,
    Request,
)
from recommender.rules import Choice, barred, choose
from recommender.settings import Settings
from recommender.source import LiveCatalogue, load_dataset
from recommender.views import View, Views

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["Answer", "Reason", "Recommendation", "Recommender", "Request"]

QUICK = 300_000  # interactions up to which an untrained shop counts co-interactions when it is opened


class Recommender:
    """Recommends products of an open shop. Safe to use from several threads.

    trained: False while the documented default settings are used. warnings: what a person should know.
    """

    def __init__(self, shop: Shop, index: LiveCatalogue, learned: Learned, trained: bool) -> None:
        self._shop = shop
        self._index = index
        self._learned = learned
        self._views = Views(index, learned)
        self.trained = trained

    @classmethod
    def open(cls, shop: Shop, index: LiveCatalogue) -> Recommender:
        """The recommender as last trained.

        Without training: default settings, and what was popular and chosen together at this moment (the
        latter up to ``QUICK`` interactions). Raises Damaged when a trained recommender is there but fails its
        checksum.
        """
        try:
            return cls(shop, index, artifacts.load(shop.directory), trained=True)
        except NotTrained:
            data = load_dataset(shop, index)
            about = {"note": "not trained: default settings; run `vitrine train`"}
            knn = len(data.events) <= QUICK
            # The default settings were tuned on no space, so they hold in any.
            default = replace(Learned.of(Settings(), data, about, knn), space="")
            return cls(shop, index, default, trained=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """In words, for people."""
        return self._warnings(self._index.space)

    def _warnings(self, space: str) -> tuple[str, ...]:
        """What a person should know of answers from a catalogue of this space."""
        if self._learned.space in ("", space):
            return ()
        return (
            f"the recommender was trained on looks of space {self._learned.space}, but the shop's are now of "
            f"{space}: recommendations by looks are off; run `vitrine train`",
        )

    def recommend(self, request: Request) -> Answer:
        """k distinct live products, best first, or as many as the rules leave.

        A customer is known by history alone: events and products that came a second ago count. ``fallback``
        says why an answer is not personal: there is no history, it speaks of deleted products only, or
        nothing liked has looks or co-interactions. Then what is popular answers, then new arrivals, then
        any live product. Raises BadFilter for a filter on an unknown column.
        """
        view = self._views.current()
        known = Known.of(self._shop, request)
        with blas_in_one_thread():
            return self._answer(request, view, known)

    def portrait(self, request: Request, each: int = 12) -> Portrait:
        """The customer's interests, and what each source would recommend alone, at most ``each`` products.

        Raises BadFilter for a filter on an unknown column.
        """
        view = self._views.current()
        known = Known.of(self._shop, request)
        with blas_in_one_thread():
            items = view.items
            history = known.history(request, view.shelf, self._shop.event_weights)
            candidates = view.panel.ask(history, barred(request, view.shelf, known.met(items)))
            return portrait_of(history, items, view.vitrine.blend, candidates, each)

    def _answer(self, request: Request, view: View, known: Known) -> Answer:
        items = view.items
        history = known.history(request, view.shelf, self._shop.event_weights)
        out = barred(request, view.shelf, known.met(items))
        candidates = view.panel.ask(history, out)
        found = candidates.rows
        ranked = view.vitrine.ranked(
            history, np.zeros(len(found), np.int64), candidates.blended, candidates.pairs
        )
        scores: Floats = np.zeros(len(items), np.float32)
        scores[found] = ranked.scores
        out[found] = True  # what is neither barred nor a candidate fills up the list, in tie order
        order = np.concatenate([found[np.argsort(-ranked.scores, kind="stable")], np.flatnonzero(~out)])
        choice = Choice(request.k, request.category_cap, request.diversity or 0.0)
        rows = choose(order, scores, items, choice)
        amounts = amounts_of(view.vitrine, candidates, ranked, rows) if request.why else {}
        counts = view.vitrine.signals.tallies.counts
        explainer = Explainer(view.vitrine.blend, view.catalogue, items, view.table, history, amounts, counts)
        chosen = tuple(
            Recommendation(items.ids[row], float(scores[row]), explainer.reasons(row) if request.why else ())
            for row in rows
        )
        personal = is_warm(candidates.standing[:, None, :], view.vitrine.blend.names)[0]
        fallback = None if personal else _why_not(known.events, history)
        return Answer(chosen, fallback, self._warnings(view.catalogue.space))

    def warm_up(self) -> None:
        """Line up the catalogue before the first question comes."""
        self._views.current()

    def wait(self, seconds: float | None = None) -> None:
        """Until what is new in the catalogue is found, or so many seconds have passed."""
        self._views.wait(seconds)


def _why_not(known: Sequence[Interaction], history: Histories) -> str:
    if not known:
        return NO_HISTORY
    return NO_SIGNAL if len(history.items) else ONLY_DELETED
