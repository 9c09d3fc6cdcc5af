"""Two embedders that see the same photos differently, and what a second process does to their shop.

``bundled`` is the fake one (mostly shape, 20 numbers); ``tinted`` goes by colour, in 7 numbers. As a program,
``python -m tests.service.two SHOP WORDS…`` does one thing to a shop; see ``main``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
import pytest

from data.aspects import AspectLayout
from data.errors import UsageError
from embedder import writing
from service.engine import Engine
from service.requests import IndexRequest
from tests.service.fakes import SIDE, Bytes, FakeEmbedder, Floats


class Tinted(FakeEmbedder):
    """Two aspects: "shape" on a 2 × 2 grid, which hardly counts, and "colour" (mean of what is covered)."""

    name = "tinted"
    layout = AspectLayout(("shape", "colour"), (4, 3), (0.1, 0.9))

    def __init__(self) -> None:
        super().__init__("tinted")
        self.space = f"tinted-{self.digest[:12]}"

    def colours(self, photo: Bytes) -> Floats:
        pixels = photo.astype(np.float32) / 255
        covered = np.abs(pixels - 0.96).max(axis=2) > 0.25
        grid = 0.01 + covered.reshape(2, SIDE // 2, 2, SIDE // 2).mean(axis=(1, 3)).ravel()
        mean = pixels[covered].mean(axis=0) if covered.any() else np.ones(3)
        tint = mean - mean.mean() + 0.02
        blocks = [part / np.linalg.norm(part) for part in (grid, tint)]
        return np.concatenate(blocks).astype(np.float32)


BUNDLED, TINTED = FakeEmbedder(), Tinted()


def opened(spec: str, *_: object, **__: object) -> FakeEmbedder:
    """Stands for ``open_embedder``."""
    if spec not in ("bundled", "tinted"):
        raise UsageError(f"there is no embedder {spec}")
    return BUNDLED if spec == "bundled" else TINTED


@contextmanager
def opening(by: Any) -> Iterator[None]:
    """Embedders are opened by this function. Nested ones end in order, which the fixture ``monkeypatch``
    would not do: it may outlive the outer one and put that back for all tests that follow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("embedder.registry.open_embedder", by)
        yield


@contextmanager
def both() -> Iterator[None]:
    """Both embedders can be opened by name, and nothing else."""
    with opening(opened):
        yield


def fill(engine: Engine, **more: Any) -> Any:
    """Fill the space of ``tinted`` beside."""
    return engine.index_catalogue(IndexRequest(embedder="tinted", **more))


def kill_after(step: str) -> None:
    """The process ends as by ``kill -9`` after the first call of a method, named in full."""
    path, name = step.rsplit(".", 1)
    owner, whole = resolve_name(path), resolve_name(step)

    def killed(*parts: Any, **more: Any) -> None:
        whole(*parts, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, killed)


def main(shop: Path, what: str, *words: str) -> None:
    """``kill STEP``: fill in portions, switch, and be killed after a step. ``toggle``: for every line on
    standard input switch and print the space that is searched then."""
    with both(), Engine.open(shop) as engine:
        if what == "kill":
            writing.PORTION = 8
            kill_after(*words)
            fill(engine, switch=True, label="none")
        elif what == "toggle":
            for _ in sys.stdin:
                engine.switch_back() if engine.parts.space() == TINTED.space else engine.switch()
                print(engine.parts.space(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
