"""Rules in the database: ordered, found again by every process, taken back, and never forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data.errors import UnknownProduct, UnknownRule, UsageError, VitrineError
from data.migrations.runner import config, upgrade
from data.records import Product
from data.rules import Terms
from data.shop import Shop
from data.store import rules as store
from data.store.rules import colliding
from tests.data.makers import NOON

FAR = datetime(2190, 1, 1, tzinfo=UTC)


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    for name in ("a", "b", "c"):
        shop.put_product(Product(name, category="dress"))
    return shop


def pin(product: str = "a", **fields: Any) -> Terms:
    known: dict[str, Any] = {"position": 1, "query_product_id": "b"}
    return Terms("pin", product, **known | fields)


def test_what_is_ordered_comes_back_with_who_and_when(stocked: Shop) -> None:
    terms = Terms("boost", "a", query_category="dress", surface="similar", factor=1.5, starts=NOON, ends=FAR,
                  note="Ärmel")  # fmt: skip
    before = datetime.now(UTC)
    made = stocked.rules.add(terms, "shop-floor")
    assert made.terms == terms
    assert (made.who, made.at >= before) == ("shop-floor", True)
    assert stocked.rules.all() == (made,)
    assert stocked.rules.get(made.rule_id) == made
    (entry,) = stocked.rules.history()
    assert (entry.change_id, entry.kind, entry.who, entry.terms) == (
        made.change_id,
        "add",
        "shop-floor",
        terms,
    )


def test_another_process_sees_a_change_with_its_next_question(stocked: Shop) -> None:
    with Shop.open(stocked.directory) as other:
        assert other.rules.all() == ()
        made = stocked.rules.add(pin(), "one")
        assert other.rules.all() == (made,)
        other.rules.remove(made.rule_id, "two")
        assert stocked.rules.all() == ()


def test_rules_are_read_again_only_when_they_changed(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stocked.rules.add(pin(), "one")
    first = stocked.rules.all()

    def refused(_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(store, "_alive", refused)
    assert stocked.rules.all() is first


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"action": "hide"}, "pin, block, boost"),
        ({"surface": "window"}, "similar, recommendations, both"),
        ({"query_product_id": "a"}, "itself"),
        ({"query_category": "dress"}, "or for a category"),
        ({"query_product_id": None, "query_category": " "}, "category"),
        ({"position": None}, "needs a position"),
        ({"position": 0}, "between 1 and"),
        ({"factor": 2.0}, "neither"),
        ({"action": "boost", "position": None}, "factor or a plus"),
        ({"action": "boost", "position": None, "factor": 1.0}, "not 1"),
        ({"action": "boost", "position": None, "factor": float("nan")}, "factor"),
        ({"action": "boost", "position": None, "plus": float("inf")}, "plus"),
        ({"action": "boost", "position": None, "factor": 2.0, "plus": 1.0}, "one of them"),
        ({"action": "block"}, "have none"),
        ({"starts": FAR, "ends": FAR}, "not after its start"),
        ({"starts": datetime(2030, 1, 1)}, "time zone"),
        ({"note": "x" * 501}, "note"),
        ({"note": "a\0b"}, "note"),
    ],
)
def test_impossible_rules_are_refused(wrong: dict[str, Any], says: str) -> None:
    fields: dict[str, Any] = {"action": "pin", "product_id": "a", "query_product_id": "b", "position": 1}
    with pytest.raises(UsageError, match=says):
        Terms(**fields | wrong)


def test_what_the_shop_cannot_follow_is_refused_and_leaves_no_entry(stocked: Shop) -> None:
    stocked.delete_products(["c"])
    for terms in (pin("nobody"), pin("c"), pin(query_product_id="nobody")):
        with pytest.raises(UnknownProduct):
            stocked.rules.add(terms, "x")
    with pytest.raises(UsageError, match="category"):
        stocked.rules.add(pin(query_product_id=None, query_category="Dress"), "x")
    with pytest.raises(UsageError, match="in the past"):
        stocked.rules.add(pin(ends=NOON), "x")
    made = stocked.rules.add(pin(), "x")
    with pytest.raises(UsageError, match=f"rule {made.rule_id} says exactly that"):
        stocked.rules.add(pin(), "y")
    assert len(stocked.rules.history()) == 1


def test_there_is_an_end_to_how_many(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_RULES", 1)
    stocked.rules.add(pin(), "x")
    with pytest.raises(UsageError, match="at most 1 rules"):
        stocked.rules.add(pin(position=2), "x")


def test_undo_reverts_the_last_change_that_is_not_undone(stocked: Shop) -> None:
    first, second = (stocked.rules.add(pin(position=place), "x") for place in (1, 2))
    stocked.rules.remove(first.rule_id, "x")
    assert stocked.rules.undo("y").kind == "add"
    assert [rule.rule_id for rule in stocked.rules.all()] == [first.rule_id, second.rule_id]
    assert stocked.rules.undo("y").undoes == second.change_id
    assert stocked.rules.undo("y").undoes == first.change_id
    assert stocked.rules.all() == ()
    with pytest.raises(UnknownRule, match="no change of a rule is left"):
        stocked.rules.undo("y")
    told = [(c.kind, c.rule_id, c.undone) for c in reversed(stocked.rules.history())]
    assert told == [
        ("add", first.rule_id, True),
        ("add", second.rule_id, True),
        ("remove", first.rule_id, True),
        ("add", first.rule_id, False),
        ("remove", second.rule_id, False),
        ("remove", first.rule_id, False),
    ]


def test_a_given_change_is_undone_and_an_undo_undone_again(stocked: Shop) -> None:
    first, second = (stocked.rules.add(pin(position=place), "x") for place in (1, 2))
    undone = stocked.rules.undo("y", first.change_id)
    assert stocked.rules.all() == (second,)
    with pytest.raises(UsageError, match="no effect any more"):
        stocked.rules.undo("y", first.change_id)
    back = stocked.rules.undo("z", undone.change_id)
    assert {rule.rule_id for rule in stocked.rules.all()} == {first.rule_id, second.rule_id}
    assert stocked.rules.get(first.rule_id).change_id == back.change_id
    assert stocked.rules.undo("z").undoes == second.change_id
    assert stocked.rules.undo("z").undoes == first.change_id, "the first is in effect again"
    for unknown in (999, 2**70):
        with pytest.raises(UnknownRule):
            stocked.rules.undo("z", unknown)
        with pytest.raises(UnknownRule):
            stocked.rules.remove(unknown, "z")


def test_history_comes_by_pages(stocked: Shop) -> None:
    for place in range(1, 6):
        stocked.rules.add(pin(position=place), "x")
    numbers = [c.change_id for c in stocked.rules.history()]
    assert numbers == sorted(numbers, reverse=True)
    assert [c.change_id for c in stocked.rules.history(2, before=numbers[1])] == numbers[2:4]


def test_rules_hold_from_their_start_until_before_their_end() -> None:
    hour = timedelta(hours=1)
    terms = pin(starts=NOON, ends=NOON + hour)
    assert [terms.holds(m) for m in (NOON - hour, NOON, NOON + hour)] == [False, True, False]
    assert [terms.over(m) for m in (NOON, NOON + hour)] == [False, True]
    assert pin().holds(NOON)


@pytest.mark.parametrize(
    ("fields", "collides"),
    [
        ({}, True),
        ({"surface": "similar"}, True),
        ({"position": 2}, False),
        ({"query_product_id": None}, False),
        ({"ends": NOON}, False),
        ({"starts": FAR}, False),
    ],
)
def test_pins_collide_on_one_position_of_the_same_answers(
    stocked: Shop, fields: dict[str, Any], collides: bool
) -> None:
    first = stocked.rules.add(pin(starts=NOON, ends=FAR), "x")
    second = type(first)(first.rule_id + 1, pin("c", **fields), "x", first.at, 9)
    assert colliding([first, second], second) == ([first] if collides else [])


def test_a_shop_of_the_version_before_gets_the_tables_and_keeps_its_records(stocked: Shop) -> None:
    from alembic import command

    stocked.rules.add(pin(), "x")
    settings = config()
    with stocked._database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0002")
    assert stocked._database.version() == "0002"
    with pytest.raises(VitrineError):
        stocked.rules.history()
    upgrade(stocked._database.engine)
    assert stocked.rules.history() == []
    assert stocked.rules.add(pin(), "x").terms == pin()
