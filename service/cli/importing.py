"""`vitrine index` and `vitrine interactions`: files in, records and vectors kept, spaces switched."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import TooManyRejects, UsageError
from service.cli.options import JsonOption, RejectShareOption, ShopOption, pairs, refuse_others
from service.cli.output import emit, only_json, seconds, table, warn
from service.cli.progress import progress
from service.cli.switching import drop, show_beside, switch_space

if TYPE_CHECKING:
    from service.requests import IndexRequest

ColumnOption = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="OURS=THEIRS", help="A column's name in the file, e.g. product_id=sku."),
]


CatalogueArgument = Annotated[
    Path | None,
    typer.Argument(
        help="CSV, TSV, Parquet or JSON-lines file, or a folder of photos; without one, what the shop holds."
    ),
]
PhotosOption = Annotated[
    Path | None, typer.Option("--photos", help="Folder of the photos; default: the catalogue's folder.")
]
EmbedderOption = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        help="bundled, a timm name, a folder, ARCH@FILE, or a fine-tuned one by name; default: what the shop "
        "uses, else bundled. Another one than the shop's is filled beside it and compared, until --switch.",
    ),
]
SwitchOption = Annotated[
    bool,
    typer.Option(
        "--switch", help="Search with --embedder once its space is complete; alone: with the one last filled."
    ),
]
BackOption = Annotated[bool, typer.Option("--back", help="Search with the embedder before the present one.")]
DropOption = Annotated[
    str | None,
    typer.Option("--drop-space", metavar="SPACE", help="Forget a space that is not searched."),
]
LabelOption = Annotated[
    str, typer.Option("--label", metavar="COLUMN", help="What two embedders are compared by.")
]
IndexTypeOption = Annotated[
    str, typer.Option("--index", help="auto (measured), exact, or a FAISS factory string.")
]
RecallOption = Annotated[
    float, typer.Option("--recall", help="Recall@10 that an approximate index must reach.")
]
RebuildOption = Annotated[
    bool, typer.Option("--rebuild", help="Build a new generation even if nothing changed.")
]
PruneOption = Annotated[
    bool,
    typer.Option(
        "--prune", help="Delete products that this catalogue does not list, if its rows can be read."
    ),
]
RuntimeOption = Annotated[str, typer.Option("--runtime", help="auto, cuda, openvino or torch.")]
BatchOption = Annotated[int | None, typer.Option("--batch", min=1, help="Photos in a batch.")]
ProfileOption = Annotated[
    Path | None,
    typer.Option("--profile", metavar="FILE.html", help="Write a page that shows where the time went."),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", help="SQLAlchemy URL of the records; default: SQLite in the shop."),
]
EventsArgument = Annotated[Path, typer.Argument(help="CSV, TSV, Parquet or JSON-lines file of interactions.")]
EventOption = Annotated[
    str, typer.Option("--event", help="What a row means in a file without an event column.")
]
EventNameOption = Annotated[
    list[str] | None,
    typer.Option("--event-name", metavar="THEIRS=OURS", help="Name of an event in the file: buy=purchase."),
]
EventWeightOption = Annotated[
    list[str] | None,
    typer.Option("--weight", metavar="EVENT=W", help="Weight of an event, kept by the shop: cart=2."),
]
BUILT = (("recall", "recall@10 {:.4f}"), ("latency_ms", "{:.2f} ms a query"), ("memory_mb", "{:.1f} MB"))


def index(
    context: typer.Context,
    shop: ShopOption,
    catalogue: CatalogueArgument = None,
    photos: PhotosOption = None,
    embedder: EmbedderOption = None,
    switch: SwitchOption = False,
    back: BackOption = False,
    drop_space: DropOption = None,
    label: LabelOption = "category",
    index_type: IndexTypeOption = "auto",
    recall: RecallOption = 0.99,
    column: ColumnOption = None,
    rebuild: RebuildOption = False,
    prune: PruneOption = False,
    max_reject_share: RejectShareOption = 0.05,
    runtime: RuntimeOption = "auto",
    batch: BatchOption = None,
    database: DatabaseOption = None,
    profile: ProfileOption = None,
    json: JsonOption = False,
) -> None:
    """Index a catalogue: read it, encode the photos that are new, build the search index.

    Run it again whenever the catalogue changes: only what is new is encoded. Another --embedder is filled
    beside the present one, which goes on answering; --switch moves over in one step, --back returns.

    Example: vitrine index catalogue.csv --photos photos/ --shop my-shop
    """
    from service.requests import IndexRequest

    if back or drop_space is not None or (switch and catalogue is None and embedder is None):
        option, together = _alone(back, drop_space is not None)
        refuse_others(context, f"{option} stands alone", together, f"give it without {option}")
        if drop_space is not None:
            drop(shop, drop_space, json)
        else:
            switch_space(shop, back, runtime, json)
        return
    request = IndexRequest(
        catalogue=catalogue,
        photos=photos,
        embedder=embedder,
        index=index_type,
        columns=pairs(column or [], "--column", str),
        rebuild=rebuild,
        prune=prune,
        max_reject_share=max_reject_share,
        wanted_recall=recall,
        runtime=runtime,
        batch=batch,
        switch=switch,
        label=label,
        profile=profile,
    )
    if catalogue is not None and not catalogue.exists():
        raise UsageError(
            f"no catalogue at {catalogue}; give a CSV, TSV, Parquet or JSON-lines file, or a folder"
        )
    if database is not None and catalogue is None:
        raise UsageError(
            "--database says where the records of a new shop go, which begins with a catalogue; this shop "
            "has its records already: leave it away"
        )
    _index(shop, database, request, json)


def _alone(back: bool, drops: bool) -> tuple[str, set[str]]:
    """The option that leaves the catalogue as it is, and which parameters go with it."""
    if back:
        return "--back", {"shop", "back", "runtime", "json"}
    if drops:
        return "--drop-space", {"shop", "drop_space", "json"}
    return "--switch without --embedder", {"shop", "switch", "runtime", "json"}


def _index(shop: Path, database: str | None, request: IndexRequest, json: bool) -> None:
    from service.engine import Engine

    doubts: tuple[str, ...] = ()
    opened = Engine.open if request.catalogue is None else partial(Engine.create, database=database)
    with only_json(json), progress() as tell, opened(shop, runtime=request.runtime) as engine:
        if request.embedder is not None:
            doubts = engine.doubts(request.embedder)
            warn(doubts)  # before the long work, not after it
        report, error = _kept(lambda: engine.index_catalogue(request, tell).as_json())
    warn([text for text in report.get("warnings", []) if text not in doubts])
    if json:
        emit(report)
    else:
        _show_index(report, shop, request.catalogue is not None)
    if error is not None:
        raise error


def interactions(
    events: EventsArgument,
    shop: ShopOption,
    column: ColumnOption = None,
    event: EventOption = "purchase",
    event_name: EventNameOption = None,
    weight: EventWeightOption = None,
    max_reject_share: RejectShareOption = 0.05,
    json: JsonOption = False,
) -> None:
    """Import what customers did; a row that is known already is not counted twice.

    Example: vitrine interactions orders.csv --shop my-shop --column customer_id=user_id
    """
    from service.engine import Engine
    from service.requests import EventsRequest

    if not events.is_file():
        raise UsageError(f"no file of interactions at {events}; give a CSV, TSV, Parquet or JSON-lines file")
    request = EventsRequest(
        events=events,
        columns=pairs(column or [], "--column", str),
        default_event=event,
        event_names=pairs(event_name or [], "--event-name", str),
        weights=pairs(weight, "--weight", float) if weight else None,
        max_reject_share=max_reject_share,
    )
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        report, error = _kept(lambda: engine.import_interactions(request, tell).as_json())
    if json:
        emit(report)
    else:
        _show_rejects(report)
        typer.echo(
            f"{report['rows']} rows = {report['stored']} stored + {report['repeated']} known already "
            f"+ {report['rejected']} rejected, in {sum(report['seconds'].values()):.1f} s"
            + _export(report, shop)
        )
    if error is not None:
        raise error


def _kept(work: Any) -> tuple[dict[str, Any], TooManyRejects | None]:
    """The report of an import, also when too much was rejected (then with the error to raise after it)."""
    try:
        return work(), None
    except TooManyRejects as error:
        report = error.detail.get("report")
        if not isinstance(report, dict):
            raise
        return report, error


def _show_rejects(report: Mapping[str, Any]) -> None:
    if report["reasons"]:
        from data.rejects import MEANINGS

        rows = [
            (reason, n, MEANINGS.get(reason, ""))
            for reason, n in sorted(report["reasons"].items(), key=lambda pair: -pair[1])
        ]
        table("Rejects", ("reason", "count", "meaning"), rows, right=("count",))


def _export(report: Mapping[str, Any], shop: Path) -> str:
    return f" (export them: vitrine info --shop {shop} --rejects rejects.csv)" if report["reasons"] else ""


def _show_index(report: Mapping[str, Any], shop: Path, catalogue: bool) -> None:
    _show_rejects(report)
    export = _export(report, shop)
    if catalogue:
        same = ", as at the last reading: nothing changed since" if report["unchanged"] else ""
        sums = f"{report['rows']} rows = {report['used']} used + {report['rejected']} rejected"
        typer.echo(sums + same + export)
    if report["pruned"]:
        typer.echo(f"{report['pruned']} products deleted that the catalogue does not list")
    typer.echo(
        f"photos: {report['encoded']} encoded, {report['reused']} known already; space {report['space']}"
    )
    typer.echo(f"generation {report['generation']}: " + _built(report))
    typer.echo(f"seconds: {seconds(report['seconds'])}")
    if report["switch"] is not None:
        show_beside(report["switch"])


def _built(report: Mapping[str, Any]) -> str:
    build = report["build"]
    if not report["built"]:
        return "unchanged"
    said = [str(build.get("type", "built"))]
    for key, form in (
        ("recall", "recall@10 {:.4f}"),
        ("latency_ms", "{:.2f} ms a query"),
        ("memory_mb", "{:.1f} MB"),
    ):
        if isinstance(build.get(key), (int, float)):
            said.append(form.format(build[key]))
    return ", ".join(said)
