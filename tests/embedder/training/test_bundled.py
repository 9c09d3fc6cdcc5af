"""The shipped folder: there, small, complete, and its card says what it must."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import embedder.training.export as export_module
from embedder.training.drawn import draw_pictures
from embedder.training.export import Bundle
from embedder.training.measure import mixtures

FOLDER = Path(export_module.__file__).parents[1] / "weights" / "bundled"


def test_files_fit_together_and_are_small() -> None:
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    arrays = load_file(FOLDER / "aspects.safetensors")
    assert arrays["shape.mean"].shape[0] == arrays["shape.projection"].shape[0] == 1280
    assert arrays["texture.mean"].shape[0] == arrays["texture.projection"].shape[0] == 48
    assert arrays["colour.palette"].shape == (64, 3)
    assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in arrays.values())
    assert set(config["vitrine"]["weights"]) == {"shape", "texture", "colour"}
    assert sum(config["vitrine"]["weights"].values()) == pytest.approx(1)
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) < 12e6


def test_a_changed_shade_is_nearer_than_another_picture() -> None:
    bundle = Bundle.load(FOLDER)
    pictures = draw_pictures(3, bundle.px, 11)
    shaded = (pictures[:1] * 0.9).astype(np.uint8)
    blocks = bundle.blocks(np.concatenate([pictures, shaded]), compiled=False)
    vectors = mixtures(blocks, bundle.weights)["default"]
    scores = vectors[3] @ vectors[:3].T
    assert np.argmax(scores) == 0
    assert scores[0] > 0.8


def test_card_names_data_and_licences() -> None:
    card = (FOLDER / "card.md").read_text(encoding="utf-8")
    for word in ("CC0 1.0", "MIT", "Apache-2.0", "ImageNet", "Limits"):
        assert word in card
