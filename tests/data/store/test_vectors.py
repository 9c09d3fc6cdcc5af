"""Vectors come back as they went in (to half precision), once each, in order, in bounded portions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.errors import SpaceMismatch, UsageError
from data.records import EncodedPhoto, SpaceRecord
from data.shop import Shop
from tests.data.makers import SPACE, encode_all, row, unit_vector, use_space


def all_vectors(shop: Shop, batch: int) -> tuple[list[str], list[str], np.ndarray]:
    parts = list(shop.read_vectors(SPACE.space, batch))
    assert all(len(part.photo_ids) == len(part.product_ids) == len(part.matrix) <= batch for part in parts)
    photo_ids = [i for part in parts for i in part.photo_ids]
    product_ids = [i for part in parts for i in part.product_ids]
    return photo_ids, product_ids, np.concatenate([part.matrix for part in parts])


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_every_live_vector_comes_once_in_order_whatever_the_portion(
    shop: Shop, photos: Path, batch: int
) -> None:
    use_space(shop)
    shop.put_rows([row(1, "q", "b.jpg", "a.jpg"), row(2, "p", "c.jpg"), row(3, "gone", "d.jpg")], photos)
    encode_all(shop)
    shop.delete_products(["gone"])
    photo_ids, product_ids, matrix = all_vectors(shop, batch)
    assert product_ids == ["p", "q", "q"]
    assert photo_ids == [p.photo_id for i in ("p", "q") for p in shop.photos_of(i)]
    assert matrix.dtype == np.float32
    assert matrix.shape == (3, 4)
    some = shop.vectors_of_products(SPACE.space, ["q", "nobody", "q"])
    assert some.photo_ids == photo_ids[1:]
    np.testing.assert_array_equal(some.matrix, matrix[1:])


def test_values_come_back_to_half_precision(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg")], photos)
    vector = unit_vector(0.7)
    photo_id = shop.photos_of("p")[0].photo_id
    shop.put_vectors(SPACE.space, [EncodedPhoto(photo_id, "s", 5, 1, vector)], [])
    np.testing.assert_array_equal(
        shop.vectors_of_products(SPACE.space, ["p"]).matrix[0], vector.astype(np.float16).astype(np.float32)
    )


def test_one_file_of_two_products_is_kept_once(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg"), row(2, "q", "a.jpg")], photos)
    encode_all(shop)
    assert shop.counts()["vectors"] == {SPACE.space: 1}
    assert len(all_vectors(shop, 10)[0]) == 2
    assert shop.known_sha(SPACE.space, ["sha of a.jpg", "unknown"]) == {"sha of a.jpg"}
    assert shop.known_sha("another", ["sha of a.jpg"]) == set()


@pytest.mark.parametrize(
    ("vector", "error"),
    [
        (np.ones(3, np.float32) / 2, SpaceMismatch),
        (np.ones((1, 4), np.float32) / 2, SpaceMismatch),
        (np.array([np.nan, 0, 1, 0], np.float32), UsageError),
        (np.array([np.inf, 0, 1, 0], np.float32), UsageError),
        (np.array([2, 0, 1, 0], np.float32), UsageError),
    ],
)
def test_vectors_that_cannot_be_right_are_refused_whole(
    shop: Shop, photos: Path, vector: np.ndarray, error: type
) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg", "b.jpg")], photos)
    good, bad = (photo.photo_id for photo in shop.photos_of("p"))
    before = shop.revision
    with pytest.raises(error):
        shop.put_vectors(
            SPACE.space,
            [EncodedPhoto(good, "s", 1, 1, unit_vector()), EncodedPhoto(bad, "t", 1, 1, vector)],
            [],
        )
    assert shop.revision == before
    assert list(shop.read_vectors(SPACE.space)) == []


def test_a_space_must_be_known_before_it_is_used(shop: Shop) -> None:
    assert shop.current_space() is None
    with pytest.raises(SpaceMismatch, match="no vectors of the space"):
        shop.put_vectors("never seen", [], [])
    with pytest.raises(SpaceMismatch):
        shop.set_current_space("never seen")
    use_space(shop)
    assert shop.current_space() == SPACE
    renamed = SpaceRecord(SPACE.space, "other name", SPACE.layout, {"deep": {"ä": [1, None]}})
    shop.put_space(renamed)
    assert shop.space(SPACE.space) == renamed
    assert shop.spaces() == [SPACE.space]
