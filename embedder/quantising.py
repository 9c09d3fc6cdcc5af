"""An embedder quantised to int8 on a shop's photos, with what that costs in recall and what it saves.

int8 is for processors without bfloat16 and for networks that bfloat16 harms; the quantised embedder has a
space of its own, since its vectors are not those of the one that it was made from.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from data.shop import Shop
from embedder.embedder import Embedder, Floats, Photos
from embedder.export import Contents, check_name, write_embedder
from embedder.joined import JoinedEmbedder
from embedder.jury import prepared
from embedder.measures import Interval, bootstrap, unit_rows
from embedder.reduce import MODELS, sampled_paths
from embedder.registry import open_folder
from embedder.runtime.graph import INT8_FILES, converted, digests, graph_with
from embedder.runtime.int8 import check_able, quantised
from embedder.runtime.openvino_runtime import OpenVinoRuntime
from embedder.runtime.quiet import openvino
from embedder.runtime.seam import Runtime

NEAREST = 10
FEWEST_JUDGED = NEAREST + 2
TURNS = 5
TURN_SECONDS = 0.5
FORMS = ("float32", "as it was", "int8")


@dataclass(frozen=True, slots=True)
class Quantisation:
    """What to do. photos: at most so many find the ranges. judged: at most so many others tell what it costs.
    keep: so many convolutions at the beginning stay in floating point: they see the largest maps with the
    fewest channels, and rounding harms them most. seed: draws the photos."""

    photos: int = 300
    judged: int = 1000
    keep: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.photos < 1 or self.judged < FEWEST_JUDGED or self.keep < 0:
            raise UsageError(f"photos must be at least 1, judged {FEWEST_JUDGED}, and keep not below 0")


@dataclass(frozen=True, slots=True)
class Form:
    """One way to compute the embedder, and how it does on the judged photos, all against all.

    recall: recall@10 of float32's ten nearest. lowest, mean: cosine of a photo's vector to the one in
    float32. photos_per_second: of the network alone, decoding not counted, the median of several turns.
    """

    name: str
    device: str
    recall: Interval
    lowest: float
    mean: float
    photos_per_second: float


@dataclass(frozen=True, slots=True)
class QuantiseReport:
    """What was made. calibrated, judged: numbers of photos. forms: float32, how the base is computed here,
    and int8. base: name of what it was made from, with its space."""

    name: str
    folder: Path
    space: str
    base: str
    base_space: str
    calibrated: int
    judged: int
    kept: int
    forms: tuple[Form, ...]


def quantise(
    shop: Shop,
    base: Embedder,
    name: str,
    wanted: Quantisation | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> QuantiseReport:
    """Quantises ``base`` on photos of the shop and writes ``models/NAME`` there, to be opened by that name.

    Raises UsageError for a name that is taken, an embedder that is quantised, joined or without a network,
    and too few photos; VitrineError where NNCF cannot quantise the network.
    """
    chosen = wanted or Quantisation()
    folder = check_name(shop.directory / MODELS, name)
    check_able()
    _check_single(base)
    ranging, judged = _photos(shop, base, chosen)
    plain = converted(base.network.build(), base.config.preprocessing)
    tell(f"finding ranges on {len(ranging)} photos")
    small = quantised(plain, ranging, chosen.keep)
    runtimes = [
        OpenVinoRuntime(base.network, graph=graph_with(plain, "f32")),
        base.runtime,
        OpenVinoRuntime(base.network, graph=graph_with(small, "int8")),
    ]
    tell(f"judging on {len(judged)} others")
    forms = _judged(base, runtimes, judged)
    report = QuantiseReport(
        name, folder, "", base.name, base.space, len(ranging), len(judged), chosen.keep, forms
    )
    _write(report, base, small)
    return replace(report, space=open_folder(folder, name).space)


def _check_single(base: Embedder) -> None:
    if isinstance(base, JoinedEmbedder):
        raise UsageError(
            f"{base.name!r} is joined of several; quantise its members, then join what comes of them"
        )
    if base.config.int8 is not None:
        raise UsageError(f"{base.name!r} is quantised already")
    if not base.config.network_aspects:
        raise UsageError(f"{base.name!r} has no network: there is nothing to quantise")


def _photos(shop: Shop, base: Embedder, chosen: Quantisation) -> tuple[Photos, Photos]:
    """Prepared photos of the shop, drawn by the seed: those that find the ranges, and those that are judged;
    half and half where there are few."""
    paths = sampled_paths(shop, chosen.photos + chosen.judged, chosen.seed)
    photos, _ = prepared(base, paths)
    drawn = photos[np.random.default_rng(chosen.seed).permutation(len(photos))]
    ranging = min(chosen.photos, len(drawn) // 2)
    judged = drawn[ranging:][: chosen.judged]
    if len(judged) < FEWEST_JUDGED:
        raise UsageError(
            f"the shop has {len(photos)} photos that can be read; quantising takes at least "
            f"{2 * FEWEST_JUDGED}, half of them to find ranges and half to tell what it costs"
        )
    return drawn[:ranging], judged


def _judged(base: Embedder, runtimes: Sequence[Runtime], photos: Photos) -> tuple[Form, ...]:
    """The forms in the order of their runtimes; the first is the reference."""
    colours = np.stack([base.colours(photo) for photo in photos])
    vectors = [unit_rows(base.layout.scale(base.finish(one.encode(photos), colours))) for one in runtimes]
    nearest = [_nearest(one) for one in vectors]
    told = zip(FORMS, runtimes, vectors, nearest, _rates(runtimes, photos), strict=True)
    forms = []
    for name, runtime, found, ten, rate in told:
        shared = (nearest[0][:, :, None] == ten[:, None, :]).any(axis=2).mean(axis=1)
        cosines = (found * vectors[0]).sum(axis=1)
        lowest, mean = float(cosines.min()), float(cosines.mean())
        forms.append(Form(name, runtime.device, bootstrap(shared), lowest, mean, rate))
    return tuple(forms)


def _nearest(vectors: Floats) -> NDArray[np.int64]:
    """The ten nearest other rows of every unit row, (n, 10)."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    return np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST]


