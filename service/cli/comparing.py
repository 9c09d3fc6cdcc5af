"""`vitrine embedders compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from data.errors import UsageError
from service.cli.options import JsonOption, SeedOption, ShopOption
from service.cli.output import emit, note, only_json, table, warn
from service.cli.progress import progress

MEASURES = (("map_at_r", "mAP@R"), ("recall_at_1", "recall@1"))
SHOWN = 4


def compare(
    shop: ShopOption,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="Column that is learnt and measured, or 'product' (repeatable)."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", help="Column that is only measured, to see if it got worse (repeatable)."),
    ] = None,
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="What to start from; default: the shop's embedder.")
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            metavar="A,B,C",
            help="Of colour, random, frozen, frozen-max, fixed, partial, full, progressive, scratch, soup, "
            "joined; default: all of these. Also snapshots.",
        ),
    ] = None,
    shares: Annotated[
        str | None,
        typer.Option("--shares", metavar="A,B,C", help="Of the labels, per cent; default: 1,5,25,100."),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            min=1,
            help="Each with a split of its own; with --split k-fold the number of folds, at least 2. "
            "Default: 3.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="stratified (default), class-disjoint, time (the latest products), or k-fold (every seed is "
            "a fold: together they test every product once).",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="Of all that learns from photos; default: 6. fixed has 25."),
    ] = None,
    side: Annotated[
        int | None, typer.Option("--side", help="Pixels of photos; default: the embedder's own.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", help="Stop then; the same command goes on. Default: until all is done."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Folder of the report; default: in the shop's reports."),
    ] = None,
    backbones: Annotated[
        str | None,
        typer.Option(
            "--backbones",
            metavar="A,B,C",
            help="Compare these embedders instead, as they are.",
        ),
    ] = None,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Prove on the shop's labels which fine-tuning helps, and whether any does harm; or compare backbones.

    Stopped or out of time, the same command goes on where it was.

    Example: vitrine embedders compare --shop my-shop --label category --also colour --minutes 60
    """
    from service.comparing import CompareRequest
    from service.engine import Engine

    request = CompareRequest(
        labels=tuple(label or ("category",)),
        minutes=minutes,
        report=report,
        backbones=_names(backbones, "--backbones") or (),
        also=tuple(also or ()),
        embedder=embedder,
        methods=_names(methods, "--methods"),
        shares=_numbers(shares, "--shares"),
        seeds=seeds,
        split=split,
        epochs=epochs,
        side=side,
        seed=seed,
    )
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        answer = engine.compare_embedders(request, tell)
    told = answer.as_json()
    if json:
        emit(told)
        return
    show_methods(told) if told["kind"] == "methods" else show_backbones(told)
    typer.echo(f"report: {answer.folder / 'report.html'}")


def show_methods(told: Mapping[str, Any]) -> None:
    """A table for each label and measure, then negative transfer and the verdict."""
    design = told["design"]
    means = {(m["method"], m["share"], m["label"]): m for m in told["means"]}
    columns = [None, *design["shares"]]
    heads = ["", "no labels", *(f"{share:g} %" for share in design["shares"])]
    shown = [(label, measure) for label in design["labels"] for measure in MEASURES]
    for label, (measure, name) in [*shown, *((label, MEASURES[0]) for label in design["also"])]:
        rows = [
            [method, *(_cell(means.get((method, share, label)), measure) for share in columns)]
            for method in design["methods"]
        ]
        table(f"{name} of {label}, on products held out", heads, rows, right=heads[1:])
    warn([told["facts"]["caution"]] if told["facts"]["caution"] else [])
    _show_absent(told)
    _show_combined(told)
    for finding in told["negative_transfer"]:
        typer.echo(f"{finding['question']} {finding['text']}")
    typer.echo("")
    typer.secho(f"{told['verdict']['text']}.", bold=True)
    for reason in told["verdict"]["reasons"]:
        typer.echo(f"- {reason}")


def _show_combined(told: Mapping[str, Any]) -> None:
    """What lacks a member that it could have had, on standard error; cells alike in one line."""
    cells: dict[str, list[str]] = {}
    for one in told["combined"]:
        if one["without"]:
            lacking = "; ".join(f"{name}: {why}" for name, why in one["without"].items())
            text = f"{one['method']} is made of {', '.join(one['members'])}, without {lacking}"
            cells.setdefault(text, []).append(f"{one['share']:g} %, seed {one['seed']}")
    for text, places in cells.items():
        note(f"{text} (at {'; '.join(places[:SHOWN])}{'; …' if len(places) > SHOWN else ''})")


def _show_absent(told: Mapping[str, Any]) -> None:
    """What was not run, on standard error."""
    cells = told["cells"]
    late = [one["cell"] for one in told["not_run"] if one["why"] == "time"]
    if late:
        total = len(cells["ran"]) + len(cells["known"]) + len(told["not_run"])
        named = "; ".join(late[:SHOWN]) + ("; …" if len(late) > SHOWN else "")
        note(
            f"{len(late)} of {total} cells were not run for want of time: {named}; the same command goes on "
            "with them"
        )
    for one in told["not_run"]:
        if one["why"] != "time":
            note(f"failed: {one['cell']}: {one['why']}")


def show_backbones(told: Mapping[str, Any]) -> None:
    """Quality and cost of each."""
    heads = ["", *(f"{name} of {label}" for label in told["labels"] for _, name in MEASURES)]
    heads += ["photos/s", "GMACs", "M parameters", "GB a million photos", "best at its speed"]
    rows = []
    for one in told["backbones"]:
        by_label = {mean["label"]: mean for mean in one["means"]}
        shown = [_cell(by_label.get(label), measure) for label in told["labels"] for measure, _ in MEASURES]
        cost = one["cost"] or {}
        speed = (cost.get("inference") or {}).get("images_per_second")
        rows.append(
            [
                one["spec"],
                *shown,
                "" if speed is None else f"{speed:,.0f}",
                f"{cost['gmacs']:.2f}" if cost else "",
                f"{cost['parameters'] / 1e6:.2f}" if cost else "",
                f"{one['vector_bytes_per_million'] / 1e9:.2f}",
                "yes" if one["front"] else "",
            ]
        )
    table(f"backbones as they are, on {told['photos']:,} labelled photos", heads, rows, right=heads[1:])
    warn([one["caution"] for one in told["backbones"] if one["caution"]])
    for one in told["not_run"]:
        note(f"not run: {one['cell']}: {'the time was over' if one['why'] == 'time' else one['why']}")


def _cell(mean: Mapping[str, Any] | None, measure: str) -> str:
    if mean is None:
        return ""
    value = mean[measure]
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def _names(text: str | None, option: str) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(part.strip() for part in text.split(","))
    if not all(names):
        raise UsageError(f"{option} wants names with commas between them, not {text!r}")
    return names


def _numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    names: Sequence[str] | None = _names(text, option)
    try:
        return None if names is None else tuple(float(name) for name in names)
    except ValueError:
        raise UsageError(f"{option} wants numbers with commas between them, not {text!r}") from None
