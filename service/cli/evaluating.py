"""`vitrine embedders evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import JsonOption, SeedOption, ShopOption
from service.cli.output import emit, only_json, table, warn
from service.cli.progress import progress
from service.evaluating.request import DEFAULT_SAMPLE

if TYPE_CHECKING:
    from embedder.measures import Interval
    from service.evaluating.result import EmbedderEvaluation, LabelResult


def evaluate(
    shop: ShopOption,
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="Which embedder; default: the shop's own.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="COLUMN",
            help="What photos shall have in common: a column, or product (repeatable; default: category, and "
            "product where products have several photos).",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Folder for evaluate.html, evaluate.json and map.html."),
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", min=2, help="Ask at most so many photos, drawn by product.")
    ] = DEFAULT_SAMPLE,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Measure an embedder on the shop's photos and labels, and calibrate --min-score auto.

    Example: vitrine embedders evaluate --shop my-shop --label category --label colour --report report/
    """
    from service.engine import Engine
    from service.evaluating.request import EvaluateEmbedderRequest

    request = EvaluateEmbedderRequest(embedder, tuple(label or ()), report, sample, seed)
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        answer = engine.evaluate_embedder(request, tell)
    warn(answer.evaluation.warnings)
    if json:
        emit(answer.as_json())
        return
    _show(answer.evaluation)
    typer.echo(f"report: {answer.folder / 'evaluate.html'}, map: {answer.folder / 'map.html'}")


def _show(found: EmbedderEvaluation) -> None:
    for one in found.labels:
        _show_label(one)
    typer.echo(
        f"{found.embedder}: {found.asked} of {found.photos} photos asked, uniformity {found.uniformity:.3f}, "
        f"{found.seconds['measure']:.1f} s"
    )
    if found.calibration is not None:
        calibrated = found.calibration
        typer.echo(
            f"--min-score auto: {calibrated.cosine:.3f} (a photo like the shop's own stays below it in "
            f"{100 * calibrated.level:.1f} % of cases); same product from about {calibrated.same_product:.3f}"
        )


def _show_label(one: LabelResult) -> None:
    from service.evaluating.report import NAMES

    rows = [
        (NAMES[key], _ranged(one.over_photos[key]), _ranged(one.over_classes[key])) for key in one.over_photos
    ]
    title = f"{one.label}: {one.queries} photos of {one.classes} classes among {one.gallery}"
    table(title, ("", "over photos", "over classes"), rows, right=("over photos", "over classes"))
    said = []
    if one.unlabelled:
        said.append(f"{one.unlabelled} photos have no {one.label}")
    if one.verification is not None:
        said.append(f"pairs of one {one.label}: EER {one.verification.eer:.3f}")
        said += [
            f"FNMR {_ranged(point.fnmr)} at FMR {100 * point.wanted:g} % (cosine {point.threshold:.3f})"
            for point in one.verification.at
        ]
    if one.alignment is not None:
        said.append(f"alignment {one.alignment:.3f}")
    worst = ", ".join(f"{c.name} ({c.measures['map@r']:.2f})" for c in one.by_class[:3])
    said.append(f"lowest mAP@R: {worst}")
    for line in said:
        typer.echo(line)


def _ranged(found: Interval) -> str:
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
