"""`vitrine similar --all`: the look-alikes of every product, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from service.cli.output import emit, note, only_json, warn
from service.cli.progress import progress

if TYPE_CHECKING:
    from service.similar_items import SimilarItemsRequest


TOGETHER = {
    "shop",
    "k",
    "where",
    "aspect",
    "exclude",
    "min_score",
    "no_rules",
    "everything",
    "json",
}
"""The parameters of `vitrine similar` that go with --all."""


def write_all(shop: Path, request: SimilarItemsRequest, json: bool) -> None:
    """Write the file, showing how far it is, and print what it came to."""
    from service.engine import Engine

    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        report = engine.similar_items(request, tell)
    warn(report.warnings)
    if json:
        emit(report.as_json())
        return
    typer.echo(
        f"{report.products:,} products, {report.rows:,} rows in {report.seconds:.1f} s "
        f"({report.rate:,.0f} products a second)"
    )
    if report.without:
        typer.echo(f"nothing was found for {report.without:,} products; they have no row")
    note(f"rows: {report.out}")
