"""What every test of the embedder shares: a cache of its own, few threads, a tiny embedder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedder.embedder import Embedder
from tests.embedder.kit import own_cache, tiny_folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or leaves anything in the user's cache; torch stays on one thread."""
    with own_cache(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedder folder: a tiny network with random weights, 64 px, three aspects."""
    return tiny_folder(tmp_path_factory.mktemp("weights") / "tiny")


@pytest.fixture(scope="session")
def tiny(folder: Path) -> Embedder:
    """That embedder on torch: the float32 reference."""
    from embedder.registry import open_folder

    return open_folder(folder, "tiny", "torch")
