"""Training: choose the settings on the newest windows of the past, then fit on everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import NotReady
from recommender import artifacts
from recommender.dataset import Dataset
from recommender.evaluation.exam import Lesson, choice_threshold
from recommender.evaluation.splits import as_date, rolling, window_edges
from recommender.learned import Learned
from recommender.search import Search
from recommender.source import LiveCatalogue, load_dataset
from recommender.tuning import RECENT, Tell, Tuned, tune
from recommender.unfinished import FOLDER, kept_in

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["RECENT", "TrainReport", "lessons_of", "train"]


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What training came to: how much it learnt from, what it chose and how good that was on validation."""

    interactions: int
    customers: int
    products: int
    unusable: dict[str, int]
    tuned: Tuned
    space: str
    revision: int

    def as_json(self) -> dict[str, Any]:
        """For ``--json``; all settings that were tried are in the manifest."""
        weights = self.tuned.settings.weights
        return {
            "interactions": self.interactions,
            "customers": self.customers,
            "products": self.products,
            "unusable": self.unusable,
            "note": self.tuned.note,
            "validation_ndcg@50": {name: round(value, 6) for name, value in self.tuned.validation.items()},
            "weights": dict(weights.warm),
            "weights_cold_customers": dict(weights.cold),
            "space": self.space,
            "revision": self.revision,
        }


def train(
    shop: Shop,
    index: LiveCatalogue,
    seed: int = 7,
    progress: Tell | None = None,
    search: int | None = None,
) -> TrainReport:
    """Train a shop's recommender and put it in its directory.

    The newest windows of the interactions choose the settings; then everything is fitted on all interactions.
    seed: of the search and of the trees. search: settings tried of every source; None: the usual few. Their
    tries are kept in the shop until training is done, so that a stopped search goes on. Raises NotReady for a
    shop without interactions.
    """
    index.refresh()
    data = load_dataset(shop, index)
    if not len(data.events):
        raise NotReady(
            "the shop has no usable interactions to train on; import some with `vitrine interactions`"
        )
    revision = shop.revision
    tries = None if search is None else Search(search, seed)
    with kept_in(shop.directory / FOLDER, progress):
        return _trained(shop, data, tune(lessons_of(data), progress, seed, tries), revision, seed)


def _trained(shop: Shop, data: Dataset, tuned: Tuned, revision: int, seed: int) -> TrainReport:
    report = TrainReport(
        interactions=len(data.events),
        customers=len(np.unique(data.events.customers)),
        products=len(data.items),
        unusable={reason: count for reason, count in data.unusable.items() if count},
        tuned=tuned,
        space=data.items.space,
        revision=revision,
    )
    about = {
        **report.as_json(),
        "interactions_revision": shop.interactions_revision,
        "until": as_date(data.asof),
        "seed": seed,
        "tried": tuned.tried,
    }
    artifacts.save(Learned.of(tuned.settings, data, about), shop.directory)
    return report


def lessons_of(data: Dataset) -> list[Lesson]:
    """The newest windows of the whole past; none where the interactions cannot be cut in time."""
    edges = window_edges(data.events.times, data.asof)
    return rolling(data, edges, choice_threshold(data.events)) if len(edges) > 1 else []
