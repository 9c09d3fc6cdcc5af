"""Changes of single products, photos and customers, visible in the very next answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.errors import BadPhoto, UnknownCustomer, UnknownProduct, UsageError
from data.records import Cell, EncodedPhoto, Interaction, Photo, Product
from service.answers import Json
from service.browsing import product as product_json
from service.parts import Parts
from service.requests import Encoded
from service.spaces import remember_space

MOST_ATTRIBUTES = 200
CHANGEABLE = frozenset({"title", "category", "price", "in_stock"})


@dataclass(frozen=True, slots=True)
class ProductChange:
    """New values of some of a product's fields; what is not named stays.

    fields: of title, category, price and in_stock those to change. attributes: laid over the product's own;
    None takes one away.
    """

    fields: Mapping[str, Cell]
    attributes: Mapping[str, Cell]

    def of(self, product: Product) -> Product:
        """The product with the change. Raises UsageError where it would not be a product any more."""
        laid = {**product.attributes, **self.attributes}
        kept = {name: value for name, value in laid.items() if value is not None}
        if len(kept) > MOST_ATTRIBUTES:
            raise UsageError(
                f"{product.product_id!r:.80} would have {len(kept)} attributes, and {MOST_ATTRIBUTES} are "
                "allowed; take some away with null"
            )
        changed: dict[str, Any] = {name: value for name, value in self.fields.items() if name in CHANGEABLE}
        return replace(product, **changed, attributes=kept)


def put_product(parts: Parts, product: Product) -> Json:
    """Add a product, or replace its fields; its photos stay as they are."""
    parts.shop.put_product(product)
    parts.take_in()
    return product_json(parts, product.product_id)


def put_products(parts: Parts, products: Sequence[Product]) -> Json:
    """Add products or replace their fields, all or none. Raises UsageError for one that is named twice."""
    count = Counter(product.product_id for product in products)
    twice = [product_id for product_id, times in count.items() if times > 1]
    if twice:
        raise UsageError(
            f"product {twice[0]!r:.80} is in the batch {count[twice[0]]} times; nothing was stored: send it "
            "once",
            product_ids=twice[:100],
        )
    done = parts.shop.put_products(products)
    parts.take_in()
    return {"added": done.added, "changed": done.changed, "same": done.same}


def change_product(parts: Parts, product_id: str, change: ProductChange) -> Json:
    """Change some fields of a product. Raises UnknownProduct, UsageError."""
    parts.shop.change_product(product_id, change.of)
    parts.take_in()
    return product_json(parts, product_id)


def drop_photo(parts: Parts, photo_id: str) -> None:
    """Delete one photo. Raises UnknownPhoto."""
    parts.shop.drop_photo(photo_id)
    parts.take_in()


def delete_product(parts: Parts, product_id: str) -> None:
    """Take a product out. Raises UnknownProduct."""
    parts.shop.product(product_id)
    parts.shop.delete_products([product_id])
    parts.take_in()


def add_photo(parts: Parts, product_id: str, data: bytes, name: str, encoded: Encoded | None = None) -> Photo:
    """Store and encode one photo. A photo that cannot be read is not stored. Raises BadPhoto.

    encoded: what the embedder made of it, where that is known already; it is used if it is of the shop's
    space.
    """
    parts.shop.product(product_id)
    current = parts.shop.current_space()
    embedder = parts.embedder(current.space if current is not None else None)
    if encoded is not None and encoded.space == embedder.space:
        vector = encoded.blocks
    else:
        vector = embedder.encode(embedder.prepare(data)[None])[0]
    if current is None:
        remember_space(parts.shop, embedder, parts.embedder_spec())
        parts.shop.set_current_space(embedder.space)
    photo = parts.shop.add_photo(product_id, data, name)
    path = parts.shop.photo_path(photo)
    if photo.sha256 is None:
        raise BadPhoto("not_an_image", f"the photo of product {product_id!r} was stored without its checksum")
    state = path.stat()
    row = EncodedPhoto(photo.photo_id, photo.sha256, state.st_size, state.st_mtime_ns, vector)
    parts.shop.put_vectors(embedder.space, [row], [])
    while (now := parts.space()) != embedder.space:  # the shop switched to another space meanwhile
        embedder = parts.embedder(now)
        vector = embedder.encode(embedder.prepare(data)[None])[0]
        parts.shop.put_vectors(now, [replace(row, vector=vector)], [])
    parts.take_in()
    return parts.shop.photo(photo.photo_id)


def add_interactions(parts: Parts, items: Sequence[Interaction], undated: Collection[int] = ()) -> Json:
    """See ``Engine.add_interactions``."""
    wanted = {item.product_id for item in items}
    unknown = sorted(wanted - parts.shop.known_products(sorted(wanted)))
    if unknown:
        shown = ", ".join(repr(u) for u in unknown[:5])
        raise UnknownProduct(
            f"no product {shown} in the shop; nothing was stored: add the products first, or leave these out",
            product_ids=unknown[:100],
        )
    done = parts.shop.put_interactions(items, undated)
    told: Json = {"stored": done.stored, "repeated": done.repeated}
    return told | {"conflicts": [items[at].identity for at in done.conflicts]} if done.conflicts else told


def forget_customer(parts: Parts, customer_id: str) -> int:
    """Delete a customer's interactions and what was recommended to them, and take their name out of the
    reports; returns how many interactions there were. Raises UnknownCustomer.
    """
    if parts.log is not None:
        parts.log.flush()  # rows that are still to be written must not come back afterwards
    logged = parts.shop.recommendation_log.count(customer_id)
    gone = parts.shop.forget_customer(customer_id)
    named = _forget_in_reports(parts.shop.directory / "reports", customer_id)
    if not gone and not logged and not named:
        raise UnknownCustomer(f"nothing is stored of a customer {customer_id!r}")
    return gone


def _forget_in_reports(reports: Path, customer_id: str) -> int:
    if not reports.is_dir():
        return 0
    from recommender.evaluation.forgetting import forget_in_reports

    return forget_in_reports(reports, customer_id)
