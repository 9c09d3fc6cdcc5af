"""A tiny shop with visible labels, indexed with a tiny network of random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from data.shop import Shop
from embedder.comparing.cell import Bench
from embedder.comparing.deadline import Deadline
from embedder.comparing.grid import Design
from embedder.comparing.material import Material
from embedder.comparing.store import Store
from embedder.embedder import Embedder
from embedder.pipeline import encode_pending
from tests.embedder.finetuning.shops import hidden_label, striped

PRODUCTS = 48


@pytest.fixture(autouse=True)
def _no_loader_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos are changed in this process: starting others takes longer than these tests."""
    monkeypatch.setattr("embedder.finetuning.feeding.workers", lambda: 0)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny: Embedder) -> Shop:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("compared")
    made = striped(folder / "shop", folder / "photos", PRODUCTS)
    encode_pending(made, tiny)
    made.set_current_space(tiny.space)
    return made


@pytest.fixture(scope="session")
def hidden(tmp_path_factory: pytest.TempPathFactory, tiny: Embedder) -> Shop:
    """A shop whose stored vectors hide the label ``kind``; its photos cannot be read. Not to be changed."""
    folder = tmp_path_factory.mktemp("hidden")
    return hidden_label(folder / "shop", folder / "photos", tiny)


Benches = Callable[..., Bench]


@pytest.fixture
def bench(shop: Shop, tiny: Embedder, tmp_path: Path) -> Benches:
    """Makes a bench for a design; where cells are kept, until when it runs, and another shop may be told."""

    usual = shop

    def make(
        design: Design,
        folder: Path = tmp_path / "cells",
        deadline: Deadline | None = None,
        shop: Shop = usual,
    ) -> Bench:
        return Bench(
            base=tiny,
            design=design,
            material=Material.read(shop, tiny, design),
            store=Store(folder),
            runtime="torch",
            device=torch.device("cpu"),
            deadline=deadline or Deadline(),
        )

    return make
