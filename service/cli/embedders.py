"""`vitrine embedders` and `vitrine reduce`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli import combining, comparing, evaluating, quantising
from service.cli.options import JsonOption, SeedOption, ShopOption
from service.cli.output import cell, emit, only_json, table
from service.cli.progress import progress

group = typer.Typer(invoke_without_command=True)
"""`vitrine embedders` lists; what is done with embedders are its subcommands."""
group.command("evaluate")(evaluating.evaluate)
group.command("compare")(comparing.compare)
group.command("soup")(combining.soup)
group.command("join")(combining.join)
group.command("quantise")(quantising.quantise)


@group.callback()
def embedders(
    context: typer.Context,
    shop: Annotated[
        Path | None,
        typer.Option("--shop", envvar="VITRINE_SHOP", metavar="DIR", help="Also list this shop's own."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the embedders there are: bundled, made on this shop, and ways to bring one.

    Example: vitrine embedders --shop my-shop
    """
    if context.invoked_subcommand is not None:
        return
    from service.engine import list_embedders

    with only_json(json):
        found = list_embedders(shop)
    if json:
        emit({"embedders": found})
        return
    columns = list(dict.fromkeys(key for info in found for key in info))
    table("", columns, [[cell(info.get(c)) for c in columns] for info in found])


def reduce(
    shop: ShopOption,
    name: Annotated[str, typer.Option("--name", help="Name of the new embedder.")],
    aspect: Annotated[str, typer.Option("--aspect", help="Which aspect is made narrower.")] = "shape",
    dims: Annotated[int, typer.Option("--dims", min=1, help="Its new width.")] = 128,
    whiten: Annotated[bool, typer.Option("--whiten", help="Even out the components' variances.")] = False,
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="What to start from; default: the shop's embedder.")
    ] = None,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Make vectors narrower: fit a PCA of one aspect on the shop's photos, as a new embedder.

    Example: vitrine reduce --shop my-shop --name narrow --dims 64 --whiten
    """
    from service.engine import Engine
    from service.requests import ReduceRequest

    request = ReduceRequest(name, aspect, dims, whiten, embedder, seed)
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        made = engine.reduce(request, tell)
    if json:
        emit(made)
        return
    typer.echo(f"{name}: vectors of {made['dims']} numbers instead of {made['dims_before']}")
    typer.echo(f"fill and compare: vitrine index --shop {shop} --embedder {name}")
