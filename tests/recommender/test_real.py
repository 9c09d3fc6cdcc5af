"""A small part of the real purchases, from photos to a report; the looks are a few mean colours."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from data.photos import decode
from data.records import CatalogueRow, EncodedPhoto, Interaction, PhotoRef, Product, SpaceRecord
from data.shop import Shop
from index.search import CatalogueIndex
from recommender.evaluation.evaluate import evaluate
from recommender.evaluation.report import write_report
from recommender.recommender import Recommender, Request
from recommender.training import train
from tests.real import REAL, needs_real

PRODUCTS, GRID, SPACE = 400, 4, "mean-colours"


def mean_colours(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    """A photo as the mean colours of a 4 × 4 grid, float32 (48,), unit norm."""
    small = decode(path, size=(GRID, GRID)).astype(np.float32).ravel() - 128.0
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)


def fill(shop: Shop, folder: Path) -> int:
    """The products with the most purchases, their photos, and all their purchases; how many of these."""
    with (folder / "interactions.csv").open(encoding="utf-8") as file:
        events = list(csv.DictReader(file))
    counts: dict[str, int] = {}
    for event in events:
        counts[event["product_id"]] = counts.get(event["product_id"], 0) + 1
    kept = set(sorted(counts, key=lambda product: (-counts[product], product))[:PRODUCTS])
    with (folder / "catalogue.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["product_id"] in kept]
    layout: dict[str, list[object]] = {"names": ["colour"], "dims": [3 * GRID * GRID], "weights": [1.0]}
    shop.put_space(SpaceRecord(SPACE, "mean colours", layout, {}))
    shop.set_current_space(SPACE)
    products = [Product(row["product_id"], row["title"], row["category"]) for row in rows]
    listed = [
        CatalogueRow(number, product, (PhotoRef(row["image"]),))
        for number, (product, row) in enumerate(zip(products, rows, strict=True), 1)
    ]
    shop.put_rows(listed, folder)
    photos = shop.photos_of_products([p.product_id for p in products])
    done = []
    for product in products:
        photo = photos[product.product_id][0]
        sha = hashlib.sha256(photo.path.encode()).hexdigest()
        done.append(EncodedPhoto(photo.photo_id, sha, 1, 1, mean_colours(shop.photo_path(photo))))
    shop.put_vectors(SPACE, done, [])
    bought = [
        Interaction(
            e["user_id"],
            e["product_id"],
            "purchase",
            datetime.fromisoformat(e["timestamp"]).replace(tzinfo=UTC),
        )
        for e in events
        if e["product_id"] in kept
    ]
    return shop.put_interactions(bought).stored


@needs_real
def test_real_purchases_from_photos_to_recommendations_and_report(tmp_path: Path) -> None:
    assert REAL is not None
    shop = Shop.create(tmp_path / "shop")
    assert fill(shop, REAL / "hm_interactions") > 2000
    index = CatalogueIndex.open(shop)

    found = evaluate(shop, index, "time")
    assert found.headline is not None
    assert found.customers > 150
    quality = {model.model: model.metrics["ndcg@50"] for model in found.models}
    assert quality["popularity"] > 1.5 * quality["random"]
    assert quality["vitrine"] > 1.5 * quality["random"]
    page = write_report(found, shop, tmp_path / "report").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") > 20

    train(shop, index)
    recommender = Recommender.open(shop, index)
    for customer, _ in shop.customers(20):
        seen = {event.product_id for event in shop.history(customer)}
        answer = recommender.recommend(Request(customer, k=10))
        shown = [item.product_id for item in answer.items]
        assert answer.fallback is None
        assert len(set(shown)) == 10
        assert not seen & set(shown)
    shop.close()
