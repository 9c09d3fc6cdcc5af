"""`vitrine embedders soup` and `join`: JSON for machines, lines for people, 2 where members do not fit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tests.embedder.kit import own_cache, tiny_config, tiny_folder
from tests.service.cli.conftest import Vitrine


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with own_cache(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``a``, its twin ``b`` with another name, ``c`` of other weights and size, and ``d``, next to ``a``."""
    models = tmp_path_factory.mktemp("made")
    tiny_folder(models / "a")
    shutil.copytree(models / "a", models / "b")
    tiny_folder(models / "c", seed=4, pretrained_cfg=tiny_config(side=48)["pretrained_cfg"])
    tensors = load_file(models / "a" / "model.safetensors")
    name = next(name for name in tensors if name.startswith("layer4") and name.endswith("weight"))
    shutil.copytree(models / "a", models / "d")
    save_file({**tensors, name: tensors[name] * 1.0001}, models / "d" / "model.safetensors")
    return models


@pytest.fixture
def shop_with_models(shop: Path, made: Path) -> Path:
    shutil.copytree(made, shop / "models")
    return shop


def test_soup(vitrine: Vitrine, shop_with_models: Path) -> None:
    words = ("embedders", "soup", "--shop", shop_with_models, "a", "d")
    told = vitrine(*words, "--name", "soup", "--greedy", "--label", "tone", "--json")
    assert told.code == 0, told.err
    # Two that are next to the same: the average is no better than the first.
    assert [member["used"] for member in told.json["members"]] == [True, False]
    assert told.json["better"] is False
    assert told.json["map_at_r"] == told.json["members"][0]["map_at_r"]
    shown = vitrine(*words, "--name", "other", "--label", "tone")
    assert shown.code == 0, shown.err
    assert "other: the average of 2 of 2 embedders" in shown.out
    assert "not above its best member" in shown.out
    assert f"--shop {shop_with_models} --embedder other" in shown.out
    assert "mAP@R" in vitrine(*words, "--name", "third").out


def test_join(vitrine: Vitrine, shop_with_models: Path) -> None:
    words = ("embedders", "join", "--shop", shop_with_models, "a", "c", "--dims", 16)
    told = vitrine(*words, "--name", "both", "--weight", 2, "--weight", 1, "--json")
    assert told.code == 0, told.err
    assert told.json["aspects"] == {"shape": 16, "texture": 16, "colour": 64}
    listed = vitrine("embedders", "--shop", shop_with_models, "--json").json["embedders"]
    assert told.json["space"] in {info["space"] for info in listed}
    shown = vitrine(*words, "--name", "equal")
    assert "equal: vectors of 96 numbers (shape 16, texture 16, colour 64) instead of" in shown.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("soup", "a", "c"), "cannot be averaged: their preprocessings differ"),
        (("soup", "a"), "two embedders or more"),
        (("soup", "a", "b", "--greedy"), "--label"),
        (("soup", "a", "b"), "are the same"),
        (("join", "a"), "at least two"),
        (("join", "a", "b"), "are the same"),
        (("join", "a", "c", "--weight", "1"), "2 numbers above 0"),
        (("join", "a", "c", "--dims", "90"), "too few"),
        (("join", "a", "nothing-of-the-kind"), "nothing-of-the-kind"),
    ],
)
def test_what_cannot_be_made_says_why(
    vitrine: Vitrine, shop_with_models: Path, words: tuple[str, ...], message: str
) -> None:
    command, *rest = words
    done = vitrine("embedders", command, "--shop", shop_with_models, "--name", "x", *rest)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.strip().splitlines()) <= 2
    assert not (shop_with_models / "models" / "x").exists()
