"""Building a generation: everything is written beside, checked, and only then put to use.

A generation of a space that is not searched yet stays beside until the shop switches to it.

A crash at any step leaves the generation in use untouched: the folder being built has another name until
every file is on the disk, matches its checksum when read again, and its photos find themselves; CURRENT is
replaced last, by rename.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.aspects import AspectLayout
from data.errors import EmptyShop, UsageError
from index.choose import Built, Progress, choose, factories, forced
from index.devices import faiss_version, gpus
from index.generations import BUILDING, Generations, sweep
from index.manifest import EXACT, FLAT, Candidate, Manifest, one_name
from index.publish import publish, verify, write
from index.serving import CUDA
from index.sources import Source, collect
from index.trial import Trial

if TYPE_CHECKING:
    from data.records import SpaceRecord
    from data.shop import Shop

EXACT_UP_TO = 50_000
"""Photos up to which ``auto`` takes the exact type: about one millisecond a query at 384 numbers a photo."""


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """A generation that was built.

    type: ``exact`` or ``approximate``; factory: ``exact`` or FAISS's name of the type; recall: recall@10
    against exact, on photos held out; latency_ms: median of one query; memory_mb: of the index, 10^6 bytes;
    candidates: all types tried, as measured; seconds: of the whole build.
    """

    number: int
    path: Path
    space: str
    type: str
    factory: str
    recall: float
    latency_ms: float
    memory_mb: float
    photos: int
    products: int
    revision: int
    candidates: tuple[Candidate, ...]
    seconds: float
    warnings: tuple[str, ...] = ()


def build_generation(
    shop: Shop,
    space: SpaceRecord,
    choice: str = "auto",
    wanted_recall: float = 0.99,
    progress: Progress | None = None,
    in_use: bool = True,
) -> GenerationInfo:
    """Build a generation from the shop's records, verify it, and put it to use (without ``in_use`` it only
    waits beside).

    choice: ``auto`` (exact up to 50,000 photos, else measured), ``exact``, or a string of FAISS's index
    factory. progress: is told in words what is going on. To be called under ``shop.writer``; searchers need
    not wait. Raises EmptyShop where the space has no vector, UsageError for a bad choice, Damaged where what
    was written cannot be read back.
    """
    began = time.perf_counter()
    choice = one_name(choice)
    if not 0.0 < wanted_recall <= 1.0:
        raise UsageError(f"the wanted recall must be above 0 and at most 1, not {wanted_recall}")
    say = progress or (lambda text: None)
    generations = Generations(shop.directory / "index")
    generations.directory.mkdir(parents=True, exist_ok=True)
    sweep(generations.directory)
    revision = shop.revision  # read first: what changes while vectors stream is then part of the delta
    layout = AspectLayout.from_json(space.layout)
    with tempfile.TemporaryDirectory(prefix=BUILDING, dir=generations.directory) as name:
        folder = Path(name) / "generation"
        folder.mkdir()
        source = collect(shop, space.space, layout, folder)
        if not len(source.rows):
            raise EmptyShop(
                "no photo of this shop has a vector yet; run vitrine index with a catalogue that has photos"
            )
        say(f"{len(source.rows)} photos of {len(source.rows.products)} products")
        choice_made = _choose(source, layout, choice, wanted_recall, say)
        number = max(generations.numbers(), default=0) + 1
        manifest = Manifest(
            number=number,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            space=space.space,
            layout=layout.as_json(),
            d=layout.d,
            photos=len(source.rows),
            products=len(source.rows.products),
            revision=revision,
            type=EXACT if choice_made.built.index is None else "approximate",
            device=choice_made.device,
            wanted_recall=wanted_recall,
            held_out=len(source.rows) - choice_made.held_from,
            chosen=choice_made.built.candidate,
            candidates=tuple(choice_made.tried),
            files={},
            faiss=faiss_version(),
        )
        manifest = write(folder, source, choice_made.built.index, manifest)
        verify(folder)
        publish(generations, folder, number, in_use)
    return _info(generations.path(number), manifest, time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Choice:
    built: Built
    tried: list[Candidate]
    device: str
    held_from: int


def _choose(source: Source, layout: AspectLayout, choice: str, wanted: float, say: Progress) -> _Choice:
    """The type to use: by size, by measurement, or by the user's word."""
    n, d = source.matrix.shape
    automatic = choice == "auto" and n > EXACT_UP_TO
    on_gpu = automatic and gpus() > 0
    held_from = source.held_from if automatic or choice not in ("auto", EXACT) else n
    held_from = held_from if held_from > 0 else n
    trial = Trial.on(source.matrix, held_from, layout, wanted, on_gpu)
    names = factories(n, d, on_gpu) if automatic else []
    if choice in ("auto", EXACT):
        built, tried = choose(trial, names, say)
    else:
        built, tried = forced(trial, choice, say)
    device = CUDA if on_gpu and built.candidate.factory != EXACT else "cpu"
    if built.candidate.factory == FLAT:
        built = replace(built, index=None)
    return _Choice(built, tried, device, held_from)


def _info(path: Path, manifest: Manifest, seconds: float) -> GenerationInfo:
    chosen = manifest.chosen
    warnings: tuple[str, ...] = ()
    if chosen.recall < manifest.wanted_recall:
        warnings = (
            f"{chosen.factory} finds {chosen.recall:.3f} of the ten nearest, "
            f"{manifest.wanted_recall} was wanted; choose auto or exact",
        )
    return GenerationInfo(
        manifest.number,
        path,
        manifest.space,
        manifest.type,
        chosen.factory,
        chosen.recall,
        chosen.latency_ms,
        chosen.memory_mb,
        manifest.photos,
        manifest.products,
        manifest.revision,
        manifest.candidates,
        seconds,
        warnings,
    )
