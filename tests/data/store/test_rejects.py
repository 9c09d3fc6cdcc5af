"""Imports end with sums, and their rejects can be read back."""

from __future__ import annotations

from data import rejects
from data.records import Reject
from data.shop import Shop
from data.store.rejects import KEPT_IMPORTS


def bad(row: int, reason: str = rejects.BAD_PRICE) -> Reject:
    return Reject("row", row, f"p{row}", reason, "why\0not")


def test_rejects_are_read_back_by_import_and_summed_by_reason(shop: Shop) -> None:
    first = shop.begin_import("catalogue", "c.csv")
    shop.put_rejects(first, [bad(3), bad(1), bad(2, rejects.LONG_ID)])
    shop.finish_import(first, 10, 7, 3)
    second = shop.begin_import("interactions", "e.csv")
    shop.put_rejects(second, [bad(5, rejects.BAD_TIMESTAMP)])
    assert [r.reject.row for r in shop.rejects(first)] == [1, 2, 3]
    assert shop.rejects(first)[0].reject.detail == "whynot"
    assert shop.reject_summary(first) == {"bad_price": 2, "long_id": 1}
    assert list(shop.reject_summary(first)) == ["bad_price", "long_id"]
    assert {(r.kind, r.source) for r in shop.rejects()} == {("catalogue", "c.csv"), ("interactions", "e.csv")}
    assert [r.reject.row for r in shop.rejects(kind="interactions")] == [5]
    assert shop.settle_rows(first) == 3


def test_without_a_number_the_newest_import_of_every_source_is_told(shop: Shop) -> None:
    for reason in (rejects.BAD_PRICE, rejects.BAD_STOCK):
        number = shop.begin_import("catalogue", "c.csv")
        shop.put_rejects(number, [bad(1, reason)])
    other = shop.begin_import("catalogue", "other.csv")
    shop.put_rejects(other, [bad(1, rejects.LONG_ID)])
    assert {r.reject.reason for r in shop.rejects()} == {rejects.BAD_STOCK, rejects.LONG_ID}
    assert shop.counts()["rejects"] == 2


def test_rejects_of_imports_long_ago_are_dropped(shop: Shop) -> None:
    numbers = []
    for _ in range(KEPT_IMPORTS + 2):
        numbers.append(shop.begin_import("catalogue", "c.csv"))
        shop.put_rejects(numbers[-1], [bad(1)])
    kept = [number for number in numbers if shop.rejects(number)]
    assert kept == numbers[-KEPT_IMPORTS:]


def test_one_row_with_two_bad_photos_is_one_rejected_row(shop: Shop) -> None:
    number = shop.begin_import("catalogue", "c.csv")
    shop.put_rejects(number, [bad(4, rejects.OUTSIDE_FOLDER), bad(4, rejects.MISSING_FILE)])
    assert shop.settle_rows(number) == 1
    assert sum(shop.reject_summary(number).values()) == 2


def test_every_reason_has_a_meaning() -> None:
    codes = {value for name, value in vars(rejects).items() if name.isupper() and isinstance(value, str)}
    assert codes == set(rejects.MEANINGS)
