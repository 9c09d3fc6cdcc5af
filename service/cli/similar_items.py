"""`vitrine similar --all`: the look-alikes of every product, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from data.errors import UsageError
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


def refuse_others(context: typer.Context) -> None:
    """Raises UsageError where an option was given that does not go with --all."""
    others = [option for option in context.command.params if option.name not in TOGETHER]
    values = [context.params.get(str(option.name)) for option in others]
    given = [
        option.opts[0]
        for option, value in zip(others, values, strict=True)
        if value and value != option.default
    ]
    if given:
        raise UsageError(
            f"--all asks about every product by itself, so {', '.join(given)} cannot go with it; leave that "
            "away, or ask without --all"
        )


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
