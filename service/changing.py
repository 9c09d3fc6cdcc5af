"""Changes of single products, photos and customers, visible in the very next answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data.errors import BadPhoto, UnknownCustomer, UnknownProduct
from data.records import EncodedPhoto, Interaction, Photo, Product
from service.answers import Json
from service.browsing import product as product_json
from service.parts import Parts
from service.spaces import remember_space


def put_product(parts: Parts, product: Product) -> Json:
    """Add a product, or replace its fields; its photos stay as they are."""
    parts.shop.put_product(product)
    return product_json(parts, product.product_id)


def delete_product(parts: Parts, product_id: str) -> None:
    """Take a product out. Raises UnknownProduct."""
    parts.shop.product(product_id)
    parts.shop.delete_products([product_id])


def add_photo(parts: Parts, product_id: str, data: bytes, name: str) -> Photo:
    """Store and encode one photo. A photo that cannot be read is not stored. Raises BadPhoto."""
    parts.shop.product(product_id)
    current = parts.shop.current_space()
    embedder = parts.embedder(current.space if current is not None else None)
    vector = embedder.encode(embedder.prepare(data)[None])[0]
    if current is None:
        remember_space(parts.shop, embedder, parts.embedder_spec())
        parts.shop.set_current_space(embedder.space)
    photo = parts.shop.add_photo(product_id, data, name)
    path = parts.shop.photo_path(photo)
    if photo.sha256 is None:
        raise BadPhoto("not_an_image", f"the photo of product {product_id!r} was stored without its checksum")
    state = path.stat()
    encoded = EncodedPhoto(photo.photo_id, photo.sha256, state.st_size, state.st_mtime_ns, vector)
    parts.shop.put_vectors(embedder.space, [encoded], [])
    while (now := parts.space()) != embedder.space:  # the shop switched to another space meanwhile
        embedder = parts.embedder(now)
        vector = embedder.encode(embedder.prepare(data)[None])[0]
        parts.shop.put_vectors(now, [replace(encoded, vector=vector)], [])
    return parts.shop.photo(photo.photo_id)


def add_interactions(parts: Parts, items: Sequence[Interaction]) -> Json:
    """Store interactions, all or none. Raises UnknownProduct."""
    wanted = {item.product_id for item in items}
    unknown = sorted(wanted - parts.shop.known_products(sorted(wanted)))
    if unknown:
        shown = ", ".join(repr(u) for u in unknown[:5])
        raise UnknownProduct(
            f"no product {shown} in the shop; nothing was stored: add the products first, or leave these out",
            product_ids=unknown[:100],
        )
    done = parts.shop.put_interactions(items)
    return {"stored": done.stored, "repeated": done.repeated}


def forget_customer(parts: Parts, customer_id: str) -> int:
    """Delete a customer's interactions and what was recommended to them; returns how many interactions there
    were. Raises UnknownCustomer.
    """
    if parts.log is not None:
        parts.log.flush()  # rows that are still to be written must not come back afterwards
    logged = parts.shop.recommendation_log.count(customer_id)
    gone = parts.shop.forget_customer(customer_id)
    if not gone and not logged:
        raise UnknownCustomer(f"nothing is stored of a customer {customer_id!r}")
    return gone
