"""Catalogues from every kind of file: rows, types, repeats, and a reject for whatever cannot be used."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import rejects
from data.catalogue import Chunk, photo_root, read_catalogue
from data.errors import UsageError
from data.records import CatalogueRow, Reject
from data.shop import Shop
from tests.data.makers import encode_all, use_space, write_csv, write_json_lines


def read(path: Path, **options: object) -> tuple[list[CatalogueRow], list[Reject], int]:
    chunks = list(read_catalogue(path, **options))  # type: ignore[arg-type]
    rows = [row for chunk in chunks for row in chunk.rows]
    refused = [reject for chunk in chunks for reject in chunk.rejects]
    return rows, refused, sum(chunk.rows_read for chunk in chunks)


ROWS = [
    {"product_id": "001", "image": "a.jpg", "title": "Dress", "category": "dress", "price": "9.50",
     "in_stock": "true", "size": "38", "code": "007", "organic": "true"},
    {"product_id": "2", "image": "b.jpg|sub/c.jpg", "title": "", "category": "", "price": "",
     "in_stock": "no", "size": "40.5", "code": "8", "organic": "false"},
    {"product_id": "3", "image": "", "title": "Hat", "category": "hat", "price": "0",
     "in_stock": "", "size": "", "code": "", "organic": ""},
]  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_gives_the_same_products(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"catalogue.{kind}"
    typed = [
        {**entry, "size": float(entry["size"]) if entry["size"] else None,
         "organic": {"true": True, "false": False, "": None}[entry["organic"]]}
        for entry in ROWS
    ]  # fmt: skip
    if kind == "csv":
        write_csv(path, ROWS)
    elif kind == "tsv":
        pd.DataFrame(ROWS).to_csv(path, sep="\t", index=False)
    elif kind == "jsonl":
        write_json_lines(path, typed)
    else:
        pd.DataFrame(typed).to_parquet(path)
    rows, refused, count = read(path)
    assert (refused, count) == ([], 3)
    first, second, third = (row.product for row in rows)
    assert (first.product_id, first.title, first.category, first.price, first.in_stock) == (
        "001", "Dress", "dress", 9.5, True,
    )  # fmt: skip
    assert first.attributes == {"size": 38.0, "code": "007", "organic": True}
    assert (second.title, second.price, second.in_stock) == (None, None, False)
    assert second.attributes == {"size": 40.5, "code": "8", "organic": False}
    assert (third.price, third.in_stock, third.attributes) == (0.0, True, {})
    assert [[photo.path for photo in row.photos] for row in rows] == [["a.jpg"], ["b.jpg", "sub/c.jpg"], []]
    assert [row.row for row in rows] == [1, 2, 3]


def test_photos_as_a_list_in_json(tmp_path: Path) -> None:
    path = write_json_lines(
        tmp_path / "c.jsonl", [{"product_id": 5, "photo": ["a.jpg", " b.jpg "], "image": "c.jpg|a.jpg"}]
    )
    rows, _, _ = read(path)
    assert [photo.path for photo in rows[0].photos] == ["a.jpg", "b.jpg", "c.jpg"]
    assert rows[0].product.product_id == "5"


def test_one_leading_zero_makes_a_column_text_wherever_it_stands(tmp_path: Path) -> None:
    entries = [{"product_id": str(n), "code": str(n)} for n in range(1, 3000)] + [
        {"product_id": "x", "code": "01"}
    ]
    rows, _, _ = read(write_csv(tmp_path / "c.csv", entries))
    assert rows[0].product.attributes["code"] == "1"


BAD_ROWS: list[tuple[dict[str, str], str]] = [
    ({"product_id": ""}, rejects.MISSING_ID),
    ({"product_id": "   "}, rejects.BLANK_ID),
    ({"product_id": "x" * 257}, rejects.LONG_ID),
    ({"product_id": "a\x01b"}, rejects.CONTROL_ID),
    ({"price": "12,50"}, rejects.BAD_PRICE),
    ({"price": "-1"}, rejects.BAD_PRICE),
    ({"price": "inf"}, rejects.BAD_PRICE),
    ({"in_stock": "maybe"}, rejects.BAD_STOCK),
    ({"added": "someday"}, rejects.BAD_DATE),
    ({"product_id": "first", "title": "Other"}, rejects.DUPLICATE_ID),
    ({"product_id": "first", "image": ""}, rejects.DUPLICATE_ID),
    ({"image": "../secret.jpg"}, rejects.OUTSIDE_FOLDER),
    ({"image": "/etc/passwd"}, rejects.OUTSIDE_FOLDER),
    ({"image": "link/outside.jpg"}, rejects.OUTSIDE_FOLDER),
    ({"image": "linked.jpg"}, rejects.OUTSIDE_FOLDER),
    ({"image": "https://example.org/a.jpg"}, rejects.MISSING_FILE),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS)
def test_each_bad_row_is_rejected_with_number_reason_and_detail(
    tmp_path: Path, bad: dict[str, str], reason: str
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "link").symlink_to(tmp_path)
    (folder / "linked.jpg").symlink_to(tmp_path / "secret.jpg")
    good = {
        "product_id": "first",
        "image": "a.jpg",
        "title": "Dress",
        "price": "1",
        "in_stock": "1",
        "added": "",
    }
    path = write_csv(
        tmp_path / "c.csv", [good, {**good, "product_id": "second", **bad}, {**good, "product_id": "last"}]
    )
    rows, refused, count = read(path, photos=folder)
    assert [(r.scope, r.row, r.reason) for r in refused] == [("row", 2, reason)]
    assert refused[0].detail
    assert count == 3
    ids = [row.product.product_id for row in rows]
    photo_fault = reason in (rejects.OUTSIDE_FOLDER, rejects.MISSING_FILE)
    assert ids == (["first", "second", "last"] if photo_fault else ["first", "last"])
    assert not photo_fault or rows[1].photos == (), "the product is kept without that photo"


def test_one_bad_photo_of_several_does_not_reject_the_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "c.csv", [{"product_id": "p", "image": "../x.jpg|a.jpg"}])
    rows, refused, _ = read(path)
    assert [photo.path for photo in rows[0].photos] == ["a.jpg"]
    assert [(r.scope, r.id, r.reason) for r in refused] == [("photo", "p", "outside_folder")]


def test_absolute_and_windows_paths_inside_the_folder(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "c.csv", [{"product_id": "p", "image": f"{tmp_path}/sub/a.jpg|sub\\b.jpg|./sub/../c.jpg"}]
    )
    rows, refused, _ = read(path)
    assert [photo.path for photo in rows[0].photos] == ["sub/a.jpg", "sub/b.jpg", "c.jpg"]
    assert refused == []


def test_repeated_rows_add_photos_across_chunks(tmp_path: Path) -> None:
    entries = [
        {"product_id": "p", "image": "a.jpg", "title": "Dress", "size": "M"},
        {"product_id": "q", "image": "x.jpg", "title": "Hat", "size": ""},
        {"product_id": "p", "image": "b.jpg", "title": "Dress", "size": ""},
        {"product_id": "p", "image": "c.jpg", "title": "", "size": "M"},
        {"product_id": "q", "image": "y.jpg", "title": "Hat", "size": "L"},
    ]
    rows, refused, count = read(write_csv(tmp_path / "c.csv", entries), chunk=2)
    assert [(r.row, r.product.product_id, r.further) for r in rows] == [
        (1, "p", False), (2, "q", False), (3, "p", True), (4, "p", True)
    ]  # fmt: skip
    assert [(r.row, r.reason) for r in refused] == [(5, "duplicate_id")], "the first row of q left size blank"
    assert "'size'" in refused[0].detail
    assert count == 5


def test_a_product_whose_first_row_was_rejected_begins_with_the_next_one(tmp_path: Path) -> None:
    entries = [
        {"product_id": "p", "image": "a.jpg", "price": "bad"},
        {"product_id": "p", "image": "b.jpg", "price": "5"},
        {"product_id": "p", "image": "c.jpg", "price": "5"},
    ]
    rows, refused, _ = read(write_csv(tmp_path / "c.csv", entries))
    assert [(r.row, r.further, r.product.price) for r in rows] == [(2, False, 5.0), (3, True, 5.0)]
    assert [r.row for r in refused] == [1]


def test_columns_can_be_named_by_the_user(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "c.csv", [{"sku": "1", "product_id": "group", "pic": "a.jpg", "colour name": "red"}]
    )
    rows, _, _ = read(path, mapping={"product_id": "sku", "image": "pic", "colour": "colour name"})
    assert rows[0].product.product_id == "1"
    assert rows[0].product.attributes == {"colour": "red"}
    assert rows[0].photos[0].path == "a.jpg"


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_missing_id_column_is_said_before_anything_is_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"c.{ending}"
    write = write_csv if ending == "csv" else write_json_lines
    write(path, [{"sku": "1", "name": "x"}])
    with pytest.raises(UsageError, match=r"sku, name.*--column"):
        read_catalogue(path)
    with pytest.raises(UsageError, match="'ean'"):
        read_catalogue(path, mapping={"product_id": "ean"})


def test_what_cannot_be_a_catalogue(tmp_path: Path) -> None:
    write_csv(tmp_path / "c.csv", [{"product_id": "1"}])
    with pytest.raises(UsageError, match="photo folder"):
        read_catalogue(tmp_path / "c.csv", tmp_path / "absent")
    with pytest.raises(UsageError, match="no file"):
        read_catalogue(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(UsageError, match="product_id"):
        read_catalogue(tmp_path / "empty.csv")


def test_a_file_with_a_header_only_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("product_id,title\n")
    assert read(tmp_path / "c.csv") == ([], [], 0)


def test_the_date_of_arrival(tmp_path: Path) -> None:
    entries = [{"product_id": "p", "added": "2024-05-01"}, {"product_id": "q", "added": ""}]
    rows, _, _ = read(write_csv(tmp_path / "c.csv", entries))
    assert rows[0].product.first_seen == datetime(2024, 5, 1, tzinfo=UTC)
    assert rows[1].product.first_seen is None
    assert rows[0].product.attributes == {}


def test_ragged_rows_count(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("product_id,title\n1,a\n2\n3,c\n")
    rows, refused, count = read(path, chunk=1)
    assert ([r.row for r in rows], [(r.row, r.reason) for r in refused], count) == (
        [1, 3],
        [(2, "ragged_row")],
        3,
    )


def test_rows_are_used_or_rejected_and_nothing_else(tmp_path: Path, shop: Shop) -> None:
    """A whole import, with every kind of reject at once; the sums must come out."""
    for name in ("a.jpg", "b.jpg", "bad.jpg"):
        (tmp_path / name).write_bytes(b"x")
    base = {"image": "a.jpg", "title": "T", "price": "1", "in_stock": "1", "added": ""}
    bad = [{**base, "product_id": f"bad{n}", **fields} for n, (fields, _) in enumerate(BAD_ROWS)]
    good = [{**base, "product_id": f"good{n}"} for n in range(5)]
    photos = [
        {**base, "product_id": "both", "image": "bad.jpg|b.jpg"},
        {**base, "product_id": "lost", "image": "bad.jpg"},
        {**base, "product_id": "none", "image": ""},
    ]
    first = {**base, "product_id": "first"}
    path = write_csv(tmp_path / "c.csv", [first, *good, *bad, *photos])
    use_space(shop)
    for night in range(2):
        number = shop.begin_import("catalogue", str(path))
        rows = 0
        for chunk in read_catalogue(path, chunk=4):
            shop.put_rows(chunk.rows, photo_root(path, None), number)
            shop.put_rejects(number, chunk.rejects)
            rows += chunk.rows_read
        assert shop.drop_unlisted(number) == 0
        encode_all(shop, {"bad.jpg": "not_an_image", "link": "x", "linked.jpg": "outside_folder"})
        rejected = shop.settle_rows(number)
        assert rows == 1 + 5 + len(BAD_ROWS) + 3
        # In this test's folder the two linked photos do not exist; "lost" has only a bad photo.
        expected = sum(1 for fields, _ in BAD_ROWS if "link" not in fields.get("image", "")) + 1 + 1
        assert rejected == expected, night
        shop.finish_import(number, rows, rows - rejected, rejected)
        assert {"first", "good0", "both", "lost", "none"} <= {
            p.product_id for b in shop.all_products() for p in b
        }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
ANY_ROW = st.dictionaries(
    st.sampled_from(
        ["product_id", "image", "photo", "title", "category", "price", "in_stock", "added", "x", ""]
    ),
    JSON,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ANY_ROW, max_size=6))
def test_whatever_json_holds_is_used_or_rejected(tmp_path: Path, entries: list[dict[str, object]]) -> None:
    path = write_json_lines(tmp_path / "c.jsonl", [{"product_id": "first"}, *entries])
    with Shop.create(tmp_path / "shop") as shop:
        for chunk in read_catalogue(path, chunk=3):
            refused = {reject.row for reject in chunk.rejects if reject.scope == "row"}
            assert len(refused | {row.row for row in chunk.rows}) == chunk.rows_read
            shop.put_rows(chunk.rows, tmp_path)
            shop.put_rejects(1, chunk.rejects)
            for row in chunk.rows:
                shop.product(row.product.product_id)


def many(path: Path, count: int) -> Path:
    with path.open("w") as file:
        file.write("product_id,image,title,price,colour\n")
        for n in range(count):
            file.write(f"p{n},images/{n}.jpg,A long enough title for product {n},9.99,red\n")
    return path


def peak(chunks: Iterator[Chunk]) -> int:
    tracemalloc.reset_peak()
    for _ in chunks:
        pass
    return tracemalloc.get_traced_memory()[1]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, large = many(tmp_path / "s.csv", 1_500), many(tmp_path / "l.csv", 12_000)
    # What other tests left alive would put off the collecting of what is left here.
    gc.collect()
    gc.freeze()
    gc.collect()
    tracemalloc.start()
    try:
        for _ in read_catalogue(small):
            pass  # the first time fills caches
        least = peak(read_catalogue(small))
        most = peak(read_catalogue(large))
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    assert most < least + 12_000 * 40, f"{least} → {most} bytes; the file is {os.path.getsize(large)}"


def test_one_column_may_serve_as_several(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "c.csv", [{"product_id": "p", "name": "mug", "size": "4"}])
    rows, _, _ = read(path, mapping={"title": "name", "category": "name", "height": "size", "width": "size"})
    product = rows[0].product
    assert (product.title, product.category) == ("mug", "mug")
    assert product.attributes == {"height": 4.0, "width": 4.0}
