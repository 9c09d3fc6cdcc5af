"""RecTools, run by its own Python: ``python with_rectools.py DATA WAY``, then asked to ``evaluate``.

WAY ``recommend``: as its documentation evaluates a model, ``model.recommend`` with what was viewed left out,
then ``calc_metrics``; the model is its wrapper of implicit's ALS, holding the given factors. WAY ``ranker``:
the part of it that ranks, called directly. All cores in both, and ``calc_metrics`` is given all metrics at
once, so that it computes only once what they share.
"""

from __future__ import annotations

import sys
import time
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from answering import answering
from implicit.cpu.als import AlternatingLeastSquares
from rectools import Columns
from rectools.dataset import Dataset, IdMap, Interactions
from rectools.metrics import MAP, MRR, NDCG, HitRate, Precision, Recall, calc_metrics
from rectools.models import ImplicitALSWrapperModel
from rectools.models.rank import Distance, ImplicitRanker
from scipy import sparse

WARM_UP = 200


class Task:
    """The first customers of the data, as RecTools keeps them."""

    def __init__(self, data: dict[str, np.ndarray], customers: int) -> None:
        known, test = data["known_customers"] < customers, data["test_customers"] < customers
        seen = {Columns.User: data["known_customers"][known], Columns.Item: data["known_items"][known]}
        wanted = {Columns.User: data["test_customers"][test], Columns.Item: data["test_items"][test]}
        self.everyone = np.arange(customers)
        self.depth = int(data["ks"].max())
        self.wanted = pd.DataFrame(wanted)
        self.customers, self.items = data["customers"][:customers], data["items"]
        pairs = (seen[Columns.User], seen[Columns.Item])
        ones = np.ones(len(pairs[0]), np.float32)
        self.seen = sparse.csr_matrix((ones, pairs), shape=(customers, len(self.items)))
        table = pd.DataFrame(seen)
        table[Columns.Weight], table[Columns.Datetime] = 1.0, pd.Timestamp("2026-01-01")
        who, what = IdMap(self.everyone), IdMap(np.arange(len(self.items)))
        self.dataset = Dataset(who, what, Interactions.from_raw(table, who, what))
        inner = AlternatingLeastSquares(factors=self.items.shape[1], num_threads=0)
        inner.user_factors, inner.item_factors = self.customers, self.items
        self.model = ImplicitALSWrapperModel(inner)
        self.model.model, self.model.is_fitted = inner, True

    def recommend(self) -> pd.DataFrame:
        """As a user would."""
        return self.model.recommend(self.everyone, self.dataset, k=self.depth, filter_viewed=True)

    def ranker(self) -> pd.DataFrame:
        """The ranking part alone, and the columns that the metrics read."""
        ranker = ImplicitRanker(Distance.DOT, self.customers, self.items, num_threads=0)
        who, what, _ = ranker.rank(self.everyone, k=self.depth, filter_pairs_csr=self.seen)
        reco = pd.DataFrame({Columns.User: who, Columns.Item: what})
        reco[Columns.Rank] = reco.groupby(Columns.User, sort=False).cumcount() + 1
        return reco


def metrics_at(ks: list[int]) -> dict[str, object]:
    """Those that are defined as ours are."""
    found: dict[str, object] = {}
    for k in ks:
        found |= {
            f"recall@{k}": Recall(k),
            f"precision@{k}": Precision(k),
            f"ndcg@{k}": NDCG(k, divide_by_achievable=True),
            f"map@{k}": MAP(k),
            f"mrr@{k}": MRR(k),
            f"hit_rate@{k}": HitRate(k),
        }
    return found


def evaluated(data: dict[str, np.ndarray], customers: int, way: str) -> dict[str, object]:
    """Seconds for ranking and for the metrics, seconds of processor for both, and the metrics' means."""
    task, metrics = Task(data, customers), metrics_at(data["ks"].tolist())
    used, began = time.process_time(), time.perf_counter()
    reco = getattr(task, way)()
    ranked = time.perf_counter()
    values = calc_metrics(metrics, reco, task.wanted)
    done = time.perf_counter()
    return {
        "version": version("rectools"),
        "seconds": {"ranking": ranked - began, "metrics": done - ranked},
        "processor_seconds": time.process_time() - used,
        "values": {name: float(value) for name, value in values.items()},
    }


def main() -> None:
    """Warm up, then answer."""
    warnings.simplefilter("ignore")
    with np.load(sys.argv[1], allow_pickle=False) as file:
        data = dict(file)
    evaluated(data, WARM_UP, sys.argv[2])
    answering({"evaluate": lambda customers: evaluated(data, customers, sys.argv[2])})


if __name__ == "__main__":
    main()
