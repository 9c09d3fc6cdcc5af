"""Recommendations for one customer at a time, from a real shop with a trained ranker: latency and its stages.

``python -m benchmarks.recommend [--quick] [--no-record]``

The shop is a real one (SQLite, a generation, trained files), filled with drawn vectors, products and
interactions: 256 numbers a photo, one photo a product, category and seven further columns of words that
follow from the looks, prices, dates; customers with 5 to 40 likes, drawn from one to four neighbourhoods of
looks by Zipf's law. Settings are the defaults; the ranker has the most trees that training ever keeps, grown
on the choices of a newest window. Every question is a whole ``Recommender.recommend``: what changed in the
shop is asked for, the history is read from the database, ten products with reasons come back. The lists are
then compared with those of the evaluation's way, which scores all products.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.framework import Report, Row, Size, Spread, main
from benchmarks.growth import Curves
from benchmarks.looks import SPACE, drawn
from data.records import CatalogueRow, EncodedPhoto, Interaction, PhotoRef, Product
from data.shop import Shop
from index.generation import build_generation
from index.search import CatalogueIndex
from recommender import artifacts
from recommender import recommender as live
from recommender.items import Floats, Ints
from recommender.known import Known
from recommender.learned import Learned
from recommender.proposing import Panel
from recommender.ranker.signals import matrix
from recommender.ranker.training import ROUNDS
from recommender.ranker.trees import Lessons, Trees, grow
from recommender.ranker.vitrine import RERANKED, FittedVitrine
from recommender.reasons import Explainer
from recommender.recommender import Recommender
from recommender.request import Request
from recommender.settings import Settings
from recommender.source import load_dataset
from recommender.topk import top_k
from recommender.training import lessons_of
from recommender.views import View, Views

PRODUCTS: Mapping[Size, int] = {"quick": 5_000, "full": 100_000}
CUSTOMERS: Mapping[Size, int] = {"quick": 1_000, "full": 20_000}
QUESTIONS: Mapping[Size, int] = {"quick": 60, "full": 400}
WARM_UP = 20
COLUMNS = {"colour": 12, "pattern": 9, "brand": 60, "sleeve": 5, "fabric": 20, "season": 4, "fit": 7}
CATEGORIES, NEIGHBOURHOODS = 40, 400
TAUGHT = 250  # customers of whose choices the trees are grown
COMPARED = 40  # customers for whom the evaluation's way is computed as well
DAYS = 400
START = datetime(2024, 1, 1, tzinfo=UTC)
PART = 5_000
K = 10
Floated = dict[str, float]


def named(row: int) -> str:
    """A product's id."""
    return f"p{row:07d}"


def groups(blocks: Floats, count: int, seed: int) -> Ints:
    """int64 (n,): which of so many drawn products each one looks most like."""
    anchors = blocks[np.random.default_rng(seed).choice(len(blocks), count, replace=False)]
    found: Ints = (blocks @ anchors.T).argmax(axis=1).astype(np.int64)
    return found


def fill(shop: Shop, products: int, customers: int) -> None:
    """Products, vectors and interactions."""
    rng = np.random.default_rng(11)
    blocks = drawn(products)
    shop.put_space(SPACE)
    shop.set_current_space(SPACE.space)
    columns = {name: groups(blocks, count, at) for at, (name, count) in enumerate(COLUMNS.items())}
    kinds, ages = groups(blocks, CATEGORIES, 99), rng.uniform(0, 3 * DAYS, products)
    for first in range(0, products, PART):
        rows = range(first, min(first + PART, products))
        shop.put_rows(
            [
                CatalogueRow(
                    row + 1,
                    Product(
                        named(row),
                        title=f"thing {row}",
                        category=f"kind {kinds[row]}",
                        price=round(float(rng.lognormal(3, 0.6)), 2),
                        in_stock=row % 20 != 0,
                        attributes={name: f"{name} {codes[row]}" for name, codes in columns.items()},
                        first_seen=START + timedelta(days=DAYS - ages[row]),
                    ),
                    (PhotoRef(f"{row}.jpg"),),
                )
                for row in rows
            ],
            Path("photos"),
        )
        photos = shop.photos_of_products([named(row) for row in rows])
        shop.put_vectors(
            SPACE.space,
            [
                EncodedPhoto(
                    photos[named(row)][0].photo_id,
                    hashlib.sha256(named(row).encode()).hexdigest(),
                    1,
                    1,
                    blocks[row],
                )
                for row in rows
            ],
            [],
        )
    for part in events(groups(blocks, NEIGHBOURHOODS, 77), customers):
        shop.put_interactions(part)


