"""Spaces in the records: the current one, the one before, what one lacks, and what goes with one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import SpaceMismatch, UsageError
from data.shop import Shop
from tests.data.makers import SPACE, encode_all, row, use_space

OTHER = replace(SPACE, space="other")


def other_vectors(shop: Shop, *products: str) -> None:
    """Give the photos of some products vectors in the other space as well."""
    from data.records import EncodedPhoto

    batch = shop.vectors_of_products(SPACE.space, products)
    done = [
        EncodedPhoto(photo, str(shop.photo(photo).sha256), 5, 1, vector)
        for photo, vector in zip(batch.photo_ids, batch.matrix, strict=True)
    ]
    shop.put_vectors(OTHER.space, done, [])


@pytest.fixture
def stocked(shop: Shop, photos: Path) -> Shop:
    """Three products with a photo each, all in one space, two in the other."""
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg"), row(2, "q", "b.jpg"), row(3, "r", "c.jpg")], photos)
    encode_all(shop)
    shop.put_space(OTHER)
    other_vectors(shop, "p", "q")
    return shop


def test_one_step_changes_the_current_space_and_remembers_the_former(stocked: Shop) -> None:
    revision = stocked.revision
    assert stocked.state == (revision, SPACE.space)
    assert stocked.previous_space() is None
    stocked.set_current_space(OTHER.space)
    assert stocked.state == (revision, OTHER.space)
    assert stocked.current_space() == OTHER
    assert stocked.previous_space() == SPACE
    stocked.set_current_space(OTHER.space)
    assert stocked.previous_space() == SPACE, "what is current already is no switch"
    with pytest.raises(SpaceMismatch):
        stocked.set_current_space("nobody's")


def test_what_would_be_lost_is_counted_and_can_forbid_the_step(stocked: Shop) -> None:
    assert stocked.photos_lost(OTHER.space) == 1
    assert stocked.set_current_space(OTHER.space, complete=True) == 1
    assert stocked.state[1] == SPACE.space
    other_vectors(stocked, "r")
    assert stocked.set_current_space(OTHER.space, complete=True) == 0
    assert stocked.state[1] == OTHER.space


def test_only_photos_that_can_be_found_count(stocked: Shop) -> None:
    assert (stocked.photos_in(SPACE.space), stocked.photos_in(OTHER.space)) == (3, 2)
    stocked.delete_products(["r"])
    assert stocked.photos_lost(OTHER.space) == 0
    stocked.put_vectors(SPACE.space, [], [(stocked.photos_of("q")[0].photo_id, "truncated", "half a file")])
    assert (stocked.photos_in(SPACE.space), stocked.photos_in(OTHER.space)) == (1, 1)


def test_vectors_beside_change_no_looks_unless_the_photo_is_another(stocked: Shop) -> None:
    from data.records import EncodedPhoto

    before = stocked.revision
    other_vectors(stocked, "p", "q", "r")
    assert stocked.revision == before
    photo = stocked.photos_of("q")[0]
    vector = stocked.vectors_of_products(SPACE.space, ["q"]).matrix[0]
    stocked.put_vectors(OTHER.space, [EncodedPhoto(photo.photo_id, "other content", 5, 2, vector)], [])
    assert stocked.changes_since(before).looks_changed == ["q"]


def test_a_dropped_space_leaves_nothing(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.store.spaces._DROPPED_AT_ONCE", 1)
    with pytest.raises(UsageError, match="the one that is searched"):
        stocked.drop_space(SPACE.space)
    stocked.set_current_space(OTHER.space)
    assert stocked.drop_space(SPACE.space) == 3
    assert stocked.spaces() == [OTHER.space]
    assert stocked.previous_space() is None
    assert stocked.counts()["vectors"] == {OTHER.space: 2}
    with pytest.raises(SpaceMismatch):
        stocked.drop_space(SPACE.space)
