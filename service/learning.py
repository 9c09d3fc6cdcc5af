"""Training, evaluating and fine-tuning: the engine's long work."""

from __future__ import annotations

from data.errors import UsageError
from service.answers import EvaluationAnswer, Json
from service.parts import Parts
from service.plain import plain
from service.progress import Step, Tell
from service.requests import EvaluateRequest, FinetuneRequest


def train(parts: Parts, seed: int, tell: Tell) -> Json:
    """Train the recommender and open it anew."""
    from recommender.training import train as fit

    tell(Step("training", 0))
    with parts.shop.writer("vitrine train"):
        index = parts.index()
        report = fit(parts.shop, index, seed, lambda text: tell(Step("training", 0, note=text)))
    found: Json = plain(report)
    return found


def evaluate(parts: Parts, request: EvaluateRequest, tell: Tell) -> EvaluationAnswer:
    """Evaluate and write report.html and report.json."""
    from recommender.evaluation.report import write_report

    from recommender.evaluation.evaluate import evaluate as measure

    tell(Step("evaluating", 0))
    models = list(request.models) if request.models else None
    result = measure(parts.shop, parts.index(), split=request.split, models=models, seed=request.seed)
    folder = request.report or parts.shop.directory / "reports" / f"evaluation-{request.split}"
    tell(Step("writing the report", 0))
    write_report(result, parts.shop, folder)
    return EvaluationAnswer(result.as_json(), folder)


def finetune(parts: Parts, request: FinetuneRequest, tell: Tell) -> Json:
    """Fine-tune on a label column and keep the result under the shop's models."""
    if request.strategy != "fixed":
        raise UsageError(f"--strategy {request.strategy} is not available: this version has only fixed")
    from embedder.finetune import finetune as fit

    tell(Step("fine-tuning", 0))
    with parts.shop.writer("vitrine finetune"):
        report = fit(parts.shop, label=request.label, name=request.name)
    found: Json = plain(report)
    return found


def embedders(parts: Parts | None) -> list[Json]:
    """What there is; with a shop also its own, and which one is in use."""
    from embedder.registry import available

    used = parts.embedder_spec() if parts is not None and parts.shop.current_space() is not None else None
    found = [plain(info) for info in available(parts.models if parts is not None else None)]
    return [{**info, "in_use": info["spec"] == used} for info in found]
