"""`rules list`, `add`, `remove` and `undo`, and `--no-rules`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.cli.conftest import Vitrine


def test_from_a_pin_to_its_undo(vitrine: Vitrine, shop: Path) -> None:
    where = ("--shop", shop)
    similar = ("similar", *where, "--product", "disc-red", "-k", 3, "--json")
    plain = [hit["product_id"] for hit in vitrine(*similar).json["hits"]]
    assert vitrine("rules", "list", *where).out == "no rules\n"
    assert vitrine("rules", "list", *where, "--history").out == "no changes\n"
    done = vitrine("rules", "add", *where, "--pin", "bar-pink", "--at", 2, "--for", "disc-red",
                   "--in", "similar", "--until", "2190-01-01", "--note", "new")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out == "rule 1 pins bar-pink at 2 for product disc-red in look-alikes\n"
    assert [hit["product_id"] for hit in vitrine(*similar).json["hits"]] == [plain[0], "bar-pink", plain[1]]
    assert [hit["product_id"] for hit in vitrine(*similar, "--no-rules").json["hits"]] == plain
    (rule,) = vitrine("rules", "list", *where, "--product", "disc-red", "--json").json["rules"]
    assert (rule["who"], rule["ends"], rule["note"]) == ("local", "2190-01-01T00:00:00Z", "new")
    table = vitrine("rules", "list", *where).out
    assert "in force" in table
    assert "new" in table
    undone = vitrine("rules", "undo", *where)
    assert "rule 1 is removed: it pins bar-pink at 2" in undone.out
    _, _, back = undone.out.strip().partition("take it back: vitrine ")
    assert back == f"rules undo --shop {shop} 2"
    assert vitrine(*back.split(), "--json").json["kind"] == "add"
    assert vitrine("rules", "remove", *where, 1, "--json").json["kind"] == "remove"
    changes = vitrine("rules", "list", *where, "--history", "--json").json["changes"]
    assert [one["kind"] for one in changes] == ["remove", "add", "remove", "add"]
    assert "undoing change 2" in vitrine("rules", "list", *where, "--history").out


def test_a_boost_and_a_block_hold_in_recommendations(vitrine: Vitrine, shop: Path) -> None:
    ask = ("recommend", "--shop", shop, "--customer", "customer-03", "-k", 24, "--json")
    plain = [item["product_id"] for item in vitrine(*ask).json["items"]]
    assert vitrine("rules", "add", "--shop", shop, "--boost", plain[5], "--plus", 2).code == 0
    assert vitrine("rules", "add", "--shop", shop, "--block", plain[3]).code == 0
    found = [item["product_id"] for item in vitrine(*ask).json["items"]]
    assert found[0] == plain[5]
    assert plain[3] not in found
    assert [item["product_id"] for item in vitrine(*ask, "--no-rules").json["items"]] == plain


def test_a_conflict_is_a_warning(vitrine: Vitrine, shop: Path) -> None:
    vitrine("rules", "add", "--shop", shop, "--pin", "bar-pink")
    done = vitrine("rules", "add", "--shop", shop, "--pin", "bar-red", "--json")
    assert done.json["overrules"] == [1]
    assert "the later rule 2 wins" in done.err
    assert "overruled by 2" in vitrine("rules", "list", "--shop", shop).out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "exactly one"),
        (("--pin", "bar-red", "--block", "bar-red"), 2, "exactly one"),
        (("--pin", "bar-red", "--for", "bar-red"), 2, "itself"),
        (("--pin", "nobody"), 1, "no product 'nobody'"),
        (("--boost", "bar-red"), 2, "factor or a plus"),
        (("--pin", "bar-red", "--in", "window"), 2, "similar, recommendations, both"),
        (("--pin", "bar-red", "--from", "soon"), 2, "--from wants a moment"),
        (("--pin", "bar-red", "--from", "2190-02-01", "--until", "2190-01-01"), 2, "after its start"),
    ],
)
def test_wrong_orders(vitrine: Vitrine, shop: Path, words: tuple[str, ...], code: int, says: str) -> None:
    done = vitrine("rules", "add", "--shop", shop, *words)
    assert done.code == code
    assert done.err.startswith("error: ")
    assert says in done.err


def test_nothing_to_undo(vitrine: Vitrine, shop: Path) -> None:
    assert vitrine("rules", "undo", "--shop", shop).code == 1
    assert vitrine("rules", "remove", "--shop", shop, 5).code == 1


def test_the_document_says_what_the_commands_do(vitrine: Vitrine, shop: Path) -> None:
    import re
    import shlex

    from data.rules import LARGEST_FACTOR, LARGEST_PLUS, LAST_POSITION
    from data.store.rules import MOST_RULES
    from service.ruled_items import BOOST_POOL

    text = (Path(__file__).parents[3] / "docs" / "merchandising.md").read_text(encoding="utf-8")
    for told in (f"from 1 to {LAST_POSITION:,}", f"up to {LARGEST_FACTOR:,.0f}", f"-{LARGEST_PLUS:g} to",
                 f"more than {MOST_RULES:,} rules", f"the best {BOOST_POOL} "):  # fmt: skip
        assert told in text
    names = {
        "0110065001": "bar-pink",
        "0108775015": "disc-red",
        "0111565001": "bar-red",
        '"Vest top"': "disc",
    }
    commands = re.findall(r"^vitrine (.*)$", text, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        for theirs, ours in names.items():
            command = command.replace(theirs, ours)
        done = vitrine(*shlex.split(command.replace("my-shop", str(shop))))
        assert done.code == 0, done.err
