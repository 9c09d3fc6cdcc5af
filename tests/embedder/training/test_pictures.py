"""Training inputs: decoded photos, drawn pictures, masks and random views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embedder.training.drawn import draw_masks, draw_pictures
from embedder.training.photos import cached, clothing_photos, decode_all, is_held_out, training_photos
from embedder.training.views import ViewMaker


@pytest.fixture
def clothing(tmp_path: Path) -> Path:
    folder = tmp_path / "clothing_cc0"
    (folder / "images").mkdir(parents=True)
    lines = ["product_id,image,title,category,kids,sender_id"]
    for i, colour in enumerate([(250, 0, 0), (0, 250, 0), (0, 0, 250)]):
        Image.new("RGB", (40 + 10 * i, 60), colour).save(folder / "images" / f"{i}.png")
        lines.append(f"p{i},images/{i}.png,Shirt,Shirt,0,{6 + i}")
    (folder / "catalogue.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_clothing_records_know_their_sender(clothing: Path) -> None:
    records = clothing_photos(clothing)
    assert [r.group for r in records] == ["sender-6", "sender-7", "sender-8"]
    assert [is_held_out(r) for r in records] == [False, True, False]


def test_only_shippable_sets_are_trained_on(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a training set"):
        training_photos([tmp_path / "fashion_products"])


def test_photos_are_squashed(clothing: Path) -> None:
    pixels = decode_all([r.file for r in clothing_photos(clothing)], 16)
    assert pixels.shape == (3, 16, 16, 3)
    assert pixels.dtype == np.uint8
    assert pixels[1].mean((0, 1)).tolist() == [0, 250, 0]


def test_cache_is_made_once_per_key(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> np.ndarray:
        made.append(1)
        return np.full((1, 2, 2, 3), len(made), dtype=np.uint8)

    assert [int(cached(tmp_path, "x", make, key).max()) for key in ("a", "a", "b")] == [1, 1, 2]


def test_drawing_repeats_and_varies() -> None:
    first, again, other = draw_pictures(3, 32, 5), draw_pictures(3, 32, 5), draw_pictures(3, 32, 6)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    masks = draw_masks(4, 32, 0)
    assert masks.shape == (4, 32, 32)
    assert masks.max() > 200
    assert masks.min() == 0


def test_views_repeat_with_the_seed_and_differ_between_calls() -> None:
    pictures, masks = draw_pictures(4, 48, 0), draw_masks(2, 32, 0)
    one, two = ViewMaker(pictures, masks, 3), ViewMaker(pictures, masks, 3)
    first = one.batch(8, 32)
    assert first.shape == (8, 3, 32, 32)
    assert float(first.min()) >= -1.0001
    assert float(first.max()) <= 1.0001
    assert np.array_equal(first.numpy(), two.batch(8, 32).numpy())
    assert not np.array_equal(first.numpy(), one.batch(8, 32).numpy())
