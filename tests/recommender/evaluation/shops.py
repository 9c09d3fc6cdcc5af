"""A toy shop into which products keep coming."""

from __future__ import annotations

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import DAY
from tests.recommender.makers import shop_like


def shop_with_arrivals(customers: int = 240, seed: int = 3) -> Dataset:
    """``shop_like`` over 200 days, where every third product was first bought after a day of its own, from
    day 60 to day 170.
    """
    data = shop_like(customers=customers, seed=seed)
    n = len(data.items)
    opens = np.where(np.arange(n) % 3 == 0, 60.0 + 110.0 * np.arange(n) / n, 0.0) * DAY
    return data.with_events(data.events.where(data.events.times >= opens[data.events.items]))
