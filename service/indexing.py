"""Bringing a shop in line with a catalogue: read, store, encode what is new, build a generation if needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from data.catalogue import read_catalogue
from data.table import ProductTable

from data.errors import EmptyShop
from data.records import SpaceRecord
from data.shop import Shop
from service.answers import IndexReport, Json
from service.importing import refuse_too_many
from service.parts import DEFAULT_EMBEDDER, Parts
from service.plain import plain
from service.progress import Step, Tell
from service.requests import IndexRequest

if TYPE_CHECKING:
    from embedder.pipeline import EncodeReport, Progress
    from index.generation import GenerationInfo

    from embedder.embedder import Embedder

WRITER = "vitrine index"


@dataclass(slots=True)
class _Tally:
    """What the import counts as it goes.

    listed: the product ids of the catalogue, kept only where the rest is to be pruned.
    """

    rows: int = 0
    rejected: int = 0
    pruned: int = 0
    listed: set[str] = field(default_factory=set)
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
        number = shop.begin_import("catalogue", str(request.catalogue))
        with tally.timed("read"):
            _read(shop, request, number, tally, tell)
        with tally.timed("load"):
            spec = _lasting(parts, request.embedder) if request.embedder else parts.embedder_spec()
            embedder = _open_embedder(parts, request, spec)
            remember_space(shop, embedder, spec)
        with tally.timed("encode"):
            encoded = _encode(shop, embedder, tell)
        tally.rejected = shop.settle_rows(number)
        shop.finish_import(number, tally.rows, tally.rows - tally.rejected, tally.rejected)
        shop.set_current_space(embedder.space)
        with tally.timed("build"):
            built = _build(parts, request, tell)
    report = _report(parts, number, tally, encoded, built)
    refuse_too_many(report.rejected, report.rows, request.max_reject_share, report.reasons, report.as_json())
    return report


def _report(
    parts: Parts, number: int, tally: _Tally, encoded: EncodeReport, built: GenerationInfo | None
) -> IndexReport:
    index = parts.index_if_any()
    return IndexReport(
        rows=tally.rows,
        used=tally.rows - tally.rejected,
        rejected=tally.rejected,
        encoded=encoded.encoded,
        reused=encoded.reused,
        reasons=parts.shop.reject_summary(number),
        space=parts.space(),
        generation=index.generation if index is not None else 0,
        seconds={**tally.seconds, **{f"encode/{stage}": s for stage, s in encoded.seconds.items()}},
        photo_rejects=sum(record.reject.scope == "photo" for record in parts.shop.rejects(number)),
        pruned=tally.pruned,
        built=built is not None,
        build=plain(built) if built is not None else {},
        warnings=tuple(index.warnings) if index is not None else (),
    )


def _read(shop: Shop, request: IndexRequest, number: int, tally: _Tally, tell: Tell) -> None:
    """Store the catalogue's rows, chunk by chunk."""
    root = request.photos if request.photos is not None else _own_folder(request.catalogue)
    tell(Step("reading", 0))
    for chunk in read_catalogue(request.catalogue, root, mapping=dict(request.columns)):
        shop.put_rows(chunk.rows, root, number)
        shop.put_rejects(number, chunk.rejects)
        tally.rows += chunk.rows_read
        if request.prune:
            tally.listed.update(row.product.product_id for row in chunk.rows)
        tell(Step("reading", tally.rows))
    shop.drop_unlisted(number)
    if tally.listed:  # nothing is pruned by a catalogue in which nothing could be read
        gone = [id_ for id_ in ProductTable.load(shop).ids if id_ not in tally.listed]
        tally.pruned = shop.delete_products(gone) if gone else 0


def _own_folder(catalogue: Path) -> Path:
    """The folder that photo paths are relative to if none is named."""
    return catalogue if catalogue.is_dir() else catalogue.parent


def _lasting(parts: Parts, spec: str) -> str:
    """The embedder's name as it means the same from any working directory."""
    if (parts.models / spec).is_dir():
        return spec
    if Path(spec).is_dir():
        return str(Path(spec).resolve())
    architecture, at, file = spec.partition("@")
    return f"{architecture}@{Path(file).resolve()}" if at and Path(file).is_file() else spec


def _open_embedder(parts: Parts, request: IndexRequest, spec: str) -> Embedder:
    from embedder.registry import open_embedder

    return open_embedder(spec, parts.models, runtime=request.runtime, batch=request.batch)


def remember_space(shop: Shop, embedder: Embedder, spec: str = DEFAULT_EMBEDDER) -> None:
    """Record an embedder's space, so that questions can open the same embedder again by ``spec``."""
    layout, config = embedder.layout.as_json(), embedder.config.as_json()
    shop.put_space(SpaceRecord(embedder.space, spec, layout, config))


def _encode(shop: Shop, embedder: Embedder, tell: Tell) -> EncodeReport:
    from embedder.pipeline import encode_pending

    def told(progress: Progress) -> None:
        tell(Step("encoding", progress.done, progress.total, f"{progress.per_second:.0f} photos/s"))

    tell(Step("encoding", 0))
    return encode_pending(shop, embedder, told)


def _build(parts: Parts, request: IndexRequest, tell: Tell) -> GenerationInfo | None:
    """A new generation where the one in use does not hold what the shop holds; None where it does."""
    record = parts.shop.current_space()
    if record is None or not _has_vectors(parts.shop, record.space):
        return None
    if not request.rebuild and _up_to_date(parts, record.space, request.index):
        return None
    return _generate(parts, record, request.index, request.wanted_recall, tell)


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
    built = build_generation(parts.shop, record, choice, wanted_recall)
    parts.forget_index()
    return built
