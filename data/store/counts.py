"""The numbers that ``vitrine info`` shows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, select

from data.store.database import Database
from data.store.schema import imports, interactions, photos, products, rejects, vectors


def count_all(database: Database, space: str | None) -> dict[str, Any]:
    """Counts of everything, in one snapshot; see ``Shop.counts``."""
    live = products.c.deleted.is_(False)
    owned = photos.join(products, and_(products.c.product_id == photos.c.product_id, live))
    has_vector = (
        select(vectors.c.sha256)
        .where(vectors.c.space == (space or ""), vectors.c.sha256 == photos.c.sha256)
        .exists()
    )
    newest = select(func.max(imports.c.import_id)).group_by(imports.c.kind, imports.c.source)
    questions = {
        "products": select(func.count()).select_from(products),
        "live": select(func.count()).select_from(products).where(live),
        "photos": select(func.count()).select_from(owned),
        "photos_done": select(func.count()).select_from(owned).where(photos.c.status == "done"),
        "photos_rejected": select(func.count()).select_from(owned).where(photos.c.status == "rejected"),
        "pending": select(func.count())
        .select_from(owned)
        .where(photos.c.status != "rejected", ~and_(photos.c.status == "done", has_vector)),
        "interactions": select(func.count()).select_from(interactions),
        "customers": select(func.count(interactions.c.customer_id.distinct())),
        "rejects": select(func.count())
        .select_from(rejects)
        .where(rejects.c.import_id.is_(None) | rejects.c.import_id.in_(newest)),
    }
    with database.read() as connection:
        found: dict[str, Any] = {
            name: int(connection.execute(query).scalar_one()) for name, query in questions.items()
        }
        by_space = select(vectors.c.space, func.count().label("n")).group_by(vectors.c.space)
        found["vectors"] = {row.space: int(row.n) for row in connection.execute(by_space)}
    found["deleted"] = found["products"] - found["live"]
    return found
