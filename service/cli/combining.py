"""`vitrine embedders soup` and `vitrine embedders join`: several embedders as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from service.cli.options import JsonOption, SeedOption, ShopOption
from service.cli.output import emit, only_json, table, warn
from service.cli.progress import progress

MembersArgument = Annotated[
    list[str], typer.Argument(metavar="A B [C…]", help="Two embedders or more, as --embedder names them.")
]
NameOption = Annotated[str, typer.Option("--name", help="Name of the new embedder.")]


def soup(
    members: MembersArgument,
    shop: ShopOption,
    name: NameOption,
    greedy: Annotated[
        bool, typer.Option("--greedy", help="Keep only members that make the average better (needs --label).")
    ] = False,
    label: Annotated[
        str | None, typer.Option("--label", help="Column on whose held-out photos all are judged.")
    ] = None,
    aspect: Annotated[str, typer.Option("--aspect", help="Which aspect is judged.")] = "shape",
    split: Annotated[
        str, typer.Option("--split", help="How photos are held out: as the members were fine-tuned with.")
    ] = "stratified",
    fresh_norms: Annotated[
        bool,
        typer.Option("--fresh-norms", help="Recompute the statistics of batch norms on the shop's photos."),
    ] = False,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Average embedders that were fine-tuned from the same weights: better, and no slower than one.

    Example: vitrine embedders soup --shop my-shop run-a run-b run-c --name soup --greedy --label category
    """
    from service.combining import SoupRequest
    from service.engine import Engine

    request = SoupRequest(tuple(members), name, label, greedy, aspect, split, seed, fresh_norms)
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        made = engine.soup(request, tell)
    if json:
        emit(made)
        return
    _show_soup(made)
    typer.echo(f"fill and compare: vitrine index --shop {shop} --embedder {name}")


def join(
    members: MembersArgument,
    shop: ShopOption,
    name: NameOption,
    dims: Annotated[
        int, typer.Option("--dims", min=1, help="Width of an aspect that several embedders give.")
    ] = 256,
    weight: Annotated[
        list[float] | None,
        typer.Option("--weight", help="How much an embedder counts, once for each, in their order."),
    ] = None,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Join embedders of any architecture: their vectors side by side, made narrow by a PCA on the shop.

    Example: vitrine embedders join --shop my-shop bundled by-category --name both --dims 128
    """
    from service.combining import JoinRequest
    from service.engine import Engine

    request = JoinRequest(tuple(members), name, dims, tuple(weight) if weight else None, seed)
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        made = engine.join(request, tell)
    if json:
        emit(made)
        return
    _show_joined(made)
    typer.echo(f"fill and compare: vitrine index --shop {shop} --embedder {name}")


def _show_joined(made: Mapping[str, Any]) -> None:
    widths = ", ".join(f"{aspect} {width}" for aspect, width in made["aspects"].items())
    before = " + ".join(str(member["dims"]) for member in made["members"])
    typer.echo(f"{made['name']}: vectors of {made['dims']} numbers ({widths}) instead of {before}")


def _show_soup(made: Mapping[str, Any]) -> None:
    """Members, whether they are in it, and what they and the soup are worth."""
    warn(made["warnings"])
    members, value = made["members"], made["map_at_r"]
    rows = [(member["name"], member["used"], member["map_at_r"]) for member in members]
    if value is not None:
        rows.append((made["name"], "", value))
    used = sum(member["used"] for member in members)
    typer.echo(f"{made['name']}: the average of {used} of {len(members)} embedders")
    table("", ("", "in it", "mAP@R"), rows)
    if value is not None:
        verdict = "above" if made["better"] else "not above"
        typer.echo(
            f"judged on {made['photos']} photos held out; the soup is {verdict} its best member"
            + ("" if made["better"] else ": rather use that one")
        )
