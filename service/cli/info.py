"""`vitrine info`: what there is, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.options import JsonOption, ShopOption
from service.cli.output import emit, only_json, table, warn


def info(
    shop: ShopOption,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="OUT.csv", help="Write the rejects to this CSV."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show counts, space, generation, versions, GPU, and what is missing with the command that makes it.

    Example: vitrine info --shop my-shop --rejects rejects.csv
    """
    from service.engine import Engine

    with only_json(json), Engine.open(shop) as engine:
        found: dict[str, Any] = engine.info()
        if rejects is not None:
            found["rejects_written"] = engine.export_rejects(rejects)
    generation = found.get("generation") or {}
    warn(generation.get("warnings", []))
    if json:
        emit(found)
        return
    _show(found, generation)
    if rejects is not None:
        typer.echo(f"{found['rejects_written']} rejects written to {rejects}")


def _show(found: Mapping[str, Any], generation: Mapping[str, Any]) -> None:
    rows: list[tuple[str, object]] = [
        (name, value) for name, value in found["counts"].items() if not isinstance(value, dict)
    ]
    table(f"shop {found['shop']}", ("count", "value"), rows, right=("value",))
    aspects = ", ".join(f"{name} {share:.2f}" for name, share in generation.get("aspects", {}).items())
    machine = found["machine"]
    table(
        "",
        ("what", "value"),
        [
            ("embedder", found["embedder"]),
            ("space", found["space"]),
            ("aspects", aspects),
            ("generation", generation.get("number")),
            ("recommender", "trained" if found["recommender"]["trained"] else "not trained"),
            ("GPU", machine["gpu"] or "none"),
            ("python", f"{machine['python']}, {machine['system']}"),
            *sorted(machine["versions"].items()),
        ],
    )
    if len(found["spaces"]) > 1:
        _show_spaces(found["spaces"])
    if found["rejects"]:
        table(
            "Rejects of the latest imports",
            ("reason", "count"),
            list(found["rejects"].items()),
            right=("count",),
        )
    for line in found["missing"]:
        typer.echo(f"missing: {line}")


def _show_spaces(spaces: Sequence[Mapping[str, Any]]) -> None:
    """The spaces side by side: which one is searched, and what each holds and lacks."""
    columns = ("space", "embedder", "searched", "photos", "missing", "generation", "MB")
    rows = [
        (
            one["space"],
            one["embedder"],
            "now" if one["current"] else "before" if one["previous"] else "",
            one["photos"],
            one["missing"],
            one["generation"],
            one["bytes"] / 1e6,
        )
        for one in spaces
    ]
    table("Spaces", columns, rows, right=columns[3:])
