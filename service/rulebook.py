"""Which rules speak of a question, and what is said of those that cannot be followed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from data.rules import Rule, Surface
from data.shop import Shop
from service.answers import Json
from service.merchandising import Plan, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.table import ProductTable
    from data.where import Where
    from data.wherenodes import Answers, Node

SIMILAR: Surface = "similar"
RECOMMENDATIONS: Surface = "recommendations"


def plan_for(
    shop: Shop, surface: Surface, asked: Callable[[], Sequence[str]], now: datetime | None = None
) -> Plan:
    """What the rules come to for a question on a surface.

    asked: gives the products that are asked about, and is called only where a rule speaks of some; none of
    them: only rules for everywhere speak of it. now: when (aware); None: this moment.
    """
    found = _holding(shop, surface, now)
    if not found:
        return Plan()
    about = asked() if any(rule.terms.specific for rule in found) else ()
    categories: set[str | None] = set()
    if about and any(rule.terms.query_category is not None for rule in found):
        categories = {product.category for product in shop.products(about).values()}
    return Plan.of([rule for rule in found if _speaks(rule, about, categories)])


def plans_for(shop: Shop, surface: Surface, asked: Sequence[str], now: datetime | None = None) -> list[Plan]:
    """``plan_for`` for many questions, each about one product."""
    found = _holding(shop, surface, now)
    products = {}
    if any(rule.terms.query_category is not None for rule in found):
        products = shop.products(asked)
    plans: dict[tuple[int, ...], Plan] = {(): Plan()}
    made = []
    for product_id in asked:
        product = products.get(product_id)
        categories = set() if product is None else {product.category}
        spoken = [rule for rule in found if _speaks(rule, (product_id,), categories)]
        numbers = tuple(rule.rule_id for rule in spoken)
        if numbers not in plans:
            plans[numbers] = Plan.of(spoken)
        made.append(plans[numbers])
    return made


def _holding(shop: Shop, surface: Surface, now: datetime | None) -> list[Rule]:
    """The rules of a surface that hold at a moment; None: at this one."""
    moment = now or datetime.now(UTC)
    return [rule for rule in shop.rules.all() if _on(rule, surface) and rule.terms.holds(moment)]


def _on(rule: Rule, surface: Surface) -> bool:
    return rule.terms.surface in (surface, "both")


def _speaks(rule: Rule, asked: Sequence[str], categories: Collection[str | None]) -> bool:
    terms = rule.terms
    if terms.query_product_id is not None:
        return terms.query_product_id in asked
    return terms.query_category is None or terms.query_category in categories


@dataclass(frozen=True, slots=True)
class _Those:
    """A part of a filter: the product is one of these."""

    ids: frozenset[str]

    def answers(self, table: ProductTable) -> Answers:
        """See ``data.wherenodes.Node``."""
        yes = np.zeros(len(table), np.bool_)
        yes[[table.row_of[name] for name in self.ids if name in table.row_of]] = True
        return yes, ~yes

    def names(self) -> Iterator[str]:
        """See ``data.wherenodes.Node``."""
        yield "product_id"


def among(ids: Collection[str], where: Where | None) -> Where:
    """The filter that lets through those of some products that pass ``where``."""
    from data.where import Where
    from data.wherenodes import All

    those: Node = _Those(frozenset(ids))
    if where is None:
        return Where("", those)
    return Where(where.text, All((where.root, those)))


def why_not(
    table: ProductTable, product_id: str, where: Where | None, exclude: Collection[str], otherwise: str
) -> str:
    """Why a pinned product is not shown. otherwise: what it must be where nothing else is the reason."""
    row = table.row_of.get(product_id)
    if row is None:
        return "it is not in the shop any more"
    if product_id in exclude:
        return "the request excludes it"
    if where is not None and not where.mask(table)[row]:
        sold_out = not table.product(row).in_stock
        return "it is out of stock, and the filter leaves it out" if sold_out else "the filter leaves it out"
    return otherwise


def not_pinned(rule: Rule, reason: str) -> str:
    """A warning: a pin was not followed, and why."""
    terms = rule.terms
    return f"rule {rule.rule_id} does not pin {terms.product_id!r} at position {terms.position}: {reason}"


def rule_json(spot: Spot) -> Json:
    """What an answer says of the rule that moved a product: ``{"rule": {...}}``, or nothing."""
    if spot.rule is None:
        return {}
    terms = spot.rule.terms
    return {
        "rule": {
            "rule_id": spot.rule.rule_id,
            "action": terms.action,
            "scope": terms.scope,
            "position": terms.position,
            "factor": terms.factor,
            "plus": terms.plus,
            "ordered_by": None if terms.action == "pin" else round(spot.order, 6),
        }
    }
