"""How heat is drawn, and how long pictures are kept."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import BadPhoto
from service.heat import SIDE, heated
from service.heatmaps import Recent


def drawn(path: Path, strength: list[list[float]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(Image.open(BytesIO(heated(path, np.asarray(strength, np.float32)))), np.float64)


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    Image.new("RGB", (1200, 600), (190, 190, 190)).save(tmp_path / "grey.png")
    return tmp_path / "grey.png"


def test_heat_lies_where_it_is_strong(grey: Path) -> None:
    found = drawn(grey, [[0, 0, 0, 1], [0, 0, 0, 0]])
    assert found.shape == (SIDE // 2, SIDE, 3)
    np.testing.assert_allclose(found[-40:, :40], 190, atol=4)
    corner = found[:40, -40:].mean((0, 1))
    assert corner[0] - corner[1] > 60, "red"
    assert corner.mean() < 140, "and dark"


def test_more_heat_is_darker_all_the_way(grey: Path) -> None:
    steps = [drawn(grey, [[level]]).mean() for level in (0.25, 0.5, 0.75, 1.0)]
    assert steps == sorted(steps, reverse=True)


def test_a_photo_that_is_gone_or_broken(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    with pytest.raises(BadPhoto):
        heated(tmp_path / "broken.jpg", np.zeros((2, 2), np.float32))


def test_the_values_asked_for_last_are_kept() -> None:
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    kept: Recent[str] = Recent(2)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(name, lambda name=name: make(name)) == name.upper()  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"], "b was asked for longest ago when c came"
