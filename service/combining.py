"""Several embedders of a shop as one new one: averaged to a soup, or joined side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UsageError
from service.answers import Json
from service.parts import Parts
from service.plain import plain
from service.progress import Step, Tell
from service.verdicts import RECORD

if TYPE_CHECKING:
    from embedder.embedder import Embedder
    from embedder.soup_report import SoupReport


SNAPSHOT = "-snapshot-"
"""Between the name of a fine-tuning and the number of a snapshot that it took."""
Records = Mapping[str, Mapping[str, Any] | None]
"""Member → what its fine-tuning noted of itself, where there is such a note."""


@dataclass(frozen=True, slots=True)
class SoupRequest:
    """An order to average embedders that were fine-tuned from the same weights.

    members: names or folders, at least two. name: the new embedder's under the shop's models. label: a column
    on whose held-out photos members and soup are judged. greedy: only members stay that make it better there.
    aspect: whose block is judged. split, seed: as the members were fine-tuned with, so that none of them
    knows those photos. fresh_norms: recompute the batch norms' statistics on the shop's photos.
    """

    members: tuple[str, ...]
    name: str
    label: str | None = None
    greedy: bool = False
    aspect: str = "shape"
    split: str = "stratified"
    seed: int = 7
    fresh_norms: bool = False


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """An order to join embedders of any architecture.

    members: names, at least two. name: the new embedder's under the shop's models. dims: of an aspect that
    several give. weights: how much each member counts, None for all the same.
    """

    members: tuple[str, ...]
    name: str
    dims: int = 256
    weights: tuple[float, ...] | None = None
    seed: int = 7


def soup(parts: Parts, request: SoupRequest, tell: Tell) -> Json:
    """Average embedders and keep the result under the shop's models.

    Raises what ``fit_soup`` does, and UsageError for members that are the same.
    """
    from embedder.soup_report import Recipe
    from embedder.souping import fit_soup

    records = {member: _record(parts.models, member) for member in request.members}
    recipe = Recipe(
        label=request.label,
        greedy=request.greedy,
        aspect=request.aspect,
        split=request.split,
        seed=request.seed,
        space=_common_base(parts, records),
        fresh_norms=request.fresh_norms,
    )
    members = _opened(parts, request.members)
    _check_different(members)
    report = fit_soup(
        parts.shop, members, request.name, recipe, lambda text: tell(Step("averaging", 0, note=text))
    )
    found: Json = plain(report)
    further = [] if request.label is None else _acquainted(members, records, request, report)
    return {**found, "warnings": [*report.notes, *further]}


def join(parts: Parts, request: JoinRequest, tell: Tell) -> Json:
    """Join embedders, fit their common projection on the shop's photos, and keep the result."""
    from embedder.export import check_name
    from embedder.joining import Joining, fit_joined
    from embedder.registry import open_embedder

    check_name(parts.models, request.name)
    members = _opened(parts, request.members)
    tell(Step("joining", 0, note=", ".join(member.name for member in members)))
    wanted = Joining(request.dims, request.weights, seed=request.seed)
    folder = fit_joined(parts.shop, members, request.name, wanted)
    made = open_embedder(request.name, parts.models, runtime=parts.runtime)
    return {
        "name": request.name,
        "folder": str(folder),
        "space": made.space,
        "members": [{"name": m.name, "space": m.space, "dims": m.layout.d} for m in members],
        "aspects": dict(zip(made.layout.names, made.layout.dims, strict=True)),
        "dims": made.layout.d,
    }


def _opened(parts: Parts, specs: tuple[str, ...]) -> list[Embedder]:
    from embedder.registry import open_embedder

    return [open_embedder(spec, parts.models, runtime=parts.runtime) for spec in specs]


def _check_different(members: Sequence[Embedder]) -> None:
    """Raises UsageError where one would count twice."""
    for place, member in enumerate(members):
        for other in members[:place]:
            if other.digest == member.digest:
                raise UsageError(
                    f"{other.name!r} and {member.name!r} are the same; average different embedders"
                )


def _common_base(parts: Parts, records: Records) -> str | None:
    """The space that all members were fine-tuned in, if it is one and the shop still has it: there the same
    photos are held out as then."""
    bases = {str(record["base_space"]) for record in records.values() if record and "base_space" in record}
    return next(iter(bases)) if len(bases) == 1 and bases <= set(parts.shop.spaces()) else None


def _acquainted(
    members: Sequence[Embedder], records: Records, request: SoupRequest, report: SoupReport
) -> list[str]:
    """Warnings about members that may have learnt from the very photos on which they were judged.

    A member names the products that taught it or chose its best epoch, in one list. It was judged on those
    that chose where it was fine-tuned with this label, split and seed, and these part the shop as then.
    """
    from embedder.trained_on import TrainedOn

    found = []
    for spec, member in zip(request.members, members, strict=True):
        learnt = TrainedOn.together([member])
        same = _order_of(records[spec]) == ([request.label], request.split, request.seed)
        if same and report.taught == set(learnt.products):
            continue
        known = learnt.caution(spec, report.judged)
        if known is not None:
            found.append(
                f"{known}, or chose its best epoch by them, as after a fine-tuning with another label, split "
                "or seed, from an embedder that knows them, or before the shop changed"
            )
    return found


def _order_of(record: Mapping[str, Any] | None) -> tuple[Any, Any, Any] | None:
    """Labels, split and seed of a fine-tuning; None where it noted nothing."""
    if record is None:
        return None
    settings = record.get("settings", {})
    return settings.get("goal", {}).get("labels"), record.get("split"), settings.get("seed")


def _record(models: Path, member: str) -> Mapping[str, Any] | None:
    """What a fine-tuning noted of itself (of a snapshot, its run did); None where there is no such note."""
    run = member.partition(SNAPSHOT)[0]
    try:
        value = json.loads((models / run / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
