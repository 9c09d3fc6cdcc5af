"""Bringing a shop in line with a catalogue: read, store, encode what is new, build a generation if needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.catalogue import photo_root, read_catalogue
from data.errors import Damaged, EmptyShop
from data.shop import Shop
from data.table import ProductTable
from index.generations import Generations
from index.manifest import Manifest
from service.answers import IndexReport, Json
from service.importing import refuse_too_many
from service.parts import Parts
from service.plain import plain
from service.progress import Step, Tell
from service.requests import IndexRequest
from service.spaces import lasting_name, remember_space

if TYPE_CHECKING:
    from data.records import SpaceRecord
    from embedder.embedder import Embedder
    from embedder.progress import EncodeReport, Progress
    from index.generation import GenerationInfo

WRITER = "vitrine index"


@dataclass(slots=True)
class _Tally:
    """What the import counts as it goes.

    listed: the product ids of the catalogue, kept only where the rest is to be pruned.
    named: ids of rejected rows; a product is not deleted because its row has a typing error tonight.
    """

    rows: int = 0
    rejected: int = 0
    pruned: int = 0
    listed: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began


def index_catalogue(parts: Parts, request: IndexRequest, tell: Tell) -> IndexReport:
    """See ``Engine.index_catalogue``.

    The shop goes on answering with its former generation until the new one is complete.
    """
    shop, tally = parts.shop, _Tally()
    with shop.writer(WRITER):
        with tally.timed("read"):
            number = _read(shop, request, tally, tell)
        with tally.timed("load"):
            spec = lasting_name(parts, request.embedder) if request.embedder else parts.embedder_spec()
            embedder = _open_embedder(parts, request, spec)
            waiting = next(iter(shop.pending_photos(embedder.space, 64)), None) is not None
            if waiting:  # the network is opened here, so that its seconds do not count as encoding
                tell(Step("loading", 0, note=f"{embedder.name} on {embedder.runtime.device}"))
        with tally.timed("encode"):
            encoded = _encode(shop, embedder, request, tell) if waiting else None
        remember_space(shop, embedder, spec)
        tally.rejected = shop.settle_rows(number)
        shop.finish_import(number, tally.rows, tally.rows - tally.rejected, tally.rejected)
        with tally.timed("build"):
            built = _build(parts, embedder.space, request, tell)
        shop.set_current_space(embedder.space)
    report = _report(parts, number, tally, encoded, built)
    refuse_too_many(report.rejected, report.rows, request.max_reject_share, report.reasons, report.as_json())
    return report


def _report(
    parts: Parts, number: int, tally: _Tally, encoded: EncodeReport | None, built: GenerationInfo | None
) -> IndexReport:
    index = parts.index_if_any()
    new = encoded.encoded if encoded is not None else 0
    stages = {f"encode/{name}": s for name, s in encoded.seconds.items() if name != "wall"} if encoded else {}
    return IndexReport(
        rows=tally.rows,
        used=tally.rows - tally.rejected,
        rejected=tally.rejected,
        encoded=new,
        reused=int(parts.shop.counts()["photos_done"]) - new,
        reasons=parts.shop.reject_summary(number),
        space=parts.space(),
        generation=index.generation if index is not None else 0,
        seconds={**tally.seconds, **stages},
        photo_rejects=sum(record.reject.scope == "photo" for record in parts.shop.rejects(number)),
        pruned=tally.pruned,
        built=built is not None,
        build=plain(built) if built is not None else {},
        warnings=tuple(index.warnings) if index is not None else (),
    )


def _read(shop: Shop, request: IndexRequest, tally: _Tally, tell: Tell) -> int:
    """Store the catalogue's rows, chunk by chunk; returns the number of the import."""
    tell(Step("reading", 0))
    chunks = read_catalogue(request.catalogue, request.photos, mapping=request.columns)
    root = photo_root(request.catalogue, request.photos)
    number = shop.begin_import("catalogue", str(request.catalogue.resolve()))
    for chunk in chunks:
        shop.put_rows(chunk.rows, root, number)
        shop.put_rejects(number, chunk.rejects)
        tally.rows += chunk.rows_read
        if request.prune:
            tally.listed.update(row.product.product_id for row in chunk.rows)
            tally.named.update(reject.id for reject in chunk.rejects if reject.id is not None)
        tell(Step("reading", tally.rows))
    shop.drop_unlisted(number)
    if tally.listed:  # nothing is pruned by a catalogue in which nothing could be read
        kept = tally.listed | tally.named
        gone = [id_ for id_ in ProductTable.load(shop).ids if id_ not in kept]
        tally.pruned = shop.delete_products(gone) if gone else 0
    return number


def _open_embedder(parts: Parts, request: IndexRequest, spec: str) -> Embedder:
    from embedder.registry import open_embedder

    return open_embedder(spec, parts.models, runtime=request.runtime, batch=request.batch)


def _encode(shop: Shop, embedder: Embedder, request: IndexRequest, tell: Tell) -> EncodeReport:
    from embedder.pipeline import PipelineOptions, encode_pending

    def told(progress: Progress) -> None:
        tell(Step("encoding", progress.done, progress.total, f"{progress.per_second:.0f} photos/s"))

    tell(Step("encoding", 0))
    return encode_pending(shop, embedder, told, PipelineOptions(limits=request.limits))


def _build(parts: Parts, space: str, request: IndexRequest, tell: Tell) -> GenerationInfo | None:
    """A new generation where the one in use does not hold what the shop holds; None where it does."""
    if not _has_vectors(parts.shop, space):
        return None
    if not request.rebuild and _up_to_date(parts, space, request.index):
        return None
    return _generate(parts, parts.shop.space(space), request.index, request.wanted_recall, tell)


def _has_vectors(shop: Shop, space: str) -> bool:
    return next(iter(shop.read_vectors(space, batch=1)), None) is not None


def rebuild(parts: Parts, choice: str, wanted_recall: float, tell: Tell) -> Json:
    """Build a new generation from the stored vectors. Raises EmptyShop."""
    with parts.shop.writer(WRITER):
        record = parts.shop.current_space()
        if record is None or not _has_vectors(parts.shop, record.space):
            raise EmptyShop("the shop has no vectors yet; run `vitrine index CATALOGUE` first")
        built = _generate(parts, record, choice, wanted_recall, tell)
    found: Json = plain(built)
    return found


def _generate(
    parts: Parts, record: SpaceRecord, choice: str, wanted_recall: float, tell: Tell
) -> GenerationInfo:
    from index.generation import build_generation

    tell(Step("building", 0))

    def told(text: str) -> None:
        tell(Step("building", 0, note=text))

    return build_generation(parts.shop, record, choice, wanted_recall, told)


def _up_to_date(parts: Parts, space: str, choice: str) -> bool:
    """Whether the generation in use is whole, holds what the shop holds, and is of the type asked for."""
    try:
        index = parts.index_if_any()
    except Damaged:
        return False
    if index is None or index.warnings or index.space != space:
        return False
    manifest = Manifest.load(Generations(parts.shop.directory / "index").path(index.generation))
    changes = parts.shop.changes_since(manifest.revision, limit=1)
    return manifest.satisfies(choice) and not changes.looks_changed and not changes.deleted
