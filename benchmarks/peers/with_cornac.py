"""Cornac, run by its own Python: ``python with_cornac.py DATA``, then asked to ``evaluate``.

Its ``ranking_eval``, which every one of its evaluation methods calls, with its ``MF`` holding the given
factors. It computes Recall, Precision, NDCG and HitRatio as ours does; its MAP and MRR are of the whole
ranking without a cut, so they are left out here, which spares it work.
"""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from importlib.metadata import version

import numpy as np
from answering import answering
from cornac.data import Dataset
from cornac.eval_methods.base_method import ranking_eval
from cornac.metrics import NDCG, HitRatio, Precision, Recall
from cornac.models import MF

WARM_UP = 50


def dataset(rows: np.ndarray, columns: np.ndarray, customers: int, products: int) -> Dataset:
    """Pairs as Cornac keeps them, positions as they are."""
    who, what = OrderedDict(zip(range(customers), range(customers), strict=True)), OrderedDict()
    what.update(zip(range(products), range(products), strict=True))
    return Dataset(customers, products, who, what, (rows, columns, np.ones(len(rows))))


def evaluated(data: dict[str, np.ndarray], customers: int) -> dict[str, object]:
    """Seconds for ranking and metrics, which are one loop, and the metrics' means."""
    metrics = {}
    for k in data["ks"].tolist():
        metrics |= {
            f"recall@{k}": Recall(k),
            f"precision@{k}": Precision(k),
            f"ndcg@{k}": NDCG(k),
            f"hit_rate@{k}": HitRatio(k),
        }
    products = len(data["items"])
    parts = []
    for name in ("known", "test"):
        mine = data[f"{name}_customers"] < customers
        pairs = (data[f"{name}_customers"][mine], data[f"{name}_items"][mine])
        parts.append(dataset(*pairs, customers, products))
        _ = parts[-1].csr_matrix  # made here, outside the measured time
    factors = {"U": data["customers"], "V": data["items"]}
    model = MF(k=data["items"].shape[1], use_bias=False, trainable=False, init_params=factors)
    model.fit(parts[0])

    used, began = time.process_time(), time.perf_counter()
    means, _ = ranking_eval(model, list(metrics.values()), parts[0], parts[1])
    seconds = time.perf_counter() - began
    return {
        "version": version("cornac"),
        "seconds": {"both": seconds},
        "processor_seconds": time.process_time() - used,
        "values": {name: float(value) for name, value in zip(metrics, means, strict=True)},
    }


def main() -> None:
    """Warm up, then answer."""
    with np.load(sys.argv[1], allow_pickle=False) as file:
        data = dict(file)
    evaluated(data, WARM_UP)
    answering({"evaluate": lambda customers: evaluated(data, customers)})


if __name__ == "__main__":
    main()
