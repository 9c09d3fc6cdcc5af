"""Writes an embedder folder that ``open_embedder`` (and timm) can read: whole, or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from data.errors import UsageError
from embedder.embedder import Embedder
from embedder.palettes import ASPECTS_NAME, SUFFIX
from embedder.projection import Floats, Projection
from embedder.registry import BUNDLED_NAME, WEIGHTS_NAME

CARD_NAME = "card.md"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_name(models: Path, name: str) -> Path:
    """The folder of a new embedder; UsageError for a name that is impossible or taken."""
    if not NAME.fullmatch(name) or name == BUNDLED_NAME:
        raise UsageError(
            f"{name!r} cannot name an embedder: take letters, digits, '.', '_' and '-', at most 64, "
            f"and not {BUNDLED_NAME!r}"
        )
    folder = models / name
    if folder.exists():
        raise UsageError(f"there is an embedder {name!r} already ({folder}); take another name, or delete it")
    return folder


def save_embedder(folder: Path, base: Embedder, projections: dict[str, Projection], card: str) -> Path:
    """Writes ``base`` with some aspects' projections replaced, and its model card.

    folder: must not exist; it appears by rename when all is written.
    """
    from safetensors.numpy import save_file
    from safetensors.torch import save_file as save_tensors

    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        # The saved file has no classifier any more, whatever layers the original left out.
        replace(base.config, classifiers=()).save(made)
        tensors = {name: tensor.contiguous() for name, tensor in base.network.weights.tensors().items()}
        save_tensors(tensors, made / WEIGHTS_NAME)
        extra: dict[str, Floats] = {}
        for aspect, projection in zip(base.config.network_aspects, base.projections, strict=True):
            extra |= projections.get(aspect.name, projection).tensors(aspect.name)
        for aspect in base.config.aspects:
            if not aspect.from_network and base.palette is not None:
                extra[aspect.name + SUFFIX] = base.palette.centres
        if extra:
            save_file(extra, made / ASPECTS_NAME)
        (made / CARD_NAME).write_text(card, encoding="utf-8")
        made.chmod(0o755)
        made.rename(folder)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return folder
