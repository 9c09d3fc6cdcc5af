"""Aspects, the shipped folder and its measures, with an untrained network and drawn photos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from embedder.training.aspects import fit_palette, fit_projection, joined, network_features
from embedder.training.drawn import draw_pictures
from embedder.training.export import Bundle, ExportOptions, export
from embedder.training.measure import as_markdown, measure, mixtures
from embedder.training.networks import make_student


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.compiler.set_stance("force_eager")
    place = tmp_path_factory.mktemp("bundle")
    save_file(
        {k: v.contiguous() for k, v in make_student(0).state_dict().items()}, place / "weights.safetensors"
    )
    weights = {"shape": 0.5, "texture": 0.2, "colour": 0.3}
    options = ExportOptions(32, 8, 4, 0.5, 0.5, weights, palette_size=6)
    export(place / "weights.safetensors", draw_pictures(20, 32, 0), place / "out", options)
    torch.compiler.set_stance("default")
    return place / "out"


@pytest.fixture(autouse=True)
def eager() -> object:
    torch.compiler.set_stance("force_eager")
    yield
    torch.compiler.set_stance("default")


def test_folder_is_small_and_in_half_precision(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    assert {t.dtype for t in tensors.values()} == {torch.float16, torch.int64}
    assert (folder / "model.safetensors").stat().st_size < 12e6
    config = json.loads((folder / "config.json").read_text())
    assert [a["name"] for a in config["vitrine"]["aspects"]] == ["shape", "texture", "colour"]
    assert config["pretrained_cfg"]["input_size"] == [3, 32, 32]


def test_blocks_are_unit_rows_and_the_joined_product_is_the_weighted_mean(folder: Path) -> None:
    bundle = Bundle.load(folder)
    blocks = bundle.blocks(draw_pictures(5, 32, 3))
    assert {name: b.shape for name, b in blocks.items()} == {
        "shape": (5, 8),
        "texture": (5, 4),
        "colour": (5, 6),
    }
    whole = joined(blocks, bundle.weights)
    wanted = sum(w * blocks[name][0] @ blocks[name][1] for name, w in bundle.weights.items())
    assert whole[0] @ whole[1] == pytest.approx(wanted, abs=1e-5)
    assert set(mixtures(blocks, bundle.weights)) >= {"default", "colour-weighted", "shape alone"}


def test_batches_do_not_change_features(folder: Path) -> None:
    network, pixels = Bundle.load(folder).network, draw_pictures(3, 32, 3)
    one, many = network_features(network, pixels, batch=1), network_features(network, pixels, batch=4)
    np.testing.assert_allclose(one["shape"], many["shape"], atol=1e-4)


def test_whitening_evens_out_the_directions() -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(500, 6)) * [9, 5, 3, 2, 1, 1]).astype(np.float32)
    spread = [((x - (p := fit_projection(x, 4, power)).mean) @ p.matrix).std(0) for power in (0.0, 1.0)]
    assert spread[0][0] / spread[0][3] > 3
    assert spread[1][0] / spread[1][3] == pytest.approx(1, abs=0.05)


def test_palette_finds_the_colours_there_are() -> None:
    photos = np.zeros((6, 24, 24, 3), dtype=np.uint8)
    photos[:3, 6:18, 6:18] = (230, 20, 20)
    photos[3:, 6:18, 6:18] = (20, 20, 230)
    centres = fit_palette(photos, 3, 0).centres
    assert centres[:, 1].max() > 60
    assert centres[:, 2].min() < -80


def test_unknown_sets_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no measure"):
        measure(folder, [tmp_path / "other"])


def test_table_has_a_line_per_question(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "clothing_cc0"
    place.mkdir()
    lines = ["product_id,image,title,category,kids,sender_id"]
    from PIL import Image

    for i, pixels in enumerate(draw_pictures(8, 32, 0)):
        Image.fromarray(pixels).save(place / f"{i}.png")
        lines.append(f"p{i},{i}.png,x,{'ab'[i % 2]},0,{i}")
    (place / "catalogue.csv").write_text("\n".join(lines), encoding="utf-8")
    rows = measure(folder, [place])
    assert {r.interval.queries for r in rows} == {8}
    assert as_markdown(rows).count("\n") == 6
