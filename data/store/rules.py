"""Rules in the database: what is ordered now, and every change as an entry that can be undone.

A rule's words never change: another one is added and the old one removed. Adding, removing and undoing each
write one entry; nothing of the history is ever deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from data.errors import UnknownProduct, UnknownRule, UsageError
from data.ids import clean_text
from data.rules import Kind, Rule, RuleChange, Terms
from data.store.database import Database, current_revision, next_revision
from data.store.products import from_micros, to_micros
from data.store.schema import products, rule_changes, rules

RULES = "rules"
MOST_RULES = 5_000
LONGEST_WHO = 128
_LARGEST_NUMBER = 2**63 - 1
_OPPOSITE: dict[Kind, Kind] = {"add": "remove", "remove": "add"}
_TERMS = tuple(name for name in Terms.__dataclass_fields__)
_MOMENTS = ("starts", "ends")


@dataclass(frozen=True, slots=True)
class _Kept:
    """The rules as of a revision."""

    revision: int
    rules: tuple[Rule, ...]


class Rules:
    """The rules of a shop. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: _Kept | None = None

    def all(self) -> tuple[Rule, ...]:
        """All rules that were not taken back, oldest first; also those whose time has not come or is over.

        They are read again only when they changed: every process sees a change with its next question.
        """
        revision = self._database.latest.value("rules", lambda c: current_revision(c, RULES))
        kept = self._kept
        if kept is None or kept.revision != revision:
            with self._database.read() as connection:
                self._kept = kept = _Kept(current_revision(connection, RULES), _alive(connection))
        return kept.rules

    def get(self, rule_id: int) -> Rule:
        """One rule that was not taken back, or UnknownRule."""
        found = next((rule for rule in self.all() if rule.rule_id == rule_id), None)
        if found is None:
            raise UnknownRule(f"no rule {rule_id} is in force in this shop", rule_id=rule_id)
        return found

    def add(self, terms: Terms, who: str) -> Rule:
        """Order a rule; it holds for the very next answer of every process.

        Raises UnknownProduct, and UsageError for a category without products, for an end that has passed, for
        what is ordered already, and beyond 5,000 rules.
        """
        now = datetime.now(UTC)
        if terms.over(now):
            raise UsageError("the rule would end in the past: give an end that is still to come, or none")
        with self._database.write() as connection:
            _check_named(connection, terms)
            known = _alive(connection)
            if len(known) >= MOST_RULES:
                raise UsageError(f"a shop has at most {MOST_RULES:,} rules: remove some that are over first")
            same = next((rule.rule_id for rule in known if rule.terms == terms), None)
            if same is not None:
                raise UsageError(f"rule {same} says exactly that already", rule_id=same)
            values = {**_values(terms), "removed": False}
            rule_id = int(connection.execute(insert(rules).returning(rules.c.rule_id), values).scalar_one())
            change = _entry(connection, rule_id, "add", who, None)
        return Rule(rule_id, terms, change.who, change.at, change.change_id)

    def remove(self, rule_id: int, who: str) -> RuleChange:
        """Take a rule back. Raises UnknownRule where it is not in force."""
        with self._database.write() as connection:
            if not _is_alive(connection, rule_id):
                raise UnknownRule(f"no rule {rule_id} is in force in this shop", rule_id=rule_id)
            return _entry(connection, rule_id, "remove", who, None)

    def undo(self, who: str, change_id: int | None = None) -> RuleChange:
        """Revert a change, as a new entry: the last one that is neither an undo nor undone, or a given one.

        An undo can be undone in turn, by its number. Raises UnknownRule where there is nothing of the kind,
        UsageError where the change has no effect any more.
        """
        with self._database.write() as connection:
            known = _entries(connection)
            wanted = _last(known) if change_id is None else known.get(change_id)
            if wanted is None:
                what = (
                    "no change of a rule is left to undo" if change_id is None else f"no change {change_id}"
                )
                raise UnknownRule(f"{what}; the history of rules lists what there is", change_id=change_id)
            kind = _OPPOSITE[wanted.kind]
            if (kind == "add") == _is_alive(connection, wanted.rule_id):
                state = "in force again" if kind == "add" else "removed"
                raise UsageError(
                    f"change {wanted.change_id} has no effect any more: "
                    f"rule {wanted.rule_id} is {state} already",
                    change_id=wanted.change_id,
                )
            return _entry(connection, wanted.rule_id, kind, who, wanted.change_id)

    def history(self, limit: int = 100, before: int | None = None) -> list[RuleChange]:
        """The newest changes first; before: only those with a smaller number."""
        with self._database.read() as connection:
            known = _entries(connection)
        older = [c for c in reversed(known.values()) if before is None or c.change_id < before]
        return older[: max(limit, 0)]


