"""Which photos wait for a vector, what becomes of them, and how rows are settled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.errors import BadPhoto, UnknownPhoto, UnknownProduct
from data.records import EncodedPhoto, PendingPhoto, Product
from data.shop import Shop
from tests.data.makers import SPACE, encode_all, gradient, image_bytes, jpeg, row, unit_vector, use_space


def pending(shop: Shop, space: str = SPACE.space) -> list[PendingPhoto]:
    return [photo for batch in shop.pending_photos(space, 2) for photo in batch]


def names(waiting: list[PendingPhoto]) -> list[str]:
    return [photo.path.name for photo in waiting]


def test_photos_wait_in_order_and_only_until_they_have_a_vector(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(7, "q", "c.jpg"), row(8, "p", "b.jpg", "a.jpg"), row(9, "none")], photos)
    waiting = pending(shop)
    assert [(w.product_id, w.path.name, w.row) for w in waiting] == [
        ("p", "b.jpg", 8), ("p", "a.jpg", 8), ("q", "c.jpg", 7)
    ]  # fmt: skip
    assert all(w.size == 5 and w.mtime_ns > 0 and w.sha256 is None for w in waiting)
    before = shop.revision
    encode_all(shop)
    assert pending(shop) == []
    assert shop.changes_since(before).looks_changed == ["p", "q"]
    assert {p.status for p in shop.photos_of("p")} == {"done"}
    assert shop.counts()["pending"] == 0


def test_a_file_that_changes_waits_again_and_one_that_is_touched_keeps_its_vector(
    shop: Shop, photos: Path
) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg"), row(2, "q", "b.jpg")], photos)
    encode_all(shop)
    (photos / "a.jpg").write_bytes(b"another content")
    assert names(pending(shop)) == ["a.jpg"]
    assert pending(shop)[0].sha256 is None, "the digest of the old content says nothing of the new"
    encode_all(shop)
    assert pending(shop) == []
    os.utime(photos / "b.jpg", ns=(1, 1))
    again = pending(shop)[0]
    shop.put_vectors(
        SPACE.space, [EncodedPhoto(again.photo_id, "sha of b.jpg", again.size, again.mtime_ns, None)], []
    )
    assert pending(shop) == []
    assert len(shop.vectors_of_products(SPACE.space, ["q"]).photo_ids) == 1


def test_in_another_space_all_photos_wait_with_their_digest_known(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg")], photos)
    encode_all(shop)
    assert [w.sha256 for w in pending(shop, "another")] == ["sha of a.jpg"]


def test_failed_photos_wait_again_and_their_rejects_are_kept_once(shop: Shop, photos: Path) -> None:
    use_space(shop)
    number = shop.begin_import("catalogue", "c.csv")
    shop.put_rows([row(1, "p", "a.jpg"), row(2, "q", "b.jpg", "c.jpg")], photos, number)
    for _ in range(2):
        encode_all(shop, {"a.jpg": "truncated", "c.jpg": "too_small"})
    assert names(pending(shop)) == ["a.jpg", "c.jpg"]
    assert shop.reject_summary(number) == {"too_small": 1, "truncated": 1}
    assert shop.settle_rows(number) == 1, "row 2 has a photo that works"
    told = {(r.reject.scope, r.reject.row, r.reject.id, r.reject.reason) for r in shop.rejects()}
    assert told == {("row", 1, "p", "truncated"), ("photo", 2, "q", "too_small")}
    assert shop.counts()["photos_rejected"] == 2
    encode_all(shop)
    assert shop.rejects() == [], "once a photo works, nothing is held against it"
    assert shop.settle_rows(number) == 0


def test_a_photo_that_fails_after_it_worked_takes_its_vector_out_of_sight(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg")], photos)
    encode_all(shop)
    (photos / "a.jpg").write_bytes(b"cut off")
    before = shop.revision
    encode_all(shop, {"a.jpg": "truncated"})
    assert shop.changes_since(before).looks_changed == ["p"]
    assert list(shop.read_vectors(SPACE.space)) == []


def test_a_photo_whose_file_is_missing_goes_on_being_found(shop: Shop, photos: Path) -> None:
    use_space(shop)
    number = shop.begin_import("catalogue", "c.csv")
    shop.put_rows([row(1, "p", "a.jpg"), row(2, "q", "b.jpg", "c.jpg")], photos, number)
    encode_all(shop)
    kept = {name: (photos / name).read_bytes() for name in ("a.jpg", "b.jpg")}
    for name in kept:
        (photos / name).unlink()
    before = shop.revision
    for _ in range(2):
        waiting = pending(shop)
        assert names(waiting) == ["a.jpg", "b.jpg"]
        assert (waiting[0].size, waiting[0].mtime_ns) == (0, 0)
        encode_all(shop, dict.fromkeys(kept, "missing_file"))
        assert shop.settle_rows(number) == 1, "row 2 has a photo that works"
        assert shop.reject_summary(number) == {"missing_file": 2}
    assert shop.revision == before
    assert shop.vectors_of_products(SPACE.space, ["p", "q"]).product_ids == ["p", "q", "q"]
    assert shop.counts()["photos_done"] == 3
    for name, data in kept.items():
        (photos / name).write_bytes(data)
    assert [w.searched for w in pending(shop)] == ["sha of a.jpg", "sha of b.jpg"], "read again"
    encode_all(shop)
    assert (shop.rejects(), shop.settle_rows(number), pending(shop)) == ([], 0, [])


def test_a_missing_photo_that_is_found_by_nothing_is_rejected(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg")], photos)
    encode_all(shop, {"a.jpg": "missing_file"})
    assert shop.photos_of("p")[0].status == "rejected"
    assert list(shop.read_vectors(SPACE.space)) == []


def test_photos_that_are_gone_when_their_vector_comes_are_passed_over(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg"), row(2, "q", "b.jpg")], photos)
    waiting = pending(shop)
    shop.delete_products(["p", "q"])
    done = [EncodedPhoto(waiting[0].photo_id, "s", 1, 1, unit_vector())]
    shop.put_vectors(SPACE.space, done, [(waiting[1].photo_id, "truncated", "gone")])
    assert list(shop.read_vectors(SPACE.space)) == []
    assert shop.rejects() == []


def test_an_upload_is_stored_by_its_content_and_survives_imports(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg")], photos)
    png = image_bytes(gradient(), "PNG")
    photo = shop.add_photo("p", png, "../../evil.exe")
    again = shop.add_photo("p", png, "other name")
    assert photo.photo_id == again.photo_id
    assert photo.path == f"photos/{photo.sha256}.png"
    path = shop.photo_path(photo)
    assert path.read_bytes() == png
    assert path.is_relative_to(shop.directory)
    assert [p.position for p in shop.photos_of("p")] == [0, 1]
    shop.put_rows([row(1, "p", "b.jpg")], photos)
    number = shop.begin_import("catalogue", "c")
    shop.put_rows([row(1, "p", "b.jpg")], photos, number)
    shop.drop_unlisted(number)
    assert {p.path for p in shop.photos_of("p")} == {"b.jpg", photo.path}
    assert photo.path.split("/")[-1] in names(pending(shop))


def test_uploads_of_deleted_products_are_removed_unless_another_product_has_them(shop: Shop) -> None:
    for product_id in ("p", "q"):
        shop.put_product(Product(product_id))
        shop.add_photo(product_id, jpeg(), "x.jpg")
    path = shop.photo_path(shop.photos_of("p")[0])
    shop.delete_products(["p"])
    assert path.exists()
    shop.delete_products(["q"])
    assert not path.exists()


def test_bad_uploads_are_refused_and_leave_nothing(shop: Shop) -> None:
    shop.put_product(Product("p"))
    with pytest.raises(BadPhoto) as caught:
        shop.add_photo("p", jpeg()[:400], "half.jpg")
    assert caught.value.reason == "truncated"
    assert "half.jpg" in str(caught.value)
    with pytest.raises(UnknownProduct):
        shop.add_photo("nobody", jpeg(), "x.jpg")
    assert shop.photos_of("p") == []
    assert not list(shop.directory.glob("photos/*"))


def test_unknown_photos_and_those_of_deleted_products_are_not_found(shop: Shop, photos: Path) -> None:
    shop.put_rows([row(1, "p", "a.jpg")], photos)
    photo_id = shop.photos_of("p")[0].photo_id
    assert shop.photo(photo_id).product_id == "p"
    shop.delete_products(["p"])
    for wanted in (photo_id, "nothing", "\0"):
        with pytest.raises(UnknownPhoto):
            shop.photo(wanted)
