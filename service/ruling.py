"""Rules of merchandisers as people and programs see them: ordered, listed, taken back, remembered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from data.rules import Rule, RuleChange, Terms
from data.shop import Shop
from data.store.rules import colliding
from service.answers import Json

IN_FORCE, WAITING, OVER = "in_force", "waiting", "over"
LOCAL = "local"
"""Who ordered a rule on the shop's own machine, without a key."""
MOST_CHANGES = 1_000


def rules(shop: Shop, product_id: str | None = None, category: str | None = None) -> list[Json]:
    """The rules that were not taken back, oldest first.

    product_id: only those that are for this query product or move it. category: only those for this category.
    With both, rules that fit either.
    """
    known = shop.rules.all()
    chosen = [
        rule
        for rule in known
        if (product_id is None and category is None)
        or (product_id is not None and product_id in (rule.terms.product_id, rule.terms.query_product_id))
        or (category is not None and category == rule.terms.query_category)
    ]
    return [rule_as_json(rule, known) for rule in chosen]


def rules_for(shop: Shop, product_id: str, category: str | None) -> list[Json]:
    """The rules that speak of a question about one product: for it, for its category, for everywhere."""
    known = shop.rules.all()
    return [
        rule_as_json(rule, known)
        for rule in known
        if (rule.terms.query_product_id == product_id)
        or (category is not None and rule.terms.query_category == category)
        or not rule.terms.specific
    ]


def add(shop: Shop, terms: Terms, who: str) -> Json:
    """Order a rule. Returns the rule, which earlier pins it overrules, and what a person should know of it.

    Raises UnknownProduct, UsageError.
    """
    made = shop.rules.add(terms, who)
    known = shop.rules.all()
    overruled = colliding(known, made)
    return {
        "rule": rule_as_json(made, known),
        "overrules": [rule.rule_id for rule in overruled],
        "warnings": [*_conflicts(made, known, overruled), *_sold_out(shop, terms)],
    }


def remove(shop: Shop, rule_id: int, who: str) -> Json:
    """Take a rule back. Returns the change. Raises UnknownRule."""
    return change_as_json(shop.rules.remove(rule_id, who))


def undo(shop: Shop, who: str, change_id: int | None = None) -> Json:
    """Revert the last change, or a given one. Returns the new change. Raises UnknownRule, UsageError."""
    return change_as_json(shop.rules.undo(who, change_id))


def history(shop: Shop, limit: int = 100, before: int | None = None) -> list[Json]:
    """Changes, the newest first; before: only those with a smaller number."""
    return [change_as_json(change) for change in shop.rules.history(limit, before)]


def rule_as_json(rule: Rule, known: Sequence[Rule], now: datetime | None = None) -> Json:
    """A rule with its state, and by which later pin it is overruled while both hold."""
    over = [other.rule_id for other in known if rule in colliding([rule], other)]
    return {
        "rule_id": rule.rule_id,
        **_terms_as_json(rule.terms),
        "state": _state(rule.terms, now or datetime.now(UTC)),
        "overruled_by": max(over, default=None),
        "who": rule.who,
        "at": _text(rule.at),
        "change_id": rule.change_id,
    }


def change_as_json(change: RuleChange) -> Json:
    """An entry of the history, with the words of its rule."""
    return {
        "change_id": change.change_id,
        "rule_id": change.rule_id,
        "kind": change.kind,
        "who": change.who,
        "at": _text(change.at),
        "undoes": change.undoes,
        "undone": change.undone,
        "terms": _terms_as_json(change.terms),
    }


def sentence(terms: Json) -> str:
    """A rule's JSON as a sentence: ``pins disc-red at 1 for category disc``."""
    action = terms["action"]
    amount = {
        "pin": f" at {terms['position']}",
        "boost": f" × {terms['factor']:g}" if terms["factor"] is not None else f" by {terms['plus'] or 0:+g}",
    }.get(str(action), "")
    scope = "everywhere"
    if terms["query_product_id"] is not None:
        scope = f"for product {terms['query_product_id']}"
    elif terms["query_category"] is not None:
        scope = f"for category {terms['query_category']}"
    places = {"similar": " in look-alikes", "recommendations": " in recommendations"}
    return f"{action}s {terms['product_id']}{amount} {scope}{places.get(str(terms['surface']), '')}"


def _terms_as_json(terms: Terms) -> Json:
    return {
        "action": terms.action,
        "product_id": terms.product_id,
        "query_product_id": terms.query_product_id,
        "query_category": terms.query_category,
        "surface": terms.surface,
        "position": terms.position,
        "factor": terms.factor,
        "plus": terms.plus,
        "starts": None if terms.starts is None else _text(terms.starts),
        "ends": None if terms.ends is None else _text(terms.ends),
        "note": terms.note,
    }


def _conflicts(made: Rule, known: Sequence[Rule], overruled: Sequence[Rule]) -> list[str]:
    told = [
        f"rule {rule.rule_id} pinned {rule.terms.product_id!r} at position {rule.terms.position} of the same "
        f"answers: while both hold, the later rule {made.rule_id} wins"
        for rule in overruled
    ]
    if made.terms.action == "block":
        return told
    for rule in known:
        same = rule.terms.product_id == made.terms.product_id and rule.terms.action == "block"
        if same and _overlap(rule.terms, made.terms):
            told.append(
                f"rule {rule.rule_id} blocks {rule.terms.product_id!r}: where both hold, it is not shown"
            )
    return told


def _overlap(one: Terms, other: Terms) -> bool:
    return "both" in (one.surface, other.surface) or one.surface == other.surface


def _sold_out(shop: Shop, terms: Terms) -> list[str]:
    found = shop.products([terms.product_id]).get(terms.product_id)
    if terms.action == "block" or found is None or found.in_stock:
        return []
    return [f"{terms.product_id!r} is out of stock: recommendations never show it, nor do searches in stock"]


def _state(terms: Terms, now: datetime) -> str:
    return OVER if terms.over(now) else IN_FORCE if terms.holds(now) else WAITING


def _text(moment: datetime) -> str:
    """ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
