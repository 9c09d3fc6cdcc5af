"""Every way to name an embedder opens it, and every wrong name says what to do."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from data.errors import UsageError, WeightsMissing
from embedder.made import FINETUNED_NAME, NOTES, Made, made_file
from embedder.registry import available, open_embedder, open_folder
from embedder.sources import ModelWeights
from tests.embedder.kit import TINY, drawn


def test_a_folder_by_path_and_in_timms_words(folder: Path) -> None:
    by_path = open_embedder(str(folder), runtime="torch")
    assert by_path.name == TINY
    assert by_path.space == open_embedder(f"local-dir:{folder}").space
    assert by_path.space.startswith(f"{TINY}-")
    assert by_path.licence == "apache-2.0"
    assert by_path.input_size == (64, 64)


def test_a_weights_file_with_the_architecture_named(folder: Path, tmp_path: Path) -> None:
    beside = open_embedder(f"{TINY}@{folder / 'model.safetensors'}", runtime="torch")
    assert beside.space == open_embedder(str(folder)).space
    alone = tmp_path / "weights.safetensors"
    shutil.copy(folder / "model.safetensors", alone)
    without_config = open_embedder(f"{TINY}@{alone}", runtime="torch")
    assert without_config.input_size == (160, 160)
    assert without_config.encode(drawn(1, 160)).shape == (1, without_config.layout.d)


def test_timm_itself_reads_the_same_folder(folder: Path) -> None:
    import timm

    ours = open_embedder(str(folder)).network.build().model
    theirs = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    for name, tensor in theirs.state_dict().items():
        assert (tensor == ours.state_dict()[name]).all(), name


def test_a_fine_tuned_one_by_name(folder: Path, tmp_path: Path) -> None:
    mine = shutil.copytree(folder, tmp_path / "models" / "mine")
    (mine / FINETUNED_NAME).write_text("{}", encoding="utf-8")
    opened = open_embedder("mine", tmp_path / "models")
    assert opened.name == "mine"
    assert opened.space == f"mine-{open_folder(folder).digest[:12]}"
    infos = {info.spec: info for info in available(tmp_path / "models")}
    assert infos["mine"].kind == "fine-tuned"
    assert infos["mine"].space == opened.space
    assert infos["bundled"].d == open_embedder("bundled").layout.d


@pytest.mark.parametrize("made", list(NOTES))
def test_one_of_the_shop_is_listed_as_what_it_was_made_as(folder: Path, tmp_path: Path, made: Made) -> None:
    mine = shutil.copytree(folder, tmp_path / "models" / "mine")
    assert {info.spec: info for info in available(tmp_path / "models")}["mine"].kind == "folder"
    for name, content in made_file(made).items():
        (mine / name).write_bytes(content)
    info = {info.spec: info for info in available(tmp_path / "models")}["mine"]
    assert (info.kind, info.note) == (made, NOTES[made])


def test_listing_opens_no_network(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folder, tmp_path / "models" / "mine")

    def opened(*_: object) -> None:
        raise AssertionError("a network was opened")

    monkeypatch.setattr("embedder.embedder.open_runtime", opened)
    widths = {info.spec: info.d for info in available(tmp_path / "models")}
    assert (widths["bundled"], widths["mine"]) == (352, None)


def test_a_broken_one_is_listed_as_broken(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "models" / "bad")
    (tmp_path / "models" / "bad" / "model.safetensors").write_bytes(b"short")
    info = {info.spec: info for info in available(tmp_path / "models")}["bad"]
    assert info.kind == "broken"
    assert "safetensors" in info.note


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "empty"),
        ("no/such/folder", "there is no folder"),
        ("local-dir:/nowhere/at/all", "there is no folder"),
        ("resnet5O", "Names near it: resnet50"),
        ("resnet50@weights.onnx", "after '@' comes"),
        ("resnet5O@weights.pth", "no architecture 'resnet5O'"),
    ],
)
def test_names_that_nothing_answers_to(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_embedder(spec)


def test_a_file_without_its_architecture(folder: Path) -> None:
    with pytest.raises(UsageError, match="which architecture"):
        open_embedder(str(folder / "model.safetensors"))


def test_a_weights_file_that_is_not_there() -> None:
    with pytest.raises(WeightsMissing, match="do not exist"):
        open_embedder("resnet18@nowhere.safetensors")


def test_no_network_says_the_three_ways_within_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "*")
    began = time.perf_counter()
    with pytest.raises(WeightsMissing) as error:
        open_embedder("resnet101d")
    assert time.perf_counter() - began < 10
    for way in ("bundled", "FOLDER", "ARCHITECTURE@FILE"):
        assert way in str(error.value)


def test_the_hub_switched_off_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsMissing, match="HF_HUB_OFFLINE is set"):
        open_embedder("resnet101d")


def test_weights_in_timms_cache_are_loaded_without_a_network(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub cache as the hub's client lays it out, read back through timm."""
    import huggingface_hub.constants
    import timm
    from huggingface_hub import file_download

    cfg = timm.get_pretrained_cfg(TINY)
    repository = tmp_path / f"models--{cfg.hf_hub_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123")
    full = timm.create_model(TINY, pretrained=False)
    from safetensors.torch import save_file

    weights = {k: v.contiguous() for k, v in full.state_dict().items()}
    save_file(weights, snapshot / "model.safetensors")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(file_download.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("VITRINE_CACHE", str(tmp_path / "ours"))
    opened = open_embedder(TINY, runtime="torch")
    assert isinstance(opened.network.weights, ModelWeights)
    got = opened.network.build().model.state_dict()
    assert all((got[name] == weights[name]).all() for name in got)
    assert np.isfinite(opened.encode(drawn(1, 160))).all()
    assert any(info.kind == "timm" and info.architecture == TINY for info in available())
    space = opened.space
    with monkeypatch.context() as barred:
        barred.setitem(sys.modules, "timm", None)
        assert open_embedder(TINY).space == space
    save_file({name: tensor * 2.0 for name, tensor in weights.items()}, snapshot / "model.safetensors")
    assert open_embedder(TINY).space != space
