"""Rules: what must not be shown, and how a ranked list becomes the list that is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.table import ProductTable
from index.mmr import mmr
from recommender.items import Bools, Floats, Ints, Items
from recommender.request import Request

POOL = 100  # ranked products per round among which diversity and caps choose
FACTOR = 4


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """The live products twice: as a table to filter, and as arrays to rank, which may be of a moment before.

    rows: the row in ``items`` of each row of the table, -1 for products that came since. live: bool (n,), by
    row of ``items``: products that the table has. on_sale: bool (n,), those of them that are in stock.
    """

    table: ProductTable
    items: Items
    rows: Ints
    live: Bools
    on_sale: Bools

    @classmethod
    def of(cls, table: ProductTable, items: Items, before: Shelf | None = None) -> Shelf:
        """Line up a table with the products made from it or from one before; ``before`` is of the same."""
        if before is not None and before.items is items and before.table.ids is table.ids:
            rows, live = before.rows, before.live
        else:
            rows = items.rows(table.ids)
            live = np.zeros(len(items), np.bool_)
            live[rows[rows >= 0]] = True
        on_sale = np.zeros(len(items), np.bool_)
        on_sale[rows[(rows >= 0) & np.asarray(table.column("in_stock"), np.bool_)]] = True
        return cls(table, items, rows, live, on_sale)


def barred(request: Request, shelf: Shelf, met: Sequence[int] | Ints) -> Bools:
    """bool (n,): products that this request must not show.

    No longer live, out of stock, not selected by the filter, excluded, and, unless ``seen`` is "keep", met
    before. met: rows of the products that the history speaks of. Raises BadFilter for a filter on an unknown
    column.
    """
    out = ~shelf.on_sale
    if request.where is not None:
        left_out = shelf.rows[~np.asarray(request.where.mask(shelf.table), np.bool_)]
        out[left_out[left_out >= 0]] = True
    excluded = shelf.items.rows(sorted(request.exclude))
    out[excluded[excluded >= 0]] = True
    if request.seen == "drop":
        out[np.asarray(met, np.int64)] = True
    return out


@dataclass(frozen=True, slots=True)
class Choice:
    """How a list is chosen: k products, of one category at most ``cap``, spread out by ``diversity`` in [0,
    1].
    """

    k: int
    cap: int | None = None
    diversity: float = 0.0


def choose(ranked: Ints, scores: Floats, items: Items, choice: Choice) -> list[int]:
    """Rows of the products to show, at most k, fewer only where the rules leave no more.

    ranked: rows, best first. scores: float32 (n,), >= 0, by row. With diversity the products are taken by
    maximal marginal relevance (Carbonell and Goldstein 1998) between score / best score and the cosine of
    their looks, in rounds of ``max(POOL, FACTOR * k)`` ranked products. Products without a category are
    never capped.
    """
    taken: list[int] = []
    count: Counter[int] = Counter()
    size = max(POOL, FACTOR * choice.k)
    for start in range(0, len(ranked), size):
        for row in _spread(ranked[start : start + size], scores, items, choice):
            category = int(items.categories[row])
            if choice.cap is not None and category >= 0 and count[category] >= choice.cap:
                continue
            taken.append(int(row))
            count[category] += 1
            if len(taken) == choice.k:
                return taken
    return taken


def _spread(rows: Ints, scores: Floats, items: Items, choice: Choice) -> Ints:
    if choice.diversity <= 0 or len(rows) < 2:
        return rows
    best = float(scores[rows].max())
    relevance = (scores[rows] / best if best > 0 else np.zeros(len(rows))).astype(np.float32)
    wanted = len(rows) if choice.cap is not None else min(choice.k, len(rows))
    order = mmr(relevance, items.vectors[rows], wanted, choice.diversity)
    return rows[np.asarray(order, np.int64)]
