"""config.json: read as timm writes it, written so that it reads back the same, refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.errors import UsageError
from embedder.aspect import AspectConfig
from embedder.config import EmbedderConfig
from tests.embedder.kit import tiny_config


def test_a_folder_without_vitrine_gets_the_default_aspects() -> None:
    config = EmbedderConfig.from_json(tiny_config(), "here")
    assert [(a.name, a.kind, a.stages, a.pooling) for a in config.aspects] == [
        ("shape", "deep", ("final",), "avg"),
        ("texture", "statistics", (1,), "meanstd"),
        ("colour", "palette", (), "avg"),
    ]
    assert config.weights == (0.55, 0.1, 0.35)
    assert config.licence == "apache-2.0"
    assert config.classifiers == ("fc",)


def test_convnext_describes_with_its_normalised_head() -> None:
    config = EmbedderConfig.from_json(tiny_config("convnext_tiny"), "here")
    assert config.aspects[0].stages == ("head",)


def test_what_is_saved_reads_back_the_same(tmp_path: Path) -> None:
    aspects = [
        {"name": "shape", "kind": "deep", "stages": [2, "final"], "pooling": "gem", "stage_norm": True},
        {"name": "colour", "kind": "palette"},
    ]
    vitrine = {"format": 1, "aspects": aspects, "weights": {"shape": 2.0, "colour": 0.5}}
    config = EmbedderConfig.from_json(
        tiny_config() | {"vitrine": vitrine, "model_args": {"drop_rate": 0.1}}, "x"
    )
    config.save(tmp_path)
    assert EmbedderConfig.load(tmp_path) == config
    assert json.loads((tmp_path / "config.json").read_text())["vitrine"]["aspects"] == aspects


def test_the_licence_does_not_change_what_defines_an_embedder() -> None:
    a = EmbedderConfig.from_json(tiny_config(), "x")
    other: dict[str, Any] = tiny_config()
    other["pretrained_cfg"]["license"] = "mit"
    assert EmbedderConfig.from_json(other, "x").defining() == a.defining()
    other["pretrained_cfg"]["interpolation"] = "bicubic"
    assert EmbedderConfig.from_json(other, "x").defining() != a.defining()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": None}, "'architecture' and 'pretrained_cfg' are needed"),
        ({"pretrained_cfg": {"mean": [0, 0, 0]}}, "lacks input_size, std"),
        ({"vitrine": {"format": 9, "aspects": []}}, "format 9"),
        ({"vitrine": {"format": 1, "aspects": [{"name": "a"}]}}, "needs a 'name' and a 'kind'"),
        ({"vitrine": {"format": 1, "aspects": []}}, "at least one aspect"),
        (
            {"vitrine": {"format": 1, "aspects": [{"name": "a", "kind": "palette"}], "weights": {"b": 1}}},
            "unknown aspects b",
        ),
    ],
)
def test_a_config_that_cannot_be_used_says_why(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EmbedderConfig.from_json(tiny_config() | change, "here")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a b", "deep", ("final",)), "letters, digits"),
        (("a", "wavelet", ("final",)), "none of deep, statistics, palette"),
        (("a", "deep", ()), "at least one"),
        (("a", "palette", (1,)), "a palette has no stages"),
        (("a", "deep", (-1,)), "neither 'final', 'head' nor a number"),
        (("a", "deep", ("final",), "median"), "pooling 'median'"),
    ],
)
def test_an_aspect_checks_itself(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        AspectConfig(*arguments)


def test_a_folder_without_config_and_one_that_is_not_json(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no config\.json"):
        EmbedderConfig.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read as JSON"):
        EmbedderConfig.load(tmp_path)
