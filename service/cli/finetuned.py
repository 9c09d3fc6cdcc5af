"""`vitrine finetune`: what it shows of a fine-tuning, or of one whose figures come from folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from service.cli.output import table, warn

MOST_SHOWN = 20
"""So many folds are listed; more are in the report."""


def show(report: Mapping[str, Any]) -> None:
    """Before and after on products held out, the folds, then what was left out, then the verdict; first
    what to mind when they are read."""
    warn([report["caution"]] if report["caution"] else [])
    for compared in report["comparisons"]:
        shown = {
            f"{compared['aspect']}, as it was": "frozen",
            f"{compared['aspect']}, fine-tuned": "tuned",
            "whole vector, as it was": "frozen_vector",
            "whole vector, fine-tuned": "tuned_vector",
        }
        rows = [
            (what, *(ranged(compared[key][measure]) for measure in ("recall_at_1", "map_at_r")))
            for what, key in shown.items()
        ]
        table(f"{report['name']}: {compared['label']} on products held out", ("", "recall@1", "mAP@R"), rows)
    if report["folds"] is not None:
        _show_folds(report)
    typer.echo(_learnt(report))
    typer.echo(report["verdict"]["text"])
    for snapshot in report["snapshots"]:
        typer.echo(f"snapshot: {snapshot}")


def _learnt(report: Mapping[str, Any]) -> str:
    """On how many photos, what was left out, and how long it took."""
    counts = report["counts"]
    left_out = "; ".join(
        f"{label}: {counts['unlabelled'][label]} without a value, {counts['rare'][label]} of rare values"
        for label in counts["classes"]
    )
    return (
        f"learnt from {counts['train']} photos, chosen on {counts['validation']}, measured on "
        f"{counts['measured']}; left out: {left_out}; {report['seconds']:.1f} s, best epoch {report['best']} "
        f"of {len(report['history'])}"
    )


def _show_folds(report: Mapping[str, Any]) -> None:
    """Each fold's figures, how far they lie apart, and whose they are."""
    folds = report["folds"]
    labels = list(folds["gains"])
    if len(folds["folds"]) <= MOST_SHOWN:
        heads = [f"mAP@R of {label}, {when}" for label in labels for when in ("as it was", "fine-tuned")]
        shown = [(key, label) for label in labels for key in ("frozen", "tuned")]
        rows = [
            (fold["number"], fold["test"], *(_value(fold[key][label]) for key, label in shown))
            for fold in folds["folds"]
        ]
        table(f"{report['name']}: fold by fold", ("fold", "photos tested", *heads), rows)
    asked = "; ".join(
        f"{one['label']}: {one['tuned']['map_at_r']['queries']} of {report['counts']['test']} tested photos "
        "have another product of their value to find"
        for one in report["comparisons"]
    )
    typer.echo(f"{folds['text']} {asked}.")
    typer.echo(folds["spread_text"])


def _value(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def ranged(measured: Mapping[str, Any]) -> str:
    """A mean with its 95 % interval."""
    return f"{measured['mean']:.3f} [{measured['low']:.3f}, {measured['high']:.3f}]"
