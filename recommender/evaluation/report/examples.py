"""Customers to look at: what they had liked, what would have been recommended, and what they really chose."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from data.errors import VitrineError
from data.photos import decode
from recommender.evaluation.result import Evaluation
from recommender.items import Doubles, Ints

if TYPE_CHECKING:
    from data.shop import Shop

SIDE = 112
HISTORY, SHOWN, CHOSEN = 6, 10, 8


@dataclass(frozen=True, slots=True)
class Tile:
    """A product in a row of pictures; picture: a data URL, "" where there is none. hit: it was really
    chosen.
    """

    product_id: str
    title: str
    picture: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Example:
    """One customer. kind: best, typical or worst; the totals say how much more there is than the tiles
    show.
    """

    customer_id: str
    kind: str
    ndcg: float
    history: tuple[Tile, ...]
    history_total: int
    shown: tuple[Tile, ...]
    chosen: tuple[Tile, ...]
    chosen_total: int


def examples(found: Evaluation, shop: Shop, model: str) -> list[Example]:
    """Two of the best, two typical and one of the worst lists of a model, by NDCG@10, then NDCG@50.

    Only customers with a history are shown. The same evaluation gives the same customers.
    """
    exam, ranking = found.behind.fold.test, found.behind.rankings[model]
    values = found.behind.values[model]
    album = _Album(shop, found)
    made = []
    for kind, row in _pick(values["ndcg@10"], values["ndcg@50"], exam.histories.liked()):
        events = slice(int(exam.histories.starts[row]), int(exam.histories.starts[row + 1]))
        liked = list(dict.fromkeys(reversed(exam.histories.items[events].tolist())))
        wanted = exam.wanted.indices[exam.wanted.indptr[row] : exam.wanted.indptr[row + 1]].tolist()
        top = [item for item in ranking.top[row, :SHOWN].tolist() if item >= 0]
        made.append(
            Example(
                customer_id=found.behind.data.customers[int(exam.who[row])],
                kind=kind,
                ndcg=float(values["ndcg@10"][row]),
                history=album.tiles(liked[:HISTORY], ()),
                history_total=len(liked),
                shown=album.tiles(top, wanted),
                chosen=album.tiles(sorted(wanted, key=lambda i: i not in top)[:CHOSEN], top),
                chosen_total=len(wanted),
            )
        )
    return made


def _pick(at_10: Doubles, at_50: Doubles, liked: Ints) -> list[tuple[str, int]]:
    """(kind, row): customers with a history, ordered by how well their list did (ties: the longer
    history).
    """
    rows = np.flatnonzero(liked > 0)
    order = rows[np.lexsort((rows, -liked[rows], -at_50[rows], -at_10[rows]))].tolist()
    if not order:
        return []
    middle = len(order) // 2
    wanted = [("best", 0), ("best", 1), ("typical", middle), ("typical", middle + 1)]
    # Of the worst, the one with the longest history: there a miss is the model's, not the data's.
    misses = [row for row in order if at_50[row] == at_50[order[-1]] and at_10[row] == at_10[order[-1]]]
    picked = {order[at]: kind for kind, at in reversed(wanted) if at < len(order)}
    picked.setdefault(max(misses, key=lambda row: liked[row]), "worst")
    kinds = ("best", "typical", "worst")
    found = [(kind, row) for row, kind in picked.items()]
    return sorted(found, key=lambda one: (kinds.index(one[0]), order.index(one[1])))


class _Album:
    """Titles and small pictures of products, read once each."""

    def __init__(self, shop: Shop, found: Evaluation) -> None:
        self._shop = shop
        self._ids = found.behind.data.items.ids
        self._pictures: dict[str, str] = {}

    def tiles(self, rows: Sequence[int], hits: Sequence[int]) -> tuple[Tile, ...]:
        names = [self._ids[row] for row in rows]
        products, photos = self._shop.products(names), self._shop.photos_of_products(names)
        made = []
        for row, name in zip(rows, names, strict=True):
            if name not in self._pictures:
                first = next((photo for photo in photos.get(name, []) if photo.status != "rejected"), None)
                self._pictures[name] = picture(self._shop.photo_path(first)) if first is not None else ""
            title = products[name].title if name in products else None
            made.append(Tile(name, title or name, self._pictures[name], row in hits))
        return tuple(made)


def picture(path: Path) -> str:
    """A photo as a small JPEG in a data URL; "" where it cannot be read."""
    try:
        pixels = decode(path)
    except (VitrineError, OSError):
        return ""
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=78)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
