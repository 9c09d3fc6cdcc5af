"""The labels of a shop's products: what embedders are trained and measured on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from data.errors import UsageError
from data.records import Product
from data.shop import Shop


def label_of_products(shop: Shop, label: str) -> dict[str, str]:
    """Product id → its label, for products that have one; UsageError names the columns where none has it."""
    found: dict[str, str] = {}
    for products in shop.all_products():
        for product in products:
            value = value_of(product, label)
            if value is not None:
                found[product.product_id] = value
    if not found:
        offered = columns_with_values(product for products in shop.all_products() for product in products)
        raise UsageError(f"no product has a label in column {label!r}; columns with values: {offered}")
    return found


def columns_with_values(products: Iterable[Product]) -> str:
    """The columns in which products have values, the fullest twenty first, for a message."""
    columns: Counter[str] = Counter()
    for product in products:
        columns.update(name for name, value in product.attributes.items() if value not in (None, ""))
        columns.update(["category"] if product.category else [])
    return ", ".join(name for name, _ in columns.most_common(20)) or "none at all"


def value_of(product: Product, label: str) -> str | None:
    """A product's label as text, or None."""
    value = product.category if label == "category" else product.attributes.get(label)
    text = "" if value is None else str(value).strip()
    return text or None
