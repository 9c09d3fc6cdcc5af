"""Cells and the kinds of columns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from data.cells import ColumnKind, as_id, as_number, as_stock, as_text, is_blank, plain_cell


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["1", "2.5", " -3e2 ", ""], [1.0, 2.5, -300.0, None]),
        (["0", "0.5", "10"], [0.0, 0.5, 10.0]),
        (["007", "8"], ["007", "8"]),
        (["-01", "2"], ["-01", "2"]),
        (["4006381333931"], [4006381333931.0]),
        (["1234567890123456", "1"], ["1234567890123456", "1"]),
        (["1", "M"], ["1", "M"]),
        (["true", "FALSE", " True "], [True, False, True]),
        (["true", "1"], ["true", "1"]),
        (["nan", "1"], ["nan", "1"]),
        (["1,5"], ["1,5"]),
        (["1e999"], ["1e999"]),
        (["١"], [1.0]),
    ],
)
def test_a_column_of_texts_finds_its_kind(cells: list[str], read: list[object]) -> None:
    kind = ColumnKind()
    for cell in cells:
        if cell:
            kind.see(cell)
    assert [kind.read(cell) for cell in cells] == read


def test_ids_keep_what_they_are() -> None:
    assert [as_id(c) for c in ("007", " a ", "  ", None, 7, 7.0, 7.5, float("nan"))] == [
        "007", "a", "  ", "", "7", "7", "7.5", "",
    ]  # fmt: skip


def test_numbers_are_plain_and_finite() -> None:
    assert [as_number(c) for c in ("1.5", " 2 ", 3, Decimal("4.5"), "1e2")] == [1.5, 2, 3, 4.5, 100]
    assert not [
        c for c in ("1,5", "€5", "", None, True, "inf", float("inf"), "1e999", []) if as_number(c) is not None
    ]


def test_stock_is_a_truth_or_a_number_of_pieces() -> None:
    assert [as_stock(c) for c in ("yes", "No", "TRUE", "0", 12, "3.0", False)] == [
        True, False, True, False, True, True, False,
    ]  # fmt: skip
    assert as_stock("maybe") is None


def test_typed_cells_become_attributes() -> None:
    cells = (
        True,
        3,
        2.5,
        " x ",
        "",
        None,
        float("nan"),
        Decimal("1.5"),
        date(2024, 5, 1),
        ["a", "b"],
        {"k": 1},
        2**70,
        10**600,
        float("inf"),
        Decimal("NaN"),
    )
    assert [plain_cell(c) for c in cells] == [
        True, 3.0, 2.5, "x", None, None, None, 1.5, "2024-05-01", "a|b", '{"k": 1}', str(2**70),
        str(10**600), None, None,
    ]  # fmt: skip
    assert [as_text(c) for c in (3.0, 2.5, " x ", None)] == ["3", "2.5", "x", None]
    assert is_blank(" \t") and is_blank(float("nan")) and not is_blank(0)  # noqa: PT018
