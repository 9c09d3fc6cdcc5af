"""What is known of how a shop's embedder was trained, for the leakage audit of an evaluation."""

from __future__ import annotations

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
    from embedder.trained_on import read_trained_on
    from recommender.evaluation.leakage import EmbedderTraining

    if parts.shop.current_space() is None:
        return None
    spec = parts.embedder_spec()
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
