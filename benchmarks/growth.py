"""How time and memory of training and evaluation grow with customers and with products.

``python -m benchmarks.growth [--quick] [--no-record]``

Every size is measured in a fresh process on drawn interactions (Zipf popularity, 16 a customer on average,
over 300 days): the split, fitting, ranking and metrics, one after the other. Seconds are of processor time,
of all threads, so that others on the machine bend no curve; the highest resident memory is that of the
process at its end, less what it held when all was imported. A table has a row per stage, with the seconds at
every size and the exponent e of seconds ~ sizeᵉ: the slope of a straight line through the logarithms, with
its 95 % interval (Student's t over the sizes). 1 is growth in proportion.

Only a part of the customers is ranked, so that the largest size stays within minutes: one in fifty where
customers grow, so that the part grows with them, and 400 where products grow.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.framework import Report, Row, Size, Spread, Table, main
from recommender.dataset import Dataset, Events
from recommender.items import Items
from recommender.models.base import Recipe

DAYS, DAY = 300, 86_400.0
LIKES = 12  # a customer's on average, above four
SHARE = 50  # of the customers, one in so many is ranked where customers grow
FEW = 400  # customers who are ranked where products grow
ITERATIONS = 3  # of ALS: each takes the same time
WIDTH = 64  # of a product's vector
MEMORY = "highest memory, GB above an empty process"
CUSTOMERS: Mapping[Size, Sequence[int]] = {
    "quick": (2_000, 6_000, 20_000),
    "full": (10_000, 30_000, 100_000, 300_000, 1_000_000),
}
PRODUCTS: Mapping[Size, Sequence[int]] = {
    "quick": (5_000, 10_000, 20_000),
    "full": (10_000, 20_000, 50_000, 100_000, 200_000),
}
FIXED: Mapping[Size, tuple[int, int]] = {"quick": (5_000, 5_000), "full": (20_000, 10_000)}
"""Customers where products grow, and products where customers grow."""


@dataclass(frozen=True)
class Curves(Table):
    """Rows that are not compared with each other."""

    def ratios(self) -> list[float | None]:
        """None."""
        return [None] * len(self.rows)


def interactions(customers: int, products: int, seed: int = 7) -> Dataset:
    """Likes by Zipf's law, at any time."""
    rng = np.random.default_rng(seed)
    popularity = rng.permutation(1 / np.arange(1, products + 1) ** 0.9)
    edges = np.cumsum(popularity / popularity.sum())
    who = np.repeat(np.arange(customers), rng.geometric(1 / LIKES, customers) + 4)
    what = np.minimum(np.searchsorted(edges, rng.random(len(who))), products - 1)
    times = rng.uniform(0, DAYS * DAY, len(who))
    ids = [f"p{number}" for number in range(products)]
    vectors = rng.normal(size=(products, WIDTH)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Dataset(
        items=Items.build(ids, vectors=dict(zip(ids, vectors, strict=True))),
        customers=tuple(f"c{number}" for number in range(customers)),
        events=Events.build(who, what, np.ones(len(who)), times),
        asof=DAYS * DAY,
    )


def recipes() -> dict[str, Recipe]:
    """What is fitted, with its fall-back as in an evaluation."""
    from recommender.models.als import Als
    from recommender.models.base import Backed
    from recommender.models.item_knn import ItemKnn
    from recommender.models.popularity import Popularity

    backing = Popularity()
    return {
        "popularity": backing,
        "item-knn": Backed(ItemKnn(), backing),
        "als": Backed(Als(iterations=ITERATIONS), backing),
    }


def point(customers: int, products: int, ranked: int) -> dict[str, float]:
    """Seconds of every stage at one size, and the memory."""
    import torch  # noqa: F401  (what a first look at factors loads is no growth)

    from recommender.evaluation.bootstrap import intervals
    from recommender.evaluation.metrics import Backdrop, accuracy, auc_of
    from recommender.evaluation.ranking import rank
    from recommender.evaluation.splits import split

    made = recipes()
    empty, found = peak(), dict[str, float]()

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = work()
        found[name] = time.process_time() - began
        return result

    data = interactions(customers, products)
    fold = timed("split, all windows", lambda: split(data, "time"))
    exam = fold.test.first(ranked)
    fitted = {name: timed(f"fit {name}", lambda r=recipe: r.fit(fold.fit)) for name, recipe in made.items()}
    for name, model in fitted.items():
        lists = timed(f"lists of {name}", lambda m=model: rank(m, exam))
    timed("lists of item-knn with AUC", lambda: rank(fitted["item-knn"], exam, measure=auc_of))
    timed("accuracy", lambda: accuracy(lists.hits, exam.wanted_counts))
    backdrop = timed("backdrop of the other metrics", lambda: Backdrop.of(fold.fit, exam))
    values = timed("other metrics", lambda: backdrop.values(lists.top, lists.hits))
    timed("bootstrap", lambda: intervals(values, 7))
    return {**found, MEMORY: (peak() - empty) / 1e9, "asked": float(len(exam))}


def peak() -> float:
    """Bytes: the highest resident memory so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def apart(customers: int, products: int, ranked: int) -> dict[str, float]:
    """``point`` in a fresh process."""
    words = [sys.executable, "-m", "benchmarks.growth", "--point", *map(str, (customers, products, ranked))]
    home = Path(__file__).resolve().parent.parent
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, cwd=home)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def exponent(sizes: Sequence[float], values: Sequence[float]) -> Spread:
    """The slope of the logarithms, and its 95 % interval. At least three sizes; values are above 0."""
    line = stats.linregress(np.log(sizes), np.log(values))
    reach = float(stats.t.ppf(0.975, len(sizes) - 2)) * float(line.stderr)
    slope = float(line.slope)
    return Spread(slope, slope - reach, slope + reach, len(sizes))


def table(what: str, fixed: str, sizes: Sequence[int], found: Sequence[Mapping[str, float]]) -> Table:
    """A row per stage."""
    rows = []
    for name in found[0]:
        if name == "asked":
            continue
        values = [max(one[name], 1e-6) for one in found]
        digits = {f"{size:,}": value for size, value in zip(sizes, values, strict=True)}
        rows.append(Row(name, "ours", exponent(sizes, values), {}, digits))
    asked = ", ".join(f"{one['asked']:,.0f}" for one in found)
    notes = (
        f"seconds of processor time, all threads, at so many {what}; {fixed}; customers ranked: {asked}",
        "lowest to highest is the 95 % interval of the exponent; a stage whose seconds are a few thousandths "
        "says little",
        f"ALS with {ITERATIONS} iterations",
    )
    return Curves(f"Growth with {what}", "exponent", "less", rows, notes=notes)


def run(size: Size) -> Report:
    """Both curves."""
    fewer, narrow = FIXED[size]
    by_customers = [apart(count, narrow, math.ceil(count / SHARE)) for count in CUSTOMERS[size]]
    by_products = [apart(fewer, count, FEW) for count in PRODUCTS[size]]
    return Report(
        [
            table("customers", f"{narrow:,} products", CUSTOMERS[size], by_customers),
            table("products", f"{fewer:,} customers", PRODUCTS[size], by_products),
        ]
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--point"]:
        print(json.dumps(point(*map(int, sys.argv[2:5]))))
        sys.exit(0)
    sys.exit(main(__doc__, "growth", run))
