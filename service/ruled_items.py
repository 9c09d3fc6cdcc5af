"""Recommendations with the rules of merchandisers applied, and how probable each was at its position.

Rules come after ranking and around exploration: what is boosted is moved in the ranked list, exploration
draws from that list, and pins are put in last, at fixed positions. A pinned product therefore has the
propensity 1, and the others keep that of the place that they were drawn for, as each such place has exactly
one position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from service.filtering import filter_of
from service.merchandising import Plan, Spot, boosted, pinned, pins_within
from service.parts import Parts
from service.requests import MAX_K, RecommendRequest
from service.rulebook import among, not_pinned, why_not

if TYPE_CHECKING:
    from recommender.recommender import Recommendation, Recommender, Request

BOOST_POOL = 100
"""How many ranked products a boost chooses from at least: a product that is ranked lower is not raised."""


@dataclass(frozen=True, slots=True)
class Draw:
    """How one answer explores (``recommender.exploration``): the share, and the id that decides the draw."""

    explore: float
    key: str


@dataclass(frozen=True, slots=True)
class RuledItems:
    """Recommendations as they are shown. items: by product. propensities: in the order of ``spots``."""

    spots: list[Spot]
    items: Mapping[str, Recommendation]
    propensities: list[float]
    fallback: str | None
    warnings: tuple[str, ...]


def recommend(recommender: Recommender, request: Request, plan: Plan, draw: Draw) -> RuledItems:
    """``request.k`` recommendations, moved as the rules say.

    A pinned product that is not among the best is asked for by name, and its score is then that of a question
    about pinned products alone.
    """
    from recommender.exploration import pool_size, shown_order

    pool = pool_size(request.k, draw.explore)
    fetched = min(MAX_K, max(pool, BOOST_POOL if plan.boosts else 0) + len(plan.pinned))
    exclude = request.exclude | plan.blocked
    found = recommender.recommend(replace(request, k=fetched, exclude=exclude))
    items = {item.product_id: item for item in found.items}
    ranked = [(item.product_id, float(item.score)) for item in found.items]
    missing = {name for name, rule in plan.pinned.items() if _within(rule.terms.position, request.k)} - {
        *items
    }
    if missing:
        where = among(missing, request.where)
        only = replace(
            request, k=len(missing), where=where, exclude=exclude, diversity=None, category_cap=None
        )
        items |= {item.product_id: item for item in recommender.recommend(only).items}
    best = max((score for _, score in ranked), default=1.0)
    spots = boosted(ranked, plan, best if best > 0 else 1.0)[:pool]
    pins = pins_within(plan, items.keys(), request.k)
    order, chances = shown_order(len(spots), request.k - len(pins), draw.explore, draw.key)
    chance = {spots[place].product_id: float(p) for place, p in zip(order, chances, strict=True)}
    scores = {name: float(item.score) for name, item in items.items()}
    shown = pinned([spots[place] for place in order], pins, scores)
    propensities = [chance.get(spot.product_id, 1.0) for spot in shown]
    return RuledItems(shown, items, propensities, found.fallback, found.warnings)


def not_followed(parts: Parts, request: RecommendRequest, found: RuledItems, plan: Plan) -> tuple[str, ...]:
    """A warning for each pin that an answer should have shown and does not, with the reason."""
    wanted = {
        rule.rule_id: rule for position, rule in (plan.pins or {}).items() if _within(position, request.k)
    }
    for spot in found.spots:
        if spot.rule is not None:
            wanted.pop(spot.rule.rule_id, None)
    told = [not_pinned(rule, why) for rule, why in plan.lost]
    if not wanted:
        return tuple(told)
    table = parts.table()
    where = filter_of(request.where)
    for rule in sorted(wanted.values(), key=lambda rule: rule.terms.position or 0):
        row = table.row_of.get(rule.terms.product_id)
        sold_out = row is not None and not table.product(row).in_stock
        otherwise = "it is out of stock" if sold_out else "the customer dealt with it already"
        why = why_not(table, rule.terms.product_id, where, request.exclude, otherwise)
        told.append(not_pinned(rule, why))
    return tuple(told)


def _within(position: int | None, k: int) -> bool:
    return position is not None and position <= k
