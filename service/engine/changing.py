"""What is changed one at a time: products, photos, interactions, rules by hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from data.records import Interaction, Photo, Product
from data.rules import Terms
from service import changing, ruling
from service.answers import Json
from service.changing import ProductChange
from service.engine.held import Held
from service.requests import Encoded


class Changing(Held):
    """Single changes, seen in the very next answer."""

    def put_product(self, product: Product) -> Json:
        """Add or replace one product; visible in the very next answer. Returns the product's JSON."""
        return changing.put_product(self._parts, product)

    def put_products(self, products: Sequence[Product]) -> Json:
        """Add or replace several products, all or none. Returns ``{"added": n, "changed": n, "same": n}``.

        Raises UsageError for one that is named twice.
        """
        return changing.put_products(self._parts, products)

    def change_product(self, product_id: str, change: ProductChange) -> Json:
        """Change some fields of a product; visible in the very next answer. Returns the product's JSON.

        Raises UnknownProduct, UsageError.
        """
        return changing.change_product(self._parts, product_id, change)

    def drop_photo(self, photo_id: str) -> None:
        """Delete one photo; its looks are gone from the very next answer. Raises UnknownPhoto."""
        changing.drop_photo(self._parts, photo_id)

    def delete_product(self, product_id: str) -> None:
        """Take one product out; gone from the very next answer. Raises UnknownProduct."""
        changing.delete_product(self._parts, product_id)

    def add_photo(
        self, product_id: str, data: bytes, name: str = "", encoded: Encoded | None = None
    ) -> Photo:
        """Store one more photo of a product, encoded at once. Raises UnknownProduct, BadPhoto.

        encoded: what the embedder made of it, where that is known already.
        """
        return changing.add_photo(self._parts, product_id, data, name, encoded)

    def add_interactions(self, items: Sequence[Interaction], undated: Collection[int] = ()) -> Json:
        """Store interactions; durable when this returns. Returns ``{"stored": n, "repeated": n}``, and where
        an ``event_id`` is that of another event, which stays, ``"conflicts": [event_id, ...]`` besides.

        undated: places of those that came without a moment. Raises UnknownProduct naming the products that
        the shop does not have; nothing is stored then.
        """
        return changing.add_interactions(self._parts, items, undated)

    def forget_customer(self, customer_id: str) -> int:
        """Delete all that is stored of a customer, also what was recommended to them; returns how many
        interactions that was. Raises UnknownCustomer.
        """
        return changing.forget_customer(self._parts, customer_id)

    # --- merchandising

    def rules(self, product_id: str | None = None, category: str | None = None) -> list[Json]:
        """The rules that were not taken back, oldest first; those of a product, of a category, or all."""
        return ruling.rules(self._parts.shop, product_id, category)

    def rules_for(self, product: Json) -> list[Json]:
        """The rules that speak of a product's look-alikes: for it, for its category, for everywhere."""
        category = product.get("category")
        return ruling.rules_for(
            self._parts.shop, str(product["product_id"]), None if category is None else str(category)
        )

    def add_rule(self, terms: Terms, who: str = ruling.LOCAL) -> Json:
        """Order a rule. Returns rule, overrules (numbers of earlier pins) and warnings.

        Raises UnknownProduct, UsageError.
        """
        return ruling.add(self._parts.shop, terms, who)

    def remove_rule(self, rule_id: int, who: str = ruling.LOCAL) -> Json:
        """Take a rule back. Returns the change. Raises UnknownRule."""
        return ruling.remove(self._parts.shop, rule_id, who)

    def undo_rule(self, who: str = ruling.LOCAL, change_id: int | None = None) -> Json:
        """Revert the last change of the rules, or a given one. Raises UnknownRule, UsageError."""
        return ruling.undo(self._parts.shop, who, change_id)

    def rule_history(self, limit: int = 100, before: int | None = None) -> list[Json]:
        """Changes of the rules, the newest first."""
        return ruling.history(self._parts.shop, limit, before)
