"""Heat maps: parts that add up to the cosine, agreement with oneself, a common patch that lights up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import NotReady, UsageError
from embedder.embedder import Embedder
from embedder.export import save_embedder
from embedder.heatmap import HeatMap, HeatMapper, together
from embedder.joining import joined_of
from embedder.projection import Projection
from embedder.registry import open_folder
from tests.embedder.kit import drawn, jpeg, tiny_folder

SIDE = 64
ASPECTS: dict[str, dict[str, object]] = {
    "avg": {"stages": ["final"], "pooling": "avg"},
    "max": {"stages": [2], "pooling": "max"},
    "gem": {"stages": [3], "pooling": "gem"},
    "meanstd": {"stages": [1], "pooling": "meanstd"},
    "several": {"stages": [1, 3, "final"], "pooling": "avg", "stage_norm": True},
    "odd": {"stages": [2, "final"], "pooling": "gem", "stage_norm": True},
    "head": {"stages": ["head"], "pooling": "avg"},
}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    """A tiny network with an aspect of every kind; each has a mean, and two of three a matrix."""
    home = tmp_path_factory.mktemp("many")
    aspects = [{"name": name, "kind": "deep", **said} for name, said in ASPECTS.items()]
    ours = {"format": 1, "aspects": [*aspects, {"name": "colour", "kind": "palette"}], "weights": {}}
    plain = open_folder(tiny_folder(home / "plain", vitrine=ours), "plain", "torch")
    draw = np.random.default_rng(3)
    outputs = plain.runtime.encode(drawn(12, seed=5))
    fitted = {}
    for place, (name, output) in enumerate(zip(ASPECTS, outputs, strict=True)):
        matrix = draw.standard_normal((output.shape[1], 24)).astype(np.float32) if place % 3 else None
        fitted[name] = Projection(output.mean(0), matrix)
    return open_folder(save_embedder(home / "fitted", plain, fitted, "# fitted\n"), "fitted", "torch")


def cosine(embedder: Embedder, aspect: str, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    blocks = embedder.encode(np.stack([a, b]))
    where = embedder.layout.slices[embedder.layout.names.index(aspect)]
    return float(blocks[0, where] @ blocks[1, where])


def compared(embedder: Embedder, a: NDArray[np.uint8], b: NDArray[np.uint8], aspect: str) -> HeatMap:
    mapper = HeatMapper(embedder, aspect)
    return mapper.compare(mapper.see(a), mapper.see(b))


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_places_add_up_to_the_cosine(many: Embedder, aspect: str) -> None:
    photos = drawn(4, seed=9)
    for other in photos[1:]:
        found = compared(many, photos[0], other, aspect)
        assert found.values.dtype == np.float32
        assert found.cosine == pytest.approx(cosine(many, aspect, photos[0], other), abs=2e-4)
        assert found.values.mean() == pytest.approx(found.cosine, abs=1e-5)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_nothing_agrees_more_than_the_photo_itself(many: Embedder, aspect: str) -> None:
    photos = drawn(6, seed=2)
    mapper = HeatMapper(many, aspect)
    seen = [mapper.see(photo) for photo in photos]
    for photo in seen:
        maps = [mapper.compare(photo, other) for other in seen]
        itself = mapper.compare(photo, photo)
        assert itself.cosine == pytest.approx(1.0, abs=1e-4)
        assert itself.values.max() == itself.strongest
        assert itself.strength.max() == 1.0
        assert itself.strength.min() >= 0.0
        assert max(maps, key=lambda one: one.cosine).cosine == itself.cosine
        assert all(one.strongest == itself.strongest for one in maps)


def patched(ground: NDArray[np.uint8], row: int, column: int, patch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    photo = ground.copy()
    photo[row : row + len(patch), column : column + len(patch)] = patch
    return photo


@pytest.mark.parametrize("corner", [(0, 0), (0, 40), (40, 40)])
def test_a_common_patch_lights_up(tmp_path: Path, corner: tuple[int, int]) -> None:
    """Noise grounds have nothing in common; the same checked patch lies elsewhere in either photo."""
    draw = np.random.default_rng(1)
    grounds = draw.integers(90, 160, (30, SIDE, SIDE, 3)).astype(np.uint8)
    checks = np.indices((24, 24)).sum(0) // 4 % 2
    patch = np.stack([checks * 255, 255 - checks * 255, checks * 120], axis=2).astype(np.uint8)
    ours = {
        "format": 1,
        "aspects": [{"name": "shape", "kind": "deep", "stages": [2], "pooling": "avg"}],
        "weights": {},
    }
    plain = open_folder(tiny_folder(tmp_path / "plain", vitrine=ours), "plain", "torch")
    mean = Projection(plain.runtime.encode(grounds[2:])[0].mean(0))
    embedder = open_folder(save_embedder(tmp_path / "centred", plain, {"shape": mean}, "# c\n"), "c", "torch")
    query, other = patched(grounds[0], *corner, patch), patched(grounds[1], 20, 30, patch)
    found = compared(embedder, query, other, "shape")
    assert found.values.shape == (8, 8)
    inside = np.zeros((8, 8), bool)
    inside[corner[0] // 8 : corner[0] // 8 + 3, corner[1] // 8 : corner[1] // 8 + 3] = True
    assert inside.ravel()[found.values.argmax()]
    assert found.strength[inside].mean() > 4 * found.strength[~inside].mean()
    without = compared(embedder, query, grounds[1], "shape")
    assert without.strength[inside].mean() < found.strength[inside].mean() / 2


def test_the_deep_aspect_that_counts_most_is_taken(many: Embedder, tiny: Embedder) -> None:
    assert HeatMapper(tiny).aspect == "shape"
    assert HeatMapper(many).aspect in ASPECTS


def test_a_joined_embedder_adds_up_too(folder: Path, tmp_path: Path) -> None:
    photo = json.loads((folder / "config.json").read_text())["pretrained_cfg"] | {"input_size": [3, 96, 48]}
    other = open_folder(tiny_folder(tmp_path / "other", seed=1, pretrained_cfg=photo), "other", "torch")
    joined = joined_of("pair", [open_folder(folder, "tiny", "torch"), other], [2.0, 1.0])
    photos = [joined.prepare(jpeg(picture)) for picture in drawn(3, side=90, seed=4)]
    for aspect in ("shape", "texture"):
        found = compared(joined, photos[0], photos[1], aspect)
        assert found.cosine == pytest.approx(cosine(joined, aspect, photos[0], photos[1]), abs=2e-4)
        assert compared(joined, photos[2], photos[2], aspect).cosine == pytest.approx(1.0, abs=1e-4)


def test_what_cannot_be_compared_says_so(tiny: Embedder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shape, texture"):
        HeatMapper(tiny, "colour")
    only = {"format": 1, "aspects": [{"name": "colour", "kind": "palette"}], "weights": {}}
    colours = open_folder(tiny_folder(tmp_path / "colours", vitrine=only), "colours", "torch")
    with pytest.raises(NotReady, match="no network"):
        HeatMapper(colours)


def test_maps_of_different_grids_are_added_on_the_finest() -> None:
    fine, coarse = np.arange(16, dtype=np.float32).reshape(4, 4), np.asarray([[1, 2], [3, 4]], np.float32)
    total = together([fine, coarse])
    np.testing.assert_allclose(total[:2, :2], fine[:2, :2] + 1)
    np.testing.assert_allclose(total[2:, 2:], fine[2:, 2:] + 4)
    odd = together([np.zeros((3, 3), np.float32), coarse])
    assert odd.mean() == pytest.approx(coarse.mean())


def test_a_look_at_nothing_stays_finite(tiny: Embedder) -> None:
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    found = compared(tiny, black, drawn(1)[0], "texture")
    assert np.isfinite(found.values).all()
    assert np.isfinite(replace(found, strongest=0.0).strength).all()
