"""`vitrine embedders`, `vitrine finetune` and `vitrine reduce`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

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
    aspect: Annotated[str, typer.Option("--aspect", help="Which aspect shall learn it.")] = "shape",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the photos.")] = 25,
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
        aspect=aspect,
        embedder=embedder,
        epochs=epochs,
        seed=seed,
    )
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        report = engine.finetune(request, tell)
    if json:
        emit(report)
        return
    _show(report)
    typer.echo(f"use it: vitrine index CATALOGUE --shop {shop} --embedder {request.name}")


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
    typer.echo(f"use it: vitrine index CATALOGUE --shop {shop} --embedder {name}")


def _show(report: Mapping[str, Any]) -> None:
    """Before and after on products held out, then what was left out."""
    compared = {
        f"{report['aspect']}, as it was": "frozen",
        f"{report['aspect']}, fine-tuned": "tuned",
        "whole vector, as it was": "frozen_vector",
        "whole vector, fine-tuned": "tuned_vector",
    }
    rows = [
        (what, *(ranged(report["comparison"][key][measure]) for measure in ("recall_at_1", "map_at_r")))
        for what, key in compared.items()
    ]
    table(f"{report['name']}: {report['label']} on products held out", ("", "recall@1", "mAP@R"), rows)
    typer.echo(
        f"trained on {report['train_photos']} photos of {report['classes']} values, measured on "
        f"{report['measured_photos']}; left out: {report['unlabelled']} without a value, "
        f"{report['rare']} of rare values; {report['seconds']:.1f} s"
    )


def ranged(measured: Mapping[str, Any]) -> str:
    """A mean with its 95 % interval."""
    return f"{measured['mean']:.3f} [{measured['low']:.3f}, {measured['high']:.3f}]"
