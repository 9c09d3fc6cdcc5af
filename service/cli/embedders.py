"""`vitrine embedders` and `vitrine finetune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import JsonOption, SeedOption, ShopOption
from service.cli.output import cell, emit, only_json, table
from service.cli.progress import progress


def embedders(
    shop: Annotated[
        Path | None,
        typer.Option("--shop", envvar="VITRINE_SHOP", metavar="DIR", help="Also list this shop's own."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the embedders there are: bundled, fine-tuned in this shop, and ways to bring one.

    Example: vitrine embedders --shop my-shop
    """
    from service.engine import list_embedders

    with only_json(json):
        found = list_embedders(shop)
    if json:
        emit({"embedders": found})
        return
    columns = list(dict.fromkeys(key for info in found for key in info))
    table("", columns, [[cell(info.get(c)) for c in columns] for info in found])


def finetune(
    shop: ShopOption,
    label: Annotated[str, typer.Option("--label", help="Column whose values photos shall be told apart by.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the new embedder; default: finetuned-LABEL.")
    ] = None,
    strategy: Annotated[
        str, typer.Option("--strategy", help="fixed: a projection on frozen features (the only one yet).")
    ] = "fixed",
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="What to start from; default: the shop's embedder.")
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the photos.")] = None,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Fine-tune the shop's embedder on a column of its catalogue, checked on products held out.

    Example: vitrine finetune --shop my-shop --label category --name by-category
    """
    from service.engine import Engine
    from service.requests import FinetuneRequest

    request = FinetuneRequest(
        label=label,
        name=name or f"finetuned-{label}",
        strategy=strategy,
        embedder=embedder,
        epochs=epochs,
        seed=seed,
    )
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        report = engine.finetune(request, tell)
    if json:
        emit(report)
        return
    table("Fine-tuned", ("what", "value"), [(key, cell(value)) for key, value in report.items()])
    typer.echo(f"use it: vitrine index CATALOGUE --shop {shop} --embedder {request.name}")
