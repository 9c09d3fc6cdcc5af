"""What is searched now: the generation in use, what it measured of itself, and what changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.errors import VitrineError
from index.generations import Generations
from index.manifest import Manifest
from service.engine import Engine


@dataclass(frozen=True, slots=True)
class IndexState:
    """info: what ``vitrine info`` says. manifest: of the generation in use, or None without one.
    revision: of the shop now; changed: products whose looks changed since the generation was built.
    fault: why the index cannot be opened, or None.
    """

    info: Mapping[str, object]
    manifest: Manifest | None
    revision: int
    changed: int
    fault: str | None

    @property
    def megabytes(self) -> float:
        """The generation's files on the disk, in 10^6 bytes."""
        return 0.0 if self.manifest is None else sum(f.bytes for f in self.manifest.files.values()) / 1e6


def index_state(engine: Engine) -> IndexState:
    """The state of the shop's index; never fails for a damaged or missing one."""
    manifest, changed, fault = None, 0, None
    try:
        view = engine.parts.index().pinned()
        changed = view.changed
        if view.generation:
            manifest = Manifest.load(Generations(engine.directory / "index").path(view.generation))
    except VitrineError as error:
        fault = error.message
    return IndexState(engine.info(), manifest, engine.shop.revision, changed, fault)
