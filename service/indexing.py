"""Bringing a shop in line with a catalogue: read, store, encode what is new, build a generation if needed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from data.catalogue import photo_root, read_catalogue
from data.errors import Damaged, EmptyShop
from data.rejects import NAMELESS
from data.shop import Shop
from data.table import ProductTable
from service import index_profile
from service.answers import IndexReport, Json
from service.beside import compared, keep_up
from service.filling import build, encode, generate, generations, has_vectors, open_asked, point, waits
from service.importing import refuse_too_many
from service.parts import Parts
from service.plain import plain
from service.profile_page import check_target
from service.progress import Step, Tell
from service.requests import IndexRequest
from service.spaces import BESIDE, remember_space, wanted_name
from service.switching import adopt, fill_command, is_beside
from service.unchanged import mark_of, note, same_as_noted
from service.verdicts import doubts

if TYPE_CHECKING:
    from embedder.embedder import Embedder
    from embedder.progress import EncodeReport
    from index.generation import GenerationInfo

WRITER = "vitrine index"
ROUNDS = 3
"""How often photos that came while others were encoded are encoded too before a switch."""


@dataclass(slots=True)
class _Tally:
    """What the import counts as it goes.

    listed: the product ids of the catalogue, kept only where the rest is to be pruned.
    named: ids of rejected rows; a product is not deleted because its row has a typing error tonight.
    nameless: rejected rows of which nobody knows whose they are. gone: what is to be deleted.
    """

    rows: int = 0
    rejected: int = 0
    pruned: int = 0
    unchanged: bool = False
    listed: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    nameless: int = 0
    gone: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class _Filled:
    """What a space was given in this run: by encoding, by building; None where there was nothing to do."""

    space: str
    encoded: EncodeReport | None
    built: GenerationInfo | None


def index_catalogue(parts: Parts, request: IndexRequest, tell: Tell) -> IndexReport:
    """See ``Engine.index_catalogue``.

    The shop goes on answering with its former generation until the new one is complete. Another embedder
    than the shop's own fills a space beside; the shop switches to it only if asked to.
    """
    shop, tally, began = parts.shop, _Tally(), time.perf_counter()
    number = None
    if request.profile is not None:
        check_target(request.profile)
    with shop.writer(WRITER):
        if request.catalogue is not None:
            with tally.timed("read"):
                number = _read(shop, request, request.catalogue, tally, tell)
        spec = wanted_name(parts, request.embedder)
        with tally.timed("load"):
            embedder = open_asked(parts, request, spec)
            beside = is_beside(shop, embedder, spec)
        if request.embedder:
            tally.warnings += doubts(parts.models, spec)
        if beside:
            with tally.timed("current"):
                tally.warnings += keep_up(parts, request, tell)
            remember_space(shop, embedder, spec)
            shop.set_meta(BESIDE, embedder.space)
        encoded = _encode(shop, embedder, spec, request, tally, tell)
        if number is not None:
            tally.rejected = shop.settle_rows(number)
            shop.finish_import(number, tally.rows, tally.rows - tally.rejected, tally.rejected)
            _prune(shop, request, tally)
        with tally.timed("build"):
            built = build(
                parts, embedder.space, request.index, request.wanted_recall, tell, anyhow=request.rebuild
            )
        filled = _Filled(embedder.space, encoded, built)
        if beside:
            switch = _beside(parts, embedder, spec, request, tally, filled, tell)
        else:
            switch = None
            shop.set_current_space(embedder.space)
            point(shop, embedder.space)
        report = _report(parts, number, tally, filled, switch)
    if request.profile is not None:
        index_profile.write(request.profile, tally.seconds, encoded, time.perf_counter() - began)
    allowed, told = request.max_reject_share, report.as_json()
    refuse_too_many(shop.directory, report.rejected, report.rows, allowed, report.reasons, told)
    return report


def _report(
    parts: Parts, number: int | None, tally: _Tally, filled: _Filled, switch: Mapping[str, object] | None
) -> IndexReport:
    shop, encoded = parts.shop, filled.encoded
    try:
        index = parts.index_if_any()
    except Damaged as error:  # of the space that is searched, while another was filled beside it
        index = None
        tally.warnings += (error.message,)
    new = encoded.encoded if encoded is not None else 0
    stages = {f"encode/{name}": s for name, s in encoded.seconds.items() if name != "wall"} if encoded else {}
    in_use = shop.state[1] == filled.space
    generation = index.generation if index is not None else 0
    if number is not None:
        refused = sum(record.reject.scope == "photo" for record in shop.rejects(number))
    else:
        refused = encoded.rejected if encoded is not None else 0
    return IndexReport(
        rows=tally.rows,
        used=tally.rows - tally.rejected,
        rejected=tally.rejected,
        encoded=new,
        reused=int(shop.counts()["photos_done"]) - new,
        reasons=shop.reject_summary(number) if number is not None else {},
        space=filled.space,
        generation=generation if in_use else next(iter(generations(shop).of_space(filled.space)), 0),
        seconds={**tally.seconds, **stages},
        photo_rejects=refused,
        pruned=tally.pruned,
        built=filled.built is not None,
        build=plain(filled.built) if filled.built is not None else {},
        warnings=(*tally.warnings, *(index.warnings if index is not None else ())),
        in_use=in_use,
        switch=switch,
        unchanged=tally.unchanged,
    )


def _read(shop: Shop, request: IndexRequest, catalogue: Path, tally: _Tally, tell: Tell) -> int:
    """Store the catalogue's rows, chunk by chunk; returns the number of the import.

    Where that would change nothing it is not done, and the import is the one that found so.
    """
    tell(Step("reading", 0))
    mark, before = mark_of(request, catalogue), shop.revision
    same = same_as_noted(shop, mark)
    if same is not None:
        tally.unchanged = True
        number, tally.rows = same
        tell(Step("reading", tally.rows))
        return number
    chunks = read_catalogue(catalogue, request.photos, mapping=request.columns)
    root = photo_root(catalogue, request.photos)
    number = shop.begin_import("catalogue", str(catalogue.resolve()))
    for chunk in chunks:
        shop.put_rows(chunk.rows, root, number)
        shop.put_rejects(number, chunk.rejects)
        tally.rows += chunk.rows_read
        tally.warnings += chunk.warnings
        if request.prune:
            tally.listed.update(row.product.product_id for row in chunk.rows)
            tally.named.update(reject.id for reject in chunk.rejects if reject.id is not None)
            tally.nameless += sum(reject.reason in NAMELESS for reject in chunk.rejects)
        tell(Step("reading", tally.rows))
    shop.drop_unlisted(number)
    if tally.listed:  # nothing is pruned by a catalogue in which nothing could be read
        kept = tally.listed | tally.named
        tally.gone = [id_ for id_ in ProductTable.load(shop).ids if id_ not in kept]
    # Nothing had to be changed, and the file was not replaced while it was read.
    quiet = shop.revision == before and not tally.gone
    if mark is not None and quiet and mark == mark_of(request, catalogue):
        note(shop, mark, number, tally.rows, before)
    return number


def _prune(shop: Shop, request: IndexRequest, tally: _Tally) -> None:
    """Delete what the catalogue does not list, if it could be read well enough to tell."""
    if not tally.gone:
        return
    if _too_many(tally, request):
        why = "too many of its rows were rejected"
    elif tally.nameless:
        why = f"{tally.nameless} of its rows cannot be read so far as to tell whose they are; mend them first"
    else:
        tally.pruned = shop.delete_products(tally.gone)
        return
    tally.warnings += (
        f"nothing was pruned: the catalogue does not list {len(tally.gone)} products, but {why}",
    )


def _too_many(tally: _Tally, request: IndexRequest) -> bool:
    """Whether the run is to fail, which is said by its error in the end."""
    return bool(tally.rows) and tally.rejected / tally.rows > request.max_reject_share


def _encode(
    shop: Shop, embedder: Embedder, spec: str, request: IndexRequest, tally: _Tally, tell: Tell
) -> EncodeReport | None:
    """Encode what waits in an embedder's space; None where nothing does."""
    with tally.timed("load"):
        waiting = waits(shop, embedder.space)
        if waiting:  # the network is opened here, so that its seconds do not count as encoding
            tell(Step("loading", 0, note=f"{embedder.name} on {embedder.runtime.device}"))
        remember_space(shop, embedder, spec)
    with tally.timed("encode"):
        return encode(shop, embedder, request.limits, tell) if waiting else None


