"""Which photos are asked for, and intervals over products."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.shelf import Shelf, interval, told
from embedder.trained_on import TRAINED_ON_NAME, TrainedOn


@pytest.fixture
def data(tmp_path: Path) -> Path:
    lines = ["image,product_id", *(f"{product}-{i}.jpg,{product}" for product in "abc" for i in range(2))]
    (tmp_path / "photos.csv").write_text("\n".join(lines))
    return tmp_path


def model(folder: Path, *products: str) -> str:
    folder.mkdir()
    (folder / TRAINED_ON_NAME).write_bytes(TrainedOn(products, None, 0.0).as_bytes())
    return str(folder)


def test_products_that_any_embedder_learnt_from_are_not_asked_for(data: Path) -> None:
    assert len(Shelf.of(data, ["bundled"]).paths) == 6
    shelf = Shelf.of(data, ["bundled", model(data / "one", "a"), model(data / "two", "c", "elsewhere")])
    assert set(shelf.products) == {"b"}
    assert [path.name for path in shelf.paths] == ["b-0.jpg", "b-1.jpg"]
    assert shelf.left_out == 2
    with pytest.raises(SystemExit, match="none is left"):
        Shelf.of(data, [model(data / "all", "a", "b", "c")])


def test_photos_of_one_product_are_drawn_together() -> None:
    alike = np.repeat([0.0, 1.0], 50)
    by_product = interval(alike, ["a"] * 50 + ["b"] * 50)
    by_photo = interval(alike, [str(i) for i in range(100)])
    assert by_product == (0.0, 1.0)
    assert 0.3 < by_photo[0] < 0.5 < by_photo[1] < 0.7


def test_photos_that_cannot_be_used_do_not_count() -> None:
    values = np.asarray([1.0, np.nan, 0.0, 1.0])
    assert told(values, ["a", "a", "b", "c"])["mean"] == pytest.approx(2 / 3)
