"""The parts of `vitrine index` that move a shop from one embedder to another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from service.cli.output import emit, only_json, table, warn
from service.cli.progress import progress


def switch_space(shop: Path, back: bool, runtime: str, json: bool) -> None:
    """`--switch` and `--back` alone."""
    from service.engine import Engine

    with only_json(json), progress() as tell, Engine.open(shop, runtime) as engine:
        told: dict[str, Any] = (engine.switch_back(tell) if back else engine.switch(tell)).as_json()
    warn(told["warnings"])
    if json:
        emit(told)
        return
    old, new = told["from"], told["to"]
    typer.echo(f"the shop is searched with {new['embedder']} now: space {new['space']}")
    typer.echo(f"generation {told['generation']}; before: {old['embedder']}, space {old['space']}")
    if not back:
        typer.echo(f"return: vitrine index --shop {shop} --back")


def drop(shop: Path, space: str, json: bool) -> None:
    """`--drop-space`."""
    from service.engine import Engine

    with only_json(json), Engine.open(shop) as engine:
        told: dict[str, Any] = engine.drop_space(space)
    if json:
        emit(told)
    else:
        typer.echo(f"{space} is gone: {told['vectors']} vectors, {len(told['generations'])} generations")


def show_beside(told: Mapping[str, Any]) -> None:
    """A space that was filled beside: how it compares, and what to type next."""
    if "figures" in told:
        heads = ("", told["old"]["embedder"], told["new"]["embedder"], "difference")
        typer.echo("")
        table(told["headline"], heads, told["figures"], right=heads[1:])
        if told["labels"] is None:
            typer.echo(f"not measured by labels: {told['unlabelled']}")
        if told["caution"]:
            typer.echo(f"mind: {told['caution']}")
        typer.echo(f"what moves most: {told['report']}")
    elif "not_compared" in told:
        typer.echo(f"not compared: {told['not_compared']}")
    if told["switched"]:
        typer.echo(f"switched to {told['to']}; {told['from']} is kept for --back")
    else:
        typer.echo(f"{told['from']} goes on answering; to switch: {told['how']}")
