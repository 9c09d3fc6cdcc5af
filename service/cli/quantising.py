"""`vitrine embedders quantise`: an embedder in int8, with what that costs and saves."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from service.cli.options import JsonOption, SeedOption, ShopOption
from service.cli.output import emit, only_json, table
from service.cli.progress import progress


def quantise(
    shop: ShopOption,
    name: Annotated[str, typer.Option("--name", help="Name of the new embedder.")],
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="What to start from; default: the shop's embedder.")
    ] = None,
    photos: Annotated[
        int, typer.Option("--photos", min=1, help="At most so many photos find the ranges of the numbers.")
    ] = 300,
    judged: Annotated[
        int, typer.Option("--judged", min=12, help="At most so many other photos tell what it costs.")
    ] = 1000,
    keep: Annotated[
        int,
        typer.Option(
            "--keep", min=0, help="So many convolutions at the beginning stay precise: better, a bit slower."
        ),
    ] = 3,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Compute an embedder in int8: faster on processors without bfloat16; tells what it costs in recall.

    Example: vitrine embedders quantise --shop my-shop --name bundled-int8
    """
    from service.engine import Engine
    from service.quantising import QuantiseRequest

    request = QuantiseRequest(name, embedder, photos, judged, keep, seed)
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        made = engine.quantise(request, tell)
    if json:
        emit(made)
        return
    forms = cast("list[dict[str, Any]]", made["forms"])
    rows = [
        (
            form["name"],
            f"{form['recall']['mean']:.3f} [{form['recall']['low']:.3f}, {form['recall']['high']:.3f}]",
            f"{form['mean']:.4f}",
            f"{form['lowest']:.4f}",
            f"{form['photos_per_second']:,.0f}",
            form["device"],
        )
        for form in forms
    ]
    columns = ("", "recall@10", "cosine", "lowest", "photos/s", "on")
    table(f"{name}: {made['base']} quantised on {made['calibrated']} photos", columns, rows)
    typer.echo(
        f"recall@10 and cosine: to float32, on {made['judged']} other photos; photos/s: the network alone"
    )
    typer.echo(f"fill and compare: vitrine index --shop {shop} --embedder {name}")
