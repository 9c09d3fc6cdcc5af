"""What is known of how an embedder was trained: for the leakage audit of an evaluation, and as a caution
where it is measured on products that it learnt from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from service.parts import DEFAULT_EMBEDDER, Parts

if TYPE_CHECKING:
    from recommender.evaluation.leakage import EmbedderTraining


def training_of(parts: Parts) -> EmbedderTraining | None:
    """How the embedder of the space that is searched was trained; None where the shop has no vectors.

    The bundled embedder and timm's never saw the shop. One in a folder says itself from which products it
    learnt (``trained-on.json``); where it does not, nothing is known. Raises Damaged for a file that does not
    match its checksum.
    """
    return None if parts.shop.current_space() is None else _training(parts, parts.embedder_spec())


def caution_of(parts: Parts, spec: str, products: Iterable[str]) -> str | None:
    """What to mind where an embedder is measured on these products of the shop; None where it knows none.

    Raises Damaged as ``training_of`` does.
    """
    from embedder.trained_on import TrainedOn

    found = _training(parts, spec)
    complete = found.finetuned is False or (found.products is not None and found.complete)
    return TrainedOn(found.products or (), None, 0.0, complete).flattered(spec, products)


def _training(parts: Parts, spec: str) -> EmbedderTraining:
    from embedder.trained_on import read_trained_on
    from recommender.evaluation.leakage import EmbedderTraining

    if spec == DEFAULT_EMBEDDER:
        return EmbedderTraining(spec, finetuned=False)
    folder = parts.models / spec if Path(spec).name == spec else Path(spec)
    if not folder.is_dir():
        return EmbedderTraining(spec, finetuned=False if _is_of_timm(spec) else None)
    learnt = read_trained_on(folder)
    if learnt is None:
        return EmbedderTraining(spec)
    finetuned = bool(learnt.products) or not learnt.complete
    return EmbedderTraining(spec, finetuned, learnt.newest, learnt.products, learnt.complete)


def _is_of_timm(spec: str) -> bool:
    """Whether a name is one of timm's own, with weights that timm downloads."""
    from timm.models import is_model

    return bool(is_model(spec.partition(".")[0]))
