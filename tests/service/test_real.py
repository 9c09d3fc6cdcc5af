"""A small part of the real shops, through the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.real import REAL, needs_real
from tests.service.cli.conftest import Vitrine, vitrine

__all__ = ["vitrine"]  # the fixture
ROWS = 150


def first_rows(source: Path, target: Path, rows: int = ROWS) -> list[dict[str, str]]:
    """Copy the head of a catalogue; returns its rows."""
    with source.open(encoding="utf-8", newline="") as file:
        kept = [row for row, _ in zip(csv.DictReader(file), range(rows), strict=False)]
    with target.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(kept[0]))
        out.writeheader()
        out.writerows(kept)
    return kept


@needs_real
@pytest.mark.slow
def test_a_fashion_retailer(vitrine: Vitrine, tmp_path: Path) -> None:
    assert REAL is not None
    home, shop = REAL / "hm_interactions", tmp_path / "shop"
    rows = first_rows(home / "catalogue.csv", tmp_path / "catalogue.csv")
    told = vitrine("index", tmp_path / "catalogue.csv", "--photos", home, "--shop", shop, "--json").json
    assert (told["rows"], told["used"] + told["rejected"]) == (ROWS, ROWS)
    assert told["used"] == ROWS

    asked = rows[7]
    words = ("similar", "--shop", shop, "--photo", home / asked["image"], "-k", 3, "--json")
    first = vitrine(*words).json["hits"][0]
    assert first["product_id"] == asked["product_id"]
    where = f'colour_master = "{asked["colour_master"]}"'
    same = {r["product_id"] for r in rows if r["colour_master"] == asked["colour_master"]}
    found = vitrine(
        "similar", "--shop", shop, "--product", asked["product_id"], "-k", ROWS, "--where", where, "--json"
    )
    assert {hit["product_id"] for hit in found.json["hits"]} == same - {asked["product_id"]}

    events = home / "interactions.csv"
    done = vitrine(
        "interactions",
        events,
        "--shop",
        shop,
        "--column",
        "customer_id=user_id",
        "--max-reject-share",
        1,
        "--json",
    )
    assert done.code == 0, done.err
    assert done.json["rows"] == done.json["used"] + done.json["rejected"]
    assert set(done.json["reasons"]) == {"unknown_product"}
