"""An evaluation of an embedder from the order to the report."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from data.errors import EmptyShop, UsageError
from data.photolimits import PhotoLimits
from data.shop import Shop
from embedder.finetuning.settings import PRODUCT
from service.evaluating.request import DEFAULT_LABELS, EvaluateEmbedderRequest
from service.evaluating.result import EmbedderAnswer, EmbedderEvaluation
from service.filling import encode, waits
from service.lookalikes import Calibration, remember_calibration
from service.parts import Parts
from service.progress import Step, Tell
from service.spaces import lasting_name, remember_space
from service.trainings import caution_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embedder.embedder import Embedder
    from service.evaluating.material import Labelling, Material
    from service.evaluating.measuring import Measured

WRITER = "vitrine embedders evaluate"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation with what stands behind it.

    best: best score among other products, of each query that has one, (q,).
    """

    evaluation: EmbedderEvaluation
    material: Material
    measured: tuple[Measured, ...]
    best: NDArray[np.float64]


@dataclass(slots=True)
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - began


def evaluate_embedder(parts: Parts, request: EvaluateEmbedderRequest, tell: Tell) -> EmbedderAnswer:
    """Measure, keep the calibrated threshold, and write evaluate.json, evaluate.html and map.html.

    Raises EmptyShop, UsageError for a label the shop has not, ShopBusy while photos must be encoded.
    """
    from service.evaluating.report import write_report

    found = evaluated(parts, request, tell)
    folder = request.report or parts.shop.directory / "reports" / f"embedder-{found.evaluation.space}"
    write_report(parts.shop, found, folder, tell)
    return EmbedderAnswer(found.evaluation, folder)


def evaluated(parts: Parts, request: EvaluateEmbedderRequest, tell: Tell) -> Evaluated:
    """Measure and keep the calibrated threshold, without a report."""
    from embedder.measures import nearest_other, uniformity
    from service.evaluating.material import material
    from service.evaluating.measuring import measure_label

    clock = _Clock()
    with clock.timed("encode"):
        space, name = _filled_space(parts, request, tell)
    with clock.timed("read"):
        tell(Step("reading", 0))
        all_photos = material(parts.shop, space)
    labellings, warnings = _labellings(parts.shop, all_photos, request.labels)
    rows = all_photos.sample(request.sample, request.seed)
    known = caution_of(parts, name, (all_photos.product_ids[row] for row in rows.tolist()))
    with clock.timed("measure"):
        tell(Step("measuring", 0, note=f"{len(rows)} of {len(all_photos.photo_ids)} photos"))
        best = nearest_other(all_photos.vectors, all_photos.alike, rows)
        calibration = _calibrated(parts.shop, space, best)
        measured = []
        for labelling in labellings:
            tell(Step("measuring", 0, note=labelling.name))
            cosine = None if calibration is None else calibration.cosine
            try:
                measured.append(measure_label(all_photos, labelling, rows, cosine, request.seed))
            except ValueError as error:
                raise UsageError(
                    f"none of the {len(rows)} photos drawn shares its {labelling.name} with another; take a "
                    "larger --sample"
                ) from error
        evenness = uniformity(all_photos.vectors, rows)
    evaluation = EmbedderEvaluation(
        embedder=name,
        space=space,
        photos=len(all_photos.photo_ids),
        products=len(set(all_photos.product_ids)),
        asked=len(rows),
        seed=request.seed,
        labels=tuple(one.result for one in measured),
        uniformity=evenness,
        calibration=calibration,
        warnings=warnings if known is None else (known, *warnings),
        seconds=clock.seconds,
    )
    return Evaluated(evaluation, all_photos, tuple(measured), best)


def _filled_space(parts: Parts, request: EvaluateEmbedderRequest, tell: Tell) -> tuple[str, str]:
    """The space and the embedder's name, after every photo that lacks a vector there was encoded.

    The shop's own embedder is not opened where nothing is to be encoded.
    """
    shop = parts.shop
    if request.embedder is None:
        record = shop.current_space()
        if record is None:
            raise EmptyShop("nothing is indexed yet; run `vitrine index CATALOGUE` first")
        if shop.counts()["pending"]:
            with shop.writer(WRITER):
                encode(shop, parts.embedder(record.space), PhotoLimits(), tell)
        return record.space, record.embedder
    from embedder.registry import open_embedder

    spec = lasting_name(parts, request.embedder)
    base = open_embedder(spec, parts.models, runtime=parts.runtime)
    if base.space not in shop.spaces() or waits(shop, base.space):
        _encode_beside(shop, base, spec, tell)
    return base.space, spec


def _encode_beside(shop: Shop, base: Embedder, spec: str, tell: Tell) -> None:
    with shop.writer(WRITER):
        try:
            encode(shop, base, PhotoLimits(), tell)
        finally:
            if base.space in shop.spaces():
                remember_space(shop, base, spec)


def _labellings(
    shop: Shop, found: Material, wanted: tuple[str, ...]
) -> tuple[list[Labelling], tuple[str, ...]]:
    """The labels asked for, or those of the default ones that sort this shop's photos; what was left out."""
    from service.evaluating.material import labelling

    made, left_out = [], []
    for name in wanted or DEFAULT_LABELS:
        try:
            one = labelling(shop, found, name)
            if not one.has_answers:
                raise UsageError(_lonely(name))
            made.append(one)
        except UsageError as error:
            if wanted:
                raise
            left_out.append(f"not measured by {name}: {error.message}")
    return made, tuple(left_out)


def _lonely(name: str) -> str:
    if name == PRODUCT:
        return "every product has one photo only (or the same picture several times)"
    return f"no two products share a value of {name!r}; take another column"


def _calibrated(shop: Shop, space: str, best: NDArray[np.float64]) -> Calibration | None:
    """Find and keep the threshold of a space; None where no photo has another product beside it."""
    from embedder.measures import look_alike_threshold, same_product_threshold

    if bool((best != best).all()):
        return None
    found = look_alike_threshold(best)
    made = Calibration(
        found.cosine,
        found.level,
        same_product_threshold(best),
        found.photos,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    remember_calibration(shop, space, made)
    return made
