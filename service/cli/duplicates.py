"""`vitrine duplicates`: what a shop holds twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import UsageError
from service.cli.options import JsonOption, ShopOption
from service.cli.output import emit, note, only_json, table, warn

if TYPE_CHECKING:
    from service.duplicates import DuplicatesAnswer

MOST_PRODUCTS = 12
"""Of one group in the table; ``--json`` has them all."""

ThresholdOption = Annotated[
    float,
    typer.Option(
        "--threshold", metavar="X", help="Cosine from which photos of two products count as near-identical."
    ),
]
LimitOption = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, help="How many groups to show, the largest first.")
]
SheetOption = Annotated[
    Path | None,
    typer.Option("--sheet", metavar="OUT", help="Also write the groups as a picture sheet: .png or .html."),
]


def duplicates(
    shop: ShopOption,
    threshold: ThresholdOption = 0.98,
    limit: LimitOption = 50,
    sheet: SheetOption = None,
    json: JsonOption = False,
) -> None:
    """Find photos that a shop holds twice: the same file, or near-identical ones under different products.

    Example: vitrine duplicates --shop my-shop --threshold 0.99 --sheet duplicates.html
    """
    from service.duplicates import DuplicatesRequest
    from service.engine import Engine

    request = DuplicatesRequest(threshold, limit)
    if sheet is not None and sheet.suffix.lower() not in (".png", ".html"):
        raise UsageError(f"--sheet writes .png or .html, not {sheet.suffix or 'a file without ending'!r}")
    with only_json(json), Engine.open(shop) as engine:
        answer = engine.duplicates(request)
        if sheet is not None:
            from service.group_sheet import write_groups

            write_groups(engine.parts, answer, sheet)
    warn(answer.warnings)
    if json:
        emit(answer.as_json())
    else:
        _show(answer)
    if sheet is not None:
        note(f"sheet: {sheet}")


def _show(answer: DuplicatesAnswer) -> None:
    """One line a product; the group's kind and cosine on its first."""
    rows: list[list[object]] = []
    for number, group in enumerate(answer.groups, 1):
        first: list[object] = [number, group.kind, f"{group.cosine:.4f}"]
        for product_id in group.products[:MOST_PRODUCTS]:
            title = answer.titles.get(product_id)
            rows.append([*first, product_id, title, group.owners.count(product_id)])
            first = [None, None, None]
        if len(group.products) > MOST_PRODUCTS:
            rows.append([*first, "…", f"{len(group.products) - MOST_PRODUCTS} more products", None])
    if rows:
        columns = ["group", "kind", "cosine", "product", "title", "photos"]
        table("", columns, rows, right=("group", "cosine", "photos"))
    shown = "" if len(answer.groups) == answer.found else f", the first {len(answer.groups)} shown"
    typer.echo(
        f"{answer.found} groups among {answer.photos:,} photos of {answer.products:,} products, "
        f"near from a cosine of {answer.threshold:g}{shown}"
    )
