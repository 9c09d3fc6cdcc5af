"""The documents of this floor say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.events import DEFAULT_WEIGHTS
from data.photolimits import PhotoLimits
from data.records import Product
from data.rejects import MEANINGS
from data.store.rejects import KEPT_IMPORTS
from data.table import ProductTable
from data.where import LONGEST_FILTER, parse

DOCS = Path(__file__).resolve().parents[2] / "docs"
CATALOGUE = (DOCS / "catalogue.md").read_text(encoding="utf-8")
WHERE = (DOCS / "where.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_reject_code_is_documented_as_it_is_explained(code: str) -> None:
    assert f"| `{code}` | {MEANINGS[code]} |" in CATALOGUE


def test_the_weights_in_the_table_are_the_defaults() -> None:
    table = CATALOGUE[CATALOGUE.index("### What an event weighs") :]
    told = {
        event: float(weight)
        for names, weight in re.findall(r"^\| ((?:`\w+`,? ?)+) \| ([\d.]+) \|", table, re.MULTILINE)
        for event in re.findall(r"\w+", names)
    }
    assert told == dict(DEFAULT_WEIGHTS)


def test_the_limits_are_those_of_the_code() -> None:
    limits = PhotoLimits()
    assert (limits.max_pixels, limits.max_bytes, limits.min_side) == (50_000_000, 50 * 2**20, 8)
    assert "50 million pixels" in CATALOGUE
    assert "50 MiB, sides of at least 8 pixels" in CATALOGUE
    assert KEPT_IMPORTS == 5
    assert f"{LONGEST_FILTER:,} characters" in WHERE


def test_the_examples_of_filters_can_be_read() -> None:
    product = Product(
        "1", "Linen dress", "dress", 40.0, True,
        {"colour": "red", "sale": False, "size": 38.0, "code": "007", "made in": "Portugal"},
    )  # fmt: skip
    table = ProductTable.of([product])
    block = WHERE.split("```")[1].strip().splitlines()
    assert len(block) == 3
    for text in (
        *block,
        '`made in` = "Portugal"',
        'code = "007"',
        "code = 007",
        "price < 50 or price is null",
    ):
        assert parse(text).mask(table).tolist() == [True], text
