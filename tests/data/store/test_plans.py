"""How SQLite answers, by its own plans: a question costs what it is about, not what the shop holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from data.shop import Shop
from tests.data.makers import SPACE, encode_all, row, use_space


@pytest.fixture
def steps(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], list[str]]]:
    """How SQLite answers, step by step, what is asked of a shop: ``pages`` of vectors, ``some`` of 500 ids,
    or what products ``changed``.
    """
    shop = Shop.create(tmp_path / "shop")
    use_space(shop)
    shop.put_rows([row(n, f"p{n}", f"{n}.jpg") for n in range(9)], photos)
    told: list[str] = []
    plainly = shop._database.plainly

    def explain(_: Connection, cursor: Any, statement: str, values: Any, *__: object) -> None:
        if statement.startswith("SELECT"):
            told.extend(r[-1] for r in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall())

    def explain_plainly(statement: str, values: Sequence[object]) -> list[tuple[Any, ...]] | None:
        told.extend(str(r[-1]) for r in plainly(f"EXPLAIN QUERY PLAN {statement}", values) or ())
        return plainly(statement, values)

    monkeypatch.setattr(shop._database, "plainly", explain_plainly)
    event.listen(shop._database.engine, "before_cursor_execute", explain)

    def ask(what: str) -> list[str]:
        encode_all(shop)
        told.clear()
        if what == "pages":
            assert len(list(shop.read_vectors(SPACE.space, 4))) == 3
        elif what == "changed":
            assert shop.changed_products(0) == [f"p{n}" for n in range(9)]
        else:
            assert len(shop.vectors_of_products(SPACE.space, [f"p{n}" for n in range(500)]).photo_ids) == 9
        return list(told)

    yield ask
    shop.close()


@pytest.mark.parametrize(
    ("what", "photo"),
    [
        ("pages", "SEARCH photos USING INDEX photos_in_order ((product_id,position,photo_id)>(?,?,?))"),
        ("some", "SEARCH photos USING INDEX photos_in_order (product_id=?)"),
    ],
)
def test_reading_some_vectors_costs_what_these_are_and_not_what_the_shop_holds(
    steps: Callable[[str], list[str]], what: str, photo: str
) -> None:
    found = steps(what)
    assert photo in found
    assert "SEARCH vectors USING INDEX sqlite_autoindex_vectors_1 (space=? AND sha256=?)" in found
    assert what == "some" or not any("TEMP B-TREE" in step for step in found)


def test_what_changed_is_found_without_going_through_all_products(steps: Callable[[str], list[str]]) -> None:
    assert steps("changed") == ["SEARCH products USING INDEX products_by_revision (revision>?)"]
