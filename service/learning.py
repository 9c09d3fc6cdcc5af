"""Training, evaluating and fine-tuning: the engine's long work."""

from __future__ import annotations

from service.answers import EvaluationAnswer, Json
from service.parts import Parts
from service.plain import plain
from service.progress import Step, Tell
from service.requests import EvaluateRequest, FinetuneRequest, ReduceRequest
from service.spaces import lasting_name, remember_space


def train(parts: Parts, seed: int, tell: Tell) -> Json:
    """Train the recommender and open it anew."""
    from recommender.training import train as fit

    with parts.shop.writer("vitrine train"):
        index = parts.index()
        report = fit(parts.shop, index, seed, lambda text: tell(Step("training", 0, note=text)))
    found: Json = plain(report)
    return found


def evaluate(parts: Parts, request: EvaluateRequest, tell: Tell) -> EvaluationAnswer:
    """Evaluate and write report.html and report.json."""
    from recommender.evaluation.evaluate import evaluate as measure
    from recommender.evaluation.report import write_report

    def told(text: str) -> None:
        tell(Step("evaluating", 0, note=text))

    result = measure(parts.shop, parts.index(), request.split, request.models, request.seed, told)

    folder = request.report or parts.shop.directory / "reports" / f"evaluation-{request.split}"
    tell(Step("reporting", 0))
    write_report(result, parts.shop, folder)
    return EvaluationAnswer(result.as_json(), folder)


def finetune(parts: Parts, request: FinetuneRequest, tell: Tell) -> Json:
    """Fine-tune on a label column and keep the result under the shop's models."""
    from embedder.finetune import finetune as fit
    from embedder.registry import open_embedder

    def told(text: str) -> None:
        tell(Step("fine-tuning", 0, note=text))

    with parts.shop.writer("vitrine finetune"):
        spec = lasting_name(parts, request.embedder) if request.embedder else parts.embedder_spec()
        base = open_embedder(spec, parts.models, runtime=parts.runtime)
        try:
            report = fit(
                parts.shop,
                base,
                label=request.label,
                name=request.name,
                strategy=request.strategy,
                aspect=request.aspect,
                epochs=request.epochs,
                seed=request.seed,
                progress=told,
            )
        finally:
            if base.space in parts.shop.spaces():
                remember_space(parts.shop, base, spec)
    found: Json = plain(report)
    return found


def reduce(parts: Parts, request: ReduceRequest, tell: Tell) -> Json:
    """Fit a PCA of one aspect on the catalogue's photos and keep it as an embedder of the shop."""
    from embedder.export import check_name
    from embedder.reduce import Reduction, fit_projection
    from embedder.registry import open_embedder

    check_name(parts.models, request.name)
    with parts.shop.writer("vitrine reduce"):
        spec = lasting_name(parts, request.embedder) if request.embedder else parts.embedder_spec()
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
