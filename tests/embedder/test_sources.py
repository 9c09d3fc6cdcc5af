"""Weights: the same digest from either file format, everything loaded or an error that says what does not
fit."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from data.errors import Damaged, WeightsMissing
from embedder.config import EmbedderConfig
from embedder.sources import FileWeights


@pytest.fixture
def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / "model.safetensors"))


@pytest.fixture
def config(folder: Path) -> EmbedderConfig:
    return EmbedderConfig.load(folder)


def test_pth_and_safetensors_have_one_digest(
    folder: Path, config: EmbedderConfig, tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in tensors.items()}}, tmp_path / "w.pth"
    )
    safe = FileWeights(folder / "model.safetensors", config)
    pickled = FileWeights(tmp_path / "w.pth", config)
    assert safe.digest() == pickled.digest()
    for a, b in zip(safe.model().parameters(), pickled.model().parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_classifier_does_not_count_but_every_other_number_does(
    folder: Path, config: EmbedderConfig, tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    original = FileWeights(folder / "model.safetensors", config).digest()
    path = tmp_path / "w.safetensors"
    save_file(tensors | {"fc.weight": tensors["fc.weight"] + 1}, path)
    assert FileWeights(path, config).digest() == original
    name = next(name for name in tensors if name.endswith("conv1.weight"))
    save_file(tensors | {name: tensors[name] * 1.0001}, path)
    assert FileWeights(path, config).digest() != original


def test_what_does_not_fit_is_counted_and_named(
    config: EmbedderConfig, tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    first = next(name for name in tensors if name.endswith("conv2.weight"))
    wrong = {name: value for name, value in tensors.items() if name != first}
    wrong["bn1.weight"] = torch.zeros(3)
    wrong["stranger.weight"] = torch.zeros(1)
    save_file(wrong, tmp_path / "w.safetensors")
    with pytest.raises(Damaged) as error:
        FileWeights(tmp_path / "w.safetensors", config).model()
    said = str(error.value)
    assert f"1 missing ({first})" in said
    assert "1 unknown (stranger.weight)" in said
    assert "1 of another shape (bn1.weight is (3,)" in said


class _Exploit:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('code of the file was run')",))


def test_code_in_a_pth_is_never_run(config: EmbedderConfig, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(pickle.dumps({"state_dict": _Exploit()}))
    torch.save({"state_dict": _Exploit()}, tmp_path / "v.pth")
    for name in ("w.pth", "v.pth"):
        with pytest.raises(Damaged, match="not a file of plain tensors"):
            FileWeights(tmp_path / name, config).digest()


def test_a_pth_without_a_state_dict(config: EmbedderConfig, tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "w.pth")
    with pytest.raises(Damaged, match="no state dict"):
        FileWeights(tmp_path / "w.pth", config).model()


def test_a_file_that_is_absent_or_of_another_kind(config: EmbedderConfig, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="do not exist"):
        FileWeights(tmp_path / "w.pth", config)
    (tmp_path / "w.onnx").write_bytes(b"")
    with pytest.raises(WeightsMissing, match=r"\.safetensors"):
        FileWeights(tmp_path / "w.onnx", config)