def _alive(connection: Connection) -> tuple[Rule, ...]:
    """By number; each with the entry that put it in force."""
    query = (
        select(rules, rule_changes.c.change_id, rule_changes.c.who, rule_changes.c.at)
        .join(rule_changes, rule_changes.c.rule_id == rules.c.rule_id)
        .where(rules.c.removed.is_(False), rule_changes.c.kind == "add")
        .order_by(rules.c.rule_id, rule_changes.c.change_id)
    )
    found = {}  # of a rule that was put back, the last entry counts
    for row in connection.execute(query):
        found[int(row.rule_id)] = Rule(
            int(row.rule_id), _terms(row), row.who, from_micros(row.at), int(row.change_id)
        )
    return tuple(found.values())


def _is_alive(connection: Connection, rule_id: int) -> bool:
    if not 0 <= rule_id <= _LARGEST_NUMBER:
        return False
    query = select(rules.c.removed).where(rules.c.rule_id == rule_id)
    return connection.execute(query).scalar() is False


def _entries(connection: Connection) -> dict[int, RuleChange]:
    """All changes by number, oldest first; an undo that was undone in turn undoes nothing."""
    query = (
        select(rule_changes, *(rules.c[name] for name in _TERMS))
        .join(rules, rules.c.rule_id == rule_changes.c.rule_id)
        .order_by(rule_changes.c.change_id)
    )
    rows = connection.execute(query).all()
    undone: set[int] = set()
    for row in reversed(rows):
        if row.undoes is not None and row.change_id not in undone:
            undone.add(int(row.undoes))
    return {
        int(row.change_id): RuleChange(
            int(row.change_id),
            int(row.rule_id),
            row.kind,
            row.who,
            from_micros(row.at),
            None if row.undoes is None else int(row.undoes),
            row.change_id in undone,
            _terms(row),
        )
        for row in rows
    }


def _last(known: dict[int, RuleChange]) -> RuleChange | None:
    return next((c for c in reversed(known.values()) if c.undoes is None and not c.undone), None)


def _entry(connection: Connection, rule_id: int, kind: Kind, who: str, undoes: int | None) -> RuleChange:
    """Write the entry of a change, and what it changes, inside the caller's transaction."""
    values = {
        "rule_id": rule_id,
        "kind": kind,
        "who": clean_text(who)[:LONGEST_WHO] or "unknown",
        "at": to_micros(datetime.now(UTC)),
        "undoes": undoes,
    }
    made = insert(rule_changes).returning(rule_changes.c.change_id)
    change_id = int(connection.execute(made, values).scalar_one())
    removed = update(rules).where(rules.c.rule_id == rule_id).values(removed=kind == "remove")
    connection.execute(removed)
    next_revision(connection, RULES)
    row = connection.execute(select(rules).where(rules.c.rule_id == rule_id)).one()
    at = from_micros(int(str(values["at"])))
    return RuleChange(change_id, rule_id, kind, str(values["who"]), at, undoes, False, _terms(row))


def _check_named(connection: Connection, terms: Terms) -> None:
    """Raise UnknownProduct or UsageError unless the shop has the products and the category now."""
    for product_id in (terms.product_id, terms.query_product_id):
        if product_id is None:
            continue
        query = select(products.c.product_id).where(
            products.c.product_id == product_id, products.c.deleted.is_(False)
        )
        if connection.execute(query).first() is None:
            raise UnknownProduct(f"no product {product_id!r:.80} in this shop", product_id=product_id)
    if terms.query_category is not None:
        query = (
            select(products.c.product_id)
            .where(products.c.category == terms.query_category, products.c.deleted.is_(False))
            .limit(1)
        )
        if connection.execute(query).first() is None:
            raise UsageError(
                f"no product of this shop has the category {terms.query_category!r:.80}; upper and lower "
                "case differ",
                category=terms.query_category,
            )


def _values(terms: Terms) -> dict[str, Any]:
    told = {name: getattr(terms, name) for name in _TERMS}
    return {
        name: to_micros(value) if name in _MOMENTS and value is not None else value
        for name, value in told.items()
    }


def _terms(row: Row[Any]) -> Terms:
    told = {name: row._mapping[name] for name in _TERMS}
    for name in _MOMENTS:
        told[name] = None if told[name] is None else from_micros(told[name])
    return Terms(**told)


def colliding(known: Sequence[Rule], rule: Rule) -> list[Rule]:
    """Earlier pins that want the position of this one in the same answers; while both hold, this one wins."""
    return [other for other in known if other.rule_id < rule.rule_id and other.terms.collides(rule.terms)]