def _beside(
    parts: Parts,
    embedder: Embedder,
    spec: str,
    request: IndexRequest,
    tally: _Tally,
    filled: _Filled,
    tell: Tell,
) -> Json:
    """Compare the space that was filled beside with the one that is searched, and switch if asked to."""
    shop, how = parts.shop, fill_command(parts.shop, spec, switch=True)
    told: Json = {"from": parts.space(), "to": filled.space, "switched": False, "how": how}
    if not request.switch or filled.encoded is not None:
        with tally.timed("compare"):
            told |= compared(parts, filled.space, request.label, how, tell)
    if not request.switch:
        return told
    if _too_many(tally, request):
        return told
    for _ in range(ROUNDS):
        if not shop.photos_lost(filled.space):
            break
        encode(shop, embedder, request.limits, tell)
    answer = adopt(parts, filled.space, tell)
    tally.warnings += answer.warnings
    return {**told, "switched": True}


def rebuild(parts: Parts, choice: str, wanted_recall: float, tell: Tell) -> Json:
    """Build a new generation from the stored vectors. Raises EmptyShop."""
    with parts.shop.writer(WRITER):
        record = parts.shop.current_space()
        if record is None or not has_vectors(parts.shop, record.space):
            raise EmptyShop("the shop has no vectors yet; run `vitrine index CATALOGUE` first")
        built = generate(parts, record.space, choice, wanted_recall, tell)
    found: Json = plain(built)
    return found
