"""`vitrine train` and `vitrine evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from data.errors import UsageError
from service.cli.options import JsonOption, OptionalShopOption, SeedOption, ShopOption, given, refuse_others
from service.cli.output import emit, only_json, table
from service.cli.progress import progress

if TYPE_CHECKING:
    from service.offpolicy import OffPolicyRequest

SHOWN = ("recall@10", "ndcg@10", "map@10", "mrr@10", "hit_rate@10", "coverage@10")
SLICED = "ndcg@10"
WITH_COMPARE = {"shop", "compare", "seed", "json"}
WITH_LOG = {"shop", "log", "model", "clip", "repeat", "search", "seed", "json"}
"""The parameters of `vitrine evaluate` that go with --compare, and with --log."""
TRAINING = {"repeat", "search"}
"""Those of them that only a model to be trained has."""


def train(
    shop: ShopOption,
    search: Annotated[
        int | None,
        typer.Option("--search", min=1, metavar="N", help="Try N settings of everything that is tuned."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="NAME", help="Train this model of the table instead, on its own (repeatable)."
        ),
    ] = None,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Train the recommender on the shop's interactions; all settings are chosen on validation windows.

    A stopped search or training goes on where it was.

    Example: vitrine train --shop my-shop --search 30
    """
    from service.engine import Engine

    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        report = engine.train(seed, tell, search, tuple(model or ()))
    if json:
        emit(report)
        return
    if model:
        for name in model:
            told = cast("Mapping[str, Any]", report[name])
            table(name, ("what", "value"), [(k, _flat(v)) for k, v in told.items() if k != "tries"])
        return
    table("Trained", ("what", "value"), [(k, _flat(v)) for k, v in report.items()])


def evaluate(
    context: typer.Context,
    shop: OptionalShopOption = None,
    split: Annotated[
        str,
        typer.Option(
            "--split",
            help="time (one global cut), rolling (several windows), last, user, cold-items (a tenth "
            "removed), cold-natural (first seen after the cut) or random (only to compare with published "
            "tables).",
        ),
    ] = "time",
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="NAME", help="Only this model (repeatable), or all. Default: the quick ones."
        ),
    ] = None,
    search: Annotated[
        int | None,
        typer.Option("--search", min=1, metavar="N", help="Tune every model, baselines too, with N tries."),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs of every stochastic model.")] = 3,
    windows: Annotated[int, typer.Option("--windows", min=2, help="Of the split rolling.")] = 3,
    repeat: Annotated[
        bool, typer.Option("--repeat", help="Products that a customer has met can be asked for again.")
    ] = False,
    ablate: Annotated[
        bool,
        typer.Option(
            "--ablate-photos",
            help="Also with photos shuffled among products, and with none: what looks are worth.",
        ),
    ] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", metavar="A B", help="Test two report.json against each other, paired."),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log",
            metavar="FILE",
            help="Off-policy: what --model (else the log's column target) would have earned, from a log of "
            "`vitrine shown`.",
        ),
    ] = None,
    clip: Annotated[
        float | None, typer.Option("--clip", metavar="X", help="With --log: the largest weight of a row.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Folder for report.html and report.json.")
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE.html", help="Write a page that shows where the time went."),
    ] = None,
    seed: SeedOption = 7,
    json: JsonOption = False,
) -> None:
    """Compare recommendation models offline, with time cut off, and write a report.

    Example: vitrine evaluate --shop my-shop --split time --report report/
    """
    from service.engine import Engine
    from service.offpolicy import OffPolicyRequest
    from service.requests import EvaluateRequest

    if compare is not None:
        why = "--compare tests two reports that are there"
        refuse_others(context, why, WITH_COMPARE, "evaluate without --compare")
        _compare(compare, seed, json)
        return
    if log is not None:
        why = "--log judges one policy by what was shown"
        refuse_others(context, why, WITH_LOG, "evaluate without --log")
        if not model:
            why = "--log without --model judges the log's own column target, and nothing is trained"
            refuse_others(context, why, WITH_LOG - TRAINING, "name a --model")
        if len(model or ()) > 1:
            raise typer.BadParameter("an off-policy evaluation has one target policy: give --model once")
        asked = OffPolicyRequest(log, model[0] if model else None, clip, repeat, search, seed)
        _evaluate_log(asked, shop, json)
        return
    _refuse_idle(context, split)
    if shop is None:
        raise typer.BadParameter(
            "name the shop with --shop, or two reports with --compare", param_hint="--shop"
        )
    request = EvaluateRequest(
        split=split,  # type: ignore[arg-type]  # EvaluateRequest checks it
        models=tuple(model) if model else None,
        report=report,
        seed=seed,
        seeds=seeds,
        search=search,
        repeat=repeat,
        ablate=ablate,
        windows=windows,
        profile=profile,
    )
    with only_json(json), Engine.open(shop) as engine, progress() as tell:
        answer = engine.evaluate(request, tell)
    if json:
        emit(answer.as_json())
        return
    show_evaluation(answer.evaluation)
    if "pooled" in answer.evaluation:
        show_pooled(answer.evaluation)
    typer.echo(f"report: {answer.folder / 'report.html'}")


