"""`vitrine similar --all`: the look-alikes of every product, in a file that is whole or not there."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from data.rules import Terms
from service.engine import Engine
from tests.service.cli.conftest import Ran, Vitrine
from tests.service.drawn import COLOURS, SHAPES

COLUMNS = ["product_id", "rank", "similar_id", "score", "photo_id"]
EVERYONE = {f"{shape}-{colour}" for shape in SHAPES for colour in COLOURS}
ENDINGS = [".parquet", ".csv", ".jsonl"]
Line = tuple[str, int, str, float, str]


def read(path: Path) -> list[Line]:
    """The rows of a file, whatever its format; fails on other columns."""
    found: list[dict[str, Any]]
    if path.suffix == ".parquet":
        rows = parquet.read_table(path)
        assert rows.column_names == COLUMNS
        found = rows.to_pylist()
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            assert reader.fieldnames == COLUMNS
            found = list(reader)
    else:
        found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert all(list(row) == COLUMNS for row in found)
    return [
        (row["product_id"], int(row["rank"]), row["similar_id"], float(row["score"]), row["photo_id"])
        for row in found
    ]


def one_by_one(vitrine: Vitrine, shop: Path, *options: object) -> list[Line]:
    """The same rows, each product asked for by itself."""
    rows = []
    for product in sorted(EVERYONE):
        done: Ran = vitrine("similar", "--shop", shop, "--product", product, "--json", *options)
        for rank, hit in enumerate(done.json["hits"], 1):
            rows.append((product, rank, hit["product_id"], hit["score"], hit["photo_id"]))
    return rows


def check_same(found: list[Line], wanted: list[Line]) -> None:
    assert [(*row[:3], row[4]) for row in found] == [(*row[:3], row[4]) for row in wanted]
    assert [row[3] for row in found] == pytest.approx([row[3] for row in wanted], abs=2e-6)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_holds_what_each_product_finds_alone(
    ending: str, vitrine: Vitrine, indexed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / f"all{ending}"
    done = vitrine("similar", "--shop", indexed, "--all", out, "-k", 4, "--json")
    assert done.code == 0, done.err
    rows = read(out)
    check_same(rows, one_by_one(vitrine, indexed, "-k", 4))
    assert {row[0] for row in rows} == EVERYONE
    sums = done.json
    assert (sums["products"], sums["rows"], sums["without_hits"]) == (len(EVERYONE), 4 * len(EVERYONE), 0)
    assert sums["out"] == str(out)
    assert sums["products_a_second"] > 0
    assert [entry.name for entry in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize(
    "options",
    [
        ("--where", 'colour = "blue" and in_stock'),
        ("--aspect", "shape=0", "--min-score", "0.5"),
        ("--exclude", "disc-red", "--exclude", "disc-blue", "-k", "30"),
    ],
    ids=["filter", "aspects and least score", "excluded"],
)
def test_options_hold_for_every_product(
    options: tuple[str, ...], vitrine: Vitrine, indexed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "all.jsonl"
    done = vitrine("similar", "--shop", indexed, "--all", out, *options, "--json")
    assert done.code == 0, done.err
    wanted = one_by_one(vitrine, indexed, *options)
    assert wanted
    check_same(read(out), wanted)
    assert done.json["without_hits"] == len(EVERYONE) - len({row[0] for row in wanted})


def test_rules_by_hand_hold_unless_they_shall_not(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    with Engine.open(shop) as engine:
        engine.add_rule(Terms("pin", "cross-green", "disc-red", surface="similar", position=2))
        engine.add_rule(Terms("pin", "disc-green", "cross-red", surface="similar", position=1))
        engine.add_rule(Terms("block", "disc-blue"))
        engine.add_rule(Terms("boost", "cross-red", query_category="disc", factor=3.0))
    out = tmp_path / "all.csv"
    for options in ((), ("--no-rules",)):
        assert vitrine("similar", "--shop", shop, "--all", out, "-k", 3, *options).code == 0
        check_same(read(out), one_by_one(vitrine, shop, "-k", 3, *options))
    assert "disc-blue" in {row[2] for row in read(out)}


def test_people_are_told_the_sums(vitrine: Vitrine, indexed: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.csv"
    done = vitrine("similar", "--shop", indexed, "--all", out, "--where", "price < 0")
    assert done.code == 0, done.err
    assert done.out.startswith(f"{len(EVERYONE)} products, 0 rows in ")
    assert f"nothing was found for {len(EVERYONE)} products" in done.out
    assert "look-alikes" in done.err
    assert read(out) == []


def test_small_portions_change_nothing(
    vitrine: Vitrine, indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, portions = tmp_path / "whole.parquet", tmp_path / "portions.parquet"
    assert vitrine("similar", "--shop", indexed, "--all", whole).code == 0
    monkeypatch.setattr("service.similar_items.MOST_HITS", 50)
    monkeypatch.setattr("service.row_file.GROUP", 70)
    assert vitrine("similar", "--shop", indexed, "--all", portions).code == 0
    assert parquet.ParquetFile(portions).num_row_groups > 1
    assert read(portions) == read(whole)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--product", "disc-red"), "--product"),
        (("--photo", "mug.jpg", "--not", "disc-red"), "--photo, --not"),
        (("--not-photo", "mug.jpg"), "--not-photo"),
        (("--weight", "2"), "--weight"),
        (("--diversity", "0.5"), "--diversity"),
        (("--strategy", "best"), "--strategy"),
        (("--suppress-near-duplicates",), "--suppress-near-duplicates"),
        (("--sheet", "out.png"), "--sheet"),
    ],
)
def test_what_does_not_go_with_it_is_refused(
    options: tuple[str, ...], said: str, vitrine: Vitrine, indexed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "all.csv"
    done = vitrine("similar", "--shop", indexed, "--all", out, *options)
    assert done.code == 2
    assert f"so {said} cannot go with it" in done.err
    assert not out.exists()


@pytest.mark.parametrize(("name", "said"), [("all.xlsx", ".xlsx"), ("all", "without ending")])
def test_another_ending_is_refused(
    name: str, said: str, vitrine: Vitrine, indexed: Path, tmp_path: Path
) -> None:
    done = vitrine("similar", "--shop", indexed, "--all", tmp_path / name)
    assert done.code == 2
    assert said in done.err
    (tmp_path / "folder.csv").mkdir()
    assert vitrine("similar", "--shop", indexed, "--all", tmp_path / "folder.csv").code == 2


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_fails_leaves_the_former_file(
    ending: str, vitrine: Vitrine, indexed: Path, tmp_path: Path
) -> None:
    out = tmp_path / f"all{ending}"
    out.write_text("of yesterday", encoding="utf-8")
    done = vitrine("similar", "--shop", indexed, "--all", out, "--where", "nonsense = 3")
    assert done.code == 2
    assert "nonsense" in done.err
    assert out.read_text(encoding="utf-8") == "of yesterday"
    assert [entry.name for entry in tmp_path.iterdir()] == [out.name]


def test_a_least_score_of_auto_wants_a_calibration(vitrine: Vitrine, indexed: Path, tmp_path: Path) -> None:
    done = vitrine("similar", "--shop", indexed, "--all", tmp_path / "all.csv", "--min-score", "auto")
    assert done.code == 1
    assert "embedders evaluate" in done.err


def test_nothing_heavy_is_loaded_for_text(indexed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from service.cli import program\n"
        f"words = ['similar', '--shop', {str(indexed)!r}, '--all', {str(tmp_path / 'all.csv')!r}, '--json']\n"
        "program()(words, standalone_mode=False)\n"
        "names = 'torch timm openvino pandas scipy sklearn pyarrow'.split()\n"
        "heavy = [name for name in names if name in sys.modules]\n"
        "sys.stderr.write('loaded: ' + ','.join(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["products"] == len(EVERYONE)
    assert done.stderr.endswith("loaded: ")