def events(labels: Ints, customers: int) -> Iterator[list[Interaction]]:
    """Purchases, customer by customer, in parts."""
    rng = np.random.default_rng(5)
    products = len(labels)
    fame = rng.permutation(1 / np.arange(1, products + 1) ** 0.8)
    inside = [np.flatnonzero(labels == label) for label in range(NEIGHBOURHOODS)]
    made: list[Interaction] = []
    for customer in range(customers):
        own = rng.choice(NEIGHBOURHOODS, int(rng.integers(1, 5)), replace=False)
        near = np.concatenate([inside[label] for label in own])
        count = int(rng.integers(5, 41))
        taken = rng.choice(near, count, p=fame[near] / fame[near].sum())
        anything = rng.random(count) < 0.2
        taken[anything] = rng.integers(products, size=int(anything.sum()))
        for product, day in zip(taken.tolist(), np.sort(rng.uniform(0, DAYS, count)).tolist(), strict=True):
            made.append(
                Interaction(f"c{customer:06d}", named(product), "purchase", START + timedelta(days=day))
            )
        if len(made) > PART * 10 or customer == customers - 1:
            yield made
            made = []


def taught(settings: Settings, data: Any) -> Trees:
    """As many trees as training ever keeps, from the choices of the newest window."""
    lesson = lessons_of(data)[-1]
    fitted = settings.vitrine().fit(lesson.known)
    exam, parts, names = lesson.exam.first(TAUGHT), [], ()
    for row in range(len(exam)):
        told = exam.histories.part(row, row + 1)
        pairs, blended = fitted.pairs(told, exam.barred(row, row + 1))
        features = fitted.features(told, pairs, blended)
        names = tuple(features)
        chosen = exam.wanted_mask(row, row + 1)[0, pairs.rows]
        table = matrix(features, names, len(pairs))
        parts.append(Lessons(table, blended, chosen, np.asarray([len(pairs)])))
    return grow(Lessons.joined(parts), names, ROUNDS, 7)


@contextmanager
def stages(spent: dict[str, list[float]]) -> Iterator[None]:
    """Add up the seconds that each stage takes, to the last entry of its list."""

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                spent[name][-1] += time.perf_counter() - began

        return wrapped

    watched = {
        "what changed in the shop": (Views, "current"),
        "history from the database": (Known, "of"),
        "rules": (live, "barred"),
        "candidates of all sources": (Panel, "ask"),
        "features": (FittedVitrine, "features"),
        "trees": (Trees, "add"),
        "list": (live, "choose"),
        "shares (TreeSHAP)": (live, "amounts_of"),
        "reasons in words": (Explainer, "reasons"),
    }
    patches = [patch.object(of, part, timed(name, getattr(of, part))) for name, (of, part) in watched.items()]
    for name in watched:
        spent[name] = []
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def ask(
    recommender: Recommender, customers: list[str]
) -> tuple[list[float], list[float], dict[str, list[float]]]:
    """Seconds of every question, processor seconds of it (of all threads), and seconds of its stages."""
    whole, used, spent = [], [], dict[str, list[float]]()
    with stages(spent):
        for customer in customers:
            for times in spent.values():
                times.append(0.0)
            began, processor = time.perf_counter(), time.process_time()
            recommender.recommend(Request(customer, k=K))
            whole.append(time.perf_counter() - began)
            used.append(time.process_time() - processor)
    return whole, used, spent


def agreement(recommender: Recommender, customers: list[str]) -> Floated:
    """How much of the evaluation's first ten the live ones have, and of those that trees on all candidates
    would put first.
    """
    view = recommender._views.current()
    items, found, uncut = view.items, [], []
    now = datetime.now(UTC)
    for customer in customers:
        request = Request(customer, k=K, why=False, at=now)
        answer = recommender.recommend(request)
        told = Known.of(recommender._shop, request)
        history = told.history(request, view.shelf, recommender._shop.event_weights)
        out = live.barred(request, view.shelf, told.met(items))[None, :]
        scores = np.where(out, -np.inf, view.vitrine.score(history, out)).astype(np.float32)
        rows = top_k(scores, K)[0]
        mine = {item.product_id for item in answer.items}
        found.append(len(mine & {items.ids[row] for row in rows}) / K)
        with patch("recommender.ranker.vitrine.RERANKED", len(items)):
            scores = np.where(out, -np.inf, view.vitrine.score(history, out)).astype(np.float32)
        uncut.append(len({*rows.tolist()} & {*top_k(scores, K)[0].tolist()}) / K)
    return {"live_in_evaluation": float(np.mean(found)), "trees_on_all": float(np.mean(uncut))}


