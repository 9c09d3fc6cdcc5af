"""An embedder of a shop computed in int8, as a new one."""

from __future__ import annotations

from dataclasses import dataclass

from service.answers import Json
from service.parts import Parts
from service.plain import plain
from service.progress import Step, Tell
from service.spaces import wanted_name


@dataclass(frozen=True, slots=True)
class QuantiseRequest:
    """An order to quantise an embedder to int8 on the shop's photos.

    name: the new embedder's under the shop's models. embedder: what to start from; None: the one the shop
    uses. photos: at most so many find the ranges; judged: at most so many others tell what it costs. keep: so
    many convolutions at the beginning stay in floating point.
    """

    name: str
    embedder: str | None = None
    photos: int = 300
    judged: int = 1000
    keep: int = 3
    seed: int = 7


def quantise(parts: Parts, request: QuantiseRequest, tell: Tell) -> Json:
    """Quantise and keep the result under the shop's models."""
    from embedder.quantising import Quantisation
    from embedder.quantising import quantise as make
    from embedder.registry import open_embedder

    wanted = Quantisation(request.photos, request.judged, request.keep, request.seed)
    spec = wanted_name(parts, request.embedder)
    base = open_embedder(spec, parts.models, runtime=parts.runtime)
    found: Json = plain(
        make(parts.shop, base, request.name, wanted, lambda text: tell(Step("quantising", 0, note=text)))
    )
    return found