def _refuse_idle(context: typer.Context, split: str) -> None:
    """Raises UsageError where an option was given that would do nothing."""
    asked = {name for name, _ in given(context)}
    if "clip" in asked:
        raise UsageError("--clip is a weight of the rows of a log: give it with --log FILE")
    if "windows" in asked and split != "rolling":
        raise UsageError(
            f"--windows is of the split rolling, and --split is {split}: give --split rolling, or leave "
            "--windows away"
        )


def _evaluate_log(request: OffPolicyRequest, shop: Path | None, json: bool) -> None:
    """What another policy would have earned; of the log's own column no shop is needed."""
    from service.engine import Engine
    from service.offpolicy import evaluate_log

    with only_json(json), progress() as tell:
        if request.model is None:
            answer = evaluate_log(request)
        elif shop is None:
            raise typer.BadParameter("--model is trained on a shop: name it", param_hint="--shop")
        else:
            with Engine.open(shop) as engine:
                answer = engine.evaluate_log(request, tell)
    if json:
        emit(answer.as_json())
        return
    for words in answer.in_words():
        typer.echo(words)


def _compare(reports: tuple[Path, Path], seed: int, json: bool) -> None:
    """Two evaluations against each other."""
    from recommender.evaluation.twins import HEADER, compare

    found = compare(*reports, seed=seed)
    if json:
        emit(found.as_json())
        return
    table(f"{found.metric}, B minus A", HEADER, found.rows(), right=HEADER[1:])
    for words in found.in_words():
        typer.echo(words)


def show_evaluation(found: Mapping[str, Any]) -> None:
    """Models × metrics with 95 % intervals, the same for slices, what was left out, and the verdict."""
    models: Sequence[Mapping[str, Any]] = found["models"]
    _show_models(f"{_stamp(found)}split {found['split']}, {found['customers']} customers", models)
    _show_slices(models)
    _show_ranker(found)
    for what in ("excluded_customers", "dropped_choices", "unusable_interactions"):
        counts = found.get(what) or {}
        if any(counts.values()):
            typer.echo(f"{what.replace('_', ' ')}: {', '.join(f'{n} {why}' for why, n in counts.items())}")
    typer.echo(found.get("headline") or f"headline withheld: {found.get('withheld')}")


def show_pooled(newest: Mapping[str, Any]) -> None:
    """All windows together, after the newest: models × metrics, and the tests in words."""
    pooled: Mapping[str, Any] = newest["pooled"]
    title = f"{_stamp(newest)}{pooled['windows']} windows pooled, {pooled['customers']} customers"
    _show_models(title, pooled["models"])
    for words in pooled["words"]:
        typer.echo(words)


def _stamp(found: Mapping[str, Any]) -> str:
    return "SIMULATED, " if found.get("simulated") else ""


def _show_models(title: str, models: Sequence[Mapping[str, Any]]) -> None:
    """Models × metrics with 95 % intervals."""
    names = [m for m in SHOWN if any(m in one["metrics"] for one in models)]
    rows = [
        [one["model"], *(_ranged(one["metrics"].get(n), one["intervals"].get(n)) for n in names)]
        for one in models
    ]
    table(title, ["model", *names], rows, right=names)


def _show_slices(models: Sequence[Mapping[str, Any]]) -> None:
    """One line a slice (cold items, cold customers, …), one column a model."""
    of_all = models[0].get("slices", {}) if models else {}
    slices = [name for name in of_all if ": " not in name]  # categories and months are in the report
    rows = []
    for name in slices:
        parts = [one["slices"][name] for one in models]
        shown = (_ranged(p["metrics"].get(SLICED), p["intervals"].get(SLICED)) for p in parts)
        rows.append([name, parts[0].get("customers"), *shown])
    if rows:
        columns = ["slice", "customers", *(one["model"] for one in models)]
        table(f"{SLICED} by slice", columns, rows, right=columns[1:])


def _show_ranker(found: Mapping[str, Any]) -> None:
    """What the candidates hold, and what the trees make of the blend's order; nothing without a ranker."""
    held: Mapping[str, float] = found.get("candidates") or {}
    told = [f"{name.replace('_', ' ')} {value:.4f}" for name, value in held.items()]
    lift = found.get("ranker_lift")
    if lift:
        gap = f"{lift['difference']:+.4f} [{lift['interval'][0]:+.4f}, {lift['interval'][1]:+.4f}]"
        told.append(f"ndcg@10 of the blend alone {lift['theirs']:.4f}, with trees {lift['ours']:.4f}, {gap}")
    if told:
        typer.echo(f"ranker: {'; '.join(told)}")


def _ranged(value: Any, interval: Any) -> str:
    if not isinstance(value, (int, float)):
        return ""
    if isinstance(interval, (list, tuple)) and len(interval) == 2:
        return f"{value:.4f} [{interval[0]:.4f}, {interval[1]:.4f}]"
    return f"{value:.4f}"


def _flat(value: Any) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_flat(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(_flat(v)) for v in value)
    return f"{value:.4g}" if isinstance(value, float) else value
