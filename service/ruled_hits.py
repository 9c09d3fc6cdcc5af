"""A search by looks with the rules of merchandisers applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from data.errors import NoVector
from data.rules import Rule
from service.answers import Json
from service.merchandising import Plan, Spot, boosted, pinned, pins_within
from service.rulebook import among, not_pinned, rule_json, why_not

if TYPE_CHECKING:
    from index.hits import Hit
    from index.query import Query
    from index.view import IndexView


@dataclass(frozen=True, slots=True)
class RuledHits:
    """Hits as they are shown. rules: product → what the answer says of its rule. warnings: pins that were
    not followed.
    """

    hits: list[Hit]
    rules: Mapping[str, Json]
    warnings: tuple[str, ...] = ()


def search(index: IndexView, query: Query, plan: Plan) -> RuledHits:
    """The hits of a search, moved as the rules say.

    k products are found beside those that a rule moves, and the moved ones are asked for by name, so each
    has its true score wherever it would have stood. Products under a pin or a boost take no part in
    ``diversity`` and ``near_duplicates``.
    """
    if not plan:
        return RuledHits(index.search(query), {})
    hits = index.search(_beside(query, plan))
    named = index.search(_moved(query, plan)) if plan.moved else []
    placed, spots, pins = _placed([*hits, *named], plan, query.k)
    lacking = [
        (rule, _why_not(index, query, rule.terms.product_id))
        for position, rule in sorted((plan.pins or {}).items())
        if position <= query.k and position not in pins
    ]
    return RuledHits(
        placed,
        {spot.product_id: rule_json(spot) for spot in spots if spot.rule is not None},
        tuple(not_pinned(rule, why) for rule, why in (*plan.lost, *lacking)),
    )


def search_many(index: IndexView, queries: Sequence[Query], plans: Sequence[Plan]) -> list[list[Hit]]:
    """The hits of ``search`` for each query and its plan, all asked at once (``IndexView.search_many``)."""
    found = index.search_many(
        [_beside(query, plan) if plan else query for query, plan in zip(queries, plans, strict=True)]
    )
    moving = [number for number, plan in enumerate(plans) if plan.moved]
    named = index.search_many([_moved(queries[number], plans[number]) for number in moving])
    moved = dict(zip(moving, named, strict=True))
    for number, plan in enumerate(plans):
        if plan:
            hits = [*found[number], *moved.get(number, ())]
            found[number] = _placed(hits, plan, queries[number].k)[0]
    return found


def _beside(query: Query, plan: Plan) -> Query:
    """A search for what no rule moves."""
    return replace(query, exclude=query.exclude | plan.blocked | plan.moved)


def _moved(query: Query, plan: Plan) -> Query:
    """A search for what rules move, wherever it stands."""
    where = among(plan.moved, query.where)
    return replace(query, where=where, k=len(plan.moved), diversity=0.0, near_duplicates="keep")


def _placed(found: Sequence[Hit], plan: Plan, k: int) -> tuple[list[Hit], list[Spot], dict[int, Rule]]:
    """The first k of what was found, where the rules put them; their spots; the pins that could be kept."""
    known = {hit.product_id: hit for hit in found}
    pins = pins_within(plan, known.keys(), k)
    scores = {name: float(hit.score) for name, hit in known.items()}
    spots = pinned(boosted(list(scores.items()), plan), pins, scores)[:k]
    return [known[spot.product_id] for spot in spots], spots, pins


def _why_not(index: IndexView, query: Query, product_id: str) -> str:
    """Why a pinned product is not among the hits."""
    examples = (*query.examples, *query.negatives)
    if any(example.product_id == product_id for example in examples):
        return "it is what is asked about"
    why = why_not(index.table, product_id, query.where, query.exclude, "")
    if why:
        return why
    try:
        index.vectors_of(product_id)
    except NoVector:
        return "it has no photo that could be compared"
    return f"its score lies below {query.min_score}"
