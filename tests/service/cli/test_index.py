"""`vitrine index`: what is counted, what is kept, and what is not done twice."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from data.shop import Shop
from tests.service.cli.conftest import Vitrine
from tests.service.drawn import draw_photo, rows, write_catalogue
from tests.service.fakes import FakeEmbedder

pytestmark = pytest.mark.usefixtures("fake_embedder")


def test_counts_add_up_and_nothing_is_encoded_twice(
    vitrine: Vitrine, catalogue: Path, tmp_path: Path
) -> None:
    first = vitrine("index", catalogue, "--shop", tmp_path / "shop", "--json")
    assert first.code == 0, first.err
    told = first.json
    assert (told["rows"], told["used"], told["rejected"]) == (24, 24, 0)
    assert told["encoded"] == 48
    assert told["reasons"] == {}
    assert told["built"] is True
    assert set(told["seconds"]) >= {"read", "encode", "build"}
    again = vitrine("index", catalogue, "--shop", tmp_path / "shop", "--json").json
    assert (again["encoded"], again["reused"]) == (0, 48)
    assert again["generation"] == told["generation"]
    assert again["built"] is False
    rebuilt = vitrine("index", catalogue, "--shop", tmp_path / "shop", "--rebuild", "--json").json
    assert rebuilt["encoded"] == 0
    assert rebuilt["generation"] > told["generation"]


def test_a_final_line_says_the_seconds(vitrine: Vitrine, catalogue: Path, tmp_path: Path) -> None:
    done = vitrine("index", catalogue, "--shop", tmp_path / "shop")
    assert done.code == 0, done.err
    assert "24 rows = 24 used + 0 rejected" in done.out
    assert done.out.strip().splitlines()[-1].startswith("seconds: read ")


def test_a_profile_is_a_page_with_every_stage(vitrine: Vitrine, catalogue: Path, tmp_path: Path) -> None:
    page = tmp_path / "profile.html"
    done = vitrine("index", catalogue, "--shop", tmp_path / "shop", "--profile", page)
    assert done.code == 0, done.err
    text = page.read_text(encoding="utf-8")
    for stage in ("read", "load", "encode", "decode and resize", "network", "commit", "build", "wall time"):
        assert f">{stage}" in text
    assert "48 photos indexed" in text
    again = vitrine("index", catalogue, "--shop", tmp_path / "shop", "--profile", page)
    assert again.code == 0
    assert "nothing to encode" in page.read_text(encoding="utf-8")


def test_a_profile_that_cannot_be_written_is_told_before_the_work(
    vitrine: Vitrine, catalogue: Path, tmp_path: Path
) -> None:
    done = vitrine("index", catalogue, "--shop", tmp_path / "shop", "--profile", tmp_path)
    assert done.code == 2
    assert "is a folder" in done.err
    assert "generation" not in done.out


def bad_catalogue(folder: Path) -> Path:
    """Nine good rows, then one of each kind of bad one."""
    good = rows()[:9]
    for row in good:
        for n, name in enumerate(row["image"].split("|")):
            draw_photo(folder / name, row["category"], row["colour"], 4 * n)
    whole = (folder / good[0]["image"].split("|")[0]).read_bytes()
    (folder / "torn.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("no image", encoding="utf-8")
    bad = [
        {**good[0], "product_id": "torn", "image": "torn.jpg"},
        {**good[0], "product_id": "text", "image": "text.jpg"},
        {**good[0], "product_id": "gone", "image": "gone.jpg"},
        {**good[0], "product_id": "", "image": "gone.jpg"},
        {**good[0], "product_id": "dear", "price": "much"},
        {**good[0], "product_id": "half", "image": f"{good[0]['image'].split('|')[0]}|torn.jpg"},
    ]
    return write_catalogue(folder / "catalogue.csv", [*good, *bad])


def test_a_place_for_records_that_are_there_is_refused(vitrine: Vitrine, indexed: Path) -> None:
    done = vitrine("index", "--shop", indexed, "--database", "sqlite:///elsewhere.db")
    assert (done.code, done.out) == (2, "")
    assert "this shop has its records already: leave it away" in " ".join(done.err.split())


def test_rejects_are_counted_kept_and_exported(vitrine: Vitrine, tmp_path: Path) -> None:
    catalogue, shop = bad_catalogue(tmp_path), tmp_path / "shop"
    done = vitrine("index", catalogue, "--shop", shop, "--json")
    told = done.json
    assert done.code == 2
    assert "error: 5 of 15 rows were rejected" in done.err
    assert (told["rows"], told["used"], told["rejected"]) == (15, 10, 5)
    assert told["photo_rejects"] == 1
    assert told["reasons"] == {
        "truncated": 2,
        "not_an_image": 1,
        "missing_file": 1,
        "missing_id": 1,
        "bad_price": 1,
    }
    hits = vitrine("similar", "--shop", shop, "--product", "half", "-k", 20, "--json").json["hits"]
    assert len(hits) == 9, "what was good is kept and can be searched"
    out = tmp_path / "rejects.csv"
    assert vitrine("info", "--shop", shop, "--rejects", out).code == 0
    with out.open(encoding="utf-8", newline="") as file:
        exported = list(csv.DictReader(file))
    assert sorted((r["id"], r["reason"]) for r in exported if r["scope"] == "row" and r["id"]) == [
        ("dear", "bad_price"),
        ("gone", "missing_file"),
        ("text", "not_an_image"),
        ("torn", "truncated"),
    ]
    assert all(r["row"] for r in exported)


def test_rejects_are_counted_again_the_next_time(vitrine: Vitrine, tmp_path: Path) -> None:
    catalogue, shop = bad_catalogue(tmp_path), tmp_path / "shop"
    first = vitrine("index", catalogue, "--shop", shop, "--json").json
    second = vitrine("index", catalogue, "--shop", shop, "--json").json
    for key in ("rows", "used", "rejected", "reasons", "photo_rejects", "generation"):
        assert second[key] == first[key], key


def test_a_larger_share_can_be_allowed(vitrine: Vitrine, tmp_path: Path) -> None:
    done = vitrine("index", bad_catalogue(tmp_path), "--shop", tmp_path / "shop", "--max-reject-share", "0.5")
    assert done.code == 0, done.err
    assert "truncated" in done.out
    assert "15 rows = 10 used + 5 rejected" in done.out


def test_prune_deletes_what_the_catalogue_does_not_list(
    vitrine: Vitrine, catalogue: Path, shop: Path
) -> None:
    fewer = write_catalogue(catalogue.parent / "fewer.csv", rows()[:20])
    kept = vitrine("index", fewer, "--shop", shop, "--json").json
    assert kept["pruned"] == 0
    pruned = vitrine("index", fewer, "--shop", shop, "--prune", "--json").json
    assert pruned["pruned"] == 4
    hits = vitrine("similar", "--shop", shop, "--product", "disc-red", "-k", 30, "--json").json["hits"]
    assert len(hits) == 19


def test_a_second_indexer_stops_at_once_and_names_the_first(
    vitrine: Vitrine, catalogue: Path, shop: Path
) -> None:
    with Shop.open(shop).writer("vitrine index"):
        done = vitrine("index", catalogue, "--shop", shop)
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert "vitrine index" in done.err


def test_columns_can_be_mapped(vitrine: Vitrine, catalogue: Path, tmp_path: Path) -> None:
    text = catalogue.read_text(encoding="utf-8").replace("product_id,", "sku,", 1)
    other = catalogue.parent / "mapped.csv"
    other.write_text(text, encoding="utf-8")
    done = vitrine("index", other, "--shop", tmp_path / "shop", "--column", "product_id=sku", "--json")
    assert done.code == 0, done.err
    assert done.json["used"] == 24


def test_another_embedder_means_another_space(
    vitrine: Vitrine, catalogue: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedder.registry.open_embedder", lambda *_, **__: FakeEmbedder("2"))
    told = vitrine("index", catalogue, "--shop", shop, "--json").json
    assert told["space"] == FakeEmbedder("2").space
    assert told["encoded"] == 48
    hits = vitrine("similar", "--shop", shop, "--product", "disc-red", "-k", 3, "--json").json
    assert hits["space"] == told["space"]
    assert len(hits["hits"]) == 3


def test_a_bare_folder_of_photos_is_a_catalogue(vitrine: Vitrine, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "two").mkdir(parents=True)
    draw_photo(folder / "one.jpg", "disc", "red")
    draw_photo(folder / "two" / "a.jpg", "bar", "blue")
    draw_photo(folder / "two" / "b.jpg", "bar", "blue", shift=3)
    (folder / "three.png").write_bytes((folder / "one.jpg").read_bytes()[:200])
    (folder / "four.heic").write_bytes(b"x")
    done = vitrine("index", folder, "--shop", tmp_path / "shop", "--max-reject-share", 1, "--json")
    assert done.code == 0, done.err
    assert (done.json["rows"], done.json["used"], done.json["encoded"]) == (3, 2, 3)
    assert done.json["reasons"] == {"truncated": 1}
    assert done.err.count("warning: passed over in ") == 1
    hits = vitrine("similar", "--shop", tmp_path / "shop", "--product", "one", "--json").json["hits"]
    assert [hit["product_id"] for hit in hits] == ["two"]


def test_an_unusable_catalogue_leaves_the_shop_as_it_was(
    vitrine: Vitrine, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "wrong.csv").write_text("name,colour\nx,red\n", encoding="utf-8")
    done = vitrine("index", tmp_path / "wrong.csv", "--shop", shop, "--prune")
    assert done.code == 2
    assert "--column product_id=NAME" in done.err
    assert vitrine("info", "--shop", shop, "--json").json["counts"]["live"] == 24
    (tmp_path / "empty.csv").write_text("product_id,image\n", encoding="utf-8")
    vitrine("index", tmp_path / "empty.csv", "--shop", shop, "--prune")
    assert vitrine("info", "--shop", shop, "--json").json["counts"]["live"] == 24


def test_prune_keeps_a_product_whose_row_is_rejected_tonight(
    vitrine: Vitrine, catalogue: Path, shop: Path
) -> None:
    wrong = write_catalogue(catalogue.parent / "wrong.csv", [{**rows()[0], "price": "cheap"}, *rows()[1:]])
    report = vitrine("index", wrong, "--shop", shop, "--prune", "--max-reject-share", 1, "--json").json
    assert (report["rejected"], report["pruned"]) == (1, 0)
    vitrine("index", wrong, "--shop", shop, "--prune", "--max-reject-share", 1, "--json")
    assert vitrine("info", "--shop", shop, "--json").json["counts"]["live"] == len(rows())


def test_a_photo_folder_that_is_not_mounted_takes_no_looks_away(vitrine: Vitrine, tmp_path: Path) -> None:
    photos, away, shop = tmp_path / "photos", tmp_path / "away", tmp_path / "shop"
    photos.mkdir()
    for row in rows()[:6]:
        for name in row["image"].split("|"):
            draw_photo(photos / name, row["category"], row["colour"])
    asked = (write_catalogue(tmp_path / "six.csv", rows()[:6]), "--photos", photos, "--shop", shop, "--json")
    first = vitrine("index", *asked).json
    photos.rename(away)
    photos.mkdir()
    done = vitrine("index", *asked)
    assert done.code == 2
    assert "6 of 6 rows were rejected" in done.err
    assert done.json["reasons"] == {"missing_file": first["encoded"] + first["reused"]}
    assert done.json["generation"] == first["generation"]
    hits = vitrine("similar", "--shop", shop, "--product", "disc-red", "--json").json["hits"]
    assert len(hits) == 5
    photos.rmdir()
    away.rename(photos)
    again = vitrine("index", *asked).json
    assert (again["encoded"], again["rejected"], again["generation"]) == (0, 0, first["generation"])


def broken(catalogue: Path, line: str) -> Path:
    """A catalogue of all products but the first and the last, with one line that cannot be read."""
    path = write_catalogue(catalogue.parent / "broken.csv", rows()[1:-1])
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return path


@pytest.mark.parametrize("line", ["disc-red,too,few", ",,,,,,,", "\x01disc-red,,,,,,,"])
def test_prune_waits_where_a_row_does_not_tell_whose_it_is(
    vitrine: Vitrine, catalogue: Path, shop: Path, line: str
) -> None:
    commas = catalogue.read_text(encoding="utf-8").splitlines()[0].count(",")
    line = line if "few" in line else line.split(",")[0] + "," * commas
    asked = ("index", broken(catalogue, line), "--shop", shop, "--prune", "--max-reject-share", 1)
    for _ in range(2):  # also where the catalogue is as it was
        report = vitrine(*asked, "--json").json
        assert (report["rejected"], report["pruned"]) == (1, 0)
        assert any(
            "nothing was pruned" in text and "does not list 2 products" in text for text in report["warnings"]
        )
    assert "warning: nothing was pruned" in vitrine(*asked).err
    assert vitrine("info", "--shop", shop, "--json").json["counts"]["live"] == len(rows())


def test_prune_waits_where_too_many_rows_are_rejected(vitrine: Vitrine, catalogue: Path, shop: Path) -> None:
    wrong = write_catalogue(
        catalogue.parent / "dear.csv", [{**row, "price": "dear"} for row in rows()[:5]] + rows()[5:9]
    )
    done = vitrine("index", wrong, "--shop", shop, "--prune", "--max-reject-share", 0.5)
    assert done.code == 2
    assert "nothing was pruned" in done.err
    assert vitrine("info", "--shop", shop, "--json").json["counts"]["live"] == len(rows())
    report = vitrine("index", wrong, "--shop", shop, "--prune", "--max-reject-share", 0.6, "--json").json
    assert report["pruned"] == len(rows()) - 9


def test_flat_is_another_name_for_exact(vitrine: Vitrine, catalogue: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    first = vitrine("index", catalogue, "--shop", shop, "--index", "Flat", "--json").json
    for choice in ("Flat", "exact", "auto"):
        again = vitrine("index", catalogue, "--shop", shop, "--index", choice, "--json").json
        assert (again["built"], again["generation"]) == (False, first["generation"]), choice
