"""Writes an embedder folder that ``open_embedder`` (and timm) can read: whole, or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import UsageError
from embedder.colour import Palette
from embedder.config import EmbedderConfig
from embedder.embedder import Embedder
from embedder.joined import JoinedEmbedder
from embedder.joined_config import member_folder
from embedder.palettes import ASPECTS_NAME, SUFFIX
from embedder.projection import Floats, Projection
from embedder.registry import BUNDLED_NAME, WEIGHTS_NAME
from embedder.runtime.graph import INT8_FILES
from embedder.trained_on import TrainedOn

if TYPE_CHECKING:
    from torch import Tensor

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


@dataclass(frozen=True)
class Contents:
    """What an embedder's folder holds.

    tensors: of the backbone, by timm's names. projections: by aspect. palette: centres of the colour aspect,
    where there is one. card: Markdown. files: further ones, by name. members: of a joined embedder, which has
    no tensors of its own. graph: of a quantised one, the folder of its graph's files.
    """

    config: EmbedderConfig
    tensors: Mapping[str, Tensor]
    projections: Mapping[str, Projection]
    palette: Palette | None
    card: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    members: tuple[Contents, ...] = ()
    graph: Path | None = None

    @classmethod
    def of(cls, base: Embedder, card: str) -> Contents:
        """An embedder as it is, with a new card and what its folder says that it learnt from."""
        named = zip(base.config.network_aspects, base.projections, strict=True)
        projections = {aspect.name: projection for aspect, projection in named}
        files = TrainedOn.together([base]).files()
        if isinstance(base, JoinedEmbedder):
            members = tuple(cls.of(m, f"# {m.name}\n\nSpace `{m.space}`.\n") for m in base.members)
            return cls(base.config, {}, projections, base.palette, card, files, members)
        network = base.network
        tensors = network.weights.tensors()
        return cls(base.config, tensors, projections, base.palette, card, files, graph=network.graph)

    def retrained(self, tensors: Mapping[str, Tensor]) -> Contents:
        """The same with other weights, which a quantised graph is none of."""
        return replace(self, config=replace(self.config, int8=None), tensors=tensors, graph=None)


def save_embedder(
    folder: Path,
    base: Embedder,
    projections: dict[str, Projection],
    card: str,
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Writes ``base`` with some aspects' projections replaced, its model card, what it had learnt from and
    further files; see ``write_embedder``.
    """
    whole = Contents.of(base, card)
    files = {**whole.files, **(files or {})}
    return write_embedder(
        folder, replace(whole, projections={**whole.projections, **projections}, files=files)
    )


def write_embedder(folder: Path, contents: Contents) -> Path:
    """Writes an embedder.

    folder: must not exist; it appears by rename when all is written.
    """
    from safetensors.numpy import save_file
    from safetensors.torch import save_file as save_tensors

    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        # The saved file has no classifier any more, whatever layers the original left out.
        config = replace(contents.config, classifiers=())
        config.save(made)
        for place, member in enumerate(contents.members):
            write_embedder(member_folder(made, place), member)
        if not contents.members:
            tensors = {name: tensor.contiguous() for name, tensor in contents.tensors.items()}
            save_tensors(tensors, made / WEIGHTS_NAME)
        extra: dict[str, Floats] = {}
        for aspect in config.aspects:
            if aspect.from_network:
                extra |= contents.projections.get(aspect.name, Projection()).tensors(aspect.name)
            elif contents.palette is not None:
                extra[aspect.name + SUFFIX] = contents.palette.centres
        if extra:
            save_file(extra, made / ASPECTS_NAME)
        (made / CARD_NAME).write_text(contents.card, encoding="utf-8")
        for name, content in contents.files.items():
            (made / name).write_bytes(content)
        if contents.graph is not None:
            for name in INT8_FILES:
                shutil.copyfile(contents.graph / name, made / name)
        made.chmod(0o755)
        made.rename(folder)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return folder
