"""How the rules of merchandisers move a ranked list. Pure: lists go in, lists come out.

Which rule wins, always in this order:

1. What the request itself asks (``where``, ``exclude``, ``min_score``, ``seen``) stands above every rule.
2. block before pin before boost, for one and the same product.
3. Of rules with one action: the one for a query product before the one for a category before the one for
   everywhere; among equals the later one (the larger number).
4. Of pins on one position the same; the pin that loses is as if it were not there.

A boost changes what a product is ordered by, never its score: ``factor`` multiplies the score (a score below
0 is divided, so that a factor above 1 always raises), ``plus`` adds to it, in units of ``unit``. The product
then stands before the first one that is ordered lower; all others keep their order. Pins come last: each is
put at its position, counted from 1 in the whole list, or at the end of a list that is shorter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from data.rules import Rule


@dataclass(frozen=True, slots=True)
class Spot:
    """A product in a list. order: what it is ordered by. rule: that moved it, or None."""

    product_id: str
    score: float
    order: float
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules for one question come to.

    blocked: products that are not shown. pins: position → rule. boosts: product → rule. lost: pins that
    another rule overrules, each with why.
    """

    blocked: frozenset[str] = frozenset()
    pins: Mapping[int, Rule] | None = None
    boosts: Mapping[str, Rule] | None = None
    lost: tuple[tuple[Rule, str], ...] = ()

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> Plan:
        """Settle which rules win, of all that speak of a question."""
        blocks = {rule.terms.product_id: rule for rule in rules if rule.terms.action == "block"}
        ordered = sorted(rules, key=lambda rule: (-rule.terms.specific, -rule.rule_id))
        pins: dict[int, Rule] = {}
        lost: list[tuple[Rule, str]] = []
        for rule in ordered:
            position = rule.terms.position
            if rule.terms.action != "pin" or position is None:
                continue
            pinned = next((r for r in pins.values() if r.terms.product_id == rule.terms.product_id), None)
            if rule.terms.product_id in blocks:
                lost.append((rule, f"rule {blocks[rule.terms.product_id].rule_id} blocks it"))
            elif pinned is not None:
                lost.append((rule, f"rule {pinned.rule_id} pins it elsewhere"))
            elif position in pins:
                lost.append((rule, f"rule {pins[position].rule_id} has that position"))
            else:
                pins[position] = rule
        taken = {*blocks, *(rule.terms.product_id for rule in pins.values())}
        boosts: dict[str, Rule] = {}
        for rule in ordered:
            if rule.terms.action == "boost" and rule.terms.product_id not in taken:
                boosts.setdefault(rule.terms.product_id, rule)
        return cls(frozenset(blocks), pins, boosts, tuple(lost))

    @property
    def pinned(self) -> dict[str, Rule]:
        """Product → the pin that holds."""
        return {rule.terms.product_id: rule for rule in (self.pins or {}).values()}

    @property
    def moved(self) -> frozenset[str]:
        """The products that are pinned or boosted."""
        return frozenset({*self.pinned, *(self.boosts or {})})

    def __bool__(self) -> bool:
        return bool(self.blocked or self.pins or self.boosts or self.lost)


def lifted(score: float, rule: Rule, unit: float = 1.0) -> float:
    """What a boosted product is ordered by."""
    factor, plus = rule.terms.factor, rule.terms.plus
    if factor is not None:
        return score * factor if score >= 0 else score / factor
    return score + (plus or 0.0) * unit


def boosted(ranked: Sequence[tuple[str, float]], plan: Plan, unit: float = 1.0) -> list[Spot]:
    """The list without what is blocked or pinned, with boosted products where they belong.

    ranked: products with scores, best first; where those that are boosted stand in it does not matter.
    unit: what a ``plus`` of 1 is worth in these scores.
    """
    away = {*plan.blocked, *plan.pinned}
    boosts = plan.boosts or {}
    spots = [Spot(p, score, score) for p, score in ranked if p not in away and p not in boosts]
    risen = [
        Spot(p, score, lifted(score, boosts[p], unit), boosts[p])
        for p, score in ranked
        if p in boosts and p not in away
    ]
    for spot in sorted(risen, key=lambda s: (-s.order, s.product_id)):
        spots.insert(_place(spots, spot), spot)
    return spots


def _place(spots: Sequence[Spot], spot: Spot) -> int:
    key = (-spot.order, spot.product_id)
    return next((n for n, s in enumerate(spots) if (-s.order, s.product_id) > key), len(spots))


def pins_within(plan: Plan, there: Collection[str], k: int) -> dict[int, Rule]:
    """The pins up to position k whose product can be shown, by position; there: which ones can."""
    return {
        position: rule
        for position, rule in sorted((plan.pins or {}).items())
        if position <= k and rule.terms.product_id in there
    }


def pinned(spots: Sequence[Spot], pins: Mapping[int, Rule], scores: Mapping[str, float]) -> list[Spot]:
    """The list with its pins. pins: as ``pins_within`` gives them; scores: of their products."""
    out = list(spots)
    for position, rule in sorted(pins.items()):
        product_id = rule.terms.product_id
        score = scores[product_id]
        out.insert(min(position - 1, len(out)), Spot(product_id, score, score, rule))
    return out
