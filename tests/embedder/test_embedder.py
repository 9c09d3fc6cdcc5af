"""The embedder: aspects that add up exactly, a space that changes with anything that matters."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from data.errors import UsageError
from embedder.embedder import Embedder
from embedder.palettes import grid
from embedder.registry import open_folder
from tests.embedder.kit import cosines, drawn, jpeg, tiny_folder


@pytest.mark.parametrize(
    "weights", [None, {"colour": 2.0}, {"shape": 1.0, "texture": 0.0, "colour": 0.0}, {"shape": 0}]
)
def test_the_inner_product_is_the_weighted_mean_of_the_aspects_cosines(
    tiny: Embedder, weights: dict[str, float] | None
) -> None:
    blocks = tiny.encode(drawn(6))
    layout = tiny.layout
    vectors = layout.scale(blocks)
    query = layout.reweigh(vectors[:1], weights)
    shares = layout.chosen(weights)
    by_aspect = np.stack([cosines(np.repeat(blocks[:1, s], 6, 0), blocks[:, s]) for s in layout.slices], 1)
    np.testing.assert_allclose((query @ vectors.T)[0], by_aspect @ shares, atol=1e-5)


def test_the_colour_block_is_the_palettes_histogram(tiny: Embedder) -> None:
    photos = drawn(2)
    assert tiny.palette is not None
    np.testing.assert_array_equal(
        tiny.encode(photos)[:, tiny.layout.slices[2]], [tiny.palette.histogram(photo) for photo in photos]
    )


def test_files_that_cannot_be_used_are_named_by_position(tiny: Embedder) -> None:
    good = [jpeg(picture) for picture in drawn(2, 100)]
    vectors, unusable = tiny.encode_files([good[0], b"nothing", good[1]])
    assert vectors.shape == (2, tiny.layout.d)
    assert [(u.position, u.reason) for u in unusable] == [(1, "not_an_image")]
    np.testing.assert_allclose(vectors[1:], tiny.encode_files([good[1]])[0], atol=1e-5)
    assert tiny.encode_files([b"nothing"])[0].shape == (0, tiny.layout.d)


def test_photos_of_another_size_or_type_are_refused(tiny: Embedder) -> None:
    with pytest.raises(UsageError, match=r"must be uint8 \(n, 64, 64, 3\)"):
        tiny.encode(drawn(1, 32))
    with pytest.raises(UsageError, match="float32"):
        tiny.encode(drawn(1).astype(np.float32))  # type: ignore[arg-type]
    assert tiny.encode(drawn(0)).shape == (0, tiny.layout.d)


def test_the_space_changes_with_weights_preprocessing_aspects_and_projection(
    folder: Path, tmp_path: Path
) -> None:
    def space(name: str) -> str:
        return open_folder(tmp_path / name, "x").digest

    for name in ("same", "interpolation", "pooling", "blend", "projected", "palette"):
        shutil.copytree(folder, tmp_path / name)
    tiny_folder(tmp_path / "weights", seed=1)
    base = json.loads((folder / "config.json").read_text())

    def rewrite(name: str, **change: object) -> None:
        (tmp_path / name / "config.json").write_text(json.dumps(base | change))

    rewrite("interpolation", pretrained_cfg=base["pretrained_cfg"] | {"interpolation": "bicubic"})
    aspects = [
        {"name": "shape", "kind": "deep", "stages": ["final"], "pooling": "gem"},
        {"name": "colour", "kind": "palette"},
    ]
    rewrite("pooling", vitrine={"format": 1, "aspects": aspects})
    rewrite("blend", vitrine={"format": 1, "aspects": aspects, "weights": {"shape": 0.5}})
    width = open_folder(folder, "x", "torch").layout.dims[0]
    matrix = np.eye(width, 4, dtype=np.float32)
    save_file({"shape.projection": matrix}, tmp_path / "projected" / "aspects.safetensors")
    save_file({"colour.palette": grid() + 1}, tmp_path / "palette" / "aspects.safetensors")
    original = open_folder(folder, "x").digest
    assert space("same") == original
    others = {
        space(name) for name in ("weights", "interpolation", "pooling", "blend", "projected", "palette")
    }
    assert len(others) == 6
    assert original not in others


def test_a_projection_of_the_folder_is_applied(folder: Path, tmp_path: Path, tiny: Embedder) -> None:
    shutil.copytree(folder, tmp_path / "p")
    width = tiny.layout.dims[0]
    draw = np.random.default_rng(0)
    mean, matrix = draw.normal(size=width).astype(np.float32), draw.normal(size=(width, 5)).astype(np.float32)
    save_file({"shape.mean": mean, "shape.projection": matrix}, tmp_path / "p" / "aspects.safetensors")
    projected = open_folder(tmp_path / "p", "p", "torch")
    assert projected.layout.dims[0] == 5
    pooled = tiny.runtime.encode(drawn(3))[0]
    wanted = (pooled - mean) @ matrix
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(projected.encode(drawn(3))[:, :5], wanted, atol=1e-5)
    assert projected.network.digest == tiny.network.digest
    assert projected.network.key != tiny.network.key


def test_an_embedder_of_colours_alone_needs_no_network(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "c")
    text = json.loads((folder / "config.json").read_text())
    text["vitrine"] = {"format": 1, "aspects": [{"name": "colour", "kind": "palette"}]}
    (tmp_path / "c" / "config.json").write_text(json.dumps(text))
    (tmp_path / "c" / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    embedder = open_folder(tmp_path / "c", "c")
    assert embedder.encode(drawn(3)).shape == (3, len(embedder.palette or ()))
    assert embedder.runtime.name == "none"