def following(shop: Shop, recommender: Recommender, customer: str) -> Floated:
    """Seconds of the first answer after a change of the catalogue, and until what is new can be found."""
    index = recommender._index
    known = {name: shop.product(named(row)) for row, name in enumerate(("price", "stock", "category"), 7)}
    changes = {
        "a price": replace(known["price"], price=1.0),
        "a stock": replace(known["stock"], in_stock=False),
        "a category": replace(known["category"], category="kind 0"),
        "a new product": Product("fresh", title="fresh", category="kind 1"),
    }
    spent: Floated = {}
    for what, product in changes.items():
        shop.put_product(product)
        began = time.perf_counter()
        recommender.recommend(Request(customer, k=K))
        spent[what] = time.perf_counter() - began
    shop.delete_products([named(10)])
    began = time.perf_counter()
    recommender.recommend(Request(customer, k=K))
    spent["a deleted product"] = time.perf_counter() - began
    recommender.wait()
    recommender.recommend(Request(customer, k=K))
    recommender.wait()
    began = time.perf_counter()
    View.of(index.pinned(), recommender._learned, recommender._views.current())
    spent["what a thread does after a new product"] = time.perf_counter() - began
    return {what: round(seconds, 4) for what, seconds in spent.items()}


def measured(folder: Path, size: Size) -> Report:
    """Everything on one shop."""
    shop = Shop.create(folder / "shop")
    fill(shop, PRODUCTS[size], CUSTOMERS[size])
    build_generation(shop, SPACE, "auto")
    index = CatalogueIndex.open(shop)
    data = load_dataset(shop, index)
    settings = replace(Settings(), trees=taught(Settings(), data))
    artifacts.save(Learned.of(settings, data, {}), shop.directory)
    recommender = Recommender.open(shop, index)
    began = time.perf_counter()
    recommender.recommend(Request("c000000"))
    first = time.perf_counter() - began
    drawn_ones = np.random.default_rng(3).choice(CUSTOMERS[size], QUESTIONS[size] + WARM_UP, replace=False)
    customers = [f"c{at:06d}" for at in drawn_ones]
    ask(recommender, customers[:WARM_UP])
    whole, used, spent = ask(recommender, customers[WARM_UP:])
    agrees = agreement(recommender, customers[:COMPARED])
    changed = following(shop, recommender, "c000000")
    rows = [
        row("ours: a whole answer", whole, whole),
        row("its processor time, all threads", used, whole),
        *(row(f"in it: {name}", times, whole) for name, times in spent.items()),
    ]
    trees = settings.trees.count if settings.trees else 0
    notes = (
        f"{PRODUCTS[size]:,} products, {len(data.events):,} interactions, {trees} trees over the best "
        f"{RERANKED} candidates, {QUESTIONS[size]} questions; lowest to highest is over questions",
        f"the first {K} are those of the evaluation in {agrees['live_in_evaluation']:.4f}, and those of "
        f"trees on all candidates in {agrees['trees_on_all']:.4f} of all places",
        f"first answer {first:.2f} s",
        "the first answer after a change: "
        + ", ".join(f"{what} {seconds * 1e3:.0f} ms" for what, seconds in changed.items()),
    )
    table = Curves(
        f"Recommendations at {PRODUCTS[size]:,} products", "ms (median)", "less", rows, notes=notes
    )
    return Report([table], {"after_a_change_s": changed, "agreement@10": agrees})


def row(name: str, seconds: list[float], whole: list[float]) -> Row:
    """Milliseconds over questions."""
    ms = [second * 1e3 for second in seconds]
    high = {f"p{q}": float(np.percentile(ms, q)) for q in (90, 95, 99)}
    return Row(name, "ours", Spread.of(ms), {}, {**high, "share": f"{sum(seconds) / sum(whole):.1%}"})


def run(size: Size) -> Report:
    """One table: the answer and its stages."""
    with tempfile.TemporaryDirectory() as folder:
        return measured(Path(folder), size)


if __name__ == "__main__":
    sys.exit(main(__doc__, "recommend", run))
