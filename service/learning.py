"""Training, evaluating and fine-tuning: the engine's long work."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from data.errors import BadPhoto, EmptyShop
from service.answers import EvaluationAnswer, Json
from service.finetune_request import FinetuneRequest
from service.parts import Parts
from service.plain import plain
from service.progress import Step, Tell
from service.requests import EvaluateRequest, ReduceRequest
from service.spaces import remember_space, wanted_name
from service.trainings import training_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embedder.finetuning.report import FinetuneReport
    from embedder.finetuning.search_report import SearchReport
    from embedder.finetuning.settings import Augmentation
    from recommender.evaluation.result import Evaluation

SHOWN_PHOTOS, SHOWN_SIDE = 3, 160


def train(parts: Parts, seed: int, tell: Tell, search: int | None = None) -> Json:
    """Train the recommender and open it anew; search: settings tried of every source."""
    from recommender.training import train as fit

    with parts.shop.writer("vitrine train"):
        index = parts.catalogue()
        report = fit(parts.shop, index, seed, lambda text: tell(Step("training", 0, note=text)), search)
        parts.shop.sweep_forgotten()
    found: Json = plain(report)
    return found


def train_models(
    parts: Parts, models: tuple[str, ...], seed: int, tell: Tell, search: int | None = None
) -> Json:
    """Train single models of the table and keep them in the shop, by name."""
    from recommender.models.kinds import kind
    from recommender.single import train_model

    for name in models:
        kind(name)  # an unknown one fails before the long work
    with parts.shop.writer("vitrine train"):
        return {
            name: train_model(
                parts.shop,
                parts.catalogue(),
                name,
                seed,
                lambda text: tell(Step("training", 0, note=text)),
                search,
            )
            for name in models
        }


def evaluate(parts: Parts, request: EvaluateRequest, tell: Tell) -> EvaluationAnswer:
    """Evaluate and write report.html and report.json; of several windows, a folder with both for each. With
    ``profile`` also a page that tells where the time went.

    Where it was stopped, the trainings with epochs and the searches go on from what they had done.
    """
    if request.profile is None:
        return _evaluate(parts, request, tell)
    from recommender.stopwatch import Stopwatch
    from service import evaluation_profile
    from service.profile_page import check_target

    check_target(request.profile)
    began, watch = time.perf_counter(), Stopwatch()
    with watch.running():
        answer = _evaluate(parts, request, tell)
    found = cast("Mapping[str, Any]", answer.evaluation)
    described = f"{len(found['models'])} models, split {found['split']}, {found['customers']:,} customers"
    evaluation_profile.write(request.profile, described, watch.laps, time.perf_counter() - began)
    return answer


def _evaluate(parts: Parts, request: EvaluateRequest, tell: Tell) -> EvaluationAnswer:
    from data.demo import is_simulated
    from recommender.evaluation import openings
    from recommender.evaluation.evaluate import Plan, carry_out
    from recommender.evaluation.pooled import pool
    from recommender.evaluation.report import write_report, write_windows
    from recommender.evaluation.splits import folds
    from recommender.source import load_dataset
    from recommender.stopwatch import stage
    from recommender.unfinished import FOLDER, kept_in

    shop, index = parts.shop, parts.catalogue()
    plan = Plan(
        request.split,
        request.models,
        request.seed,
        request.seeds,
        request.search,
        request.repeat,
        request.ablate,
    )
    with stage("read"):
        index.refresh()
        data, embedder = load_dataset(shop, index), training_of(parts)
    with stage("split"):
        parted = folds(data, request.split, request.windows, request.repeat)
    reports = shop.directory / "reports"
    folder = request.report or reports / f"evaluation-{request.split}"
    found: list[Evaluation] = []
    with kept_in(shop.directory / FOLDER, lambda text: tell(Step("evaluating", 0, note=text))):
        for number, fold in enumerate(parted, 1):
            several = f"window {number} of {len(parted)}: " if len(parted) > 1 else ""

            def told(text: str, where: str = several) -> None:
                tell(Step("evaluating", 0, note=f"{where}{text}"))

            result = carry_out(plan, data, fold, told, embedder)
            opened = openings.record(reports, fold.digest, f"{request.split}: {', '.join(result.names)}")
            result = replace(result, openings=opened, simulated=is_simulated(shop))
            tell(Step("reporting", 0))
            with stage("report"):
                write_report(result, shop, folder / f"window-{number}" if len(parted) > 1 else folder)
            found.append(result)
    if len(found) == 1:
        return EvaluationAnswer(found[0].as_json(), folder)
    tell(Step("pooling", 0))
    pooled = pool(found, plan.seed)
    write_windows(found, pooled, folder)
    newest = _windows([one.as_json() for one in found])
    return EvaluationAnswer({**newest, "pooled": pooled.as_json()}, folder)


def _windows(found: list[Any]) -> Json:
    """Several windows as one answer: the newest in full, and every metric's mean over all of them."""
    newest = dict(found[-1])
    for model in newest["models"]:
        of_all = [one for part in found for one in part["models"] if one["model"] == model["model"]]
        model["over_windows"] = {
            name: {
                "windows": [one["metrics"][name] for one in of_all],
                "mean": sum(values) / len(values),
            }
            for name in model["metrics"]
            if (values := [one["metrics"][name] for one in of_all if one["metrics"][name] is not None])
        }
    return {**newest, "split": "rolling", "windows": [part["fold"] for part in found]}