def _rates(runtimes: Sequence[Runtime], photos: Photos) -> list[float]:
    """Photos a second of each, taking turns of about half a second."""
    parts = []
    for runtime in runtimes:
        few = photos[: 2 * runtime.batch]
        spent = _seconds(runtime, few)
        parts.append(photos[: int(len(few) * max(1.0, TURN_SECONDS / spent))])
    turns = [[_seconds(*pair) for pair in zip(runtimes, parts, strict=True)] for _ in range(TURNS)]
    return [len(part) / median(taken) for part, taken in zip(parts, zip(*turns, strict=True), strict=True)]


def _seconds(runtime: Runtime, photos: Photos) -> float:
    began = time.perf_counter()
    runtime.encode(photos)
    return time.perf_counter() - began


def _write(report: QuantiseReport, base: Embedder, model: Any) -> None:
    with tempfile.TemporaryDirectory(prefix="vitrine-") as made:
        place = Path(made)
        openvino().save_model(model, place / INT8_FILES[0], compress_to_fp16=False)
        config = replace(base.config, int8=tuple(digests(place, INT8_FILES) or ()))
        contents = Contents.of(base, card(report, base.licence))
        write_embedder(report.folder, replace(contents, config=config, graph=place))


def card(report: QuantiseReport, licence: str) -> str:
    """What ``card.md`` says of it."""
    kept = f", but for its first {report.kept} convolutions" if report.kept else ""
    lines = [
        f"# {report.name}",
        "",
        f"`{report.base}` (space `{report.base_space}`) quantised to int8{kept}, on {report.calibrated} "
        f"photos of this shop; judged on {report.judged} others, all against all.",
        "",
        "| computed in | recall@10 of float32's | cosine to float32: mean, lowest | photos/s | on |",
        "|---|---|---|---|---|",
    ]
    for form in report.forms:
        recall = f"{form.recall.mean:.3f} [{form.recall.low:.3f}, {form.recall.high:.3f}]"
        lines.append(
            f"| {form.name} | {recall} | {form.mean:.4f}, {form.lowest:.4f} | {form.photos_per_second:,.0f} "
            f"| {form.device} |"
        )
    lines += ["", f"Licence of the backbone's weights: {licence}."]
    return "\n".join(lines) + "\n"
