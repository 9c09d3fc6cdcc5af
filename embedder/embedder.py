"""The embedder: a photo in, the unit blocks of its aspects out, in a space that names everything about it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import BadPhoto, Damaged, UsageError
from embedder.colour import Palette
from embedder.config import EmbedderConfig
from embedder.network import Network
from embedder.palettes import palette_of
from embedder.preparing import OnePicture, Preparation
from embedder.projection import Projection
from embedder.runtime.choose import open_runtime
from embedder.runtime.seam import Runtime
from embedder.sources import Weights
from embedder.tensors import StoredTensor, digest_of, stored

Photos = NDArray[np.uint8]
Floats = NDArray[np.float32]
SPACE_LETTERS = 12


@dataclass(frozen=True, slots=True)
class Unusable:
    """A photo that could not be encoded: its place in the request, the reject code, what is wrong."""

    position: int
    reason: str
    detail: str


class Embedder:
    """A backbone, its pooling and projections, and the colours, with its own preprocessing.

    Nothing heavy is loaded before the first photo is encoded. Threads may share one.
    """

    def __init__(
        self,
        name: str,
        config: EmbedderConfig,
        weights: Weights,
        tensors: Mapping[str, StoredTensor],
        runtime: str = "auto",
        batch: int | None = None,
        graph: Path | None = None,
    ) -> None:
        """``tensors``: projections and palette (``aspects.safetensors``); ``runtime``: see
        ``runtime.choose``; ``graph``: see ``Network``."""
        self.name = name
        projections = tuple(Projection.read(tensors, aspect.name) for aspect in config.network_aspects)
        self.network = Network(config, weights, projections, graph)
        self.palette: Palette | None = palette_of(config, tensors)
        self._wanted = (runtime, batch)
        self._opening = threading.Lock()
        self._runtime: Runtime | None = None

    @property
    def config(self) -> EmbedderConfig:
        """What defines the embedder, apart from its tensors."""
        return self.network.config

    @property
    def projections(self) -> tuple[Projection, ...]:
        """What is done with each of the network's outputs, in the order of the network's aspects."""
        return self.network.projections

    @property
    def licence(self) -> str:
        """Of the backbone's weights, as their author states it."""
        return self.config.licence

    @property
    def input_size(self) -> tuple[int, int]:
        """(width, height) of a prepared photo."""
        return self.config.preprocessing.width, self.config.preprocessing.height

    @property
    def photo_shape(self) -> tuple[int, ...]:
        """Shape of a prepared photo: (H, W, 3) for an embedder of one network."""
        return self.preparation.shape

    @cached_property
    def preparation(self) -> Preparation:
        """How photos are made ready, which another process may do: ``prepare`` and ``colours`` are this."""
        return OnePicture.of(self.config.preprocessing, self.palette)

    @property
    def runtime(self) -> Runtime:
        """Where the network runs; opened on first use."""
        with self._opening:
            if self._runtime is None:
                self._runtime = self._open_runtime(*self._wanted)
            return self._runtime

    @cached_property
    def space(self) -> str:
        """The fingerprint: the embedder's name and twelve hex digits of ``digest``."""
        return f"{self.name}-{self.digest[:SPACE_LETTERS]}"

    @cached_property
    def digest(self) -> str:
        """sha256 over the config, the backbone's tensors, the projections and the palette."""
        network = self.network
        colours = {} if self.palette is None else {"palette": stored(self.palette.centres)}
        parts = [network.digest, network.projections_digest, digest_of(colours.items())]
        text = json.dumps([self.config.defining(), *parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def layout(self) -> AspectLayout:
        """The blocks of a vector: names, widths, default weights."""
        widths = iter(self._network_widths())
        aspects = self.config.aspects
        colours = 0 if self.palette is None else len(self.palette)
        dims = tuple(next(widths) if aspect.from_network else colours for aspect in aspects)
        return AspectLayout(tuple(aspect.name for aspect in aspects), dims, self.config.weights)

    @property
    def known_width(self) -> int | None:
        """Numbers of a vector, where that can be told without opening the network; else None."""
        return None if any(p.matrix is None for p in self.projections) else self.layout.d

    def prepare(self, source: Path | bytes) -> Photos:
        """Decodes a photo to uint8 of ``photo_shape``; BadPhoto says why where it cannot be used."""
        return self.preparation.prepare(source)

    def colours(self, photo: Photos) -> Floats:
        """The palette block of one prepared photo, (n,); (0,) for an embedder without a palette."""
        return self.preparation.colours(photo)

    def encode(self, photos: Photos) -> Floats:
        """Prepared photos, uint8 (n, *photo_shape) → unit blocks, float32 (n, d), unscaled.

        ``layout.scale`` turns them into vectors that can be compared.
        """
        wanted = self.photo_shape
        if photos.ndim < 2 or photos.shape[1:] != wanted or photos.dtype != np.uint8:
            raise UsageError(
                f"photos must be uint8 (n, {', '.join(map(str, wanted))}), as prepare() makes them, "
                f"not {photos.dtype} {photos.shape}"
            )
        if not len(photos):
            return np.empty((0, self.layout.d), np.float32)
        return self.finish(self.runtime.encode(photos), np.stack([self.colours(photo) for photo in photos]))

    def finish(self, outputs: Sequence[Floats], colours: Floats) -> Floats:
        """The network's outputs [(n, d_i)…] and the colours (n, c) of the same photos → unit blocks (n,
        d)."""
        blocks = iter(
            projection.apply(output) for projection, output in zip(self.projections, outputs, strict=True)
        )
        vectors = np.concatenate(
            [next(blocks) if aspect.from_network else colours for aspect in self.config.aspects], axis=1
        )
        if not np.isfinite(vectors).all():
            raise Damaged(
                f"the embedder {self.name!r} gave numbers that are not finite; its weights are damaged, "
                f"or its runtime ({self.runtime.device}) cannot compute it"
            )
        return vectors

    def encode_files(self, sources: Iterable[Path | bytes]) -> tuple[Floats, list[Unusable]]:
        """Photos from files or bytes → unit blocks of those that can be used, in order, and what is wrong
        elsewhere."""
        prepared: list[Photos] = []
        unusable: list[Unusable] = []
        for position, source in enumerate(sources):
            try:
                prepared.append(self.prepare(source))
            except BadPhoto as error:
                unusable.append(Unusable(position, error.reason, error.message))
        if not prepared:
            return np.empty((0, self.layout.d), np.float32), unusable
        return self.encode(np.stack(prepared)), unusable

    def _open_runtime(self, name: str, batch: int | None) -> Runtime:
        """Opens what the network runs on."""
        return open_runtime(self.network, name, batch)

    def _network_widths(self) -> list[int]:
        """Widths of the network's blocks; the network is opened only where a projection does not tell."""
        told = [None if p.matrix is None else int(p.matrix.shape[1]) for p in self.projections]
        if None not in told:
            return [width for width in told if width is not None]
        return [p.d_out(d) for p, d in zip(self.projections, self.runtime.dims, strict=True)]