def finetune(parts: Parts, request: FinetuneRequest, tell: Tell) -> Json | None:
    """Fine-tune on the shop's labels and keep the result under its models; None in all but the first process
    of several."""
    from embedder.finetuning.folding import finetune_folds
    from embedder.finetuning.holding import FOLDED
    from embedder.finetuning.ranks import is_first_process
    from embedder.finetuning.run import RunOptions
    from embedder.finetuning.run import finetune as fit
    from embedder.finetuning.searching import search
    from embedder.registry import open_embedder

    def told(text: str) -> None:
        if is_first_process():
            tell(Step("fine-tuning", 0, note=text))

    with parts.shop.writer("vitrine finetune") if is_first_process() else nullcontext():
        spec = wanted_name(parts, request.embedder)
        base = open_embedder(spec, parts.models, runtime=parts.runtime)
        options = RunOptions(request.split, request.resume, request.device, parts.runtime, request.folds)
        name, settings = request.name, request.settings
        report: FinetuneReport | SearchReport | None
        try:
            if request.split in FOLDED:
                report = finetune_folds(parts.shop, base, name, settings, options, told, request.search)
            elif request.search is None:
                report = fit(parts.shop, base, name, settings, options, told)
            else:
                report = search(parts.shop, base, name, settings, options, request.search, told)
        finally:
            if is_first_process() and base.space in parts.shop.spaces():
                remember_space(parts.shop, base, spec)
    found: Json | None = None if report is None else plain(report.as_json())
    return found


def show_augmentation(parts: Parts, sheet: Path, augmentation: Augmentation | None, seed: int) -> Json:
    """Draw what augmentations do to a few photos of the shop."""
    from data.photos import decode
    from embedder.finetuning.sheet import draw_sheet

    def usable() -> Iterator[NDArray[np.uint8]]:
        for products in parts.shop.all_products():
            for photos in parts.shop.photos_of_products([p.product_id for p in products]).values():
                with suppress(BadPhoto):
                    yield decode(parts.shop.photo_path(photos[0]), (SHOWN_SIDE, SHOWN_SIDE))

    shown = list(islice(usable(), SHOWN_PHOTOS))
    if not shown:
        raise EmptyShop("the shop has no photo to show augmentations of; run `vitrine index CATALOGUE` first")
    return {"sheet": str(draw_sheet(shown, augmentation, sheet, seed))}


def reduce(parts: Parts, request: ReduceRequest, tell: Tell) -> Json:
    """Fit a PCA of one aspect on the catalogue's photos and keep it as an embedder of the shop."""
    from embedder.export import check_name
    from embedder.reduce import Reduction, fit_projection
    from embedder.registry import open_embedder

    check_name(parts.models, request.name)
    with parts.shop.writer("vitrine reduce"):
        spec = wanted_name(parts, request.embedder)
        base = open_embedder(spec, parts.models, runtime=parts.runtime)
        tell(Step("reducing", 0, note=f"{request.aspect} to {request.dims}"))
        wanted = Reduction(request.aspect, request.dims, request.whiten, seed=request.seed)
        folder = fit_projection(parts.shop, base, request.name, wanted)
    made = open_embedder(request.name, parts.models, runtime=parts.runtime)
    return {
        "name": request.name,
        "folder": str(folder),
        "from": base.space,
        "space": made.space,
        "dims_before": base.layout.d,
        "dims": made.layout.d,
    }


def embedders(parts: Parts | None) -> list[Json]:
    """What there is; with a shop also its own, and which one is in use."""
    from embedder.registry import available

    used = parts.embedder_spec() if parts is not None and parts.shop.current_space() is not None else None
    found = [plain(info) for info in available(parts.models if parts is not None else None)]
    return [{**info, "in_use": info["spec"] == used} for info in found]
